"""One configured feed over several reads, as the pipeline would read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import responses

from connectors.base import Batch, Context, Observation
from connectors.feed import FeedConfig
from connectors.feed.parser import parse
from connectors.feed.read_xml import Parse
from connectors.feed.stream import Posts
from connectors.http import Http

URL = "https://blog.example/feed"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass
class Reader:
    """Keeps the cursor between reads. Parses in this process: starting one takes longer than most feeds."""

    now: datetime = NOW
    url: str = URL
    zone: str = "UTC"
    since: date | None = None
    parse: Parse = parse
    cursor: dict[str, Any] = field(default_factory=dict)
    sent: Mapping[str, str] = field(default_factory=dict)

    def read(self, body: bytes | str = b"", status: int = 200, headers: Mapping[str, str] | None = None) -> Batch:
        """The one batch of a read that is answered with `body`; its checkpoint is kept."""
        with responses.RequestsMock() as web, Http() as http:
            web.get(
                self.url, body=body, status=status, headers={"Content-Type": "application/xml", **(headers or {})}
            )
            stream = Posts(FeedConfig(url=self.url), self.context(http, lambda: self.now), self.parse)
            (batch,) = stream.read(self.cursor)
            self.sent = dict(web.calls[0].request.headers)
        self.cursor |= batch.checkpoint or {}
        return batch

    def context(self, http: Http, clock: Callable[[], datetime]) -> Context:
        return Context(source="blog", http=http, clock=clock, timezone=ZoneInfo(self.zone), since=self.since)


def rss(*items: str, channel: str = "") -> str:
    """An RSS document that holds the items as they are."""
    spaces = 'xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:thr="http://purl.org/syndication/thread/1.0"'
    body = "".join(f"<item>{item}</item>" for item in items)
    return f'<?xml version="1.0"?><rss version="2.0" {spaces}><channel>{channel}{body}</channel></rss>'


def item(
    guid: str = "a", published: str | None = "Mon, 02 Nov 2026 10:00:00 GMT", title: str = "", more: str = ""
) -> str:
    """The inside of an RSS item."""
    dated = f"<pubDate>{published}</pubDate>" if published else ""
    return f'<title>{title or guid.upper()}</title><guid isPermaLink="false">{guid}</guid>{dated}{more}'


def posts_of(batch: Batch) -> list[Observation]:
    return [one for one in batch.observations if one.metric == "posts_published"]


def levels_of(batch: Batch, metric: str) -> dict[str, float]:
    return {one.subject: one.value for one in batch.observations if one.metric == metric}


def coverage_of(batch: Batch, metric: str = "posts_published") -> list[tuple[str, str, str]]:
    """(first day, last day, state) as text."""
    return [
        (span.first_day.isoformat(), span.last_day.isoformat(), span.state)
        for span in batch.coverage
        if metric in (span.metrics or ())
    ]
