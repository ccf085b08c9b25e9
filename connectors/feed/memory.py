"""What a read of a feed leaves for the next one: the cursor, and what follows from it for coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connectors.base import Coverage, Cursor
from connectors.etiquette import Manners, instant
from connectors.feed.entries import Post, digest

DAY = timedelta(days=1)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
FURTHEST_AHEAD = timedelta(days=2)  # a wrong zone is common, a post from next week is not

MOST_KNOWN = 50
"""A window that moves on keeps its newest posts longest."""

MOST_DATES = 2000


class Dated(NamedTuple):
    """A post and its date. `basis`: "" for the feed's own word, else "updated" or "first seen"."""

    post: Post
    at: datetime
    basis: str


@dataclass(frozen=True, slots=True)
class Memory:
    """The cursor, read tolerantly: what is missing or damaged counts as never seen.

    `known`: digests of posts that the window showed. `dates`: by digest, the date first given to a post whose feed
    does not say when it was published; it must not move at the next read. `counted_on`: the day counters were read.
    """

    read_at: datetime | None = None
    known: frozenset[str] = frozenset()
    dates: Mapping[str, datetime] = field(default_factory=dict)
    counted_on: str | None = None
    manners: Manners = field(default_factory=Manners)

    @classmethod
    def of(cls, cursor: Cursor, address: str) -> Memory:
        """Of this configured address: what an earlier read left; nothing if it was of another."""
        if cursor.get("address") != digest(address):
            return cls()
        known, dates = cursor.get("known"), cursor.get("dates")
        instants = {str(key): instant(value) for key, value in dates.items()} if isinstance(dates, Mapping) else {}
        counted_on = cursor.get("counted_on")
        return cls(
            read_at=instant(cursor.get("read_at")),
            known=frozenset(map(str, known)) if isinstance(known, Sequence) else frozenset(),
            dates={key: at for key, at in instants.items() if at},
            counted_on=counted_on if isinstance(counted_on, str) else None,
            manners=Manners.of(cursor, address),
        )

    def give_date(self, post: Post, now: datetime) -> Dated:
        """Give a post its date: the one published, else the one given before, else the best there is now."""
        if (published := _sane(post.entry.published, now)) is not None:
            return Dated(post, published, "")
        updated = _sane(post.entry.updated, now)
        basis = "updated" if updated else "first seen"
        return Dated(post, self.dates.get(post.digest) or updated or now, basis)

    def dates_after(self, posts: Sequence[Dated]) -> dict[str, datetime]:
        """The dates to remember: those given now, and of posts no longer shown the latest that fit."""
        given = {dated.post.digest: dated.at for dated in posts if dated.basis}
        others = [(key, at) for key, at in self.dates.items() if key not in given]
        excess = max(len(others) + len(given) - MOST_DATES, 0)
        return {**dict(others[excess:]), **given}

    def is_slid_past(self, posts: Sequence[Dated]) -> bool:
        """Whether posts came and went unseen: the window shows nothing of before, and does not reach back to it."""
        if self.read_at is None or not self.known or not posts:
            return False
        # Rebuilt with other guids it still shows the same pages.
        shown = {mark for dated in posts for mark in marks(dated.post)}
        oldest = oldest_of(posts)
        return not shown & self.known and (oldest is None or oldest > self.read_at)

    def known_after(self, posts: Sequence[Dated]) -> list[str]:
        """By what the next read recognises the window; an empty feed does not make it forget."""
        newest = sorted(posts, key=lambda dated: dated.at, reverse=True)[:MOST_KNOWN]
        return [mark for dated in newest for mark in marks(dated.post)] or sorted(self.known)


def oldest_of(posts: Sequence[Dated]) -> datetime | None:
    """The earliest date that the feed itself gives."""
    return min((dated.at for dated in posts if not dated.basis), default=None)


def marks(post: Post) -> list[str]:
    """By what a post is recognised: its identity and its address."""
    return [post.digest, digest(post.url)] if post.url else [post.digest]


def _sane(instant: datetime | None, now: datetime) -> datetime | None:
    return instant if instant is not None and EARLIEST <= instant <= now + FURTHEST_AHEAD else None


def days_read(
    memory: Memory, now: datetime, zone: ZoneInfo, posts: Sequence[Dated] = (), *, is_whole: bool
) -> list[Coverage]:
    """What a read says about the days since the last one; after the first, since the oldest post that is shown.

    `is_whole`: False for a feed that breaks off.
    """
    today = _day(now, zone)
    oldest = oldest_of(posts)
    reach = min(_day(oldest, zone), today) if oldest else today
    last = min(_day(memory.read_at, zone), today) if memory.read_at else reach
    metrics = ("posts_published",)
    if not is_whole:
        return [Coverage(last, today, "partial", "the feed breaks off", metrics)]
    if not memory.is_slid_past(posts):
        return [Coverage(last, today, metrics=metrics)]
    why = "the feed moved on past posts between two reads; read it more often"
    spans = [
        Coverage(last, reach - DAY, "lost", why, metrics),
        Coverage(reach, reach, "partial", why, metrics),
        Coverage(reach + DAY, today, metrics=metrics),
    ]
    return [span for span in spans if span.first_day <= span.last_day]


def _day(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()
