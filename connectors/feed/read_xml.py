"""RSS and Atom: parsed in a process of its own, with the outcome of that named."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.base import Reject
from connectors.errors import Malformed, Unavailable
from connectors.etiquette import pace_of
from connectors.feed.entries import Entry, Feed, clean, plain_title, refuse_masses
from connectors.http import Page, without_secrets
from connectors.links import canonical

Parse = Callable[[bytes, str], dict[str, Any]]
"""From a body and its content type to the fields of `parse` in parser.py. Raises Malformed or Unavailable."""

MOST_SECONDS = 30
"""Of computing. A real feed of 10 MB takes three, on a slow machine fifteen."""

# Not imported: feedparser is for that process only.
_PARSER = Path(__file__).with_name("parser.py")
# A parser takes a processor and some 50 MiB; a few more than there are processors, as one may take its whole time.
_AT_ONCE = threading.BoundedSemaphore(max(4, os.cpu_count() or 1))
_GRACE = 15  # seconds for starting, reading and writing beside the computing
# What Python needs to start and find its packages; a parser of strangers' markup gets no tokens.
_ENVIRONMENT = re.compile(r"PYTHON.*|HOME|LANG|LC_.*|LD_.*|DYLD_.*")
_LINK = re.compile(r"<link\b[^<>]{0,500}>", re.IGNORECASE)
_FEED_TYPE = re.compile(r"""type\s*=\s*["']?application/(?:rss|atom|feed)\+""", re.IGNORECASE)
_HREF = re.compile(r"""href\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)


def parse_apart(body: bytes, content_type: str, seconds: int = MOST_SECONDS) -> dict[str, Any]:
    """Run the parser as a process: it can be ended, holds neither our memory nor our lock, and knows no secrets."""
    arguments = [str(_PARSER), content_type.replace("\0", ""), str(seconds)]
    try:
        with _AT_ONCE:
            done = subprocess.run(  # noqa: S603 - our own program, no shell
                [sys.executable, "-P", "-W", "ignore", *arguments],
                input=body,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=seconds + _GRACE,
                env={name: value for name, value in os.environ.items() if _ENVIRONMENT.fullmatch(name)},
                start_new_session=True,  # Ctrl-C is for us; the parser ends by itself
                check=False,
            )
    except subprocess.TimeoutExpired:
        raise Malformed("it takes too long to parse") from None
    except OSError as error:
        raise Unavailable(f"no process could be started to parse it ({error.strerror})") from None
    if done.returncode == 1:
        raise Malformed("the parser fails over its markup", remedy="have a feed validator check it")
    if done.returncode:  # killed by a limit, or by the system for want of memory
        raise Malformed("it takes too much time or memory to parse")
    fields: dict[str, Any] = json.loads(done.stdout)
    return fields


def read_xml(page: Page, parse: Parse = parse_apart) -> Feed:
    """The entries of an RSS or Atom feed. Raises Malformed for anything else, such as a login page."""
    where = without_secrets(page.url)
    try:
        fields = parse(page.body, page.headers.get("content-type", ""))
    except (Malformed, Unavailable) as error:
        raise type(error)(f"{where}: {error.what}", remedy=error.remedy) from None
    if not fields["version"]:
        raise Malformed(f"{where}: a web page or something else, not a feed", remedy=_named_feed(page))
    refuse_masses(len(fields["entries"]), where)
    faults: list[Reject] = []
    entries = [_entry(entry, faults) for entry in fields["entries"]]
    pace = pace_of(*(clean(said).lower() for said in fields["pace"]))
    return Feed(page.url, clean(fields["home"]), entries, faults, fields["is_whole"], pace)


def _entry(fields: Mapping[str, Any], faults: list[Reject]) -> Entry:
    guid, link = clean(fields["guid"]), clean(fields["link"])
    title = plain_title(fields["title"], is_html=fields["is_html"])
    # feedparser makes a link of a guid that does not say it is none; a bare number is no address.
    is_guid = link == guid and not canonical(link)
    return Entry(
        guid=guid,
        link="" if is_guid else link,
        title=title,
        published=_instant(fields["published"]),
        updated=_instant(fields["updated"]),
        dated_text=clean(fields["dated_text"]),
        comments=_count(fields["comments"], f"comments of {title or guid}", faults),
        views=_count(fields["views"], f"views of {title or guid}", faults),
        is_video=fields["is_video"],
    )


def _instant(seconds: int | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _count(said: Any, what: str, faults: list[Reject]) -> int | None:
    text = clean(said)
    if not text:
        return None
    if re.fullmatch(r"[0-9]{1,12}", text):
        return int(text)
    faults.append(Reject(what, f"{text[:40]!r} is not a count"))
    return None


def _named_feed(page: Page) -> str:
    """What to configure instead, where a web page names its feed."""
    for link in _LINK.findall(page.body[:100_000].decode("utf-8", "replace")):
        target = _HREF.search(link) if _FEED_TYPE.search(link) else None
        if target and (url := canonical(target[1], page.url)):
            return f'use url = "{without_secrets(url)}", which the page names as its feed'
    return "open the address in a browser and look for the feed's"
