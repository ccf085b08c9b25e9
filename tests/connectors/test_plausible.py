"""The plausible connector against a fake as unkind as the service."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import responses

from connectors.base import Context, Coverage, Secret
from connectors.errors import AuthFailed, Gone, Malformed, NotPermitted, RateLimited, Unavailable
from connectors.http import Http
from connectors.plausible import CONNECTOR, PER_PAGE, PlausibleConfig

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
KEY = "pl-key-5f1e8c"
URL = "https://plausible.io/api/v2/query"


@dataclass
class FakePlausible:
    """Answers queries from `pages` and `visits`; `spoil` may change an answer before it is sent."""

    pages: dict[tuple[str, str], tuple[Any, Any]] = field(default_factory=dict)
    visits: dict[str, Any] = field(default_factory=dict)
    begins_on: str = "2026-11-01"
    offset: str = "+00:00"
    most_rows: int = PER_PAGE
    asked: list[dict[str, Any]] = field(default_factory=list)
    meta: dict[str, Any] = field(
        default_factory=lambda: {"imports_included": False, "imports_skip_reason": "no_imported_data"}
    )
    spoil: Any = None

    def __call__(self, request) -> tuple[int, dict[str, str], str]:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return 401, {}, json.dumps({"error": "Invalid API key or site ID."})
        query = json.loads(request.body)
        self.asked.append(query)
        answer = self.answer(query)
        if self.spoil:
            answer = self.spoil(query, answer)
        return answer if isinstance(answer, tuple) else (200, {}, json.dumps(answer))

    def answer(self, query: dict[str, Any]) -> dict[str, Any]:
        first, last = (self.begins_on, str(TODAY)) if query["date_range"] == "all" else query["date_range"]
        if query["dimensions"] == ["time:day", "event:page"]:
            rows = [{"dimensions": list(k), "metrics": list(v)} for k, v in sorted(self.pages.items())]
        elif query["dimensions"] == ["time:day"]:
            rows = [{"dimensions": [k], "metrics": [v]} for k, v in sorted(self.visits.items())]
        else:
            months = sorted({f"{day[:7]}-01" for day in self.visits})
            rows = [{"dimensions": [month], "metrics": [1]} for month in months]
        rows = [row for row in rows if first <= row["dimensions"][0] <= last or query["date_range"] == "all"]
        start, size = query["pagination"]["offset"], min(query["pagination"]["limit"], self.most_rows)
        echo = {"date_range": [f"{first}T00:00:00{self.offset}", f"{last}T23:59:59{self.offset}"]}
        return {"results": rows[start : start + size], "meta": {"total_rows": len(rows), **self.meta}, "query": echo}


@pytest.fixture
def service():
    fake = FakePlausible()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        wire.add_callback(responses.POST, URL, fake)
        fake.wire = wire
        yield fake


def context(**more) -> Context:
    return Context(source="readers", http=Http(clock=lambda: NOW), clock=lambda: NOW, **more)


def streams(key: str = KEY, **more):
    config = PlausibleConfig(site="example.org", api_key=Secret("env:KEY", lambda: key))
    pages, visits = CONNECTOR.open(config, context(**more))
    return {"pages": pages, "visits": visits}


def read(name: str, cursor=None, **more):
    return list(streams(**more)[name].read(cursor or {}))


def facts(batches) -> dict[tuple[str, str, str], float]:
    return {(o.metric, o.subject, o.key): o.value for batch in batches for o in batch.observations}


def coverage(batches) -> list[Coverage]:
    return [span for batch in batches for span in batch.coverage]


def checkpoint(batches) -> dict[str, Any]:
    return {part: value for batch in batches for part, value in (batch.checkpoint or {}).items()}


def until(error, batches):
    """What was yielded before the error."""
    kept = []
    try:
        while True:
            kept.append(next(batches))
    except error:
        return kept


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


# How it is asked


def test_the_first_read_goes_back_to_the_first_figure_with_few_requests(service):
    service.begins_on = "2025-11-25"
    service.visits = {"2025-11-25": 1}
    read("pages")
    assert [query["date_range"] for query in service.asked] == [
        "all",
        ["2025-11-25", "2026-02-24"],
        ["2026-02-25", "2026-05-27"],
        ["2026-05-28", "2026-08-27"],
        ["2026-08-28", "2026-11-24"],
    ]


def test_since_shortens_the_backfill(service):
    read("visits", since=date(2026, 11, 10))
    assert service.asked[-1]["date_range"] == ["2026-11-10", "2026-11-24"]


def test_since_does_not_claim_days_before_the_site_was_counted(service):
    batches = read("visits", since=date(2020, 1, 1))
    assert coverage(batches) == [Coverage(date(2026, 11, 1), TODAY)]


def test_a_later_read_repeats_the_last_days(service):
    cursor = {"example.org": {"from": "2026-11-01", "through": "2026-11-22"}}
    read("pages", cursor)
    assert [query["date_range"] for query in service.asked] == [["2026-11-19", "2026-11-24"]]


def test_a_later_read_does_not_reach_before_the_first_figure(service):
    cursor = {"example.org": {"from": "2026-11-22", "through": "2026-11-23"}}
    assert coverage(read("visits", cursor)) == [Coverage(date(2026, 11, 22), TODAY)]


def test_a_clock_that_was_ahead_loses_no_day(service):
    cursor = {"example.org": {"from": "2026-11-01", "through": "2030-01-01"}}
    read("visits", cursor)
    assert service.asked[0]["date_range"] == ["2026-11-21", "2026-11-24"]


def test_another_site_starts_anew(service):
    read("visits", {"other.org": {"from": "2026-01-01", "through": "2026-11-23"}})
    assert service.asked[0]["date_range"] == "all"


def test_the_first_batch_comes_after_one_request(service):
    next(streams()["pages"].read({}))
    assert len(service.asked) == 1


def test_a_read_that_is_stopped_asks_no_more(service):
    read("pages", is_stopping=lambda: True)
    assert len(service.asked) == 1


def test_all_pages_of_an_answer_are_read_also_when_the_server_gives_fewer_rows(service):
    service.most_rows = 2
    service.pages = {("2026-11-20", f"/{n}"): (n, n) for n in range(5)}
    batches = read("pages")
    assert sorted(facts(batches).values()) == sorted([0, 1, 2, 3, 4] * 2)
    assert [query["pagination"]["offset"] for query in service.asked[1:]] == [0, 2, 4]


def test_only_the_last_page_of_a_span_moves_the_cursor(service):
    service.most_rows = 2
    service.pages = {("2026-11-20", f"/{n}"): (n, n) for n in range(5)}
    moved = [batch.checkpoint for batch in read("pages") if batch.observations]
    assert moved == [None, None, {"example.org": {"from": "2026-11-01", "through": "2026-11-24"}}]


def test_rows_are_asked_for_in_an_order_that_does_not_change_between_pages(service):
    read("pages")
    assert service.asked[-1]["order_by"] == [["time:day", "asc"], ["event:page", "asc"]]


def test_without_a_total_a_full_page_has_a_next_one(service):
    def forget_total(query, answer):
        del answer["meta"]["total_rows"]
        return answer

    service.spoil = forget_total
    service.visits = {"2026-11-20": 4}
    assert list(facts(read("visits")).values()) == [4]
    assert len(service.asked) == 2


def test_rows_that_are_promised_and_not_given_are_malformed(service):
    def promise(query, answer):
        answer["meta"]["total_rows"] = 7
        return answer

    service.visits = {"2026-11-20": 4}
    service.spoil = promise
    with pytest.raises(Malformed, match="told of 7 rows and gave 1"):
        read("visits")


def test_a_site_can_be_written_as_an_address_and_the_server_be_ones_own():
    config = PlausibleConfig(
        site="https://Example.org/", api_key=Secret("env:KEY", lambda: KEY), api_url="http://localhost:8000/"
    )
    assert (config.site_id, config.endpoint) == ("example.org", "http://localhost:8000/api/v2/query")


@pytest.mark.parametrize(("key", "value"), [("site", "two words"), ("api_url", "ftp://example.org")])
def test_a_wrong_address_names_its_key(key, value):
    given = {"site": "example.org", "api_key": Secret("env:KEY", lambda: KEY), key: value}
    with pytest.raises(ValueError, match=f"^{key}: "):
        PlausibleConfig(**given)


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


# What can go wrong


def test_a_wrong_key_says_which_kind_of_key_is_needed(service):
    with pytest.raises(AuthFailed) as caught:
        read("pages", key="another-key-1234")
    assert '"Stats API"' in str(caught.value)
    assert "example.org" in str(caught.value)
    assert "another-key-1234" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (402, {"error": "This Plausible site is locked"}, NotPermitted, "plan"),
        (403, {"error": "no"}, NotPermitted, "plan"),
        (404, {"error": "Not found"}, Gone, "Community Edition"),
        (400, {"error": "#/metrics/0: Invalid metric"}, Malformed, "Invalid metric"),
        (500, {}, Unavailable, "500"),
    ],
)
def test_a_refusal_is_named_by_what_to_do(service, status, body, error, said):
    service.spoil = lambda query, answer: (status, {}, json.dumps(body))
    with pytest.raises(error, match=said):
        read("pages")


@pytest.mark.parametrize(("headers", "wait"), [({}, 60), ({"Retry-After": "7"}, 7)])
def test_too_many_requests_come_back_later(service, headers, wait):
    service.spoil = lambda query, answer: (429, headers, json.dumps({"error": "Too many API requests."}))
    with pytest.raises(RateLimited) as caught:
        read("visits")
    assert caught.value.retry_at == NOW + timedelta(seconds=wait)


def test_what_was_read_before_a_refusal_is_kept_and_the_next_read_goes_on_there(service):
    service.begins_on = "2026-01-01"
    service.pages = {("2026-01-05", "/a"): (1, 1), ("2026-11-20", "/b"): (2, 2)}

    def refuse_late(query, answer):
        is_late = query["date_range"][0] > "2026-04" and query["date_range"] != "all"
        return (429, {}, "{}") if is_late else answer

    service.spoil = refuse_late
    batches = until(RateLimited, streams()["pages"].read({}))
    assert facts(batches)["post_reads", "https://example.org/a", "2026-01-05"] == 1
    cursor = checkpoint(batches)
    assert cursor == {"example.org": {"from": "2026-01-01", "through": "2026-04-02"}}

    service.spoil = None
    service.asked.clear()
    rest = read("pages", cursor)
    assert service.asked[0]["date_range"][0] == "2026-03-30"
    assert facts(rest)["post_reads", "https://example.org/b", "2026-11-20"] == 2


@pytest.mark.parametrize(
    "body",
    [
        "<!doctype html><title>Log in</title>",
        '{"results": [{"dimensions": ["2026-11-2',
        "",
        "[]",
        '{"error": "oh"}',
        '{"results": {"visits": 3}}',
        '{"results": null}',
    ],
)
def test_an_answer_that_is_no_result_is_malformed_not_empty(service, body):
    service.spoil = lambda query, answer: (200, {"Content-Type": "application/json"}, body)
    with pytest.raises(Malformed):
        read("visits")


def test_an_answer_without_meta_and_query_still_counts(service):
    service.visits = {"2026-11-20": 5}
    service.spoil = lambda query, answer: {"results": answer["results"]}
    batches = read("visits")
    assert list(facts(batches).values()) == [5]
    assert coverage(batches) == [Coverage(date(2026, 11, 1), TODAY)]


def test_a_secret_is_in_no_message(service):
    service.spoil = lambda query, answer: (500, {}, json.dumps({"error": f"key {KEY} broke"}))
    with pytest.raises(Unavailable) as caught:
        read("pages")
    assert KEY not in str(caught.value)


def test_the_vendors_own_empty_answer_is_a_measured_nothing(service, shared_data):
    shapes = json.loads((shared_data / "platforms/analytics/vendor_shapes.json").read_text())
    service.spoil = lambda query, answer: shapes["plausible_v2_empty"]["body"]
    batches = read("visits", {"example.org": {"from": "2024-01-01", "through": "2026-11-23"}})
    assert facts(batches) == {}
    assert coverage(batches) == [Coverage(date(2026, 11, 20), TODAY)]


def test_a_read_twice_says_the_same(service):
    service.pages = {("2026-11-20", "/post"): (12, 9)}
    assert facts(read("pages")) == facts(read("pages"))
