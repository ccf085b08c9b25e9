"""Posts of one feed: published once each, and the counters that the feed shows beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
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
from connectors.errors import Gone, Malformed
from connectors.etiquette import NO_VALIDATORS, Visit
from connectors.feed.entries import Feed, Post, digest, identify
from connectors.feed.memory import Dated, Memory, days_read
from connectors.feed.read_json import read_json
from connectors.feed.read_xml import Parse, parse_apart, read_xml
from connectors.http import Page, without_secrets

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
        if self.context.since is None and memory.manners.rests(now):
            yield memory.manners.left_alone(self.context, self.config.url, key="url")
            return
        is_due = memory.counted_on not in (None, today.isoformat()) or self.context.since is not None
        validators = cursor if memory.read_at is not None and not is_due else None
        visit = Visit(self.context, self.config.url, lambda page: read_feed(page, self.parse), {"Accept": ACCEPT})
        try:
            answer = visit.ask(memory.manners.move, validators)
        except Gone as error:
            if manners := memory.manners.after_refusal(error, now):
                address = digest(self.config.url)
                others = {} if cursor.get("address") == address else dict.fromkeys(cursor)
                yield Batch(checkpoint={**others, "address": address, **manners.part()})
            raise
        page, feed = answer.page, answer.content
        if feed is None:
            # Nothing was published since: that is measured. Of the counters it says nothing.
            spans = days_read(memory, now, self.context.timezone, is_whole=True)
            manners = memory.manners.after(answer, now, memory.manners.pace, has_validators=True)
            yield Batch(coverage=spans, checkpoint={"read_at": now.isoformat(), **manners.part()})
            return
        posts, rejects = identify(feed)
        dated = [memory.give_date(post, now) for post in posts]
        counters = list(_counters(posts, now, today))
        counted = tuple(sorted({counter.metric for counter in counters}))
        spans = days_read(memory, now, self.context.timezone, dated, is_whole=feed.is_whole)
        has_validators = bool(page.validators) or not feed.is_whole
        manners = memory.manners.after(answer, now, feed.pace, has_validators=has_validators)
        yield Batch(
            observations=[*map(_published, dated), *counters],
            subjects=[_subject(one) for one in dated],
            rejects=[*feed.rejects, *rejects],
            coverage=[*spans, Coverage(today, today, metrics=counted)] if counted else spans,
            checkpoint={
                **self._checkpoint(memory, now, dated),
                **manners.part(),
                # Not where the feed broke off: the next read shall ask for the whole again.
                **({**NO_VALIDATORS, **page.validators} if feed.is_whole else NO_VALIDATORS),
                "counted_on": today.isoformat() if counted else None,
            },
        )

    def _checkpoint(self, memory: Memory, now: datetime, posts: Sequence[Dated]) -> dict[str, Any]:
        return {
            "address": digest(self.config.url),
            "read_at": now.isoformat(),
            "known": memory.known_after(posts),
            "dates": {key: at.isoformat() for key, at in memory.dates_after(posts).items()},
        }


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
