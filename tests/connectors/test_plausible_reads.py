"""How a Plausible is asked: how far back, page by page, on from where it was refused, and what is no answer."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from asked import checkpoint, until
from fake_plausible import KEY, NOW, TODAY, served
from plausible_reader import coverage, facts, read, streams

from connectors.base import Coverage, Secret
from connectors.errors import AuthFailed, Gone, Malformed, NotPermitted, RateLimited, Unavailable
from connectors.plausible import PlausibleConfig


@pytest.fixture
def service():
    with served() as fake:
        yield fake


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
