"""The youtube connector against fakes as unkind as the service, and recorded answers."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from fake_youtube import CHANNEL, KEY, FakeYoutube, Video, refusal, videos
from wired import cursor_after, facts, rejects, said, secret, spans, streams_of, subjects, total, until

from connectors.base import Cost, Coverage, Meter
from connectors.errors import AuthFailed, Gone, Malformed, NotPermitted, RateLimited, Unavailable
from connectors.testing import NOW, Answer
from connectors.youtube import CONNECTOR, YoutubeConfig

TODAY = NOW.date()
DAY = timedelta(days=1)


def read(fake, name="videos", cursor=None, *, key=KEY, **more):
    config = YoutubeConfig(channel=CHANNEL, api_key=secret(key) if key else None)
    return list(streams_of(CONNECTOR, config, fake, **more)[name].read(cursor or {}))


def by_feed(fake, cursor=None, **more):
    return read(fake, cursor=cursor, key=None, **more)


# With a key


def test_every_video_is_published_once_and_counted():
    batches = read(FakeYoutube(videos(54)))
    assert total(batches, "videos_published") == 54
    assert total(batches, "video_views") == sum(range(1, 55))
    assert total(batches, "video_comments") == sum(day % 3 for day in range(1, 55))
    assert subjects(batches)["video-00001"].name == "https://www.youtube.com/watch?v=video-00001"
    assert subjects(batches)["video-00001"].published_at == datetime(2026, 10, 1, 10, tzinfo=UTC)


def test_fifty_videos_cost_two_units_of_quota():
    fake, meter = FakeYoutube(videos(54)), Meter()
    read(fake, meter=meter)
    assert [path.rpartition("/")[2] for path, _ in fake.requests] == [
        "channels",
        "playlistItems",
        "videos",
        "playlistItems",
        "videos",
    ]
    assert meter.points == 5
    assert all(len(query["id"].split(",")) <= 50 for path, query in fake.requests if path.endswith("/videos"))


@pytest.mark.parametrize(("count", "units"), [(0, 3), (1, 3), (50, 3), (54, 5), (101, 7)])
def test_a_plan_says_what_a_read_will_cost(count, units):
    fake, meter = FakeYoutube(videos(count, first_day=-60)), Meter()
    config = YoutubeConfig(channel=CHANNEL, api_key=secret(KEY))
    streams = streams_of(CONNECTOR, config, fake)
    assert streams["videos"].plan({}) == (Cost("units a day", units, units),)
    assert streams["channel"].plan({}) == (Cost("units a day", 1, 1),)
    read(fake, meter=meter)
    assert meter.points <= units


def test_the_key_is_in_no_address():
    fake = FakeYoutube(videos(1))
    read(fake)
    assert KEY not in str(fake.requests)


def test_a_hidden_count_is_missing_and_a_nought_is_measured():
    shown = [
        Video("aaaaaaaaaaa", "2026-11-01T10:00:00Z", 0, None),
        Video("bbbbbbbbbbb", "2026-11-02T10:00:00Z", None, 0),
    ]
    batches = read(FakeYoutube(shown))
    assert ("video_views", "aaaaaaaaaaa", str(TODAY)) in facts(batches)
    assert ("video_views", "bbbbbbbbbbb", str(TODAY)) not in facts(batches)
    assert [(span.state, span.reason) for span in spans(batches, "video_comments")] == [
        ("partial", "videos with comments switched off: 1")
    ]
    assert [(span.state, span.reason) for span in spans(batches, "video_views")] == [
        ("partial", "videos that hide their views: 1")
    ]
    assert rejects(batches) == []


def test_a_private_video_has_no_counts_and_is_not_published():
    shown = [*videos(2), Video("private-one", "2026-11-20T10:00:00Z", 5, 5, is_private=True)]
    batches = read(FakeYoutube(shown))
    assert total(batches, "videos_published") == 2
    assert spans(batches, "video_views")[0].reason == "videos that are private or deleted: 1"


def test_a_premiere_that_is_to_come_is_not_published_yet():
    batches = read(FakeYoutube([Video("upcoming-01", "2026-11-20T10:00:00Z", 0, 0, state="upcoming")]))
    assert total(batches, "videos_published") == 0
    assert "upcoming-01" in subjects(batches)


def test_the_list_is_complete_since_the_channel_was_made_and_later_since_the_last_read():
    fake = FakeYoutube(videos(3))
    first = read(fake)
    assert spans(first, "videos_published") == [Coverage(date(2007, 8, 23), TODAY, metrics=("videos_published",))]
    again = read(fake, cursor=cursor_after(first), now=NOW + DAY)
    assert spans(again, "videos_published") == [Coverage(TODAY, TODAY + DAY, metrics=("videos_published",))]


def test_a_channel_without_videos_is_a_measured_nought():
    batches = read(FakeYoutube())
    assert facts(batches) == {}
    assert [span.state for span in spans(batches)] == ["measured"] * 3


def test_a_list_that_vanishes_is_no_empty_channel():
    fake = FakeYoutube(videos(3))
    fake.spoil = lambda path, _: refusal(404, "playlistNotFound") if path.endswith("playlistItems") else None
    with pytest.raises(Gone):
        read(fake)


def test_pages_before_a_failure_are_kept_and_nothing_is_claimed():
    fake = FakeYoutube(videos(120, first_day=-70))
    fake.spoil = lambda path, query: Answer(503) if query.get("pageToken") == "p100" else None
    stream = streams_of(CONNECTOR, YoutubeConfig(channel=CHANNEL, api_key=secret(KEY)), fake)["videos"]
    kept = until(Unavailable, stream.read({}))
    assert total(kept, "videos_published") == 100
    assert all(batch.checkpoint is not None for batch in kept)
    assert spans(kept) == []


def test_a_page_that_comes_again_does_not_go_on_for_ever():
    fake = FakeYoutube(videos(60))
    item = {"contentDetails": {"videoId": "video-00001"}}
    turning = {"kind": "list", "items": [item], "nextPageToken": "again"}
    fake.spoil = lambda path, _: said(turning) if path.endswith("playlistItems") else None
    with pytest.raises(Malformed, match="comes back"):
        read(fake)


@pytest.mark.parametrize("spoiled", [{"items": [{"id": "x"}]}, {"items": "none"}, {}, []])
def test_a_list_that_is_none_is_malformed(spoiled):
    fake = FakeYoutube(videos(3))
    fake.spoil = lambda path, _: said(spoiled) if path.endswith("playlistItems") else None
    with pytest.raises(Malformed):
        read(fake)


def test_a_video_without_a_date_is_a_reject_and_the_list_is_partial():
    batches = read(FakeYoutube([*videos(2), Video("no-date-at-", "soon", 5, 5)]))
    assert total(batches, "videos_published") == 2
    assert len(rejects(batches)) == 1
    assert spans(batches, "videos_published")[0].state == "partial"


def test_a_read_that_is_to_stop_claims_nothing():
    assert read(FakeYoutube(videos(3)), is_stopping=lambda: True) == []


# The channel


def test_subscribers_are_the_reading_of_today():
    assert facts(read(FakeYoutube(), "channel")) == {("subscribers", CHANNEL, str(TODAY)): 1230}


@pytest.mark.parametrize(
    ("fake", "reason"),
    [(FakeYoutube(hides_subscribers=True), "hides"), (FakeYoutube(subscribers=None), "tells no number")],
)
def test_subscribers_that_are_not_told_are_missing(fake, reason):
    batches = read(fake, "channel")
    assert facts(batches) == {}
    (span,) = spans(batches)
    assert span.state == "missing"
    assert reason in span.reason


def test_an_unknown_channel_is_gone():
    unknown = YoutubeConfig(channel="UC" + "x" * 22, api_key=secret(KEY))
    with pytest.raises(Gone, match="check `channel`"):
        list(streams_of(CONNECTOR, unknown, FakeYoutube())["channel"].read({}))


# Refusals


def test_a_wrong_key_says_where_to_make_one():
    with pytest.raises(AuthFailed, match="Google Cloud console") as caught:
        read(FakeYoutube(videos(1)), key="another-key-1234")
    assert "another-key-1234" not in str(caught.value)


@pytest.mark.parametrize("reason", ["quotaExceeded", "dailyLimitExceeded"])
def test_a_used_up_quota_comes_back_at_midnight_in_california(reason):
    fake = FakeYoutube(videos(1), spoil=lambda *_: refusal(403, reason))
    with pytest.raises(RateLimited) as caught:
        read(fake)
    assert caught.value.retry_at == datetime(2026, 11, 25, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "reason", "error", "remedy"),
    [
        (403, "accessNotConfigured", NotPermitted, "enable YouTube Data API v3"),
        (403, "SERVICE_DISABLED", NotPermitted, "enable YouTube Data API v3"),
        (403, "ipRefererBlocked", NotPermitted, "restrictions"),
        (403, "rateLimitExceeded", RateLimited, "slower pace"),
        (400, "keyExpired", AuthFailed, "Credentials"),
        (400, "invalidFilters", Malformed, "400"),
    ],
)
def test_a_refusal_is_named_by_what_to_do(status, reason, error, remedy):
    fake = FakeYoutube(videos(1), spoil=lambda *_: refusal(status, reason))
    with pytest.raises(error, match=remedy):
        read(fake)


# Without a key


def test_the_feed_gives_the_latest_fifteen_and_says_so():
    batches = by_feed(FakeYoutube(videos(40)))
    assert total(batches, "videos_published") == 15
    assert total(batches, "video_views") == sum(range(26, 41))
    (views,) = spans(batches, "video_views")
    assert (views.state, views.reason) == ("partial", "the feed shows the latest 15 videos only")
    (comments,) = spans(batches, "video_comments")
    assert comments.state == "missing"


def test_the_same_video_has_the_same_identity_with_a_key_and_without():
    fake = FakeYoutube(videos(3))
    with_key, without = facts(read(fake)), facts(by_feed(fake))
    assert without.items() <= with_key.items()


def test_the_feed_covers_the_days_since_its_oldest_video_and_later_since_the_last_read():
    fake = FakeYoutube(videos(40))
    first = by_feed(fake)
    assert spans(first, "videos_published")[0].first_day == date(2026, 10, 26)
    again = by_feed(fake, cursor_after(first), now=NOW + DAY)
    assert spans(again, "videos_published") == [Coverage(TODAY, TODAY + DAY, metrics=("videos_published",))]


def test_a_key_may_come_and_go():
    fake = FakeYoutube(videos(3))
    cursor = cursor_after(by_feed(fake))
    cursor = cursor_after(read(fake, cursor=cursor), cursor)
    again = by_feed(fake, cursor)
    assert spans(again, "videos_published")[0].first_day == date(2026, 10, 1)


def test_videos_that_slid_past_unseen_are_lost():
    first = by_feed(FakeYoutube(videos(20)), now=datetime(2026, 10, 20, 12, tzinfo=UTC))
    later = by_feed(FakeYoutube(videos(50)), cursor_after(first))
    assert [(span.state, str(span.first_day), str(span.last_day)) for span in spans(later, "videos_published")] == [
        ("lost", "2026-10-20", "2026-11-05"),
        ("measured", "2026-11-06", str(TODAY)),
    ]


def test_a_feed_that_youtube_does_not_show_for_a_while_is_an_outage():
    with pytest.raises(Unavailable, match="comes back by itself"):
        by_feed(FakeYoutube(videos(3), spoil=lambda *_: Answer(404)))


def test_a_feed_that_suddenly_shows_nothing_is_malformed():
    first = by_feed(FakeYoutube(videos(3)))
    with pytest.raises(Malformed, match="did before"):
        by_feed(FakeYoutube(), cursor_after(first), now=NOW + DAY)


def test_a_new_channel_is_a_measured_nought():
    batches = by_feed(FakeYoutube())
    assert facts(batches) == {}
    assert spans(batches, "videos_published") == [Coverage(TODAY, TODAY, metrics=("videos_published",))]


@pytest.mark.parametrize("views", ["many", "-3", "1e9"])
def test_a_count_that_is_none_is_a_reject(views):
    batches = by_feed(FakeYoutube([Video("aaaaaaaaaaa", "2026-11-01T10:00:00Z", views)]))
    assert total(batches, "videos_published") == 1
    assert len(rejects(batches)) == 1
    assert spans(batches, "video_views")[0].state == "partial"


BOMB = b'<!DOCTYPE f [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><feed xmlns="http://www.w3.org/2005/Atom">&b;</feed>'
FOREIGN = b'<!DOCTYPE f SYSTEM "file:///etc/passwd"><feed xmlns="http://www.w3.org/2005/Atom"/>'


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        FOREIGN,
        b"<feed/>",
        b'<feed xmlns="http://www.w3.org/2005/Atom"><entry>',
        b"<a>" * 100,
        b"\xff\xfe\x00",
        b'<html xmlns="http://www.w3.org/1999/xhtml"/>',
    ],
)
def test_what_is_no_feed_is_malformed(body):
    with pytest.raises(Malformed, match="not the feed of a channel"):
        by_feed(FakeYoutube(spoil=lambda *_: Answer(200, {}, body)))


# The configuration


@pytest.mark.parametrize("channel", [CHANNEL, f" {CHANNEL} ", f"https://www.youtube.com/channel/{CHANNEL}/"])
def test_a_channel_is_an_id_or_its_address(channel):
    assert YoutubeConfig(channel=channel).channel_id == CHANNEL


@pytest.mark.parametrize("channel", ["", "@talks", "UCshort", "https://www.youtube.com/@talks"])
def test_anything_else_says_where_the_id_is_found(channel):
    with pytest.raises(ValueError, match=r"^channel: .*Copy channel ID"):
        YoutubeConfig(channel=channel)


@pytest.mark.parametrize("key", ["api_url", "feed_url"])
def test_a_wrong_address_names_its_key(key):
    with pytest.raises(ValueError, match=f"^{key}: "):
        YoutubeConfig(channel=CHANNEL, **{key: "ftp://example.org"})


# Recorded answers


def test_the_recorded_feed_is_read(shared_data):
    body = (shared_data / "feeds" / "feedjira" / "youtube_atom.xml").read_bytes()
    batches = by_feed(FakeYoutube(spoil=lambda *_: Answer(200, {}, body)))
    assert total(batches, "videos_published") == body.count(b"<entry>") == 15
    assert facts(batches)["video_views", "5shykyfmb28", str(TODAY)] == 251_497
    assert subjects(batches)["5shykyfmb28"].title == "The Google app: Questions Title"
    assert rejects(batches) == []


@pytest.mark.parametrize(
    ("name", "subscribers"), [("channels__info_multiple.json", 2_260_000), ("channel_info_single.json", 1_927_873)]
)
def test_recorded_channels_are_counted(shared_data, name, subscribers):
    recorded = json.loads((shared_data / "platforms" / "youtube" / "python_youtube" / name).read_text())
    batches = read(FakeYoutube(spoil=lambda *_: said(recorded)), "channel")
    assert facts(batches) == {("subscribers", CHANNEL, str(TODAY)): subscribers}
    assert subjects(batches)[CHANNEL].title == "Google Developers"
