"""The devto connector against a fake and the recorded answers: counters of articles that come and go."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from asked import checkpoint, coverage, facts, rejects, said, streams, until
from fake_forem import KEY, FakeForem, article

from connectors.base import Coverage
from connectors.devto import ARTICLES, CONNECTOR, PER_PAGE, DevtoConfig
from connectors.errors import AuthFailed, Gone, Malformed, NotPermitted, RateLimited, Unavailable
from connectors.testing import NOW, Case, checks_for, known_secret
from tests.harvester.store.building import Shelf

TODAY = NOW.date()
DAY = str(TODAY)
MINE = DevtoConfig(api_key=known_secret(KEY))
PUBLIC = DevtoConfig(username="ann")


def read(fake, config=MINE, cursor=None, **more):
    context = {"wait": lambda _: False} | more
    return list(streams(CONNECTOR, config, fake, **context)["articles"].read(cursor or {}))


CASES = {
    "with a key": Case(connector=CONNECTOR, config=MINE, answer=FakeForem([article(1), article(2)]), secrets=[KEY]),
    "without": Case(connector=CONNECTOR, config=PUBLIC, answer=FakeForem([article(1), article(2)])),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("check", checks_for(CASES["with a key"]))
def test_the_devto_connector_conforms(name, check):
    check(CASES[name])


# What is stored


def test_counters_of_an_article_are_readings_of_today():
    batches = read(FakeForem([article(7)]))
    assert facts(batches) == {
        ("post_reads", "7", DAY): 107,
        ("post_reactions", "7", DAY): 4,
        ("post_comments", "7", DAY): 1,
    }
    assert coverage(batches) == [
        Coverage(TODAY, TODAY, metrics=(name,)) for name in ("post_reads", "post_reactions", "post_comments")
    ]


def test_an_article_is_named_by_where_it_wants_to_be_found():
    batches = read(
        FakeForem([article(1), article(2, canonical_url="https://ann.example/2"), article(3, canonical_url="")])
    )
    subjects = [subject for batch in batches for subject in batch.subjects]
    assert [subject.name for subject in subjects] == [
        "https://dev.to/ann/post-1",
        "https://ann.example/2",
        "https://dev.to/ann/post-3",
    ]
    assert subjects[1].url == "https://dev.to/ann/post-2"
    assert subjects[1].published_at == datetime(2026, 7, 20, 10, 8, 25, 487000, tzinfo=UTC)


@pytest.mark.parametrize("username", ["ann", "acme"])
def test_without_a_key_reads_are_missing_not_zero(username):
    batches = read(FakeForem([article(7)]), DevtoConfig(username=username))
    assert facts(batches) == {("post_reactions", "7", DAY): 4, ("post_comments", "7", DAY): 1}
    assert [(span.metrics, span.state) for span in coverage(batches)] == [
        (("post_reads",), "missing"),
        (("post_reactions",), "measured"),
        (("post_comments",), "measured"),
    ]


def test_recorded_answers_are_counted_right(shared_data, tmp_path):
    """Ten articles, two days later the same, a week later eight of them: what vanished takes nothing away."""
    shelf = Shelf(tmp_path, metrics=ARTICLES.metrics)
    for name in ("2025-02-01_000", "2025-02-03_001", "2025-02-10_002"):
        recorded = json.loads((shared_data / f"platforms/devto/articles_me_{name}.json").read_text())
        now = datetime.fromisoformat(f"{name[:10]}T12:00:00+00:00")
        batches = read(FakeForem(recorded), cursor=shelf.cursor, clock=lambda now=now: now)
        assert rejects(batches) == []
        shelf.harvest(*batches)
    growth = dict(shelf.ask("SELECT subject, sum(total) FROM daily WHERE metric = 'post_reads' GROUP BY ALL"))
    # 16,753, 16,764, 16,824; 3,878, 3,878, 3,881; 9,013, 9,013, 9,015; 254, 254, 255.
    told = {subject.rpartition("-")[2]: total for subject, total in growth.items() if total}
    assert told == {"5442": 71, "52bi": 3, "j8p": 2, "419g": 1}
    assert shelf.ask("SELECT count(*) FROM observations WHERE metric = 'post_reads'") == [(10 + 10 + 8,)]


def test_an_article_that_comes_back_goes_on_where_it_was(tmp_path):
    shelf = Shelf(tmp_path, metrics=ARTICLES.metrics)
    days = [
        [article(1, page_views_count=10), article(2)],
        [article(2)],
        [article(1, page_views_count=16), article(2)],
    ]
    for position, articles in enumerate(days):
        now = datetime(2026, 11, 20 + position, 12, tzinfo=UTC)
        shelf.harvest(*read(FakeForem(articles), cursor=shelf.cursor, clock=lambda now=now: now))
    grown = shelf.ask("SELECT sum(total) FROM daily WHERE metric = 'post_reads' AND subject LIKE '%post-1'")
    assert grown == [(6,)]


# How it is asked


def test_all_pages_are_read_until_one_is_empty():
    fake = FakeForem([article(n) for n in range(1, 2 * PER_PAGE + 2)])
    assert len(facts(read(fake))) == 3 * (2 * PER_PAGE + 1)
    assert [query["page"] for _, query in fake.asked] == ["1", "2", "3", "4"]


def test_a_server_that_gives_fewer_than_asked_for_is_read_to_the_end():
    fake = FakeForem([article(n) for n in range(1, 8)], most_rows=3)
    assert len(facts(read(fake))) == 21


def test_a_server_that_ignores_the_page_does_not_go_round_for_ever():
    fake = FakeForem([article(1)], ignores_page=True)
    assert len(facts(read(fake))) == 3
    assert len(fake.asked) == 2


def test_a_list_without_end_is_malformed():
    fake = FakeForem([], spoil=lambda number, _: [article(number)])
    with pytest.raises(Malformed, match="no last page"):
        read(fake)


def test_three_requests_a_second_are_sent_and_no_more():
    waits = []
    fake = FakeForem([article(n) for n in range(1, 5)], most_rows=1)
    read(fake, wait=waits.append)
    assert len(fake.asked) == 5
    assert waits == [1.0, 1.0]


def test_an_article_that_moves_to_the_next_page_is_read_once():
    def spoil(number, page):
        return [article(50), article(51)] if number == 2 else page

    fake = FakeForem([article(n) for n in range(1, 51)], spoil=spoil)
    batches = read(fake)
    assert len([o for batch in batches for o in batch.observations]) == 51 * 3


def test_the_key_stands_in_a_header_only():
    fake = FakeForem([article(1)])
    batches = read(fake)
    assert KEY not in str(fake.asked)
    assert checkpoint(batches) == {"me": {"articles": 1}}


# Missing is not zero


@pytest.mark.parametrize(
    ("spoilt", "metric"),
    [
        ({"page_views_count": None}, "post_reads"),
        ({"comments_count": -1}, "post_comments"),
        ({"public_reactions_count": "many"}, "post_reactions"),
    ],
)
def test_a_counter_that_cannot_be_used_is_a_reject_and_the_others_count(spoilt, metric):
    batches = read(FakeForem([article(1, **spoilt), article(2)]))
    assert len(facts(batches)) == 5
    assert len(rejects(batches)) == 1
    assert [span.metrics for span in coverage(batches) if span.state == "partial"] == [(metric,)]


@pytest.mark.parametrize(
    "broken",
    [
        {"id": None},
        {"id": True},
        {"url": None, "id": "x"},
        {"published_at": "soon"},
        {"published_at": "2026-07-20T10:08:25"},
    ],
    ids=str,
)
def test_an_article_that_cannot_be_used_is_a_reject_not_the_end(broken):
    batches = read(FakeForem([article(1, **broken), article(2)]))
    assert len(facts(batches)) == 3
    assert len(rejects(batches)) == 1
    assert {span.state for span in coverage(batches)} == {"partial"}


def test_a_text_in_place_of_an_article_is_a_reject():
    assert len(rejects(read(FakeForem([], spoil=lambda number, _: ["text"] if number == 1 else [])))) == 1


def test_an_author_without_articles_is_measured():
    batches = read(FakeForem([]))
    assert facts(batches) == {}
    assert {span.state for span in coverage(batches)} == {"measured"}


def test_a_list_that_is_suddenly_empty_is_missing_and_keeps_the_cursor():
    batches = read(FakeForem([]), cursor={"me": {"articles": 12}})
    assert coverage(batches) == [Coverage(TODAY, TODAY, "missing", "none of 12 articles was told")]
    assert checkpoint(batches) == {}


def test_a_day_is_a_day_of_the_configuration():
    batches = read(FakeForem([article(1)]), timezone=ZoneInfo("Pacific/Auckland"))
    assert {key for _, _, key in facts(batches)} == {str(TODAY + timedelta(days=1))}


# What can go wrong


def test_a_refused_key_says_where_to_make_a_new_one():
    with pytest.raises(AuthFailed) as caught:
        read(FakeForem([article(1)]), DevtoConfig(api_key=known_secret("another-key-2244")))
    assert "under Extensions" in str(caught.value)
    assert "another-key-2244" not in str(caught.value)


def test_an_unknown_name_is_gone_although_its_list_is_merely_empty():
    with pytest.raises(Gone, match="check `username`"):
        read(FakeForem([article(1)]), DevtoConfig(username="nobody"))


@pytest.mark.parametrize(
    ("status", "error"), [(403, NotPermitted), (404, Gone), (500, Unavailable), (429, RateLimited), (422, Malformed)]
)
def test_a_refusal_is_named_by_what_to_do(status, error):
    with pytest.raises(error):
        read(FakeForem([], spoil=lambda number, page: said({"error": "no"}, status)))


def test_half_a_list_claims_nothing():
    fake = FakeForem([article(n) for n in range(1, 99)], spoil=lambda n, page: said({}, 429) if n == 2 else page)
    assert until(RateLimited, streams(CONNECTOR, MINE, fake)["articles"].read({})) == []


@pytest.mark.parametrize("body", [{"articles": []}, "text", {"error": "oh"}], ids=str)
def test_an_answer_that_is_no_list_is_malformed_not_empty(body):
    with pytest.raises(Malformed):
        read(FakeForem([], spoil=lambda number, page: said(body)))


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({}, "api_key"),
        ({"api_key": known_secret("x"), "username": "ann"}, "api_key"),
        ({"username": "@ann"}, "username"),
        ({"username": "ann", "api_url": "two words"}, "api_url"),
    ],
    ids=str,
)
def test_a_mistake_in_the_configuration_names_its_key(given, key):
    with pytest.raises(ValueError, match=f"^{key}: "):
        DevtoConfig(**given)


def test_the_first_reading_is_no_growth(tmp_path):
    shelf = Shelf(tmp_path, metrics=ARTICLES.metrics)
    shelf.harvest(*read(FakeForem([article(1)])))
    assert shelf.ask("SELECT coalesce(sum(total), 0) FROM daily WHERE metric = 'post_reads'") == [(0,)]
    assert shelf.ask("SELECT DISTINCT key FROM observations") == [(str(date(2026, 11, 24)),)]
