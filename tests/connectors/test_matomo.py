"""The matomo connector against a server that refuses with status 200 and sums up what it does not keep."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from asked import checkpoint, coverage, facts, rejects, said, streams, until
from fake_matomo import NO_VIEW, TOKEN, FakeMatomo, failed

from connectors.base import Coverage
from connectors.errors import AuthFailed, Gone, Malformed, NotPermitted, RateLimited, Unavailable
from connectors.matomo import CONNECTOR, MatomoConfig
from connectors.testing import NOW, Case, checks_for, known_secret

TODAY = NOW.date()
A, B = "https://example.org/a", "https://www.example.org/b?page=2"
HITS = [
    ("2026-11-20", A, "ann"),
    ("2026-11-20", A, "ann"),
    ("2026-11-20", A, "bob"),
    ("2026-11-20", B, "bob"),
    ("2026-11-22", A, "ann"),
]


def config(token=TOKEN, **more):
    given = {"api_url": "https://matomo.example.org/", "site_id": 1, "token": known_secret(token)}
    return MatomoConfig(**given | more)


def read(fake, name="pages", cursor=None, settings=None, **more):
    return list(streams(CONNECTOR, settings or config(), fake, **more)[name].read(cursor or {}))


CASES = {
    "matomo 5": Case(connector=CONNECTOR, config=config(), answer=FakeMatomo(HITS), secrets=[TOKEN]),
    "matomo 3": Case(connector=CONNECTOR, config=config(), answer=FakeMatomo(HITS, is_old=True), secrets=[TOKEN]),
    "auckland": Case(
        connector=CONNECTOR,
        config=config(),
        answer=FakeMatomo([*HITS, ("2026-11-25", A, "ann")], zone="Pacific/Auckland"),
        secrets=[TOKEN],
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("check", checks_for(CASES["matomo 5"]))
def test_the_matomo_connector_conforms(name, check):
    check(CASES[name])


# What is stored


def test_hits_and_visitors_of_an_address_are_facts_of_its_day():
    assert facts(read(FakeMatomo(HITS))) == {
        ("post_reads", A, "2026-11-20"): 3,
        ("post_visitors", A, "2026-11-20"): 2,
        ("post_reads", B, "2026-11-20"): 1,
        ("post_visitors", B, "2026-11-20"): 1,
        ("post_reads", A, "2026-11-22"): 1,
        ("post_visitors", A, "2026-11-22"): 1,
    }


def test_visits_are_facts_of_the_whole_site():
    assert facts(read(FakeMatomo(HITS), "visits")) == {
        ("site_visits", "https://example.org/", "2026-11-20"): 2,
        ("site_visits", "https://example.org/", "2026-11-22"): 1,
    }


def test_two_rows_of_one_address_add_up():
    def spoil(fields, answer):
        if "2026-11-20" in answer:
            answer["2026-11-20"].append({"label": "/a/index", "nb_hits": "4", "nb_uniq_visitors": 3, "url": A})
        return answer

    assert facts(read(FakeMatomo(HITS, spoil=spoil)))["post_reads", A, "2026-11-20"] == 7


def test_a_segment_is_asked_for_and_has_a_cursor_of_its_own():
    fake = FakeMatomo(HITS)
    batches = read(fake, settings=config(segment="countryCode==de"))
    assert {fields.get("segment") for fields in fake.asked} == {None, "countryCode==de"}
    assert list(checkpoint(batches)) == ["1 countryCode==de"]


# How it is asked


def test_every_row_is_asked_for():
    hits = [("2026-11-20", f"https://example.org/{n}", "ann") for n in range(150)]
    assert len(facts(read(FakeMatomo(hits)))) == 300


def test_the_first_read_goes_back_to_when_the_site_was_made():
    fake = FakeMatomo(HITS, created_on="2026-11-08")
    batches = read(fake)
    assert [fields["date"] for fields in fake.asked[1:]] == [
        "2026-11-08,2026-11-14",
        "2026-11-15,2026-11-21",
        "2026-11-22,2026-11-24",
    ]
    assert coverage(batches)[0] == Coverage(date(2026, 11, 8), date(2026, 11, 14))
    assert checkpoint(batches) == {"1": {"from": "2026-11-08", "through": "2026-11-24"}}


def test_a_later_read_repeats_a_week_that_may_have_been_archived_late():
    fake = FakeMatomo(HITS)
    batches = read(fake, "visits", cursor={"1": {"from": "2026-01-01", "through": "2026-11-23"}})
    assert coverage(batches) == [Coverage(date(2026, 11, 16), TODAY)]


def test_since_shortens_the_backfill():
    assert coverage(read(FakeMatomo(HITS), since=date(2026, 11, 21))) == [Coverage(date(2026, 11, 21), TODAY)]


def test_the_site_is_asked_for_once():
    fake = FakeMatomo(HITS)
    opened = streams(CONNECTOR, config(), fake)
    for stream in opened.values():
        list(stream.read({}))
    assert [fields["method"] for fields in fake.asked].count("SitesManager.getSiteFromId") == 1


@pytest.mark.parametrize(
    ("zone", "hours", "today"),
    [("Europe/Berlin", 1, "2026-11-24"), ("UTC+5.5", 5.5, "2026-11-24"), ("UTC-13", -13, "2026-11-23"), ("?", 0, "")],
)
def test_a_fact_lies_in_its_day_where_the_site_is(zone, hours, today):
    batches = read(FakeMatomo(HITS, zone=zone), "visits")
    for batch in batches:
        for fact in batch.observations:
            assert str((fact.occurred_at + timedelta(hours=hours)).date()) == fact.key
    assert str(coverage(batches)[-1].last_day) == (today or str(TODAY))


# Missing is not zero


def test_an_empty_day_is_a_measured_zero_and_an_absent_one_is_missing():
    def spoil(fields, answer):
        return {day: rows for day, rows in answer.items() if day not in ("2026-11-18", "2026-11-19")}

    batches = read(FakeMatomo(HITS, spoil=spoil), since=date(2026, 11, 17))
    assert [(span.first_day.day, span.last_day.day, span.state) for span in coverage(batches)] == [
        (17, 17, "measured"),
        (18, 19, "missing"),
        (20, 23, "measured"),
        (24, 24, "measured"),
    ]


def test_what_is_summed_up_as_others_makes_its_day_partial():
    batches = read(FakeMatomo(HITS, most_rows=1), since=date(2026, 11, 20))
    assert ("post_reads", B, "2026-11-20") not in facts(batches)
    first, *rest = coverage(batches)
    assert (first.last_day, first.state) == (date(2026, 11, 20), "partial")
    assert first.reason == "Matomo tells no address of the 1 reads of “Others”"
    assert [span.state for span in rest] == ["measured"]


@pytest.mark.parametrize(
    "row",
    [
        {"label": "/c", "nb_hits": None, "url": A},
        {"label": "/c", "nb_hits": -1, "url": A},
        {"label": "/c", "nb_hits": 1, "url": "(none)"},
        {"label": "/c", "nb_hits": 1, "url": "https://example.org/" + "x" * 2500},
        {"label": "/c", "nb_visits": 1, "url": A},
        {"label": "no hits at all"},
        [],
        None,
    ],
    ids=str,
)
def test_a_row_that_cannot_be_used_is_a_reject_and_its_day_is_partial(row):
    fake = FakeMatomo(
        HITS, spoil=lambda fields, answer: answer | {"2026-11-21": [row]} if "date" in fields else answer
    )
    batches = read(fake, since=date(2026, 11, 20))
    assert len(facts(batches)) == 6
    assert len(rejects(batches)) == 1
    assert [span.first_day.day for span in coverage(batches) if span.state == "partial"] == [21]


def test_a_report_without_visitors_keeps_the_reads():
    row = {"label": "/c", "nb_hits": 5, "url": "https://example.org/c"}
    fake = FakeMatomo([], spoil=lambda fields, answer: answer | {"2026-11-24": [row]} if "date" in fields else answer)
    batches = read(fake, since=TODAY)
    assert facts(batches) == {("post_reads", "https://example.org/c", "2026-11-24"): 5}
    assert [span.state for span in coverage(batches)] == ["partial"]


def test_a_day_of_visits_that_cannot_be_used_is_partial():
    fake = FakeMatomo(HITS, spoil=lambda fields, answer: answer | {"2026-11-21": {"nb_actions": 3}})
    batches = read(fake, "visits", since=date(2026, 11, 20))
    assert [span.first_day.day for span in coverage(batches) if span.state == "partial"] == [21]
    assert len(rejects(batches)) == 1


# What can go wrong


@pytest.mark.parametrize("is_old", [True, False])
def test_a_refused_token_says_what_to_do_whatever_the_status(is_old):
    with pytest.raises(AuthFailed) as caught:
        read(FakeMatomo(HITS, is_old=is_old), settings=config("another-token-77"))
    assert "make a token of a user with view access to website 1" in str(caught.value)
    assert "another-token-77" not in str(caught.value)


@pytest.mark.parametrize(
    ("message", "error", "said_to_user"),
    [
        (NO_VIEW, NotPermitted, "view access"),
        ("You must be logged in to access this functionality.", AuthFailed, "make a token"),
        ("The method 'getPageUrls' does not exist or is not available in the module.", NotPermitted, "plugins"),
        ("The plugin Actions is not activated.", NotPermitted, "plugins"),
        ("Segment 'x==y' is not a supported segment.", Malformed, "check `segment`"),
        ("Something else", Malformed, "Something else"),
        (f"token {TOKEN} is odd", Malformed, "token … is odd"),
    ],
)
def test_an_error_with_status_200_is_named_by_what_to_do(message, error, said_to_user):
    fake = FakeMatomo(HITS, spoil=lambda fields, answer: failed(message))
    with pytest.raises(error, match=said_to_user) as caught:
        read(fake)
    assert TOKEN not in str(caught.value)


def test_an_unknown_website_is_gone():
    with pytest.raises(Gone, match="no website 9"):
        read(FakeMatomo(HITS), settings=config(site_id=9))


@pytest.mark.parametrize(
    ("status", "error"), [(403, NotPermitted), (404, Gone), (500, Unavailable), (400, Malformed)]
)
def test_a_refusal_is_named_by_what_to_do(status, error):
    with pytest.raises(error):
        read(FakeMatomo(HITS, spoil=lambda fields, answer: failed("no", status)))


@pytest.mark.parametrize(
    "body",
    [[], "text", {"yesterday": []}, {"2026-11-20": "none"}, {"2026-11-20": None}, {"value": 3}],
    ids=str,
)
def test_an_answer_that_is_no_report_is_malformed_not_empty(body):
    fake = FakeMatomo(HITS, spoil=lambda fields, answer: body if "date" in fields else answer)
    with pytest.raises(Malformed):
        read(fake, since=date(2026, 11, 20))


@pytest.mark.parametrize(
    "site", [[], {}, {"ts_created": None}, {"ts_created": "soon", "main_url": "x"}, None], ids=str
)
def test_a_site_that_cannot_be_read_is_malformed(site):
    with pytest.raises(Malformed, match="website 1"):
        read(FakeMatomo(HITS, spoil=lambda fields, answer: said("null") if site is None else site))


def test_what_was_read_before_a_limit_is_kept():
    def spoil(fields, answer):
        return said({}, 429, Retry_After="9") if fields.get("date", "") > "2026-11-10" else answer

    fake = FakeMatomo(HITS, created_on="2026-11-01", spoil=spoil)
    batches = until(RateLimited, streams(CONNECTOR, config(), fake)["pages"].read({}))
    assert checkpoint(batches) == {"1": {"from": "2026-11-01", "through": "2026-11-14"}}


@pytest.mark.parametrize(("given", "key"), [({"api_url": "two words"}, "api_url"), ({"site_id": 0}, "site_id")])
def test_a_mistake_in_the_configuration_names_its_key(given, key):
    with pytest.raises(ValueError, match=f"^{key}: "):
        config(**given)


def test_the_address_may_be_written_with_its_index():
    assert config(api_url="https://example.org/matomo/index.php").endpoint == "https://example.org/matomo/index.php"
