"""How often the feed of a channel is asked, and what is said meanwhile: the same manners as with any feed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from fake_youtube import CHANNEL, FakeYoutube, videos
from wired import cursor_after, facts, spans, streams_of, total

from connectors.base import Batch, Coverage
from connectors.errors import ConnectorError, Gone, RateLimited, Unavailable
from connectors.testing import NOW, Answer
from connectors.youtube import CONNECTOR, YoutubeConfig

MINUTE, HOUR, DAY, WEEK = (timedelta(**{unit: 1}) for unit in ("minutes", "hours", "days", "weeks"))
TODAY = NOW.date()
TAGS = {"ETag": 'W/"v1"', "Last-Modified": "Tue, 24 Nov 2026 10:00:00 GMT"}


@dataclass
class Visitor:
    """Reads a channel's feed again and again, as the pipeline would; `headers`, `status`: of its answers."""

    fake: FakeYoutube = field(default_factory=lambda: FakeYoutube(videos(3)))
    headers: Mapping[str, str] = field(default_factory=lambda: TAGS)
    status: int = 200
    now: datetime = NOW
    since: date | None = None
    cursor: dict[str, Any] = field(default_factory=dict)
    sent: list[Mapping[str, str]] = field(default_factory=list)

    def visit(self) -> list[Batch]:
        """One read; what it yields. A failure passes after what was yielded before it is kept."""
        batches: list[Batch] = []
        stream = streams_of(CONNECTOR, YoutubeConfig(channel=CHANNEL), self.answer, now=self.now, since=self.since)
        self.sent = []
        for batch in stream["videos"].read(self.cursor):
            batches.append(batch)
            self.cursor = cursor_after([batch], self.cursor)
        return batches

    def answer(self, request: Any) -> Answer:
        self.sent.append(request.headers)
        whole = self.fake(request)
        return Answer(self.status, {**whole.headers, **self.headers}, whole.body if self.status == 200 else b"")

    def is_asked(self, after: timedelta) -> bool:
        """Whether the feed is asked that long after the last read; nothing is kept of it."""
        before, kept = self.now, dict(self.cursor)
        self.now += after
        try:
            self.visit()
        except ConnectorError:
            pass
        finally:
            self.now, self.cursor = before, kept
        return bool(self.sent)


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        (TAGS, HOUR),
        ({}, 23 * HOUR),
        ({"Cache-Control": "public, max-age=900"}, 23 * HOUR),
        ({**TAGS, "Cache-Control": "public, max-age=7200"}, 2 * HOUR),
    ],
)
def test_a_channel_is_left_alone_as_long_as_its_answer_says(headers, pause):
    visitor = Visitor(headers=headers)
    visitor.visit()
    assert not visitor.is_asked(pause - MINUTE)
    assert visitor.is_asked(pause)


def test_a_read_before_the_time_says_nothing_of_any_metric_and_changes_nothing():
    visitor = Visitor()
    visitor.visit()
    known = dict(visitor.cursor)
    visitor.now += HOUR / 2
    (batch,) = visitor.visit()
    assert visitor.sent == []
    assert (batch.observations, batch.subjects, batch.rejects, batch.checkpoint) == ((), (), (), None)
    assert [(span.state, span.metrics) for span in batch.coverage] == [("missing", ())]
    assert visitor.cursor == known


def test_on_the_same_day_it_is_asked_with_its_own_validators_and_not_modified_is_measured():
    visitor = Visitor()
    visitor.visit()
    visitor.now += HOUR
    visitor.status, visitor.headers = 304, {}
    batches = visitor.visit()
    (sent,) = visitor.sent
    assert (sent["If-None-Match"], sent["If-Modified-Since"]) == (TAGS["ETag"], TAGS["Last-Modified"])
    assert facts(batches) == {}
    assert spans(batches) == [Coverage(TODAY, TODAY, metrics=("videos_published",))]
    visitor.now += HOUR
    visitor.visit()
    assert visitor.sent[0]["If-None-Match"] == TAGS["ETag"]


def test_views_are_read_in_full_once_a_day():
    visitor = Visitor()
    visitor.visit()
    visitor.now += DAY
    visitor.fake.videos[0].views = 99
    batches = visitor.visit()
    assert "If-None-Match" not in visitor.sent[0]
    assert total(batches, "video_views") == 99 + 2 + 3


def test_what_slid_past_since_an_unchanged_answer_is_noticed():
    visitor = Visitor(fake=FakeYoutube(videos(20, first_day=20)))
    visitor.visit()
    visitor.now += HOUR
    visitor.status = 304
    visitor.visit()
    visitor.now += 30 * DAY
    visitor.status, visitor.fake = 200, FakeYoutube(videos(20, first_day=66))
    states = [(span.state, span.first_day) for span in spans(visitor.visit(), "videos_published")]
    assert states[0] == ("lost", TODAY)


def test_a_backfill_and_a_read_without_a_cursor_ask_anyway():
    visitor = Visitor()
    visitor.visit()
    visitor.since = date(2026, 1, 1)
    visitor.visit()
    assert len(visitor.sent) == 1
    visitor.since, visitor.cursor = None, {}
    visitor.visit()
    assert len(visitor.sent) == 1


def test_a_channel_that_is_gone_for_good_is_asked_once_a_week():
    visitor = Visitor()
    visitor.visit()
    visitor.now += HOUR
    visitor.status = 410
    with pytest.raises(Gone):
        visitor.visit()
    visitor.now += 6 * DAY
    with pytest.raises(Gone, match=r"answered 410 on 2026-11-24.* correct its channel"):
        visitor.visit()
    assert visitor.sent == []
    visitor.now += DAY
    visitor.status = 200
    batches = visitor.visit()
    assert spans(batches, "videos_published")[0].first_day == TODAY


@pytest.mark.parametrize(("status", "kind"), [(404, Unavailable), (503, Unavailable)])
def test_an_outage_leaves_when_to_come_back_to_the_schedule(status, kind):
    visitor = Visitor(status=status)
    with pytest.raises(kind):
        visitor.visit()
    assert visitor.is_asked(timedelta(0))


def test_retry_after_is_passed_on():
    visitor = Visitor(status=429, headers={"Retry-After": "7200"})
    with pytest.raises(RateLimited) as caught:
        visitor.visit()
    assert caught.value.retry_at == NOW + 2 * HOUR


def test_a_cursor_of_before_there_were_manners_is_understood():
    visitor = Visitor(cursor={CHANNEL: {"read_at": (NOW - DAY).isoformat(), "shown": ["video-00001"]}})
    batches = visitor.visit()
    assert spans(batches, "videos_published") == [Coverage(TODAY - DAY, TODAY, metrics=("videos_published",))]
