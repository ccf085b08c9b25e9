"""What is stored of GoatCounter's figures: visitors of pages, noughts, what is missing and what fell."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from asked import until
from fake_goatcounter import COUNTER, KEY, served
from goatcounter_reader import TODAY, checkpoint, coverage, cursor_at, facts, read, stream

from connectors.base import Coverage, Secret
from connectors.errors import RateLimited
from connectors.goatcounter import CONNECTOR, GoatcounterConfig


@pytest.fixture
def service():
    with served() as fake:
        yield fake


# What is stored


def test_the_count_of_a_path_is_its_visitors_of_the_day(service):
    service.hits = {"/post": {"2026-11-20": 9}}
    batches = read()
    assert facts(batches) == {("/post", "2026-11-20"): 9}
    assert {o.metric for batch in batches for o in batch.observations} == {"post_visitors"}


def test_page_loads_and_visits_of_the_site_are_not_made_up():
    assert [metric.name for spec in CONNECTOR.streams for metric in spec.metrics] == ["post_visitors"]


def test_a_server_that_also_tells_page_loads_is_read_for_visitors(service):
    def older(what, answer):
        for hit in answer.get("hits", []):
            for stat in hit["stats"]:
                stat["daily_unique"], stat["daily"] = stat["daily"], stat["daily"] * 5
        return answer

    service.hits = {"/post": {"2026-11-20": 9}}
    service.spoil = older
    assert facts(read()) == {("/post", "2026-11-20"): 9}


def test_events_are_not_pages(service):
    service.hits = {"/post": {"2026-11-20": 9}, "click-signup": {"2026-11-20": 4}}
    service.events = {"click-signup"}
    assert facts(read()) == {("/post", "2026-11-20"): 9}


def test_a_page_is_named_by_its_address_where_the_site_is_known(service):
    service.hits = {"/post": {"2026-11-20": 1}}
    (subject,) = [s for batch in read(site="example.org", api_url=COUNTER) for s in batch.subjects]
    assert (subject.name, subject.url, subject.title) == (
        "https://example.org/post",
        "https://example.org/post",
        "/Post",
    )


def test_a_page_is_named_by_its_path_where_only_the_counter_is_known(service):
    service.hits = {"/post": {"2026-11-20": 1}}
    (subject,) = [s for batch in read() for s in batch.subjects]
    assert (subject.name, subject.url) == ("/post", "")


@pytest.mark.parametrize("path", ["https://other.example/post", "post"])
def test_a_path_that_is_none_names_its_page_as_it_is(service, path):
    service.hits = {path: {"2026-11-20": 1}}
    (subject,) = [s for batch in read(site="example.org", api_url=COUNTER) for s in batch.subjects]
    assert subject.name == path


def test_a_site_that_is_counted_elsewhere_keeps_its_pages_and_its_cursor(service):
    service.hits = {"/post": {"2026-11-20": 1}}
    batches = read(site="example.org", api_url=COUNTER)
    assert set(checkpoint(batches)) == {"example.org"}
    assert {s.id for batch in batches for s in batch.subjects} == {"example.org /post"}


@pytest.mark.parametrize("site", ["me", "me.goatcounter.com", "https://ME.goatcounter.com/"])
def test_a_code_and_its_address_are_the_same_site(service, site):
    service.hits = {"/post": {"2026-11-20": 1}}
    assert set(checkpoint(read(site=site))) == {"me.goatcounter.com"}


@pytest.mark.parametrize(
    ("site", "api_url", "counter"),
    [
        ("me", None, COUNTER),
        ("Me", None, COUNTER),
        ("me.goatcounter.com", None, COUNTER),
        ("https://me.goatcounter.com/", None, COUNTER),
        ("stats.example.org", None, "https://stats.example.org"),
        ("example.org", "http://localhost:8081/count/", "http://localhost:8081/count"),
    ],
)
def test_the_counter_is_found_by_code_name_or_address(site, api_url, counter):
    config = GoatcounterConfig(site=site, api_key=Secret("env:KEY", lambda: KEY), api_url=api_url)
    assert config.counter == counter


@pytest.mark.parametrize(("key", "value"), [("site", "two words"), ("api_url", "ftp://example.org")])
def test_a_wrong_address_names_its_key(key, value):
    given = {"site": "example.org", "api_key": Secret("env:KEY", lambda: KEY), key: value}
    with pytest.raises(ValueError, match=f"^{key}: "):
        GoatcounterConfig(**given)


# Missing is not zero


def test_days_without_visitors_are_measured_zeros(service):
    service.hits = {"/post": {"2026-11-10": 1}}
    assert coverage(read()) == [Coverage(date(2026, 11, 10), TODAY)]


def test_days_of_which_nothing_is_said_are_missing(service):
    service.hits = {"/post": {"2026-11-20": 1}}
    service.silent = {"2026-11-22"}
    assert [(str(span.first_day), str(span.last_day), span.state) for span in coverage(read())] == [
        ("2026-11-20", "2026-11-21", "measured"),
        ("2026-11-22", "2026-11-22", "missing"),
        ("2026-11-23", "2026-11-24", "measured"),
    ]


def test_a_window_without_any_path_is_measured(service):
    assert coverage(read(cursor_at("2026-11-23"))) == [Coverage(date(2026, 11, 20), TODAY)]


def test_a_counter_without_hits_claims_nothing_of_the_past(service):
    batches = read()
    assert facts(batches) == {}
    assert coverage(batches) == []


def test_the_first_hit_after_an_empty_start_begins_the_coverage(service):
    service.hits = {"/post": {"2026-11-24": 1}}
    batches = read(cursor_at("2026-11-23", begins_on=None))
    assert coverage(batches) == [Coverage(TODAY, TODAY)]


def test_a_nought_of_a_day_that_never_had_visitors_is_no_fact(service):
    service.hits = {"/post": {"2026-11-20": 4, "2026-11-24": 1}}
    first = read()
    again = read(checkpoint(first))
    assert facts(first) == {("/post", "2026-11-20"): 4, ("/post", "2026-11-24"): 1}
    assert facts(again) == {("/post", "2026-11-24"): 1}
    assert coverage(again) == [Coverage(date(2026, 11, 21), TODAY)]


def test_a_figure_that_fell_to_nought_is_taken_back_once(service):
    service.hits = {"/post": {"2026-11-19": 5, "2026-11-22": 3, "2026-11-24": 1}, "/other": {"2026-11-22": 2}}
    first = read()
    service.hits["/post"] = {"2026-11-24": 1}
    second = read(checkpoint(first))
    assert facts(second) == {("/post", "2026-11-22"): 0, ("/post", "2026-11-24"): 1, ("/other", "2026-11-22"): 2}
    third = read(checkpoint(second))
    assert facts(third) == {("/post", "2026-11-24"): 1, ("/other", "2026-11-22"): 2}


def test_a_figure_that_fell_while_a_window_was_cut_is_taken_back(service):
    service.most = 2
    service.hits = {f"/{n}": {"2026-11-22": n + 1, "2026-11-24": 1} for n in range(5)}
    cursor = checkpoint(read())
    for counts in service.hits.values():
        del counts["2026-11-22"]
    service.limit_at = len(service.asked) + 2
    before = until(RateLimited, stream().read(cursor))
    service.limit_at = None
    after = read(checkpoint(before))
    fallen = {path for batches in (before, after) for (path, day), count in facts(batches).items() if count == 0}
    assert fallen == set(service.hits)


def test_a_figure_that_fell_is_taken_back_where_the_window_is_halved(service):
    service.most = 2
    service.hits = {f"/{n}": {"2026-11-23": 1, "2026-11-24": 1} for n in range(4)}
    cursor = checkpoint(read())
    del service.hits["/3"]["2026-11-23"]
    batches = list(replace(stream(), longest_exclude=3).read(cursor))
    assert facts(batches)["/3", "2026-11-23"] == 0


@pytest.mark.parametrize(
    "stat",
    [{"day": "2026-11-20"}, {"daily": 3}, {"day": "yesterday", "daily": 3}, {"day": "2026-11-20", "daily": None},
     {"day": "2026-11-20", "daily": -1}, {"day": "2026-11-20", "daily": "many"}, "text", None],
    ids=str,
)  # fmt: skip
def test_a_figure_that_cannot_be_used_is_a_reject_and_its_days_are_partial(service, stat):
    def spoil(what, answer):
        if what == "hits":
            answer["hits"][0]["stats"].append(stat)
        return answer

    service.hits = {"/post": {"2026-11-20": 5}}
    service.spoil = spoil
    batches = read()
    assert facts(batches) == {("/post", "2026-11-20"): 5}
    assert len([reject for batch in batches for reject in batch.rejects]) == 1
    assert {span.state for span in coverage(batches)} == {"partial"}


@pytest.mark.parametrize("missing", ["path", "path_id", "stats"])
def test_a_path_without_its_parts_is_a_reject_not_fatal(service, missing):
    def spoil(what, answer):
        if what == "hits":
            del answer["hits"][0][missing]
        return answer

    service.hits = {"/bad": {"2026-11-20": 5}, "/good": {"2026-11-20": 6}}
    service.spoil = spoil
    batches = read()
    assert facts(batches) == {("/good", "2026-11-20"): 6}
    assert len([reject for batch in batches for reject in batch.rejects]) == 1


def test_a_figure_written_as_text_counts(service):
    service.hits = {"/post": {"2026-11-20": 5}}

    def as_text(what, answer):
        for hit in answer.get("hits", []):
            hit["stats"] = [{**stat, "daily": str(stat["daily"])} for stat in hit["stats"]]
        return answer

    service.spoil = as_text
    assert facts(read()) == {("/post", "2026-11-20"): 5}
