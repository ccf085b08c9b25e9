from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests

from harvester.demo.analytics import Plausible
from harvester.demo.faults import VirtualClock
from harvester.demo.goatcounter import GoatCounter
from harvester.demo.life import build
from harvester.demo.server import Servers, serve
from harvester.demo.things import Reads
from harvester.demo.world import World

TODAY = date(2026, 11, 24)
EVER = ["2024-01-01", "2026-12-31"]
Query = Callable[..., Any]


@pytest.fixture
def world(still_world: World) -> World:
    """Nothing here changes the world."""
    return still_world


@pytest.fixture
def query(world: World, servers: Servers, http: requests.Session) -> Query:
    """Ask Plausible; the answer."""

    def send(**asked: Any) -> requests.Response:
        body = {"site_id": world.site, "metrics": ["pageviews"], "date_range": EVER, **asked}
        return http.post(f"{servers.plausible.url}/api/v2/query", json=body)

    return send


@pytest.fixture
def goat(world: World, http: requests.Session) -> Query:
    """Ask GoatCounter without a rate limit; the answer."""

    def send(path: str, **params: Any) -> requests.Response:
        with serve(world, goatcounter=GoatCounter(world, a_second=10**6)) as servers:
            return http.get(f"{servers.goatcounter.url}/api/v0{path}", params=params)

    return send


def test_plausible_pages_per_day_are_the_truth(world: World, query: Query) -> None:
    answer = query(metrics=["pageviews", "visitors"], dimensions=["time:day", "event:page"]).json()
    truth = world.truth()
    rows = {
        (world.post_url(r["dimensions"][1]), date.fromisoformat(r["dimensions"][0])): r["metrics"]
        for r in answer["results"]
    }
    assert {key: metrics[0] for key, metrics in rows.items()} == truth.days["post_reads"]
    assert {key: metrics[1] for key, metrics in rows.items()} == truth.days["post_visitors"]


def test_plausible_site_visits_are_the_truth(world: World, query: Query) -> None:
    answer = query(metrics=["visits"], dimensions=["time:day"]).json()
    found = {date.fromisoformat(row["dimensions"][0]): row["metrics"][0] for row in answer["results"]}
    assert found == world.truth().by_day("site_visits")


def test_plausible_rows_are_paged(query: Query) -> None:
    asked: dict[str, Any] = {"dimensions": ["time:day", "event:page"], "include": {"total_rows": True}}
    total = query(**asked).json()["meta"]["total_rows"]
    rows = []
    for offset in range(0, total, 5_000):
        rows += query(**asked, pagination={"limit": 5_000, "offset": offset}).json()["results"]
    assert len(rows) == total == len({tuple(row["dimensions"]) for row in rows})


def test_plausible_filters_orders_and_labels(query: Query) -> None:
    asked = {
        "dimensions": ["event:page"],
        "filters": [
            ["contains", "event:page", ["/posts/"]],
            ["not", ["is", "event:page", ["/posts/notes-on-feeds/"]]],
        ],
        "order_by": [["pageviews", "asc"]],
    }
    rows = query(**asked).json()["results"]
    assert [row["metrics"][0] for row in rows] == sorted(row["metrics"][0] for row in rows)
    assert all("/posts/" in row["dimensions"][0] for row in rows)
    labels = query(dimensions=["time:day"], date_range=["2026-11-01", "2026-11-03"], include={"time_labels": True})
    assert labels.json()["meta"]["time_labels"] == ["2026-11-01", "2026-11-02", "2026-11-03"]


def test_plausible_outage_has_no_rows(world: World, query: Query) -> None:
    assert world.outage is not None
    answer = query(dimensions=["time:day"], date_range=[str(day) for day in world.outage]).json()
    assert answer["results"] == []
    assert answer["query"]["date_range"][0].endswith("T00:00:00+00:00")


@pytest.mark.parametrize("span", ["day", "7d", "30d", "month", "6mo", "12mo", "year", "all"])
def test_plausible_understands_named_spans(query: Query, span: str) -> None:
    assert query(date_range=span).status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        {"metrics": ["hugs"]},
        {"metrics": []},
        {"dimensions": ["event:mood"]},
        {"date_range": "fortnight"},
        {"date_range": ["2026-02-01", "2026-01-01"]},
        {"metrics": ["bounce_rate"], "dimensions": ["event:page"]},
        {"pagination": {"limit": 20_000}},
    ],
)
def test_plausible_refuses_bad_queries(query: Query, asked: dict[str, Any]) -> None:
    answer = query(**asked)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_plausible_wants_a_key_and_its_own_site(
    world: World, servers: Servers, http: requests.Session, query: Query
) -> None:
    url = f"{servers.plausible.url}/api/v2/query"
    with requests.Session() as anonymous:
        assert anonymous.post(url, json={}).status_code == 401
    assert http.post(url, json={}, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert query(site_id="other.example").status_code == 401


def test_plausible_limits_the_hour_without_retry_after(world: World, http: requests.Session) -> None:
    clock = VirtualClock(datetime(2026, 11, 24, tzinfo=UTC))
    with serve(world, plausible=Plausible(world, hourly_limit=1, clock=clock)) as servers:
        url = f"{servers.plausible.url}/api/v2/query"
        body = {"site_id": world.site, "metrics": ["visits"], "date_range": "all"}
        assert [http.post(url, json=body).status_code for _ in range(2)] == [200, 429]
        assert "Retry-After" not in http.post(url, json=body).headers
        clock.advance(timedelta(hours=1))
        assert http.post(url, json=body).status_code == 200


def test_goatcounter_hits_by_day_are_the_visitors(world: World, goat: Query) -> None:
    found: dict[tuple[str, date], int] = {}
    seen: list[str] = []
    more = True
    while more:
        page = goat(
            "/stats/hits", start="2024-01-01", end="2026-12-31T23:00:00Z", limit=100, exclude_paths=",".join(seen)
        ).json()
        more = page["more"]
        for hit in page["hits"]:
            seen.append(str(hit["path_id"]))
            for stat in hit["stats"]:
                if stat["daily"]:
                    found[world.post_url(hit["path"]), date.fromisoformat(stat["day"])] = stat["daily"]
    assert found == world.truth().days["post_visitors"]


def test_goatcounter_shows_twenty_paths_unless_told(goat: Query) -> None:
    page = goat("/stats/hits", start="2024-01-01").json()
    assert (len(page["hits"]), page["more"]) == (20, True)
    assert page["total"] == sum(hit["count"] for hit in page["hits"])


def test_goatcounter_total_counts_every_path(world: World, goat: Query) -> None:
    day = world.now.date() - timedelta(days=1)
    answer = goat("/stats/total", start=str(day), end=f"{day}T23:00:00Z").json()
    assert answer["total"] == answer["total_utc"] == world.truth().by_day("post_visitors")[day]


def test_goatcounter_leaves_out_the_day_that_ends_at_midnight(world: World, goat: Query) -> None:
    stats = goat("/stats/total", start="2026-11-01", end="2026-11-03").json()["stats"]
    assert [stat["day"] for stat in stats] == ["2026-11-01", "2026-11-02"]


@pytest.mark.parametrize("is_outage_zero", [True, False])
def test_goatcounter_outage_is_absent_or_looks_like_silence(
    world: World, http: requests.Session, is_outage_zero: bool
) -> None:
    assert world.outage is not None
    first, last = world.outage
    with serve(world, goatcounter=GoatCounter(world, is_outage_zero=is_outage_zero)) as servers:
        params = {"start": str(first - timedelta(days=1)), "end": f"{last}T23:00:00Z"}
        stats = http.get(f"{servers.goatcounter.url}/api/v0/stats/total", params=params).json()["stats"]
    assert len(stats) == (10 if is_outage_zero else 1)
    assert stats[0]["daily"] > 0
    assert all(stat["daily"] == 0 for stat in stats[1:])


def test_goatcounter_lists_paths_by_id(world: World, goat: Query) -> None:
    first = goat("/paths", limit=5).json()
    assert ([p["id"] for p in first["paths"]], first["more"]) == ([1, 2, 3, 4, 5], True)
    rest = goat("/paths", limit=200, after=5).json()
    assert (rest["paths"][0]["id"], rest["more"]) == (6, False)


def test_goatcounter_wants_a_key_with_rights(world: World, http: requests.Session) -> None:
    with serve(world, goatcounter=GoatCounter(world, without_rights=frozenset({"weak"}))) as servers:
        url = f"{servers.goatcounter.url}/api/v0/stats/total"
        assert http.get(url, headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert http.get(url, headers={"Authorization": "Bearer weak"}).status_code == 403
        with requests.Session() as anonymous:
            assert anonymous.get(url).status_code == 401


def test_goatcounter_allows_four_requests_a_second(world: World, http: requests.Session) -> None:
    clock = VirtualClock(datetime(2026, 11, 24, tzinfo=UTC))
    with serve(world, goatcounter=GoatCounter(world, clock=clock)) as servers:
        url = f"{servers.goatcounter.url}/api/v0/me"
        answers = [http.get(url) for _ in range(5)]
        assert [a.status_code for a in answers] == [200, 200, 200, 200, 429]
        assert answers[-1].headers["X-Rate-Limit-Reset"] == "1"
        clock.advance(timedelta(seconds=1))
        assert http.get(url).status_code == 200


def test_goatcounter_refuses_a_bad_instant(goat: Query) -> None:
    assert goat("/stats/total", start="soon").status_code == 400


def test_both_tell_of_a_day_that_grew(http: requests.Session) -> None:
    world = build(TODAY)
    world.read("/about/", world.now.date(), Reads(9, 7, 8))
    asked = {"dimensions": ["event:page"], "date_range": "day", "metrics": ["pageviews", "visitors", "visits"]}
    today = world.now.date()
    span = {"start": str(today), "end": f"{today}T23:00:00Z"}
    with serve(world) as servers:
        url = f"{servers.plausible.url}/api/v2/query"
        rows = http.post(url, json={"site_id": world.site, **asked}).json()["results"]
        total = http.get(f"{servers.goatcounter.url}/api/v0/stats/total", params=span).json()["total"]
    assert rows == [{"metrics": [9, 7, 8], "dimensions": ["/about/"]}]
    assert total == 7
