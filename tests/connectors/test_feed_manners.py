"""How often a feed is asked, at which address, and what is said of the days on which it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
import responses
from feed_reader import NOW, URL, Reader, coverage_of, item, levels_of, posts_of, rss

from connectors.base import Batch
from connectors.errors import ConnectorError, Gone, Malformed, RateLimited, Unavailable
from connectors.feed import FeedConfig
from connectors.feed.stream import Posts
from connectors.http import Http

MINUTE, HOUR, DAY, WEEK = (timedelta(**{unit: 1}) for unit in ("minutes", "hours", "days", "weeks"))
TAGS = {"ETag": 'W/"v1"', "Last-Modified": "Tue, 24 Nov 2026 10:00:00 GMT"}
FEED = rss(item("a"))
NEW, NEWER = "https://new.example/feed", "https://newer.example/feed"

Reply = tuple[int, Mapping[str, str], str]


def moved(to: str, status: int = 301) -> Reply:
    return status, {"Location": to}, ""


@dataclass
class Visitor(Reader):
    """Reads from a small web: what each address answers. Notes which were asked."""

    web: dict[str, Reply] = field(default_factory=lambda: {URL: (200, TAGS, FEED)})
    asked: list[str] = field(default_factory=list)
    conditions: list[str | None] = field(default_factory=list)

    def visit(self) -> list[Batch]:
        """One read; what it yields. A failure passes after what was yielded before it is kept."""
        batches = []
        with responses.RequestsMock(assert_all_requests_are_fired=False) as web, Http() as http:
            for url, (status, headers, body) in self.web.items():
                web.get(url, status=status, headers={"Content-Type": "application/xml", **headers}, body=body)
            stream = Posts(FeedConfig(url=self.url), self.context(http, lambda: self.now), self.parse)
            try:
                for batch in stream.read(self.cursor):
                    batches.append(batch)
                    self.cursor |= batch.checkpoint or {}
            finally:
                self.asked = [str(call.request.url) for call in web.calls]
                self.conditions = [call.request.headers.get("If-None-Match") for call in web.calls]
        return batches

    def is_asked(self, after: timedelta) -> bool:
        """Whether the feed is asked that long after the first read; nothing is kept of the read."""
        before, kept = self.now, dict(self.cursor)
        self.now += after
        try:
            self.visit()
        except ConnectorError:
            pass
        finally:
            self.now, self.cursor = before, kept
        return bool(self.asked)


def settled() -> Visitor:
    """A reader that has learnt that the feed has moved for good."""
    visitor = Visitor(web={URL: moved(NEW), NEW: (200, TAGS, FEED)})
    for _ in range(3):
        visitor.visit()
        assert visitor.asked == [URL, NEW]
        visitor.now += HOUR
    return visitor


# How often


@pytest.mark.parametrize(
    ("headers", "channel", "pause"),
    [
        (TAGS, "", HOUR),
        ({"ETag": '"1"'}, "", HOUR),
        ({"Last-Modified": TAGS["Last-Modified"]}, "", HOUR),
        ({}, "", 23 * HOUR),
        ({"Cache-Control": "max-age=60"}, "<ttl>5</ttl>", 23 * HOUR),
        ({**TAGS, "Cache-Control": "max-age=0"}, "", HOUR),
        ({**TAGS, "Cache-Control": "public, Max-Age=7200, must-revalidate"}, "", 2 * HOUR),
        ({**TAGS, "Cache-Control": 'max-age="7200"'}, "", 2 * HOUR),
        ({**TAGS, "Cache-Control": "s-maxage=7200"}, "", HOUR),
        ({**TAGS, "Cache-Control": "max-age=-1"}, "", HOUR),
        ({**TAGS, "Cache-Control": "max-age=31536000"}, "", 23 * HOUR),
        (TAGS, "<ttl>180</ttl>", 3 * HOUR),
        (TAGS, "<ttl> 15 </ttl>", HOUR),
        (TAGS, "<ttl>soon</ttl>", HOUR),
        (TAGS, "<ttl>99999999999999</ttl>", HOUR),
        (TAGS, "<ttl>9999999</ttl>", 23 * HOUR),
        (TAGS, "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>", HOUR),
        (TAGS, "<sy:updatePeriod> Daily </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", 6 * HOUR),
        (TAGS, "<sy:updateFrequency>12</sy:updateFrequency>", 2 * HOUR),
        (TAGS, "<sy:updatePeriod>weekly</sy:updatePeriod>", 23 * HOUR),
        (TAGS, "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", 23 * HOUR),
        ({**TAGS, "Cache-Control": "max-age=7200"}, "<ttl>180</ttl>", 3 * HOUR),
    ],
)
def test_a_feed_is_left_alone_as_long_as_its_answer_says(headers, channel, pause):
    spaced = rss(item("a"), channel=channel).replace(
        "<rss ", '<rss xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" ', 1
    )
    visitor = Visitor(web={URL: (200, headers, spaced)})
    visitor.visit()
    assert not visitor.is_asked(timedelta(0))
    assert not visitor.is_asked(pause - MINUTE)
    assert visitor.is_asked(pause)


def test_an_hourly_schedule_asks_each_hour_though_the_last_slot_began_late():
    visitor = Visitor(now=NOW + timedelta(seconds=50))
    visitor.visit()
    assert visitor.is_asked(HOUR - timedelta(seconds=50))


def test_not_modified_holds_as_long_as_it_says_itself():
    visitor = Visitor()
    visitor.visit()
    visitor.now += HOUR
    visitor.web = {URL: (304, {"Cache-Control": "max-age=7200"}, "")}
    visitor.visit()
    assert visitor.conditions == [TAGS["ETag"]]
    assert not visitor.is_asked(2 * HOUR - MINUTE)
    assert visitor.is_asked(2 * HOUR)


def test_what_the_feed_asked_for_holds_after_not_modified_too():
    visitor = Visitor(web={URL: (200, TAGS, rss(item("a"), channel="<ttl>300</ttl>"))})
    visitor.visit()
    visitor.now += 5 * HOUR
    visitor.web = {URL: (304, {}, "")}
    visitor.visit()
    assert not visitor.is_asked(5 * HOUR - MINUTE)
    assert visitor.is_asked(5 * HOUR)


def test_a_read_before_the_time_says_nothing_of_any_metric_and_changes_nothing():
    visitor = Visitor(web={URL: (200, {}, FEED)})
    visitor.visit()
    known = dict(visitor.cursor)
    visitor.now += 13 * HOUR  # it is tomorrow by now
    (batch,) = visitor.visit()
    assert visitor.asked == []
    assert (batch.observations, batch.subjects, batch.rejects, batch.checkpoint) == ((), (), (), None)
    assert [(span.state, span.metrics) for span in batch.coverage] == [("missing", ())]
    assert "holds until 2026-11-25 11:00 UTC" in batch.coverage[0].reason
    assert visitor.cursor == known


def test_days_on_which_the_answer_held_are_measured_by_the_next():
    visitor = Visitor(web={URL: (200, {}, FEED)})
    visitor.visit()
    visitor.now += 13 * HOUR
    visitor.visit()
    visitor.now += 2 * DAY
    (batch,) = visitor.visit()
    assert coverage_of(batch) == [("2026-11-24", "2026-11-27", "measured")]


def test_counters_wait_for_the_time_too():
    visitor = Visitor(now=NOW + 11 * HOUR, web={URL: (200, {**TAGS, "Cache-Control": "max-age=7200"}, FEED)})
    visitor.web[URL] = (*visitor.web[URL][:2], rss(item("a", more="<slash:comments>5</slash:comments>")))
    visitor.visit()
    visitor.now += HOUR + MINUTE  # a new day, and the answer of the old one holds
    visitor.visit()
    assert visitor.asked == []
    visitor.now += HOUR
    (batch,) = visitor.visit()
    assert levels_of(batch, "post_comments") == {"post:a": 5}


def test_without_a_cursor_and_for_a_backfill_it_is_asked_anyway():
    visitor = Visitor()
    visitor.visit()
    visitor.since = date(2026, 1, 1)
    visitor.visit()
    assert visitor.asked == [URL]
    visitor.since, visitor.cursor = None, {}
    visitor.visit()
    assert visitor.asked == [URL]


def test_another_address_does_not_wait_for_the_first():
    visitor = Visitor(web={URL: (200, {}, FEED), NEW: (200, {}, FEED)})
    visitor.visit()
    visitor.url = NEW
    visitor.visit()
    assert visitor.asked == [NEW]


def test_a_feed_that_breaks_off_is_asked_again_in_an_hour():
    visitor = Visitor(web={URL: (200, {}, FEED[: FEED.index("</item>")])})
    visitor.visit()
    assert not visitor.is_asked(HOUR - MINUTE)
    assert visitor.is_asked(HOUR)


@pytest.mark.parametrize(("status", "kind"), [(503, Unavailable), (404, Gone)])
def test_a_failure_leaves_when_to_come_back_to_the_schedule(status, kind):
    visitor = Visitor(web={URL: (status, {}, "")})
    with pytest.raises(kind):
        visitor.visit()
    assert visitor.is_asked(timedelta(0))


def test_retry_after_is_passed_on():
    visitor = Visitor(web={URL: (429, {"Retry-After": "7200"}, "")})
    with pytest.raises(RateLimited):
        visitor.visit()


def test_it_is_asked_for_compressed_and_without_cookies():
    reader = Reader()
    reader.read(FEED, headers={**TAGS, "Set-Cookie": "id=1; Path=/"})
    reader.now += HOUR
    reader.read(FEED, headers=TAGS)
    assert reader.sent["Accept-Encoding"] == "gzip"
    assert "Cookie" not in reader.sent


# Where


@pytest.mark.parametrize("status", [301, 308])
def test_a_permanent_redirect_is_believed_when_it_was_seen_three_times(status):
    visitor = Visitor(web={URL: moved(NEW, status), NEW: (200, TAGS, FEED)})
    for _ in range(3):
        visitor.visit()
        assert visitor.asked == [URL, NEW]
        visitor.now += HOUR
    for _ in range(2):
        visitor.visit()
        assert visitor.asked == [NEW]
        assert visitor.conditions == [TAGS["ETag"]]
        visitor.now += HOUR


def test_sightings_count_where_the_feed_has_not_changed():
    visitor = Visitor(web={URL: moved(NEW), NEW: (200, TAGS, FEED)})
    for _ in range(3):
        visitor.visit()
        visitor.web[NEW] = (304, {}, "")
        visitor.now += HOUR
    visitor.visit()
    assert visitor.asked == [NEW]


def test_reads_before_the_time_are_no_sightings():
    visitor = Visitor(web={URL: moved(NEW), NEW: (200, TAGS, FEED)})
    for _ in range(5):
        visitor.visit()
    assert visitor.cursor["move"] == {"to": NEW, "seen": 1}


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_passing_redirect_is_never_believed(status):
    visitor = Visitor(web={URL: moved(NEW, status), NEW: (200, TAGS, FEED)})
    for _ in range(5):
        visitor.visit()
        assert visitor.asked == [URL, NEW]
        visitor.now += HOUR


def test_of_a_chain_only_the_permanent_part_is_believed():
    visitor = Visitor(web={URL: moved(NEW), NEW: moved(NEWER, 302), NEWER: (200, TAGS, FEED)})
    for _ in range(3):
        visitor.visit()
        visitor.now += HOUR
    for _ in range(2):
        visitor.visit()
        assert visitor.asked == [NEW, NEWER]
        visitor.now += HOUR


def test_an_answer_in_between_starts_the_count_anew():
    visitor = Visitor(web={NEW: (200, TAGS, FEED)})
    for answer in [moved(NEW), moved(NEW), (200, TAGS, FEED), moved(NEW), moved(NEW)]:
        visitor.web[URL] = answer
        visitor.visit()
        visitor.now += HOUR
    visitor.visit()
    assert visitor.asked == [URL, NEW]


def test_another_target_starts_the_count_anew():
    visitor = Visitor(web={NEW: (200, TAGS, FEED), NEWER: (200, TAGS, FEED)})
    for to in [NEW, NEW, NEWER, NEWER, NEWER]:
        visitor.web[URL] = moved(to)
        visitor.visit()
        visitor.now += HOUR
    visitor.visit()
    assert visitor.asked == [NEWER]


@pytest.mark.parametrize("reply", [(404, {}, ""), (410, {}, ""), (503, {}, ""), (200, {}, "<html>For sale</html>")])
def test_a_new_address_that_fails_is_given_up_for_the_configured_one(reply):
    visitor = settled()
    visitor.web = {URL: (200, TAGS, FEED), NEW: reply}
    (batch,) = visitor.visit()
    assert visitor.asked == [NEW, URL]
    assert visitor.conditions[-1] is None
    assert [post.key for post in posts_of(batch)] == ["a"]
    visitor.now += HOUR
    visitor.visit()
    assert visitor.asked == [URL]


def test_a_new_address_that_asks_for_a_pause_gets_it():
    visitor = settled()
    visitor.web[NEW] = (429, {"Retry-After": "600"}, "")
    with pytest.raises(RateLimited):
        visitor.visit()
    assert visitor.asked == [NEW]


def test_where_both_addresses_fail_the_configured_one_is_told_of():
    visitor = settled()
    visitor.web = {URL: (200, {}, "<html>x</html>"), NEW: (503, {}, "")}
    with pytest.raises(Malformed, match=URL):
        visitor.visit()


def test_a_new_address_that_moves_on_is_learnt_like_the_first():
    visitor = settled()
    visitor.web |= {NEW: moved(NEWER), NEWER: (200, TAGS, FEED)}
    for hops in [[NEW, NEWER], [URL, NEW, NEWER], [URL, NEW, NEWER], [NEWER]]:
        visitor.visit()
        assert visitor.asked == hops
        visitor.now += HOUR


@pytest.mark.parametrize(
    ("url", "to"),
    [
        ("https://me:s3cr3t@blog.example/feed", NEW),
        ("https://blog.example/feed?key=s3cr3t", "https://new.example/feed?key=s3cr3t"),
        (URL, "http://new.example/feed"),
    ],
    ids=["a password", "a query", "in the clear"],
)
def test_an_address_that_may_hold_a_key_or_is_less_safe_is_not_kept(url, to):
    visitor = Visitor(url=url, web={url.replace("me:s3cr3t@", ""): moved(to), to: (200, TAGS, FEED)})
    for _ in range(4):
        visitor.visit()
        assert len(visitor.asked) == 2
        visitor.now += HOUR
    assert "s3cr3t" not in repr(visitor.cursor)


# Gone


def test_a_feed_that_is_gone_is_asked_once_a_week_and_told_of_meanwhile():
    visitor = Visitor()
    visitor.visit()
    visitor.now += HOUR
    visitor.web[URL] = (410, {}, "")
    with pytest.raises(Gone):
        visitor.visit()
    assert visitor.asked == [URL]
    visitor.now += 6 * DAY
    with pytest.raises(Gone, match="answered 410 on 2026-11-24, it is gone for good; take the source out"):
        visitor.visit()
    assert visitor.asked == []
    visitor.now += DAY
    with pytest.raises(Gone):
        visitor.visit()
    assert visitor.asked == [URL]
    visitor.now += WEEK
    visitor.web[URL] = (200, TAGS, FEED)
    (batch,) = visitor.visit()
    assert coverage_of(batch) == [("2026-11-24", "2026-12-08", "measured")]
    assert not visitor.is_asked(HOUR - MINUTE)
    assert visitor.is_asked(HOUR)


def test_what_an_address_left_that_was_configured_before_does_not_serve_one_that_is_gone():
    visitor = Visitor(web={URL: (200, TAGS, FEED), NEW: (410, {}, "")})
    visitor.visit()
    visitor.url = NEW
    with pytest.raises(Gone):
        visitor.visit()
    visitor.web[NEW] = (200, {}, FEED)
    visitor.now += WEEK
    (batch,) = visitor.visit()
    assert visitor.conditions == [None]
    assert coverage_of(batch) == [("2026-11-02", "2026-12-01", "measured")]
