"""How a GoatCounter is asked: how far back, in which windows, past which paths, and what is no answer."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from asked import until
from fake_goatcounter import served
from goatcounter_reader import NOW, TODAY, checkpoint, coverage, cursor_at, facts, read, stream

from connectors.base import Coverage
from connectors.errors import AuthFailed, Gone, Malformed, NotPermitted, RateLimited, Unavailable


@pytest.fixture
def service():
    with served() as fake:
        yield fake


def windows(service) -> list[tuple[str, str]]:
    return [(query["start"][:10], query["end"][:10]) for what, query in service.asked if what == "hits"]


# How it is asked


def test_the_first_read_begins_with_the_first_hit_and_asks_for_long_spans(service):
    service.hits = {"/post": {"2025-12-31": 1, "2026-11-20": 2}}
    assert facts(read()) == {("/post", "2025-12-31"): 1, ("/post", "2026-11-20"): 2}
    assert [what for what, _ in service.asked] == ["total", "hits", "hits"]
    assert windows(service)[0][0] == "2025-12-30"


def test_every_question_has_a_day_to_spare_on_both_sides(service):
    service.hits = {"/post": {"2026-11-20": 2}}
    read(cursor_at("2026-11-23"))
    assert windows(service) == [("2026-11-19", "2026-11-25")]


def test_the_days_to_spare_are_not_stored(service):
    service.hits = {"/post": {"2026-11-19": 7, "2026-11-21": 2, "2026-11-25": 8}}
    batches = read(cursor_at("2026-11-23"))
    assert {day for (_, day), count in facts(batches).items() if count} == {"2026-11-21"}


def test_a_server_that_tells_no_days_of_the_total_is_read_from_2019(service):
    service.tells_days_of_total = False
    service.hits = {"/post": {"2026-11-20": 2}}
    batches = read()
    assert facts(batches) == {("/post", "2026-11-20"): 2}
    assert windows(service)[0][0] < "2019-01-01"
    assert coverage(batches) == [Coverage(date(2026, 11, 20), TODAY)]


def test_since_shortens_the_backfill(service):
    service.hits = {"/post": {"2020-01-01": 1, "2026-11-20": 2}}
    batches = read(since=date(2026, 11, 10))
    assert facts(batches) == {("/post", "2026-11-20"): 2}
    assert len(windows(service)) == 1


def test_since_does_not_claim_days_before_the_first_hit(service):
    service.hits = {"/post": {"2026-11-20": 2}}
    assert coverage(read(since=date(2020, 1, 1))) == [Coverage(date(2026, 11, 20), TODAY)]


def test_the_first_batch_comes_after_one_request(service):
    service.hits = {"/post": {"2020-01-01": 1}}
    next(stream().read({}))
    assert len(service.asked) == 1


def test_a_read_that_is_stopped_asks_no_more(service):
    service.hits = {"/post": {"2020-01-01": 1}}
    read(is_stopping=lambda: True)
    assert len(service.asked) == 1


def test_paths_beyond_the_first_hundred_are_read_by_excluding_those_that_were_told(service):
    service.hits = {f"/{n}": {"2026-11-20": n + 1} for n in range(250)}
    batches = read()
    assert len(facts(batches)) == 250
    assert [query.get("exclude_paths", "").count(",") for what, query in service.asked if what == "hits"] == [
        0,
        99,
        199,
    ]


def test_a_window_that_was_cut_goes_on_with_the_paths_that_are_left(service):
    service.most = 2
    service.hits = {f"/{n}": {"2026-11-20": n + 1} for n in range(5)}
    service.limit_at = 3
    before = until(RateLimited, stream().read({}))
    service.limit_at = None
    after = read(checkpoint(before))
    assert set(facts(before)) == {("/0", "2026-11-20"), ("/1", "2026-11-20")}
    assert {path for path, _ in facts(after)} >= {"/2", "/3", "/4"}
    assert service.asked[3][1]["exclude_paths"] == "1,2"


def test_every_read_makes_progress_where_only_four_requests_pass(service):
    service.most = 2
    service.hits = {f"/{n}": {"2026-11-20": n + 1} for n in range(30)}
    cursor: dict[str, Any] = {}
    seen: dict[tuple[str, str], float] = {}
    for _ in range(6):
        service.limit_at = len(service.asked) + 5
        done = until((RateLimited, StopIteration), stream().read(cursor))
        seen |= facts(done)
        cursor |= checkpoint(done)
    assert {path for path, _ in seen} == set(service.hits)


def test_a_window_that_was_cut_days_ago_is_followed_by_its_last_days_again(service):
    service.hits = {"/post": {"2026-11-20": 2}}
    window = {"first": "2026-11-01", "last": "2026-11-20", "seen": [1], "flaw": ""}
    read(cursor_at("2026-10-31", window=window))
    assert windows(service) == [("2026-10-31", "2026-11-21"), ("2026-11-16", "2026-11-25")]


def test_a_list_of_paths_too_long_for_an_address_halves_the_window(service):
    service.most = 2
    service.hits = {f"/{n}": {f"2026-11-{10 + n}": 1} for n in range(10)}
    batches = list(replace(stream(), longest_exclude=3).read(cursor_at("2026-11-12")))
    assert {key for key, count in facts(batches).items() if count} >= {
        (f"/{n}", f"2026-11-{10 + n}") for n in range(10)
    }
    assert {span.state for span in coverage(batches)} == {"measured"}


def test_a_day_with_too_many_paths_is_partial(service):
    service.most = 2
    service.hits = {f"/{n}": {"2026-11-24": 1} for n in range(12)}
    batches = list(replace(stream(), longest_exclude=3).read({}))
    states = {span.first_day: span.state for span in coverage(batches)}
    assert states[TODAY] == "partial"
    assert "most visited" in coverage(batches)[-1].reason


def test_another_site_starts_anew(service):
    service.hits = {"/post": {"2026-11-20": 2}}
    read({"other.goatcounter.com": {"from": None, "through": "2026-11-23", "window": None}})
    assert service.asked[0][0] == "total"


# What can go wrong


def test_a_wrong_key_says_which_permission_is_needed(service):
    with pytest.raises(AuthFailed) as caught:
        read(key="another-key-1234")
    assert '"Read statistics"' in str(caught.value)
    assert "another-key-1234" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (403, {"error": "requires [stats] permissions"}, NotPermitted, "Read statistics"),
        (404, {}, Gone, "api_url"),
        (400, {"errors": {"start": ["must be a date"]}}, Malformed, "400"),
        (500, {}, Unavailable, "500"),
    ],
)
def test_a_refusal_is_named_by_what_to_do(service, status, body, error, said):
    service.spoil = lambda what, answer: (status, {}, json.dumps(body))
    with pytest.raises(error, match=said):
        read()


@pytest.mark.parametrize(("headers", "wait"), [({}, 60), ({"Retry-After": "7"}, 7), ({"X-Rate-Limit-Reset": "1"}, 1)])
def test_too_many_requests_come_back_later(service, headers, wait):
    service.limit_at, service.limit_headers = 1, headers
    with pytest.raises(RateLimited) as caught:
        read()
    assert caught.value.retry_at == NOW + timedelta(seconds=wait)


@pytest.mark.parametrize(
    "body",
    [
        "<!doctype html><title>Log in</title>",
        '{"hits": [{"path": "/a',
        "",
        "[]",
        '{"error": "oh noes!"}',
        '{"hits": null}',
    ],
)
@pytest.mark.parametrize("which", ["total", "hits"])
def test_an_answer_that_is_no_statistics_is_malformed_not_empty(service, which, body):
    service.hits = {"/post": {"2026-11-20": 5}}
    service.spoil = lambda what, answer: (200, {}, body) if what == which else answer
    with pytest.raises(Malformed):
        read()


def test_a_server_that_tells_the_same_paths_for_ever_is_malformed(service):
    service.hits = {"/post": {"2026-11-20": 5}}
    service.spoil = lambda what, answer: {**answer, "more": True} if what == "hits" else answer
    with pytest.raises(Malformed, match="tells the same ones again"):
        read()


def test_a_full_list_that_does_not_say_whether_there_is_more_is_asked_again(service):
    service.hits = {f"/{n}": {"2026-11-20": 1} for n in range(100)}

    def forget(what, answer):
        answer.pop("more", None)
        return answer

    service.spoil = forget
    assert len(facts(read())) == 100
    assert len(windows(service)) == 2


def test_the_vendors_own_total_is_understood(service, shared_data):
    shapes = json.loads((shared_data / "platforms/analytics/vendor_shapes.json").read_text())
    service.hits = {"/post": {"2026-11-20": 5}}
    service.spoil = lambda what, answer: shapes["goatcounter_stats_total"]["body"] if what == "total" else answer
    assert facts(read()) == {("/post", "2026-11-20"): 5}


def test_a_read_twice_says_the_same(service):
    service.hits = {"/post": {"2026-11-20": 9}}
    assert facts(read()) == facts(read())
