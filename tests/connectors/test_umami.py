"""The umami connector against servers of both versions, as unkind as they are."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from asked import checkpoint, coverage, facts, rejects, said, streams, until
from fake_umami import KEY, WEBSITE, FakeUmami

from connectors.base import Coverage
from connectors.errors import AuthFailed, Gone, Malformed, NotPermitted, RateLimited, Unavailable
from connectors.testing import NOW, Case, checks_for, known_secret
from connectors.umami import CALLS, CONNECTOR, WINDOW, UmamiConfig

TODAY = NOW.date()
A = "https://example.org/a"
HITS = [
    ("2026-11-20", "/a", "ann"),
    ("2026-11-20", "/a", "ann"),
    ("2026-11-20", "/a", "bob"),
    ("2026-11-20", "/b", "bob"),
    ("2026-11-22", "/a", "ann"),
]


def cloud(key=KEY, **more):
    return UmamiConfig(site="example.org", website=WEBSITE, api_key=known_secret(key), **more)


def own(key=KEY):
    address = "https://umami.example.org"
    return UmamiConfig(site="example.org", website=WEBSITE, token=known_secret(key), api_url=address)


def read(fake, name="pages", cursor=None, config=None, **more):
    config = config or (cloud() if fake.is_cloud else own())
    return list(streams(CONNECTOR, config, fake, wait=lambda _: False, **more)[name].read(cursor or {}))


CASES = {
    "cloud": Case(connector=CONNECTOR, config=cloud(), answer=FakeUmami(HITS), secrets=[KEY]),
    "version 2": Case(
        connector=CONNECTOR, config=own(), answer=FakeUmami(HITS, version=2, is_cloud=False), secrets=[KEY]
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("check", checks_for(CASES["cloud"]))
def test_the_umami_connector_conforms(name, check):
    check(CASES[name])


# What is stored


@pytest.mark.parametrize(("version", "is_cloud"), [(3, True), (3, False), (2, False)])
def test_both_versions_tell_the_same(version, is_cloud):
    fake = FakeUmami(HITS, version, is_cloud)
    assert facts(read(fake)) == {
        ("post_reads", A, "2026-11-20"): 3,
        ("post_visitors", A, "2026-11-20"): 2,
        ("post_reads", A, "2026-11-22"): 1,
        ("post_visitors", A, "2026-11-22"): 1,
        ("post_reads", "https://example.org/b", "2026-11-20"): 1,
        ("post_visitors", "https://example.org/b", "2026-11-20"): 1,
    }
    assert facts(read(fake, "visits")) == {
        ("site_visits", "https://example.org", "2026-11-20"): 2,
        ("site_visits", "https://example.org", "2026-11-22"): 1,
    }


@pytest.mark.parametrize("shape", ["umami_v2_stats", "umami_v3_stats"])
def test_the_vendors_own_shapes_of_stats_are_read(shared_data, shape):
    body = json.loads((shared_data / "platforms/analytics/vendor_shapes.json").read_text())[shape]["body"]
    fake = FakeUmami(HITS[:1], spoil=lambda what, _, answer: body if what == "stats" else answer)
    assert list(facts(read(fake, "visits")).values()) == [4560]


@pytest.mark.parametrize("visits", ["3", 3])
def test_figures_that_postgres_writes_as_text_count(visits):
    fake = FakeUmami(HITS[:1], spoil=lambda what, _, answer: {"visits": visits} if what == "stats" else answer)
    assert list(facts(read(fake, "visits")).values()) == [3]


# How it is asked


def test_the_first_read_goes_back_to_the_first_figure_in_windows_of_days():
    fake = FakeUmami([("2026-07-01", "/a", "ann"), *HITS])
    batches = read(fake)
    assert coverage(batches) == [
        Coverage(date(2026, 7, 1), date(2026, 9, 30)),
        Coverage(date(2026, 10, 1), TODAY),
    ]
    assert facts(batches)["post_reads", A, "2026-07-01"] == 1
    assert timedelta(days=WINDOW) < timedelta(days=180)  # Umami would tell months


def test_a_window_without_reads_costs_one_request():
    fake = FakeUmami([("2026-07-01", "/a", "ann")])
    read(fake)
    assert [what for what, _ in fake.asked] == ["daterange", "pageviews", "metrics", "pageviews", "pageviews"]


def test_a_later_read_repeats_the_last_days_only():
    fake = FakeUmami(HITS)
    cursor = {WEBSITE: {"from": "2026-01-01", "through": "2026-11-23"}}
    batches = read(fake, cursor=cursor)
    assert coverage(batches) == [Coverage(date(2026, 11, 20), TODAY)]
    assert checkpoint(batches) == {WEBSITE: {"from": "2026-01-01", "through": "2026-11-24"}}


def test_since_shortens_the_backfill():
    assert coverage(read(FakeUmami(HITS), since=date(2026, 11, 21))) == [Coverage(date(2026, 11, 21), TODAY)]


def test_all_paths_are_read_page_by_page():
    hits = [("2026-11-24", f"/{n}", "ann") for n in range(7)]
    fake = FakeUmami(hits, most_rows=7)
    assert len(facts(read(fake))) == 14


def test_a_version_that_knows_no_offset_does_not_go_round_for_ever():
    hits = [("2026-11-24", f"/{n}", "ann") for n in range(500)]
    fake = FakeUmami(hits, knows_offset=False)
    assert len(facts(read(fake))) == 1000
    assert [what for what, _ in fake.asked].count("metrics") == 2


def test_the_pace_of_umami_cloud_is_kept():
    waits = []
    hits = [("2026-11-24", f"/{n}", "ann") for n in range(CALLS + 3)]
    fake = FakeUmami(hits)
    list(streams(CONNECTOR, cloud(), fake, wait=waits.append)["pages"].read({}))
    assert len(fake.asked) == CALLS + 6
    assert waits == [15.0] * 6


def test_ones_own_server_is_asked_without_a_pace():
    waits = []
    fake = FakeUmami([("2026-11-24", f"/{n}", "ann") for n in range(CALLS + 3)], is_cloud=False)
    list(streams(CONNECTOR, own(), fake, wait=waits.append)["pages"].read({}))
    assert not waits


# Missing is not zero


@pytest.mark.parametrize("told", [None, "1970-01-01T00:00:00.000Z"])
def test_a_site_without_figures_is_measured_from_today(told):
    fake = FakeUmami([], spoil=lambda what, _, answer: {"startDate": told} if what == "daterange" else answer)
    batches = read(fake)
    assert (facts(batches), coverage(batches)) == ({}, [Coverage(TODAY, TODAY)])


@pytest.mark.parametrize("path", ["(not set)", None, "", "/tags/a,b", "/" + "x" * 2500])
def test_a_path_that_cannot_be_used_is_a_reject_and_its_days_are_partial(path):
    def spoil(what, _, answer):
        return [*answer, {"x": path, "y": 3}] if what == "metrics" else answer

    batches = read(FakeUmami(HITS, spoil=spoil))
    assert len(facts(batches)) == 6
    assert len(rejects(batches)) == 1
    assert [span.state for span in coverage(batches)] == ["partial"]


@pytest.mark.parametrize("stats", [{"uniques": {"value": 4}}, {"visits": {"value": None}}, [], {"visits": -1}])
def test_a_version_without_visits_has_days_that_are_partial(stats):
    fake = FakeUmami(HITS, spoil=lambda what, _, answer: stats if what == "stats" else answer)
    batches = read(fake, "visits")
    assert facts(batches) == {}
    assert [span.state for span in coverage(batches)] == ["partial"]


def test_a_server_that_ignores_the_filter_by_path_is_not_believed():
    """Every path would get the reads of the whole site."""

    def spoil(what, query, answer):
        if what != "pageviews" or "path" not in query:
            return answer
        return fake._pageviews({name: value for name, value in query.items() if name not in ("path", "url")})

    fake = FakeUmami(HITS, spoil=spoil)
    with pytest.raises(Malformed, match="did not know the filter by path"):
        read(fake)


def test_reads_that_come_in_meanwhile_are_no_reason_to_doubt():
    def spoil(what, query, answer):
        if what == "pageviews" and "path" in query:
            today = {"x": f"{TODAY}T00:00:00Z", "y": 50}
            return {"pageviews": [*answer["pageviews"], today], "sessions": answer["sessions"]}
        return answer

    assert facts(read(FakeUmami(HITS, spoil=spoil)))["post_reads", A, str(TODAY)] == 50


# What can go wrong


@pytest.mark.parametrize(("config", "word"), [(cloud("other-key-77aa"), "API key"), (own("other-key-77aa"), "token")])
def test_a_refused_credential_says_which_and_what_to_do(config, word):
    with pytest.raises(AuthFailed) as caught:
        read(FakeUmami(HITS, is_cloud=word == "API key"), config=config)
    assert f"make a new {word} by a user who sees the website" in str(caught.value)
    assert "other-key-77aa" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error", "remedy"),
    [(403, NotPermitted, "plan Pro"), (404, Gone, "`website`"), (500, Unavailable, "500"), (400, Malformed, "400")],
)
def test_a_refusal_is_named_by_what_to_do(status, error, remedy):
    fake = FakeUmami(HITS, spoil=lambda what, query, answer: said({"error": {"message": "no"}}, status))
    with pytest.raises(error, match=remedy):
        read(fake)


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("daterange", []),
        ("daterange", {"startDate": "soon"}),
        ("pageviews", {"pageviews": []}),
        ("pageviews", {"pageviews": [{"x": "2026-11-20T07:00:00Z", "y": 1}], "sessions": []}),
        ("pageviews", {"pageviews": [{"x": "2026-11-20", "y": None}], "sessions": []}),
        ("metrics", {"x": "/a"}),
        ("metrics", ["/a"]),
    ],
    ids=str,
)
def test_an_answer_that_is_none_is_malformed_not_empty(what, body):
    with pytest.raises(Malformed):
        read(FakeUmami(HITS, spoil=lambda kind, _, answer: body if kind == what else answer))


def test_what_was_read_before_a_limit_is_kept():
    def spoil(what, query, answer):
        is_late = what == "metrics" and query["startAt"] >= "1790812800000"  # 2026-10-01
        return said({"error": "slow down"}, 429, Retry_After="9") if is_late else answer

    fake = FakeUmami([("2026-07-01", "/a", "ann"), *HITS], spoil=spoil)
    batches = until(RateLimited, streams(CONNECTOR, cloud(), fake)["pages"].read({}))
    assert checkpoint(batches) == {WEBSITE: {"from": "2026-07-01", "through": "2026-09-30"}}


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"site": "two words"}, "site"),
        ({"website": "1"}, "website"),
        ({"token": known_secret("x")}, "api_key"),
        ({"api_key": None}, "api_key"),
        ({"api_key": None, "token": known_secret("x")}, "api_url"),
        ({"api_url": "ftp://example.org"}, "api_url"),
    ],
    ids=str,
)
def test_a_mistake_in_the_configuration_names_its_key(given, key):
    with pytest.raises(ValueError, match=f"^{key}: "):
        UmamiConfig(**{"site": "example.org", "website": WEBSITE, "api_key": known_secret(KEY), **given})
