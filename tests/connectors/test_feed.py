"""What a feed's entries become: posts, their identity, dates and counters."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from feed_reader import NOW, URL, Reader, item, levels_of, posts_of, rss

from connectors.base import Batch, Subject
from connectors.feed import FeedConfig

ATOM = '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0"><title>B</title>{}</feed>'
VIDEO = (
    '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:yt="http://www.youtube.com/xml/schemas/2015"'
    ' xmlns:media="http://search.yahoo.com/mrss/"><entry><id>yt:video:x1</id><yt:videoId>x1</yt:videoId><title>T</title>'
    '<link rel="alternate" href="https://www.youtube.com/watch?v=x1"/><published>2026-11-01T10:00:00+00:00</published>'
    '<media:group><media:community><media:statistics views="251497"/></media:community></media:group></entry></feed>'
)


def only_post(batch: Batch):
    (post,) = posts_of(batch)
    return post


def only_subject(batch: Batch) -> Subject:
    (subject,) = batch.subjects
    return subject


# Posts


def test_an_entry_is_a_post_published_at_its_date():
    batch = Reader().read(rss(item("id-1", title="Hello", more="<link>https://blog.example/hello</link>")))
    post = only_post(batch)
    assert (post.subject, post.key, post.value, post.attrs) == ("post:id-1", "id-1", 1.0, {})
    assert post.occurred_at == datetime(2026, 11, 2, 10, tzinfo=UTC)
    assert only_subject(batch) == Subject(
        "post:id-1", "https://blog.example/hello", "post", "Hello", "https://blog.example/hello", post.occurred_at
    )


def test_the_name_of_a_post_is_its_address_without_what_tracks_the_reader():
    link = "<link>https://Blog.Example:443/a b/?utm_source=rss&amp;id=7&amp;fbclid=x#comments</link>"
    subject = only_subject(Reader().read(rss(item(more=link))))
    assert subject.name == subject.url == "https://blog.example/a%20b/?id=7"


def test_a_relative_link_is_made_absolute():
    assert only_subject(Reader().read(rss(item(more="<link>/p/1</link>")))).url == "https://blog.example/p/1"


def test_a_relative_link_follows_the_base_of_an_atom_feed():
    feed = ATOM.replace("<feed ", '<feed xml:base="https://other.example/x/" ')
    entry = '<entry><id>tag:a</id><link href="y"/><published>2026-11-02T10:00:00Z</published></entry>'
    assert only_subject(Reader().read(feed.format(entry))).url == "https://other.example/x/y"


def test_an_address_behind_a_feed_service_is_the_posts_own():
    more = (
        '<link>http://feedproxy.example/~r/1</link><feedburner:origLink xmlns:feedburner="http://rssnamespace.org/'
        'feedburner/ext/1.0">https://blog.example/real</feedburner:origLink>'
    )
    assert only_subject(Reader().read(rss(item(more=more)))).url == "https://blog.example/real"


def test_a_post_without_an_address_is_named_by_its_title():
    subject = only_subject(Reader().read(rss(item("EP1", title="Episode 1"))))
    assert (subject.name, subject.url) == ("Episode 1", "")


def test_a_guid_that_is_no_address_makes_no_link():
    feed = rss("<guid>EP1</guid><title>Episode 1</title><pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate>")
    batch = Reader().read(feed)
    assert only_subject(batch).url == ""
    assert only_post(batch).key == "EP1"


def test_a_guid_does_not_change_when_the_feed_moves():
    feed = rss("<guid>EP1</guid><title>Episode 1</title>")
    keys = {only_post(Reader(url=url).read(feed)).key for url in (URL, "https://new.example/rss")}
    assert keys == {"EP1"}


def test_a_javascript_link_is_no_address():
    assert only_subject(Reader().read(rss(item(more="<link>javascript:alert(1)</link>")))).url == ""


def test_a_title_loses_inline_markup_and_keeps_what_it_is_about():
    title = "&lt;b&gt;Why&lt;/b&gt; &lt;details&gt; &amp;amp; more"
    assert only_subject(Reader().read(rss(item(title=title)))).title == "Why <details> & more"


def test_text_that_cannot_be_stored_is_cleaned():
    feed = {"version": "https://jsonfeed.org/version/1", "items": [{"id": "a\ud800b", "title": "x\u0000y\nz"}]}
    batch = Reader().read(json.dumps(feed))
    assert only_post(batch).key == "a b"
    assert only_subject(batch).title == "x y z"


# Identity


def test_without_a_guid_the_link_is_the_identity():
    feed = rss("<title>A</title><link>https://blog.example/a?utm_medium=feed</link>")
    assert only_post(Reader().read(feed)).key == "https://blog.example/a"


def test_without_guid_and_link_title_and_date_are_the_identity():
    first = only_post(Reader().read(rss("<title>A</title><pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate>")))
    again = only_post(Reader().read(rss("<title>A</title><pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate>")))
    other = only_post(Reader().read(rss("<title>A</title><pubDate>Tue, 03 Nov 2026 10:00:00 GMT</pubDate>")))
    assert first.key == again.key != other.key


def test_entry_without_identity_is_rejected_not_fatal():
    batch = Reader().read(rss("<description>?</description>", item("a")))
    assert [post.key for post in posts_of(batch)] == ["a"]
    assert [(reject.what, "no guid" in reject.why) for reject in batch.rejects] == [("entry 1", True)]


def test_the_same_entry_twice_is_one_post():
    batch = Reader().read(rss(item("a"), item("a")))
    assert len(posts_of(batch)) == len(batch.subjects) == 1
    assert batch.rejects == []


def test_two_posts_under_one_guid_are_counted_once_and_told():
    first = item("a", title="One", more="<link>https://blog.example/1</link>")
    second = item("a", title="Two", more="<link>https://blog.example/2</link>")
    batch = Reader().read(rss(first, second))
    assert only_subject(batch).title == "One"
    assert [(reject.what, reject.why) for reject in batch.rejects] == [("Two", "has the same identity as 'One'")]


def test_the_address_of_the_site_identifies_no_post():
    site = "<link>https://blog.example/</link>"
    batch = Reader().read(rss(f"<title>A</title>{site}", f"<title>B</title>{site}", channel=site))
    assert len(posts_of(batch)) == 2


def test_posts_that_share_a_page_are_told_apart_by_the_fragment():
    links = [f"<link>https://blog.example/changes#v{n}</link>" for n in (1, 2)]
    batch = Reader().read(rss(*(item(f"v{n}", more=link) for n, link in enumerate(links))))
    assert [subject.name for subject in batch.subjects] == [
        "https://blog.example/changes#v1",
        "https://blog.example/changes#v2",
    ]


def test_an_overlong_guid_is_shortened_to_the_same_key_each_time():
    keys = {only_post(Reader().read(rss(item("g" * 9000)))).key for _ in range(2)}
    assert len(keys) == 1
    assert len(keys.pop()) < 100


def test_an_edited_title_changes_the_subject_and_no_post():
    reader = Reader()
    before = reader.read(rss(item("a", title="Helo")))
    reader.now += timedelta(days=1)
    after = reader.read(rss(item("a", title="Hello")))
    assert posts_of(before) == posts_of(after)
    assert only_subject(after).title == "Hello"


def test_a_rebuild_that_touches_every_updated_is_no_news():
    entry = (
        "<entry><id>a</id><title>A</title><published>2026-11-02T10:00:00Z</published><updated>{}</updated></entry>"
    )
    reader = Reader()
    before = reader.read(ATOM.format(entry.format("2026-11-03T10:00:00Z")))
    reader.now += timedelta(days=1)
    after = reader.read(ATOM.format(entry.format("2026-11-24T10:00:00Z")))
    assert (before.observations, before.subjects) == (after.observations, after.subjects)


# Dates


def dated(text):
    return only_post(Reader().read(rss(item(published=text))))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("Mon, 02 Nov 2026 10:00:00 +0100", datetime(2026, 11, 2, 9, tzinfo=UTC)),
        ("Mon, 02 Nov 2026 10:00:00 EST", datetime(2026, 11, 2, 15, tzinfo=UTC)),
        ("2026-11-02T10:00:00Z", datetime(2026, 11, 2, 10, tzinfo=UTC)),
        ("Thu, 26 Nov 2026 11:00:00 GMT", datetime(2026, 11, 26, 11, tzinfo=UTC)),
        ("Mon, 01 Jan 1990 00:00:00 GMT", datetime(1990, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_date_within_reason_is_the_date(text, instant):
    post = dated(text)
    assert post.occurred_at == instant
    assert post.attrs == {}


@pytest.mark.parametrize(
    "text",
    [None, "1767225600", "Seg, 24 Set 2018", "Fri, 27 Nov 2026 12:00:00 GMT", "1969-12-31", "0000-00-00", "soon"],
)
def test_a_post_without_a_possible_date_is_dated_when_first_seen(text):
    post = dated(text)
    assert post.occurred_at == NOW
    assert post.attrs == {"dated": "first seen"}


def test_a_date_of_first_sight_stays_at_later_reads():
    reader = Reader()
    first = posts_of(reader.read(rss(item("a", None))))
    reader.now += timedelta(days=3)
    assert posts_of(reader.read(rss(item("b", None), item("a", None))))[1:] == first


def test_a_date_of_first_sight_outlives_the_window():
    reader = Reader()
    first = posts_of(reader.read(rss(item("a", None), item("b"))))
    reader.now += timedelta(days=3)
    reader.read(rss(item("b")))
    reader.now += timedelta(days=3)
    assert posts_of(reader.read(rss(item("a", None), item("b")))) == first


def test_a_date_that_appears_later_replaces_the_one_of_first_sight():
    reader = Reader()
    reader.read(rss(item("a", None)))
    reader.now += timedelta(days=1)
    assert only_post(reader.read(rss(item("a")))).attrs == {}


def test_without_a_publication_date_the_first_seen_update_counts_and_stays():
    entry = "<entry><id>a</id><title>A</title><updated>{}</updated></entry>"
    reader = Reader()
    first = only_post(reader.read(ATOM.format(entry.format("2026-11-03T10:00:00Z"))))
    assert first.occurred_at == datetime(2026, 11, 3, 10, tzinfo=UTC)
    assert first.attrs == {"dated": "updated"}
    reader.now += timedelta(days=1)
    assert only_post(reader.read(ATOM.format(entry.format("2026-11-25T10:00:00Z")))) == first


# Counters


@pytest.mark.parametrize(
    "more",
    [
        "<slash:comments>5</slash:comments>",
        "<thr:total>5</thr:total>",
        "<slash:comments>5</slash:comments><thr:total>7</thr:total>",
        "<slash:comments> 5 </slash:comments>",
    ],
)
def test_comments_are_a_reading_of_the_day(more):
    batch = Reader(zone="Pacific/Auckland").read(rss(item("a", more=more)))
    (reading,) = [one for one in batch.observations if one.metric == "post_comments"]
    assert (reading.subject, reading.key, reading.value) == ("post:a", "2026-11-25", 5)
    assert reading.occurred_at == NOW


def test_the_count_on_an_atom_link_to_replies_is_read():
    entry = '<entry><id>a</id><title>A</title><link rel="replies" href="/c" thr:count="12"/></entry>'
    assert levels_of(Reader().read(ATOM.format(entry)), "post_comments") == {"post:a": 12}


def test_a_measured_zero_is_a_reading():
    batch = Reader().read(rss(item("a", more="<slash:comments>0</slash:comments>")))
    assert levels_of(batch, "post_comments") == {"post:a": 0}


@pytest.mark.parametrize("said", ["many", "-1", "1,234", "1e3", "9" * 400])
def test_a_counter_that_is_no_count_is_rejected_and_the_post_kept(said):
    batch = Reader().read(rss(item("a", more=f"<slash:comments>{said}</slash:comments>")))
    assert [post.key for post in posts_of(batch)] == ["a"]
    assert levels_of(batch, "post_comments") == {}
    assert [reject.what for reject in batch.rejects] == ["comments of A"]


def test_a_feed_without_counters_says_nothing_about_them():
    batch = Reader().read(rss(item("a")))
    assert {one.metric for one in batch.observations} == {"posts_published"}
    assert {metric for span in batch.coverage for metric in span.metrics} == {"posts_published"}


def test_a_video_channel_has_videos_and_their_views():
    batch = Reader().read(VIDEO)
    subject = only_subject(batch)
    assert (subject.id, subject.kind) == ("video:yt:video:x1", "video")
    assert subject.name == "https://www.youtube.com/watch?v=x1"
    assert levels_of(batch, "video_views") == {"video:yt:video:x1": 251497}


# JSON Feed


def json_feed(*items, **more):
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "B", "items": items, **more})


def test_a_json_feed_is_read():
    entry = {"id": "1", "url": "/a#x", "title": "A", "date_published": "2026-11-02T10:00:00+01:00"}
    batch = Reader().read("\ufeff" + json_feed(entry))
    assert only_post(batch).occurred_at == datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert only_subject(batch).url == "https://blog.example/a"


def test_a_number_serves_as_id_of_a_json_item():
    assert only_post(Reader().read(json_feed({"id": 7}))).key == "7"


@pytest.mark.parametrize("fields", [{"url": "https://blog.example/a"}, {"external_url": "https://blog.example/a"}])
def test_a_json_item_without_id_is_known_by_its_address(fields):
    assert only_post(Reader().read(json_feed(fields))).key == "https://blog.example/a"


def test_odd_json_items_are_rejected_not_fatal():
    odd = ["text", None, {}, {"id": True, "title": 5, "url": [], "date_published": 3}]
    batch = Reader().read(json_feed({"id": "a"}, *odd))
    assert [post.key for post in posts_of(batch)] == ["a"]
    assert len(batch.rejects) == 4


# Configuration


def test_the_address_is_required_to_be_one():
    with pytest.raises(ValueError, match=r"^url: 'blog\.example' is not an http or https address$"):
        FeedConfig(url="blog.example")
