"""Reads of a feed one after the other: validators, coverage, what is refused, and the way through the parser."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from datetime import date, timedelta
from itertools import pairwise

import pytest
import responses
from feed_reader import NOW, URL, Reader, coverage_of, item, levels_of, posts_of, rss

from connectors.base import Context
from connectors.errors import AuthFailed, Gone, Malformed, RateLimited, Unavailable
from connectors.feed import CONNECTOR, FeedConfig
from connectors.feed.read_xml import parse_apart
from connectors.http import Http

TAGS = {"ETag": '"v1"', "Last-Modified": "Tue, 24 Nov 2026 10:00:00 GMT"}
COMMENTED = item("a", more="<slash:comments>5</slash:comments>")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


# Asking only for what is new


def test_the_first_read_is_unconditional_and_the_next_sends_the_validators_back():
    reader = Reader()
    reader.read(rss(item()), headers=TAGS)
    assert "If-None-Match" not in reader.sent
    reader.now += HOUR
    reader.read(rss(item()), headers=TAGS)
    assert reader.sent["If-None-Match"] == '"v1"'
    assert reader.sent["If-Modified-Since"] == TAGS["Last-Modified"]


def test_validators_that_are_no_longer_sent_are_forgotten():
    reader = Reader()
    reader.read(rss(item()), headers=TAGS)
    reader.now += HOUR
    reader.read(rss(item()))
    reader.now += DAY
    reader.read(rss(item()))
    assert "If-None-Match" not in reader.sent


def test_an_unchanged_feed_is_a_measured_day_without_facts():
    reader = Reader()
    reader.read(rss(item()), headers=TAGS)
    reader.now += 3 * DAY
    batch = reader.read(status=304)
    assert (batch.observations, batch.subjects, batch.rejects) == ((), (), ())
    assert coverage_of(batch) == [("2026-11-24", "2026-11-27", "measured")]


def test_an_unchanged_feed_says_nothing_about_counters():
    reader = Reader()
    reader.read(rss(COMMENTED), headers=TAGS)
    reader.now += HOUR
    assert coverage_of(reader.read(status=304), "post_comments") == []


def test_a_feed_with_counters_is_read_in_full_once_a_day():
    reader = Reader()
    reader.read(rss(COMMENTED), headers=TAGS)
    reader.now += timedelta(hours=1)
    reader.read(status=304)
    assert "If-None-Match" in reader.sent
    reader.now += DAY
    batch = reader.read(rss(COMMENTED), headers=TAGS)
    assert "If-None-Match" not in reader.sent
    assert levels_of(batch, "post_comments") == {"post:a": 5}
    assert coverage_of(batch, "post_comments") == [("2026-11-25", "2026-11-25", "measured")]


def test_a_backfill_asks_for_the_whole():
    reader = Reader()
    reader.read(rss(item()), headers=TAGS)
    reader.since = date(2026, 1, 1)
    reader.read(rss(item()), headers=TAGS)
    assert "If-None-Match" not in reader.sent


def test_another_address_starts_anew():
    reader = Reader()
    reader.read(rss(item("a", None)), headers=TAGS)
    reader.url, reader.now = "https://other.example/feed", NOW + DAY
    batch = reader.read(rss(item("a", None)))
    assert "If-None-Match" not in reader.sent
    assert posts_of(batch)[0].occurred_at == NOW + DAY


@pytest.mark.parametrize(
    "damage",
    [
        {"known": 5},
        {"known": None},
        {"dates": [1]},
        {"dates": {"x": "?"}},
        {"read_at": 7},
        {"etag": 5},
        {"counted_on": []},
        {"due": 5},
        {"due": "2099-01-01T00:00:00+00:00"},
        {"pace": "often"},
        {"move": []},
        {"move": {"to": "file:///etc/passwd", "seen": "3"}},
        {"gone_at": {}},
    ],
)
def test_a_damaged_cursor_costs_a_read_and_nothing_else(damage):
    reader = Reader()
    first = reader.read(rss(item()), headers=TAGS)
    reader.cursor |= damage
    reader.now += DAY
    assert posts_of(reader.read(rss(item()))) == posts_of(first)


def test_the_cursor_does_not_grow_without_end():
    reader = Reader()
    for start in range(0, 5000, 1000):
        reader.read(rss(*(item(f"g{n}", None) for n in range(start, start + 1000))))
        reader.now += DAY
    assert len(json.dumps(reader.cursor)) < 150_000


# Coverage


def test_the_first_read_covers_the_days_since_the_oldest_post_shown():
    batch = Reader().read(rss(item("b"), item("a", "Thu, 01 Oct 2026 23:30:00 GMT")))
    assert coverage_of(batch) == [("2026-10-01", "2026-11-24", "measured")]


def test_days_are_those_of_the_configured_zone():
    batch = Reader(zone="Europe/Berlin").read(rss(item("a", "Thu, 01 Oct 2026 23:30:00 GMT")))
    assert coverage_of(batch) == [("2026-10-02", "2026-11-24", "measured")]


def test_a_date_that_is_not_the_feeds_own_does_not_stretch_coverage():
    batch = Reader().read(rss(item("a", None)))
    assert coverage_of(batch) == [("2026-11-24", "2026-11-24", "measured")]


def test_a_later_read_covers_the_days_since_the_one_before():
    reader = Reader()
    reader.read(rss(item("a")))
    reader.now += 5 * DAY
    batch = reader.read(rss(item("b", "Fri, 27 Nov 2026 10:00:00 GMT"), item("a")))
    assert coverage_of(batch) == [("2026-11-24", "2026-11-29", "measured")]


def test_a_window_that_moved_past_unseen_posts_tells_the_lost_days():
    reader = Reader()
    reader.read(rss(item("a")))
    reader.now += 6 * DAY
    batch = reader.read(rss(item("z", "Sun, 29 Nov 2026 10:00:00 GMT"), item("y", "Sat, 28 Nov 2026 10:00:00 GMT")))
    assert coverage_of(batch) == [
        ("2026-11-24", "2026-11-27", "lost"),
        ("2026-11-28", "2026-11-28", "partial"),
        ("2026-11-29", "2026-11-30", "measured"),
    ]


def test_a_window_that_still_reaches_back_has_lost_nothing():
    reader = Reader()
    reader.read(rss(item("a")))
    reader.now += 6 * DAY
    batch = reader.read(rss(item("new-guid-of-a")))
    assert coverage_of(batch) == [("2026-11-24", "2026-11-30", "measured")]


def test_posts_with_other_guids_at_the_same_addresses_are_recognised():
    link = "<link>https://blog.example/{}</link>"
    reader = Reader()
    reader.read(rss(item("a", "Tue, 24 Nov 2026 10:00:00 GMT", more=link.format("a"))))
    reader.now = NOW + 2 * DAY
    batch = reader.read(rss(item("a2", "Wed, 25 Nov 2026 10:00:00 GMT", more=link.format("a"))))
    assert coverage_of(batch) == [("2026-11-24", "2026-11-26", "measured")]


def test_an_empty_feed_is_a_measured_zero_and_does_not_forget():
    reader = Reader()
    assert coverage_of(reader.read(rss())) == [("2026-11-24", "2026-11-24", "measured")]
    reader.now += DAY
    reader.read(rss(item("a", "Tue, 24 Nov 2026 10:00:00 GMT")))
    reader.now += 2 * DAY
    reader.read(rss())
    reader.now += 2 * DAY
    batch = reader.read(rss(item("a", "Tue, 24 Nov 2026 10:00:00 GMT")))
    assert coverage_of(batch) == [("2026-11-27", "2026-11-29", "measured")]


def test_a_feed_that_breaks_off_is_partial_and_asked_for_again():
    reader = Reader()
    whole = rss(item("a"), item("b"))
    batch = reader.read(whole[: whole.index("<guid", whole.index("</item>"))], headers=TAGS)
    assert "a" in [post.key for post in posts_of(batch)]
    assert coverage_of(batch) == [("2026-11-02", "2026-11-24", "partial")]
    reader.now += HOUR
    reader.read(whole)
    assert "If-None-Match" not in reader.sent


def test_a_clock_that_was_set_back_yields_no_reversed_days():
    reader = Reader()
    reader.read(rss(item()), headers=TAGS)
    reader.now -= 3 * DAY
    assert coverage_of(reader.read(status=304)) == [("2026-11-21", "2026-11-21", "measured")]


# What is no feed


@pytest.mark.parametrize(
    "body",
    [
        "",
        " \n",
        "\ufeff",
        "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action='/login'></form></body></html>",
        "<html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>",
        "<html",
        "Not found",
        "[1, 2]",
        '{"version": "https://jsonfeed.org/version/1", "items": ',
        '{"version": "https://jsonfeed.org/version/1"}',
        '{"version": "https://jsonfeed.org/version/1", "items": {}}',
        '{"login": true}',
        gzip.compress(b"<rss/>", mtime=0),
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        "<?xml version='1.0'?><note><to>x</to></note>",
        '{"version": "https://jsonfeed.org/version/1", "items": [' + "0," * 50_001 + "0]}",
    ],
)
def test_what_is_no_feed_is_malformed_never_a_feed_without_posts(body):
    reader = Reader()
    with pytest.raises(Malformed, match=URL):
        reader.read(body)
    assert reader.cursor == {}


def test_a_web_page_that_names_its_feed_is_a_hint_what_to_configure():
    page = '<html><head><link rel="alternate" type="application/rss+xml" href="/rss.xml"></head></html>'
    with pytest.raises(Malformed, match=r'use url = "https://blog\.example/rss\.xml", which the page names'):
        Reader().read(page)


@pytest.mark.parametrize(
    ("status", "outcome"), [(401, AuthFailed), (410, Gone), (404, Gone), (429, RateLimited), (503, Unavailable)]
)
def test_a_refusal_is_passed_on(status, outcome):
    with pytest.raises(outcome):
        Reader().read(status=status)


# The parser


@pytest.mark.parametrize(
    "before", ["\n\n", "junk\n", "\ufeff", "\ufeff\n ", "<!-- by hand -->\n", "<?php echo 1 ?>\n"]
)
def test_what_stands_before_the_document_does_not_matter(before):
    assert len(posts_of(Reader().read(before + rss(item("a"), item("b"))))) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "iso-8859-1", "cp1252"])
def test_a_document_is_read_in_the_encoding_it_names(encoding):
    feed = rss(item("a", title="Café")).replace("1.0", f'1.0" encoding="{encoding}', 1).encode(encoding)
    assert Reader().read(feed).subjects[0].title == "Café"


def test_the_documents_word_about_its_encoding_beats_the_servers():
    feed = rss(item("a", title="Café")).replace("1.0", '1.0" encoding="utf-8', 1)
    batch = Reader().read(feed, headers={"Content-Type": "text/xml; charset=iso-8859-1"})
    assert batch.subjects[0].title == "Café"


def test_the_servers_word_counts_where_the_document_is_silent():
    feed = rss(item("a", title="Привет")).encode("koi8-r")
    batch = Reader().read(feed, headers={"Content-Type": "text/xml; charset=koi8-r"})
    assert batch.subjects[0].title == "Привет"


def test_a_feed_with_undeclared_entities_and_prefixes_is_read():
    batch = Reader().read(rss(item("a", more="<x:y>&nbsp;&hellip;</x:y>"), item("b")))
    assert len(posts_of(batch)) == 2
    assert coverage_of(batch)[0][2] == "measured"


def test_the_parser_in_a_process_of_its_own_says_the_same():
    feed = rss(item("a", title="Café"), COMMENTED)
    assert Reader(parse=parse_apart).read(feed) == Reader().read(feed)


def test_only_that_process_imports_what_it_parses_with():
    script = "import sys, connectors.feed; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert {"feedparser", "connectors.feed.parser"}.isdisjoint(done.stdout.split())


def test_markup_that_takes_for_ever_is_ended():
    # feedparser's search for an address in an author's name goes over the same letters again and again.
    endless = f"<rss version='2.0'><channel><item><author>{'a.' * 500_000}@</author></item></channel></rss>"
    started = time.monotonic()
    with pytest.raises(Malformed, match="too much time or memory"):
        parse_apart(endless.encode(), "", seconds=1)
    assert time.monotonic() - started < 10


def test_an_extension_that_the_parser_fails_over_costs_no_post():
    chapters = '<c:chapters xmlns:c="http://podlove.org/simple-chapters" version="1"><c:chapter/></c:chapters>'
    assert [post.key for post in posts_of(Reader().read(rss(item("a", more=chapters), item("b"))))] == ["a", "b"]


def test_markup_that_the_parser_fails_over_is_malformed():
    odd = b"<?xml version='1.0' encoding='\xff'?>" + rss(item("a")).encode().partition(b"?>")[2]
    with pytest.raises(Malformed, match=f"{URL}: the parser fails over its markup; have a feed validator check it"):
        Reader(parse=parse_apart).read(odd)


def test_entities_that_multiply_are_no_bomb():
    pairs = pairwise("abcdefghijkl")
    lines = ['<!ENTITY a "lollollol">'] + [f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairs]
    bomb = f"<!DOCTYPE r [\n{chr(10).join(lines)}\n]><rss version='2.0'><channel><title>&l;</title></channel></rss>"
    assert posts_of(Reader(parse=parse_apart).read(bomb)) == []


def test_external_entities_are_not_loaded(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cr3t")
    feed = f'<!DOCTYPE r [<!ENTITY x SYSTEM "{secret.as_uri()}">]>' + rss(item("a", title="A&x;")).partition("?>")[2]
    assert "s3cr3t" not in repr(Reader(parse=parse_apart).read(feed))


def test_the_parser_sees_no_secret_of_the_environment(monkeypatch, tmp_path):
    spy = tmp_path / "spy"
    spy.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\necho '{{}}'\n")
    spy.chmod(0o755)
    monkeypatch.setenv("GITHUB_TOKEN", "s3cr3t")
    monkeypatch.setattr("sys.executable", str(spy))
    assert parse_apart(b"", "") == {}
    assert "s3cr3t" not in (tmp_path / "seen").read_text()


def test_a_parser_that_cannot_be_started_is_unavailable(monkeypatch):
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(Unavailable, match="No such file"):
        parse_apart(b"", "")


# The connector


@responses.activate
def test_the_connector_reads_a_feed_through_its_one_stream():
    responses.get(URL, body=rss(item("a")))
    with Http() as http:
        (stream,) = CONNECTOR.open(FeedConfig(url=URL), Context(source="blog", http=http, clock=lambda: NOW))
        (batch,) = stream.read({})
    assert stream.spec in CONNECTOR.streams
    assert [post.key for post in posts_of(batch)] == ["a"]
