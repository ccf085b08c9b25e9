"""The ga4 connector against the documented reports of the Data API."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from asked import checkpoint, coverage, facts, rejects, said, streams, until
from fake_google import EMAIL, PEM, TOKEN, FakeAnalytics, account, refused

from connectors.base import Budget, Coverage, Meter
from connectors.errors import AuthFailed, Malformed, NotPermitted, RateLimited
from connectors.ga4 import CONNECTOR, Ga4Config
from connectors.testing import NOW, Case, checks_for

TODAY = NOW.date()
A, B = "https://example.org/a", "https://example.org/b"
VIEWS = {
    ("2026-11-10", "/a"): (12, 9),
    ("2026-11-10", "/b"): (1, 1),
    ("2026-11-12", "/a"): (3, 2),
    ("2026-11-24", "/a"): (1, 1),
}
DONE = date(2026, 11, 22)


def config(**more):
    return Ga4Config(**{"site": "example.org", "property_id": 1234, "account_key": account()} | more)


def read(fake, name="pages", cursor=None, settings=None, **more):
    return list(streams(CONNECTOR, settings or config(), fake, **more)[name].read(cursor or {}))


CASE = Case(
    connector=CONNECTOR,
    config=config(),
    answer=FakeAnalytics(views=VIEWS),
    secrets=[TOKEN, PEM.splitlines()[1]],
)


@pytest.mark.parametrize("check", checks_for(CASE))
def test_the_ga4_connector_conforms(check):
    check(CASE)


# What is stored


def test_views_and_users_of_a_page_are_facts_of_its_day():
    assert facts(read(FakeAnalytics(views=VIEWS))) == {
        ("post_reads", A, "2026-11-10"): 12,
        ("post_visitors", A, "2026-11-10"): 9,
        ("post_reads", B, "2026-11-10"): 1,
        ("post_visitors", B, "2026-11-10"): 1,
        ("post_reads", A, "2026-11-12"): 3,
        ("post_visitors", A, "2026-11-12"): 2,
        ("post_reads", A, "2026-11-24"): 1,
        ("post_visitors", A, "2026-11-24"): 1,
    }


def test_sessions_are_visits_of_the_whole_site():
    visits = facts(read(FakeAnalytics(views=VIEWS), "visits"))
    assert visits["site_visits", "https://example.org", "2026-11-10"] == 10


@pytest.mark.parametrize(("zone", "hours"), [("Europe/Berlin", 1), ("Pacific/Auckland", 13), ("?", 0), (None, 0)])
def test_a_fact_lies_in_its_day_where_the_property_is(zone, hours):
    for fact in (o for batch in read(FakeAnalytics(views=VIEWS, zone=zone)) for o in batch.observations):
        assert str((fact.occurred_at + timedelta(hours=hours)).date()) == fact.key


# How it is asked


def test_the_first_read_goes_back_to_the_first_figure():
    fake = FakeAnalytics(views=VIEWS | {("2026-09-01", "/a"): (1, 1)})
    batches = read(fake)
    assert [tuple(payload["dateRanges"][0].values()) for payload in fake.payloads] == [
        ("2015-08-14", "2026-11-24"),
        ("2026-09-01", "2026-10-01"),
        ("2026-10-02", "2026-11-01"),
        ("2026-11-02", "2026-11-24"),
    ]
    assert checkpoint(batches) == {"1234": {"from": "2026-09-01", "through": "2026-11-24"}}


def test_a_later_read_repeats_a_week_that_google_may_have_revised():
    fake = FakeAnalytics(views=VIEWS)
    read(fake, cursor={"1234": {"from": "2026-01-01", "through": "2026-11-23"}})
    assert [payload["dateRanges"][0]["startDate"] for payload in fake.payloads] == ["2026-11-16"]


def test_a_revised_day_is_told_anew():
    fake = FakeAnalytics(views=VIEWS | {("2026-11-20", "/a"): (5, 4)})
    cursor = checkpoint(read(fake))
    fake.views[("2026-11-20", "/a")] = (7, 5)
    assert facts(read(fake, cursor=cursor))["post_reads", A, "2026-11-20"] == 7


def test_since_shortens_the_backfill():
    first, *_ = coverage(read(FakeAnalytics(views=VIEWS), since=date(2026, 11, 12)))
    assert first.first_day == date(2026, 11, 12)


def test_all_pages_of_a_report_are_read_also_when_the_server_gives_fewer_rows():
    views = {("2026-11-20", f"/{n:02}"): (n + 1, 1) for n in range(25)}
    fake = FakeAnalytics(views=views, most_rows=10)
    batches = read(fake)
    assert sum(value for (metric, _, _), value in facts(batches).items() if metric == "post_reads") == 325
    assert [payload["offset"] for payload in fake.payloads[1:]] == ["0", "10", "20"]
    assert len(checkpoint(batches)) == len([batch for batch in batches if batch.checkpoint]) == 1


def test_what_is_left_of_the_days_tokens_is_kept():
    meter = Meter()
    read(FakeAnalytics(views=VIEWS), meter=meter)
    midnight = datetime(2026, 11, 25, 8, tzinfo=UTC)  # in California
    assert meter.budgets == {("env:TEST at property 1234", "tokens a day"): Budget(200_000, 199_990, midnight)}


# Missing is not zero


def test_days_without_rows_are_measured_zeros_and_the_last_two_are_not_yet():
    assert coverage(read(FakeAnalytics(views=VIEWS))) == [
        Coverage(date(2026, 11, 10), DONE),
        Coverage(date(2026, 11, 23), TODAY, "partial", "Google is still processing these days"),
    ]


def test_a_property_without_figures_begins_today():
    batches = read(FakeAnalytics())
    assert facts(batches) == {}
    assert [(span.first_day, span.state) for span in coverage(batches)] == [(TODAY, "partial")]


@pytest.mark.parametrize("row", ["(other)", "(not set)"])
def test_reads_of_no_page_make_their_day_partial(row):
    batches = read(FakeAnalytics(views=VIEWS | {("2026-11-12", row): (40, 3)}, meta={"dataLossFromOtherRow": True}))
    assert len(facts(batches)) == 8
    assert rejects(batches) == []
    (flawed,) = [span for span in coverage(batches) if "no page" in span.reason]
    assert (flawed.first_day, flawed.last_day, flawed.state) == (date(2026, 11, 12), date(2026, 11, 12), "partial")
    assert flawed.reason == f"Google tells no page of 40 reads: {row}"


@pytest.mark.parametrize(
    ("meta", "state", "reason"),
    [
        ({"dataLossFromOtherRow": True}, "partial", "(other)"),
        ({"subjectToThresholding": True}, "partial", "withholds small figures"),
        (
            {"samplingMetadatas": [{"samplesReadCount": "1000", "samplingSpaceSize": "8000"}]},
            "estimated",
            "12.5% of the events",
        ),
        ({"samplingMetadatas": [{}]}, "estimated", "a part"),
        (
            {"schemaRestrictionResponse": {"activeMetricRestrictions": [{"metricName": "x"}]}},
            "partial",
            "may not see",
        ),
        ({"emptyReason": "none", "dataLossFromOtherRow": False}, "measured", ""),
    ],
)
def test_what_google_says_about_its_figures_is_kept(meta, state, reason):
    first, *_ = coverage(read(FakeAnalytics(views=VIEWS, meta=meta)))
    assert (first.last_day, first.state) == (DONE, state)
    assert reason in first.reason


def row(day, page, *metrics):
    return {"dimensionValues": [{"value": day}, {"value": page}], "metricValues": [{"value": m} for m in metrics]}


@pytest.mark.parametrize(
    ("spoilt", "days"),
    [
        (row("20261113", "/c", "many", "1"), [13]),
        (row("20261113", "/c", "1"), [13]),
        (row("20261113", "no path", "1", "1"), [13]),
        (row("2026-11-13", "/c", "1", "1"), [10]),
        (row("20270101", "/c", "1", "1"), [10]),
        ({"dimensionValues": []}, [10]),
        (None, [10]),
    ],
    ids=str,
)
def test_a_row_that_cannot_be_used_is_a_reject_and_its_day_is_partial(spoilt, days):
    def spoil(payload, answer):
        if len(payload["dimensions"]) == 2:
            answer["rows"].append(spoilt)
            answer["rowCount"] += 1
        return answer

    batches = read(FakeAnalytics(views=VIEWS, spoil=spoil))
    assert len(facts(batches)) == 8
    assert len(rejects(batches)) == 1
    assert [span.first_day.day for span in coverage(batches) if "could not be used" in span.reason] == days


# What can go wrong


def test_a_refused_key_says_what_to_do():
    fake = FakeAnalytics(views=VIEWS, spoil_token=lambda _: said({"error": "invalid_grant"}, 400))
    with pytest.raises(AuthFailed, match="make a new JSON key"):
        read(fake)


def test_a_missing_right_names_whom_to_let_in_and_where():
    with pytest.raises(NotPermitted) as caught:
        read(FakeAnalytics(views=VIEWS), settings=config(property_id=77))
    assert f"Property access management, add as a Viewer of 77: {EMAIL}" in str(caught.value)


@pytest.mark.parametrize(
    ("words", "retry_at"),
    [
        ("Exhausted property tokens per day.", datetime(2026, 11, 25, 8, tzinfo=UTC)),
        ("Exhausted property tokens per hour.", NOW + timedelta(hours=1)),
        ("Exhausted concurrent requests.", NOW + timedelta(seconds=60)),
    ],
)
def test_an_exhausted_quota_comes_back_when_google_renews_it(words, retry_at):
    fake = FakeAnalytics(views=VIEWS, spoil=lambda payload, _: refused(429, words, "RESOURCE_EXHAUSTED"))
    with pytest.raises(RateLimited) as caught:
        read(fake)
    assert caught.value.retry_at == retry_at


@pytest.mark.parametrize("body", [[], {}, {"rows": {}, "rowCount": 3}, {"kind": "other"}, {"rowCount": 3}], ids=str)
def test_an_answer_that_is_no_report_is_malformed_not_empty(body):
    def spoil(payload, answer):
        return body if len(payload["dimensions"]) == 2 else answer

    with pytest.raises(Malformed):
        read(FakeAnalytics(views=VIEWS, spoil=spoil))


def test_a_first_day_that_cannot_be_read_is_malformed():
    with pytest.raises(Malformed, match="first day"):
        read(FakeAnalytics(spoil=lambda payload, _: {"rows": [{}], "rowCount": 1}))


def test_what_was_read_before_a_limit_is_kept():
    def spoil(payload, answer):
        is_late = payload["dateRanges"][0]["startDate"] > "2026-10-15"
        return refused(429, "Exhausted") if is_late else answer

    fake = FakeAnalytics(views=VIEWS | {("2026-09-01", "/a"): (1, 1)}, spoil=spoil)
    batches = until(RateLimited, streams(CONNECTOR, config(), fake)["pages"].read({}))
    assert checkpoint(batches) == {"1234": {"from": "2026-09-01", "through": "2026-11-01"}}


@pytest.mark.parametrize(
    ("given", "key"),
    [({"site": "two words"}, "site"), ({"property_id": 0}, "property_id"), ({"api_url": "x y"}, "api_url")],
)
def test_a_mistake_in_the_configuration_names_its_key(given, key):
    with pytest.raises(ValueError, match=f"^{key}: "):
        config(**given)
