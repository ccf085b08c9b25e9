"""The goatcounter connector against a fake as unkind as the service."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from connectors.base import Context, Coverage, Secret
from connectors.errors import AuthFailed, Gone, Malformed, NotPermitted, RateLimited, Unavailable
from connectors.goatcounter import CONNECTOR, GoatcounterConfig
from connectors.http import Http

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
KEY = "gc-key-9a3b7d"
COUNTER = "https://me.goatcounter.com"
DAY = timedelta(days=1)


@dataclass
class FakeGoatCounter:
    """Counts `hits`: path → day → visitors. A stats entry for every day asked, as the service does; `silent` days
    are left out. `limit_at`: the number of the request that is refused with 429."""

    hits: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    tells_days_of_total: bool = True
    most: int = 100
    limit_at: int | None = None
    limit_headers: dict[str, str] = field(default_factory=lambda: {"X-Rate-Limit-Reset": "1"})
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    spoil: Any = None

    def __call__(self, request) -> tuple[int, dict[str, str], str]:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return 401, {}, json.dumps({"error": "unknown token"})
        parts = urlsplit(request.url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        what = parts.path.rpartition("/")[2]
        self.asked.append((what, query))
        if self.limit_at == len(self.asked):
            return 429, self.limit_headers, json.dumps({"error": "rate limited exceeded"})
        answer = self.total(query) if what == "total" else self.list(query)
        if self.spoil:
            answer = self.spoil(what, answer)
        return answer if isinstance(answer, tuple) else (200, {}, json.dumps(answer))

    def days(self, query: dict[str, str]) -> list[str]:
        start, end = (datetime.fromisoformat(query[name]).date() for name in ("start", "end"))
        days = [str(start + n * DAY) for n in range((end - start).days + 1)]
        return [day for day in days if day not in self.silent]

    def total(self, query: dict[str, str]) -> dict[str, Any]:
        sums = {day: sum(counts.get(day, 0) for counts in self.hits.values()) for day in self.days(query)}
        total = sum(sums.values())
        stats = [{"day": day, "hourly": [0] * 24, "daily": count} for day, count in sums.items()]
        days = {"stats": stats} if self.tells_days_of_total else {}
        return {"total": total, "total_events": 0, "total_utc": total, **days}

    def list(self, query: dict[str, str]) -> dict[str, Any]:
        days = self.days(query)
        excluded = set(query.get("exclude_paths", "").split(","))
        listed = []
        for path_id, (path, counts) in enumerate(self.hits.items(), 1):
            stats = [{"day": day, "hourly": [0] * 24, "daily": counts.get(day, 0)} for day in days]
            if any(stat["daily"] for stat in stats) and str(path_id) not in excluded:
                about = {"path": path, "path_id": path_id, "title": path.title(), "event": path in self.events}
                listed.append({**about, "count": 1, "max": 1, "stats": stats})
        size = min(int(query["limit"]), self.most)
        return {"hits": listed[:size], "total": 0, "more": len(listed) > size}


@pytest.fixture
def service():
    fake = FakeGoatCounter()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        for what in ("total", "hits"):
            wire.add_callback(responses.GET, f"{COUNTER}/api/v0/stats/{what}", fake)
        yield fake


def stream(key: str = KEY, site: str = "me", api_url: str | None = None, **more):
    config = GoatcounterConfig(site=site, api_key=Secret("env:KEY", lambda: key), api_url=api_url)
    context = Context(source="pages", http=Http(clock=lambda: NOW), clock=lambda: NOW, **more)
    (only,) = CONNECTOR.open(config, context)
    return only


def read(cursor=None, **more):
    return list(stream(**more).read(cursor or {}))


def cursor_at(through: str, begins_on: str | None = "2026-01-01", window=None) -> dict[str, Any]:
    return {"me.goatcounter.com": {"from": begins_on, "through": through, "window": window}}


def facts(batches) -> dict[tuple[str, str], float]:
    """(path, day) → visitors."""
    return {(o.subject.partition(" ")[2], o.key): o.value for batch in batches for o in batch.observations}


def coverage(batches) -> list[Coverage]:
    return [span for batch in batches for span in batch.coverage]


def checkpoint(batches) -> dict[str, Any]:
    moved = {part: value for batch in batches for part, value in (batch.checkpoint or {}).items()}
    return json.loads(json.dumps(moved))


def until(error, batches):
    """What was yielded before the error."""
    kept = []
    try:
        while True:
            kept.append(next(batches))
    except error:
        return kept


def windows(service) -> list[tuple[str, str]]:
    return [(query["start"][:10], query["end"][:10]) for what, query in service.asked if what == "hits"]


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
