"""The hackernews connector against a fake as unkind as the search."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fake_hackernews import BORN, FakeHackerNews, stories, story
from wired import facts, rejects, said, spans, streams_of, subjects, total, until

from connectors.base import Coverage
from connectors.errors import Malformed, RateLimited
from connectors.hackernews import CONNECTOR, HackernewsConfig
from connectors.testing import NOW, Answer

TODAY = NOW.date()


def opened(fake, sites=("example.org",), **more):
    return streams_of(CONNECTOR, HackernewsConfig(sites=sites), fake, **more)["stories"]


def read(fake, sites=("example.org",), **more):
    return list(opened(fake, sites, **more).read({}))


def test_points_and_comments_of_a_story_are_read_today():
    batches = read(FakeHackerNews([story(7, num_comments=0)]))
    assert facts(batches) == {("post_comments", "7", str(TODAY)): 0, ("post_reactions", "7", str(TODAY)): 7}
    about = subjects(batches)["7"]
    assert (about.name, about.url) == ("https://news.ycombinator.com/item?id=7", "https://example.org/post")
    assert about.published_at == datetime.fromtimestamp(BORN + 420, UTC)
    assert spans(batches) == [Coverage(TODAY, TODAY)]


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        ("https://example.org", True),
        ("http://www.example.org/a?b#c", True),
        ("https://blog.Example.org/a", True),
        ("https://example.org.evil.com/", False),
        ("https://notexample.org/", False),
        ("https://other.com/example.org", False),
        ("https://example.org:8443/", False),
        ("https://[example.org/", False),
        (None, False),
        ("", False),
    ],
)
def test_only_stories_that_lie_on_the_site_count(url, is_ours):
    fake = FakeHackerNews(spoil=lambda _: said({"hits": [story(7, url)], "nbHits": 1}))
    batches = read(fake)
    assert bool(facts(batches)) == is_ours
    assert rejects(batches) == []


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        ("https://github.com/me", True),
        ("https://github.com/me/engine", True),
        ("https://github.com/meandyou/engine", False),
        ("https://gist.github.com/me/1", True),
    ],
)
def test_a_site_may_be_the_start_of_addresses(url, is_ours):
    assert bool(facts(read(FakeHackerNews([story(7, url)]), ("https://www.github.com/me/",)))) == is_ours


@pytest.mark.parametrize("cap", [None, 1000])
def test_totals_that_are_capped_are_read_window_by_window(cap):
    fake = FakeHackerNews(stories(2500), cap=cap)
    batches = read(fake)
    assert len(subjects(batches)) == 2500
    assert total(batches, "post_reactions") == sum(range(1, 2501))
    assert len(fake.requests) == 3
    assert [span.state for span in spans(batches)] == ["measured"]


def test_a_window_that_ends_in_the_middle_of_a_second_loses_nothing():
    fake = FakeHackerNews([story(number, created_at_i=BORN + number // 3) for number in range(20)], most=4)
    assert len(subjects(read(fake))) == 20


def test_more_in_one_second_than_is_told_is_said():
    fake = FakeHackerNews([*stories(3, first=100), *(story(n, created_at_i=BORN) for n in range(9))], most=2)
    batches = read(fake)
    (span,) = spans(batches)
    assert (span.state, span.reason) == ("partial", "more stories in one second than the search tells")
    assert {"100", "101", "102"} <= set(subjects(batches))


def test_two_sites_are_two_questions_and_a_site_named_twice_is_one():
    fake = FakeHackerNews([story(1), story(2, "https://blog.net/x")])
    batches = read(fake, ("example.org", "blog.net", "https://www.example.org/"))
    assert [query["query"] for query in fake.requests] == ["example.org", "blog.net"]
    assert set(subjects(batches)) == {"1", "2"}


def test_no_story_is_a_measured_nought():
    batches = read(FakeHackerNews())
    assert facts(batches) == {}
    assert spans(batches) == [Coverage(TODAY, TODAY)]


@pytest.mark.parametrize(
    "spoilt", [{"num_comments": None}, {"points": "many"}, {"objectID": "x"}, {"created_at_i": None}]
)
def test_what_cannot_be_used_is_a_reject_and_the_day_partial(spoilt):
    batches = read(FakeHackerNews(spoil=lambda _: said({"hits": [story(1), story(7, **spoilt), None], "nbHits": 3})))
    assert ("post_reactions", "1", str(TODAY)) in facts(batches)
    assert len(rejects(batches)) == 2
    assert [span.state for span in spans(batches)] == ["partial"]


@pytest.mark.parametrize("body", [[], {"hits": None}, {"hits": []}, {"hits": [], "nbHits": 3}, {"nbHits": 3}])
def test_what_is_no_search_is_malformed(body):
    with pytest.raises(Malformed):
        read(FakeHackerNews(spoil=lambda _: said(body)))


def test_windows_before_a_refusal_are_kept_and_nothing_is_claimed():
    fake = FakeHackerNews(stories(2500), spoil=lambda query: Answer(429) if "numericFilters" in query else None)
    kept = until(RateLimited, opened(fake).read({}))
    assert len(subjects(kept)) == 1000
    assert spans(kept) == []


def test_a_read_that_is_to_stop_claims_nothing():
    batches = read(FakeHackerNews(stories(3)), is_stopping=lambda: True)
    assert spans(batches) == []


@pytest.mark.parametrize("sites", [(), ("two words",), ("ftp://example.org",), ("example.org", "?")])
def test_wrong_sites_are_refused(sites):
    with pytest.raises(ValueError, match="sites: "):
        HackernewsConfig(sites=sites)


def test_a_wrong_address_names_its_key():
    with pytest.raises(ValueError, match="api_url: "):
        HackernewsConfig(sites=("example.org",), api_url="ftp://example.org")
