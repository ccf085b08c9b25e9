"""RSS and Atom to plain fields, by feedparser. Run as a program: markup can be made to take for ever.

Knows nothing of the package, so that starting it imports feedparser only. Reads a document from standard input,
its content type and how many seconds it may take from the arguments, and writes one JSON object.
"""

from __future__ import annotations

import calendar
import codecs
import contextlib
import io
import json
import re
import sys
import time
from collections.abc import Mapping
from typing import Any

import feedparser

MOST_MEMORY = 1 << 30
"""Bytes. A real feed of 10 MB takes a tenth."""

OUT_OF_MEMORY = 3
"""Exit status; 1 is an exception of feedparser, which some odd markup raises."""

LONGEST = 5000
"""Characters of a field that is not part of an identity."""

_DECLARATION = re.compile(rb"<\?xml\b[^<>]{0,500}\?>")
_START = re.compile(rb"<(?:\?xml|rss|feed|rdf:RDF|!DOCTYPE)\b", re.IGNORECASE)
_END = re.compile(rb"</(?:rss|feed|(?:\w+:)?rdf|channel)\s*>\s*(?:<!--.*?-->\s*)*\Z", re.IGNORECASE | re.DOTALL)
_EXTENSION = re.compile(
    rb"</?(?!(?:a10|atom|rdf|rss|dc|dcterms|slash|thr|media|yt|feedburner|content)\b)[A-Za-z][\w.-]*:[^<>]*>"
)
_FURTHEST_START = 4096
_TAIL = 2000
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
)


def parse(body: bytes, content_type: str) -> dict[str, Any]:
    """The fields of a feed: version ("" if it is none), home, is_whole, pace, entries. May raise anything.

    Dates are seconds since 1970 or null; counters are text as written or null.
    """
    body = _prepare(body)
    headers = _charset(content_type, body)
    try:
        parsed = _parse(body, headers)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # Odd values in extensions that we have no use for, such as a chapter without a start.
        parsed = _parse(_EXTENSION.sub(b"", body), headers)
    return {
        "version": parsed.get("version") or "",
        "home": parsed.feed.get("link"),
        "is_whole": _is_whole(parsed, body),
        "pace": [_text(parsed.feed, name) for name in ("ttl", "sy_updateperiod", "sy_updatefrequency")],
        "entries": [_fields(entry) for entry in parsed.entries],
    }


def _parse(body: bytes, headers: Mapping[str, str]) -> Any:
    # In a file, never as text: feedparser opens what looks like a path or an address. Without the page's address,
    # which it would put before guids too, and they would change when the feed moves.
    return feedparser.parse(
        io.BytesIO(body), response_headers=headers, resolve_relative_uris=False, sanitize_html=False
    )


def _prepare(body: bytes) -> bytes:
    """The body as UTF-8 where it was UTF-16 or 32, and without what stands before the document.

    feedparser's strict parser gives up over a line break before `<?xml`, its lenient one may lose entries.
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            body = body.decode(encoding, "replace").lstrip("\ufeff").encode()
            return _DECLARATION.sub(b"", body, count=1)
    start = _START.search(body, 0, _FURTHEST_START)
    return body[start.start() :] if start else body


def _charset(content_type: str, body: bytes) -> dict[str, str]:
    """The content type, only where the document does not name its encoding itself.

    Servers send a default charset with documents that they have not looked at; the author knows better.
    """
    declaration = _DECLARATION.match(body)
    is_named = declaration is not None and b"encoding" in declaration[0]
    return {} if is_named or "charset" not in content_type.lower() else {"content-type": content_type}


def _is_whole(parsed: Any, body: bytes) -> bool:
    """Whether the document comes to its end; only what a strict parser refused can have lost entries."""
    return not parsed.bozo or _is_about_encoding(parsed) or _END.search(body[-_TAIL:]) is not None


def _is_about_encoding(parsed: Any) -> bool:
    trouble = parsed.get("bozo_exception")
    return isinstance(trouble, feedparser.CharacterEncodingOverride | feedparser.NonXMLContentType)


def _fields(entry: dict[str, Any]) -> dict[str, Any]:
    # dict.get: feedparser's own answers "updated" with the publication date, and warns.
    def text(name: str) -> str:
        return _text(entry, name)

    return {
        "guid": text("id"),
        "link": text("feedburner_origlink") or text("link"),
        "title": text("title")[:LONGEST],
        "is_html": _part(entry, "title_detail").get("type") != "text/plain",
        "published": _seconds(entry, "published_parsed") or _seconds(entry, "created_parsed"),
        "updated": _seconds(entry, "updated_parsed"),
        "dated_text": (text("published") or text("created"))[:LONGEST],
        "comments": _comments(entry),
        "views": _part(entry, "media_statistics").get("views"),
        "is_video": "yt_videoid" in entry,
    }


def _text(fields: dict[str, Any], name: str) -> str:
    value = dict.get(fields, name)
    return value if isinstance(value, str) else ""


def _part(entry: dict[str, Any], name: str) -> Mapping[str, Any]:
    value = dict.get(entry, name)
    return value if isinstance(value, Mapping) else {}


def _seconds(entry: dict[str, Any], name: str) -> int | None:
    value = dict.get(entry, name)
    try:
        return calendar.timegm(value) if isinstance(value, time.struct_time) else None
    except (ValueError, OverflowError):  # "0000-00-00" becomes a year before the first
        return None


def _comments(entry: dict[str, Any]) -> str | None:
    for name in ("slash_comments", "thr_total"):
        if isinstance(said := dict.get(entry, name), str) and said:
            return said[:LONGEST]
    replies = (link for link in dict.get(entry, "links") or () if link.get("rel") == "replies")
    return next((link["thr:count"] for link in replies if link.get("thr:count")), None)


def main() -> None:
    """Parse standard input within the limits; whoever started this sees a death, not a hang."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # a system without them has the caller's time-out
        import resource

        seconds = int(sys.argv[2])
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    try:
        json.dump(parse(sys.stdin.buffer.read(), sys.argv[1]), sys.stdout)
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)


if __name__ == "__main__":
    main()
