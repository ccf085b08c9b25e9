"""An entry of a feed, whichever format it came in, and what identifies it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape

from connectors.base import Reject
from connectors.errors import Malformed
from connectors.links import canonical

LONGEST_KEY = 1900
MOST_ENTRIES = 50_000
"""The largest real feeds have some thousand."""

LONGEST_TITLE = 500

_INLINE = re.compile(r"</?(?:b|i|em|strong|code|span|sub|sup|a|br|u|tt|small|p)\b[^<>]*>", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a feed says of one post. Dates are aware and in UTC, None where absent or unreadable.

    `dated_text`: the publication date as written, part of the identity where nothing better is there.
    """

    guid: str = ""
    link: str = ""
    title: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    dated_text: str = ""
    comments: int | None = None
    views: int | None = None
    is_video: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """A whole feed as it was read. `home`: the address of the site; `is_whole`: it does not break off.

    `pace`: how often it asks to be asked at most, zero for nothing.
    """

    url: str
    home: str
    entries: Sequence[Entry]
    rejects: Sequence[Reject] = ()
    is_whole: bool = True
    pace: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Post:
    """An entry with its identity. `key`: unique in its feed, the same in every read. `url`: canonical, or ""."""

    key: str
    url: str
    entry: Entry

    @property
    def id(self) -> str:
        """The stable id of the subject."""
        return f"video:{self.key}" if self.entry.is_video else f"post:{self.key}"

    @property
    def digest(self) -> str:
        """The key, short enough to remember many."""
        return digest(self.key)


def digest(text: str) -> str:
    """Sixteen characters that stand for any text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def refuse_masses(count: int, where: str) -> None:
    """Raise Malformed for more entries than any feed has."""
    if count > MOST_ENTRIES:
        raise Malformed(f"{where}: {count:,} entries; more than {MOST_ENTRIES:,} are not taken for a feed")


def clean(text: object) -> str:
    """Text on one line, without characters that cannot be stored; "" for what is no text."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split()) if isinstance(text, str) else ""


def plain_title(title: str, *, is_html: bool) -> str:
    """A title without inline markup. What looks like any other tag may be what the post is about."""
    return clean(unescape(_INLINE.sub("", title)) if is_html else title)[:LONGEST_TITLE]


def identify(feed: Feed) -> tuple[list[Post], list[Reject]]:
    """The posts of a feed, each once, and why the others are left out."""
    posts: dict[str, Post] = {}
    rejects: list[Reject] = []
    fragments = _told_apart_by_fragment(feed)
    for number, entry in enumerate(feed.entries, 1):
        key = _key(entry, feed)
        if not key:
            rejects.append(Reject(f"entry {number}", "it has no guid, link, title or date that would identify it"))
            continue
        url = canonical(entry.link, feed.url)
        if url in fragments:
            url = canonical(entry.link, feed.url, keep_fragment=True)
        first = posts.setdefault(key, Post(key, url, entry))
        # The same entry twice is one post; two entries under one identity cannot be told apart tomorrow.
        if first.entry is not entry and first.url != url and first.entry.title != entry.title:
            rejects.append(
                Reject(entry.title or f"entry {number}", f"has the same identity as {first.entry.title!r}")
            )
    return list(posts.values()), rejects


def _key(entry: Entry, feed: Feed) -> str:
    sites = {canonical(feed.home, feed.url), canonical(feed.url)} - {""}
    for candidate in _candidates(entry, feed):
        # Some generators give every entry the address of the site.
        if candidate and canonical(candidate, keep_fragment=True) not in sites:
            return candidate if len(candidate) <= LONGEST_KEY else f"sha256:{digest(candidate)}"
    if entry.title or entry.dated_text:
        return f"sha256:{digest(entry.title + '|' + entry.dated_text)}"
    return ""


def _candidates(entry: Entry, feed: Feed) -> Iterator[str]:
    yield entry.guid
    # As the canonical address: parameters that say where a reader came from differ from read to read.
    yield canonical(entry.link, feed.url, keep_fragment=True) or entry.link


def _told_apart_by_fragment(feed: Feed) -> set[str]:
    """Pages that hold several posts, such as a changelog: there the fragment names the post."""
    seen: dict[str, str] = {}
    shared: set[str] = set()
    for entry in feed.entries:
        page = canonical(entry.link, feed.url)
        whole = canonical(entry.link, feed.url, keep_fragment=True)
        if page and seen.setdefault(page, whole) != whole:
            shared.add(page)
    return shared
