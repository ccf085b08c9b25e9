"""What is stored of Plausible's figures: reads, visitors and visits, noughts, and what is missing or in doubt."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Any

import pytest
from fake_plausible import TODAY, served
from plausible_reader import coverage, facts, read

from connectors.base import Coverage


@pytest.fixture
def service():
    with served() as fake:
        yield fake


# What is stored


def test_pageviews_and_visitors_of_a_page_are_facts_of_its_day(service):
    service.pages = {("2026-11-20", "/post"): (12, 9)}
    batches = read("pages")
    assert facts(batches) == {
        ("post_reads", "https://example.org/post", "2026-11-20"): 12,
        ("post_visitors", "https://example.org/post", "2026-11-20"): 9,
    }
    (subject,) = [subject for batch in batches for subject in batch.subjects]
    assert (subject.kind, subject.name) == ("post", "https://example.org/post")


def test_visits_are_facts_of_the_whole_site(service):
    service.visits = {"2026-11-20": 31}
    batches = read("visits")
    assert facts(batches) == {("site_visits", "example.org", "2026-11-20"): 31}
    (subject,) = [subject for batch in batches for subject in batch.subjects]
    assert (subject.kind, subject.name) == ("account", "https://example.org/")


def test_the_name_of_a_page_is_an_address_and_its_id_the_path_as_told(service):
    service.pages = {("2026-11-20", "/über uns"): (1, 1), ("2026-11-20", "/%C3%BCber%20uns"): (2, 2)}
    subjects = [subject for batch in read("pages") for subject in batch.subjects]
    assert {subject.name for subject in subjects} == {"https://example.org/%C3%BCber%20uns"}
    assert len({subject.id for subject in subjects}) == 2


def test_a_fact_lies_in_its_day_where_the_site_is(service):
    service.offset = "+13:00"
    service.visits = {"2026-11-20": 1}
    (fact,) = [o for batch in read("visits") for o in batch.observations]
    assert (fact.occurred_at + timedelta(hours=13)).date() == date(2026, 11, 20)
    assert fact.occurred_at.tzinfo is UTC


def test_figures_written_as_text_count(service):
    service.visits = {"2026-11-20": "31"}
    assert list(facts(read("visits")).values()) == [31]


# Missing is not zero


def test_days_without_rows_are_measured_zeros(service):
    service.visits = {"2026-11-02": 1}
    assert coverage(read("visits")) == [Coverage(date(2026, 11, 1), TODAY)]


def test_nothing_is_claimed_of_a_day_that_has_not_begun_where_the_site_is(service):
    service.offset = "-13:00"
    (span,) = coverage(read("visits"))
    assert span.last_day == date(2026, 11, 23)


def test_an_empty_site_is_measured_from_today(service):
    service.begins_on = str(TODAY)
    batches = read("pages")
    assert facts(batches) == {}
    assert coverage(batches) == [Coverage(TODAY, TODAY)]


@pytest.mark.parametrize(
    ("meta", "state"),
    [
        ({"imports_included": True}, "estimated"),
        ({"imports_included": False, "imports_skip_reason": "unsupported_interval"}, "partial"),
        ({"warning": "Imported stats are not included"}, "partial"),
        ({"imports_included": True, "metric_warnings": {"visits": {"code": "odd"}}}, "partial"),
        ({"imports_included": False, "imports_skip_reason": "out_of_range"}, "measured"),
        ({}, "measured"),
    ],
)
def test_what_the_service_says_about_its_figures_is_kept(service, meta, state):
    service.meta = meta
    (span,) = coverage(read("visits"))
    assert span.state == state
    assert bool(span.reason) == (state != "measured")


def spoiled_rows() -> list[Any]:
    return [
        {"dimensions": ["2026-11-20"], "metrics": [None]},
        {"dimensions": ["2026-11-20"], "metrics": ["many"]},
        {"dimensions": ["2026-11-20"], "metrics": [-3]},
        {"dimensions": ["2026-11-20"], "metrics": []},
        {"dimensions": ["2026-11-20"]},
        {"dimensions": ["yesterday"], "metrics": [3]},
        {"dimensions": ["1767-01-01"], "metrics": [3]},
        {"dimensions": [], "metrics": [3]},
        {"dimensions": None, "metrics": [3]},
        "text",
        None,
    ]


@pytest.mark.parametrize("row", spoiled_rows(), ids=str)
def test_a_row_that_cannot_be_used_is_a_reject_and_its_days_are_partial(service, row):
    def spoil(query, answer):
        if query["date_range"] != "all":
            answer["results"].append(row)
            answer["meta"]["total_rows"] += 1
        return answer

    service.visits = {"2026-11-20": 5}
    service.spoil = spoil
    batches = read("visits")
    assert list(facts(batches).values()) == [5]
    assert [len(batch.rejects) for batch in batches] == [0, 1]
    assert [span.state for span in coverage(batches)] == ["partial"]


@pytest.mark.parametrize("path", ["(not set)", "", None, "/" + "x" * 2500])
def test_a_page_that_is_no_path_is_a_reject(service, path):
    service.pages = {("2026-11-20", "/a"): (1, 1)}

    def spoil(query, answer):
        if len(query["dimensions"]) == 2:
            answer["results"].append({"dimensions": ["2026-11-20", path], "metrics": [1, 1]})
            answer["meta"]["total_rows"] += 1
        return answer

    service.spoil = spoil
    batches = read("pages")
    assert len(facts(batches)) == 2
    assert len([reject for batch in batches for reject in batch.rejects]) == 1
