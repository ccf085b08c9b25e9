"""Posts of one feed: published once each, and the counters that the feed shows beside them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

from connectors.addresses import split
from connectors.base import (
    Batch,
    Connector,
    Context,
    Coverage,
    Cursor,
    Kind,
    Metric,
    Observation,
    Stream,
    StreamSpec,
    Subject,
)
from connectors.errors import ConnectorError, Gone, Malformed, RateLimited
from connectors.feed.entries import Feed, Post, digest, identify
from connectors.feed.manners import WEEK, Move, due_after, pause_after
from connectors.feed.memory import Dated, Memory, days_read
from connectors.feed.read_json import read_json
from connectors.feed.read_xml import Parse, parse_apart, read_xml
from connectors.http import Page, without_secrets

log = logging.getLogger(__name__)

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9,"
    " application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.5"
)

POSTS = StreamSpec(
    "posts",
    (
        Metric("posts_published", Kind.EVENT),
        Metric("post_comments", Kind.LEVEL),
        Metric("video_views", Kind.LEVEL),
    ),
)

# A checkpoint leaves the parts that it does not name as they were.
_NO_VALIDATORS: Mapping[str, str | None] = {"etag": None, "last_modified": None}
_NOT_MODIFIED = 304
_GONE_FOR_GOOD = 410
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedConfig:
    """Raises ValueError("key: why") for what is no web address."""

    url: str = field(metadata={"help": "address of the feed itself (RSS, Atom, JSON Feed), not of the page"})

    def __post_init__(self) -> None:
        try:
            split(self.url)
        except Malformed as error:
            raise ValueError(f"url: {error.what}") from None


@dataclass(frozen=True, slots=True)
class Posts:
    """A feed is a sliding window: every read repeats what it still shows, and the key absorbs that."""

    config: FeedConfig
    context: Context
    parse: Parse = parse_apart

    @property
    def spec(self) -> StreamSpec:
        """The declaration this stream keeps."""
        return POSTS

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """One batch: the posts that the feed shows, or none where it has not changed or the last answer still holds.

        Counters move without the feed's validators moving, so a feed that has them is read in full once a day.
        """
        memory = Memory.of(cursor, self.config.url)
        now = self.context.clock()
        today = now.astimezone(self.context.timezone).date()
        if self.context.since is None and memory.rests(now):
            yield self._left_alone(memory, today)
            return
        is_due = memory.counted_on not in (None, today.isoformat()) or self.context.since is not None
        validators = cursor if memory.read_at is not None and not is_due else None
        try:
            page, feed, move = self._ask(memory.move, validators)
        except Gone as error:
            if error.status == _GONE_FOR_GOOD:
                until = due_after(now, WEEK)
                address = digest(self.config.url)
                others = {} if cursor.get("address") == address else dict.fromkeys(cursor)
                gone = {"address": address, "due": until.isoformat(), "gone_at": now.isoformat()}
                yield Batch(checkpoint={**others, **gone})
            raise
        if feed is None:
            # Nothing was published since: that is measured. Of the counters it says nothing.
            spans = days_read(memory, now, self.context.timezone, is_whole=True)
            manners = _manners(now, page, memory.pace, move, has_validators=True)
            yield Batch(coverage=spans, checkpoint={"read_at": now.isoformat(), **manners})
            return
        posts, rejects = identify(feed)
        dated = [memory.give_date(post, now) for post in posts]
        counters = list(_counters(posts, now, today))
        counted = tuple(sorted({counter.metric for counter in counters}))
        spans = days_read(memory, now, self.context.timezone, dated, is_whole=feed.is_whole)
        yield Batch(
            observations=[*map(_published, dated), *counters],
            subjects=[_subject(one) for one in dated],
            rejects=[*feed.rejects, *rejects],
            coverage=[*spans, Coverage(today, today, metrics=counted)] if counted else spans,
            checkpoint={
                **self._checkpoint(memory, now, dated),
                **_manners(now, page, feed.pace, move, has_validators=bool(page.validators) or not feed.is_whole),
                # Not where the feed broke off: the next read shall ask for the whole again.
                **({**_NO_VALIDATORS, **page.validators} if feed.is_whole else _NO_VALIDATORS),
                "counted_on": today.isoformat() if counted else None,
            },
        )

    def _left_alone(self, memory: Memory, today: date) -> Batch:
        """What is said without asking. Raises Gone where the feed has said that it will not come back."""
        until = f"{memory.due:%Y-%m-%d %H:%M} UTC"
        if memory.gone_at is not None:
            raise Gone(
                f"{without_secrets(self.config.url)}: answered 410 on {memory.gone_at:%Y-%m-%d}, it is gone for good",
                remedy=f"take the source out or correct its url; it is asked again after {until}",
            )
        # Of no metric: silence would mean a measured day, and what is known of its days stays known.
        reason = f"the last answer holds until {until}"
        return Batch(coverage=[Coverage(today, today, "missing", reason, metrics=())])

    def _ask(self, move: Move, validators: Cursor | None) -> tuple[Page, Feed | None, Move]:
        """The answer, the feed in it (None: not changed), and what it tells of moves.

        The address that was learnt is asked while it serves. The first answer of the configured one forgets it.
        """
        if move.address:
            try:
                page, feed = self._ask_at(move.address, validators)
            except RateLimited:
                raise
            except ConnectorError as error:
                log.info("%s: %s; asking the configured address again", self.context.source, error)
                move, validators = Move(), None  # which are of the other address
            else:
                return page, feed, move.after(page, self.config.url)
        page, feed = self._ask_at(self.config.url, validators)
        return page, feed, move.after(page, self.config.url)

    def _ask_at(self, url: str, validators: Cursor | None) -> tuple[Page, Feed | None]:
        page = self.context.http.ask(url, headers={"Accept": ACCEPT}, validators=validators)
        return page, None if page.status == _NOT_MODIFIED else read_feed(page, self.parse)

    def _checkpoint(self, memory: Memory, now: datetime, posts: Sequence[Dated]) -> dict[str, Any]:
        return {
            "address": digest(self.config.url),
            "read_at": now.isoformat(),
            "known": memory.known_after(posts),
            "dates": {key: at.isoformat() for key, at in memory.dates_after(posts).items()},
        }


def _manners(now: datetime, page: Page, pace: timedelta, move: Move, *, has_validators: bool) -> dict[str, Any]:
    """What the next read must know to be polite."""
    due = due_after(now, pause_after(page, pace, has_validators=has_validators))
    return {"due": due.isoformat(), "pace": int(pace.total_seconds()), "move": move.part(), "gone_at": None}


def read_feed(page: Page, parse: Parse) -> Feed:
    """The feed on a page, whatever its format. Raises Malformed if there is none."""
    start = page.body.removeprefix(_BYTE_ORDER_MARK).lstrip()[:1]
    if not start:
        raise Malformed(f"{without_secrets(page.url)}: an empty answer, not a feed")
    return read_json(page) if start in (b"{", b"[") else read_xml(page, parse)


def _published(dated: Dated) -> Observation:
    # Nothing that a rebuild of the blog rewrites, such as `updated`, or every rebuild would be news.
    attrs = {"dated": dated.basis} if dated.basis else {}
    return Observation("posts_published", dated.post.id, dated.post.key, dated.at, attrs=attrs)


def _subject(dated: Dated) -> Subject:
    post = dated.post
    name = post.url or post.entry.title or post.entry.dated_text or post.key
    kind: Literal["video", "post"] = "video" if post.entry.is_video else "post"
    return Subject(post.id, name, kind, post.entry.title, post.url, dated.at)


def _counters(posts: Sequence[Post], now: datetime, today: date) -> Iterator[Observation]:
    for post in posts:
        for metric, count in (("post_comments", post.entry.comments), ("video_views", post.entry.views)):
            if count is not None:
                yield Observation(metric, post.id, today.isoformat(), now, count)


def open_streams(config: FeedConfig, context: Context) -> list[Stream]:
    """The one stream of a feed."""
    return [Posts(config, context)]


CONNECTOR = Connector(
    "feed",
    FeedConfig,
    open_streams,
    (POSTS,),
    summary="posts of a blog, podcast or video channel: RSS, Atom, JSON Feed",
)
