"""The searchconsole connector against the documented answers of search analytics."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from asked import checkpoint, coverage, facts, rejects, said, streams, until
from fake_google import EMAIL, PEM, TOKEN, FakeSearch, account, refused

from connectors.base import Coverage
from connectors.errors import AuthFailed, Malformed, NotPermitted, RateLimited
from connectors.searchconsole import CONNECTOR, RETENTION, SEARCH, SearchconsoleConfig
from connectors.testing import NOW, Case, checks_for

TODAY = NOW.date()  # noon in Greenwich, four in the morning in California
SITE = "sc-domain:example.org"
A, B = "https://example.org/a", "https://www.example.org/b?page=2"
SHOWN = {
    ("2026-11-10", A): (120, 9),
    ("2026-11-10", B): (10, 0),
    ("2026-11-12", A): (30, 2),
    ("2026-11-24", A): (1, 0),
}


def config(**more):
    return SearchconsoleConfig(**{"site": SITE, "account_key": account()} | more)


def read(fake, cursor=None, settings=None, **more):
    return list(streams(CONNECTOR, settings or config(), fake, **more)["search"].read(cursor or {}))


CASE = Case(
    connector=CONNECTOR, config=config(), answer=FakeSearch(shown=SHOWN), secrets=[TOKEN, PEM.splitlines()[1]]
)


@pytest.mark.parametrize("check", checks_for(CASE))
def test_the_searchconsole_connector_conforms(check):
    check(CASE)


# What is stored


def test_impressions_and_clicks_of_a_page_are_facts_of_its_day():
    assert facts(read(FakeSearch(shown=SHOWN))) == {
        ("impressions", A, "2026-11-10"): 120,
        ("clicks", A, "2026-11-10"): 9,
        ("impressions", B, "2026-11-10"): 10,
        ("clicks", B, "2026-11-10"): 0,
        ("impressions", A, "2026-11-12"): 30,
        ("clicks", A, "2026-11-12"): 2,
        ("impressions", A, "2026-11-24"): 1,
        ("clicks", A, "2026-11-24"): 0,
    }


def test_days_are_pacific_ones():
    assert {metric.tz for metric in SEARCH.metrics} == {"America/Los_Angeles"}
    for fact in (o for batch in read(FakeSearch(shown=SHOWN)) for o in batch.observations):
        assert str((fact.occurred_at - timedelta(hours=8)).date()) == fact.key


def test_a_property_may_be_an_address():
    site = "https://example.org/blog/"
    assert facts(read(FakeSearch(shown=SHOWN, site=site), settings=config(site=site)))


# How it is asked


def test_the_first_read_goes_back_to_the_first_day_with_figures():
    fake = FakeSearch(shown=SHOWN | {("2026-09-01", A): (1, 0)})
    batches = read(fake)
    assert [(payload["startDate"], payload["endDate"]) for payload in fake.payloads] == [
        ("2025-07-27", "2026-11-24"),
        ("2026-09-01", "2026-10-01"),
        ("2026-10-02", "2026-11-01"),
        ("2026-11-02", "2026-11-24"),
    ]
    assert checkpoint(batches) == {SITE: {"from": "2026-09-01", "through": "2026-11-24"}}


def test_a_later_read_repeats_the_days_that_were_preliminary():
    fake = FakeSearch(shown=SHOWN)
    read(fake, cursor={SITE: {"from": "2026-01-01", "through": "2026-11-23"}})
    assert [payload["startDate"] for payload in fake.payloads] == ["2026-11-18"]


def test_preliminary_figures_become_final_ones():
    fake = FakeSearch(shown=SHOWN | {("2026-11-23", A): (5, 1)})
    first = read(fake)
    fake.shown[("2026-11-23", A)] = (8, 2)
    fake.now = NOW + timedelta(days=2)
    again = read(fake, cursor=checkpoint(first), clock=lambda: fake.now)
    assert facts(again)["impressions", A, "2026-11-23"] == 8
    assert coverage(again)[0] == Coverage(date(2026, 11, 19), date(2026, 11, 24))


def test_since_shortens_the_backfill():
    assert coverage(read(FakeSearch(shown=SHOWN), since=date(2026, 11, 12)))[0].first_day == date(2026, 11, 12)


def test_all_rows_are_read_page_by_page():
    fake = FakeSearch(shown={("2026-11-20", f"https://example.org/{n}"): (n + 1, 0) for n in range(20)})
    stream = streams(CONNECTOR, config(), fake)["search"]
    batches = list(replace(stream, per_page=10).read({}))
    assert sum(value for (metric, _, _), value in facts(batches).items() if metric == "impressions") == 210
    assert [payload["startRow"] for payload in fake.payloads[1:]] == [0, 10, 20]
    assert [bool(batch.checkpoint) for batch in batches] == [False, False, False, True]


# Missing is not zero


def test_days_without_rows_are_zeros_and_the_last_ones_preliminary():
    assert coverage(read(FakeSearch(shown=SHOWN))) == [
        Coverage(date(2026, 11, 10), date(2026, 11, 22)),
        Coverage(date(2026, 11, 23), TODAY, "partial", "preliminary figures"),
    ]


@pytest.mark.parametrize("meta", [None, {"firstIncompleteDate": "2026-11-22"}, {"first_incomplete_date": "soon"}])
def test_what_is_preliminary_is_known_also_where_google_says_it_otherwise(meta):
    def spoil(payload, answer):
        return answer | ({"metadata": meta} if meta else {})

    last = coverage(read(FakeSearch(shown=SHOWN, tells_fresh=False, spoil=spoil)))[-1]
    assert (last.first_day, last.state) == (date(2026, 11, 22), "partial")


def test_a_property_without_figures_begins_today():
    batches = read(FakeSearch())
    assert facts(batches) == {}
    assert [(span.first_day, span.state) for span in coverage(batches)] == [(TODAY, "partial")]


def test_days_that_google_has_forgotten_are_lost():
    last = TODAY - timedelta(days=RETENTION + 20)
    batches = read(FakeSearch(shown=SHOWN), cursor={SITE: {"from": "2020-01-01", "through": str(last)}})
    spans = coverage(batches)
    assert {span.state for span in spans if span.last_day < TODAY - timedelta(days=RETENTION)} == {"lost"}
    assert next(span for span in spans if span.state == "measured").first_day == TODAY - timedelta(days=RETENTION)


def test_more_pages_than_google_tells_make_the_day_partial():
    stream = streams(CONNECTOR, config(), FakeSearch(shown=SHOWN))["search"]
    spans = coverage(list(replace(stream, most_rows=2).read({})))
    assert (spans[0].last_day, spans[0].state) == (date(2026, 11, 10), "partial")
    assert "no more" in spans[0].reason


@pytest.mark.parametrize(
    ("row", "days"),
    [
        ({"keys": ["2026-11-13", "android-app://x"], "clicks": 1, "impressions": 1}, [13]),
        ({"keys": ["2026-11-13", A], "clicks": None, "impressions": 1}, [13]),
        ({"keys": ["2026-11-13", A], "clicks": 0.5, "impressions": 1}, [13]),
        ({"keys": ["2026-11-13"], "clicks": 1, "impressions": 1}, [13]),
        ({"keys": ["soon", A], "clicks": 1, "impressions": 1}, [10]),
        ({"clicks": 1}, [10]),
        (None, [10]),
    ],
    ids=str,
)
def test_a_row_that_cannot_be_used_is_a_reject_and_its_day_is_partial(row, days):
    def spoil(payload, answer):
        if "page" in payload["dimensions"]:
            answer["rows"].append(row)
        return answer

    batches = read(FakeSearch(shown=SHOWN, spoil=spoil))
    assert len(facts(batches)) == 8
    assert len(rejects(batches)) == 1
    assert [span.first_day.day for span in coverage(batches) if "could not be used" in span.reason] == days


# What can go wrong


def test_a_refused_key_says_what_to_do():
    fake = FakeSearch(shown=SHOWN, spoil_token=lambda _: said({"error": "invalid_grant"}, 400))
    with pytest.raises(AuthFailed, match="make a new JSON key"):
        read(fake)


def test_a_missing_right_names_whom_to_let_in_and_where():
    with pytest.raises(NotPermitted) as caught:
        read(FakeSearch(shown=SHOWN), settings=config(site="sc-domain:other.org"))
    assert f"Users and permissions of sc-domain:other.org, add as a restricted user: {EMAIL}" in str(caught.value)


@pytest.mark.parametrize("body", [[], {}, {"rows": {}}, {"error": "oh"}, "text"], ids=str)
def test_an_answer_that_is_none_is_malformed_not_empty(body):
    def spoil(payload, answer):
        return said(body) if "page" in payload["dimensions"] else answer

    with pytest.raises(Malformed):
        read(FakeSearch(shown=SHOWN, spoil=spoil))


def test_a_first_day_that_cannot_be_read_is_malformed():
    with pytest.raises(Malformed, match="first day"):
        read(FakeSearch(spoil=lambda payload, _: {"rows": [{"keys": ["soon"]}]}))


def test_what_was_read_before_a_quota_is_kept():
    def spoil(payload, answer):
        is_late = payload["startDate"] > "2026-10-15"
        return refused(403, "Search Analytics load quota exceeded.", reason="quotaExceeded") if is_late else answer

    fake = FakeSearch(shown=SHOWN | {("2026-09-01", A): (1, 0)}, spoil=spoil)
    batches = until(RateLimited, streams(CONNECTOR, config(), fake)["search"].read({}))
    assert checkpoint(batches) == {SITE: {"from": "2026-09-01", "through": "2026-11-01"}}


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"site": "example.org"}, "site"),
        ({"site": "https://example.org"}, "site"),
        ({"site": "sc-domain:two words"}, "site"),
        ({"api_url": "x y"}, "api_url"),
    ],
    ids=str,
)
def test_a_mistake_in_the_configuration_names_its_key(given, key):
    with pytest.raises(ValueError, match=f"^{key}: "):
        config(**given)
