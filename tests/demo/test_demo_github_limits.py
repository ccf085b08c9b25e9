"""The limits of the demo's GitHub, each drawn on purpose, on a clock that moves when told."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from demo_asking import get, post, send

from harvester.demo.exchange import Answer, Request
from harvester.demo.faults import VirtualClock
from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.github_limits import Limits
from harvester.demo.wire import Service
from harvester.demo.world import World

LANTERN = "/repos/wren-hollow/lantern"
VIEWER = "{ viewer { login } }"
WIDE = """{ repository(owner: "wren-hollow", name: "lantern") { pullRequests(first: 100) { nodes {
    reviews(first: 30) { nodes { comments(first: 9) { totalCount } } } } } } rateLimit { cost } }"""


@pytest.fixture
def world(bare_world: World) -> World:
    return bare_world


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 24, tzinfo=UTC))


def github_of(world: World, limits: Limits, **token: Any) -> GitHub:
    """A GitHub with these limits, and two users."""
    tokens = {"demo": Token("wren-hollow", **token), "other": Token("amber-badger")}
    return GitHub(world, tokens=tokens, limits=limits, clock=limits.clock)


def statuses(github: GitHub, count: int, path: str = LANTERN) -> list[int]:
    return [get(github, path).status for _ in range(count)]


def timed(github: GitHub, path: str, takes: float, in_flight: int = 1) -> Answer:
    """Ask as a service does whose answers take a while."""
    asked = Request("GET", path, headers={"user-agent": "tests", "authorization": "Bearer demo"})
    return github.answer(replace(asked, takes=takes, in_flight=in_flight))


@pytest.mark.parametrize("status", [403, 429])
def test_an_hour_is_used_up_until_it_is_over(world: World, clock: VirtualClock, status: Any) -> None:
    limits = Limits(clock, primary_status=status)
    github = github_of(world, limits, limit=2)
    assert statuses(github, 3) == [200, 200, status]
    refused = get(github, LANTERN)
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert "Retry-After" not in refused.headers
    assert int(refused.headers["X-RateLimit-Reset"]) == clock().timestamp() + 3600
    assert json.loads(refused.body)["message"] == "API rate limit exceeded for user ID wren-hollow."
    assert get(github, LANTERN, token="other").status == 200
    clock.advance(timedelta(hours=1))
    assert statuses(github, 1) == [200]
    assert limits.refusals == {"primary core": 2}


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("RATE_LIMIT", {"type": "RATE_LIMIT", "code": "graphql_rate_limit",
                        "message": "API rate limit already exceeded for user ID wren-hollow."}),
        ("RATE_LIMITED", {"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID wren-hollow."}),
    ],
)  # fmt: skip
def test_used_up_points_are_an_error_with_status_200(
    world: World, clock: VirtualClock, kind: Any, error: dict[str, str]
) -> None:
    limits = Limits(clock, graphql_type=kind)
    github = github_of(world, limits, graphql_limit=1)
    assert "data" in json.loads(send(github, VIEWER).body)
    refused = send(github, VIEWER)
    assert (refused.status, json.loads(refused.body)) == (200, {"errors": [error]})
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    clock.advance(timedelta(hours=1))
    assert "data" in json.loads(send(github, VIEWER).body)
    assert limits.refusals == {"primary graphql": 1}


def test_searches_have_a_minute_of_their_own(world: World, clock: VirtualClock) -> None:
    github = github_of(world, Limits(clock))
    answers = [get(github, "/search/issues?q=x") for _ in range(31)]
    assert [answer.status for answer in answers] == [404] * 30 + [403]
    assert (answers[0].headers["X-RateLimit-Resource"], answers[0].headers["X-RateLimit-Limit"]) == ("search", "30")
    assert statuses(github, 1) == [200]
    clock.advance(timedelta(minutes=1))
    assert get(github, "/search/issues?q=x").status == 404


def test_asking_for_the_limits_is_free(world: World, clock: VirtualClock) -> None:
    github = github_of(world, Limits(clock, secondary=True, rest_points_a_minute=1))
    assert statuses(github, 5, "/rate_limit") == [200] * 5
    said = json.loads(get(github, "/rate_limit").body)["resources"]
    assert {name: (each["limit"], each["used"]) for name, each in said.items()} == {
        "core": (5_000, 0),
        "graphql": (5_000, 0),
        "search": (30, 0),
    }


@pytest.mark.parametrize(("status", "retry_after"), [(403, 60), (429, 60), (403, None), (429, None), (403, 7)])
def test_too_many_points_a_minute_draw_a_ban(
    world: World, clock: VirtualClock, status: Any, retry_after: int | None
) -> None:
    limits = Limits(clock, secondary=True, rest_points_a_minute=3, secondary_status=status, retry_after=retry_after)
    github = github_of(world, limits)
    assert statuses(github, 3) == [200] * 3
    refused = get(github, LANTERN)
    assert refused.status == status
    assert refused.headers.get("Retry-After") == (None if retry_after is None else str(retry_after))
    assert int(refused.headers["X-RateLimit-Remaining"]) > 0
    assert "secondary rate limit" in json.loads(refused.body)["message"]
    assert limits.refusals == {"rest points": 1}
    clock.advance(timedelta(seconds=61))
    assert statuses(github, 1) == [200]


def test_nine_hundred_requests_a_minute_are_fine_and_one_more_is_not(world: World, clock: VirtualClock) -> None:
    limits = Limits(clock, secondary=True)
    assert statuses(github_of(world, limits), 901) == [200] * 900 + [403]


def test_a_minute_slides(world: World, clock: VirtualClock) -> None:
    github = github_of(world, Limits(clock, secondary=True, rest_points_a_minute=2))
    for _ in range(6):
        assert statuses(github, 1) == [200]
        clock.advance(timedelta(seconds=30))
    assert statuses(github, 2) == [200, 403]


def test_going_on_while_limited_makes_the_ban_longer(world: World, clock: VirtualClock) -> None:
    limits = Limits(clock, secondary=True, rest_points_a_minute=1)
    github = github_of(world, limits)
    assert statuses(github, 2) == [200, 403]
    for _ in range(3):
        clock.advance(timedelta(seconds=59))
        assert (statuses(github, 1), send(github, VIEWER).status) == ([403], 403)
    assert limits.refusals == {"rest points": 1, "going on": 6}
    assert get(github, LANTERN, token="other").status == 200
    clock.advance(timedelta(seconds=61))
    assert statuses(github, 1) == [200]


def test_a_query_is_one_secondary_point_whatever_it_costs(world: World, clock: VirtualClock) -> None:
    limits = Limits(clock, secondary=True, graphql_points_a_minute=3)
    github = github_of(world, limits)
    answers = [send(github, WIDE) for _ in range(4)]
    assert json.loads(answers[0].body)["data"]["rateLimit"]["cost"] == 31
    assert [answer.status for answer in answers] == [200, 200, 200, 403]
    assert limits.refusals == {"graphql points": 1}


def test_rest_and_graphql_have_points_of_their_own(world: World, clock: VirtualClock) -> None:
    github = github_of(world, Limits(clock, secondary=True, rest_points_a_minute=1, graphql_points_a_minute=1))
    assert (get(github, LANTERN).status, send(github, VIEWER).status) == (200, 200)


def test_what_writes_counts_five_points(world: World, clock: VirtualClock) -> None:
    github = github_of(world, Limits(clock, secondary=True, rest_points_a_minute=9))
    assert [post(github, LANTERN).status for _ in range(2)] == [404, 403]


def test_the_time_that_answers_take_is_cpu(world: World, clock: VirtualClock) -> None:
    limits = Limits(clock, secondary=True)
    github = github_of(world, limits)
    assert [timed(github, LANTERN, 30).status for _ in range(4)] == [200, 200, 200, 403]
    assert limits.refusals == {"cpu": 1}
    clock.advance(timedelta(seconds=61))
    assert timed(github, LANTERN, 30).status == 200


def test_two_thirds_of_the_cpu_may_go_to_graphql_and_the_rest_to_rest(world: World, clock: VirtualClock) -> None:
    limits = Limits(clock, secondary=True, seconds=20)
    github = github_of(world, limits)
    assert [send(github, VIEWER).status for _ in range(3)] == [200] * 3
    assert statuses(github, 1) == [200]
    assert send(github, VIEWER).status == 403
    assert limits.refusals == {"graphql cpu": 1}
    limits = Limits(clock, secondary=True, seconds=20)
    assert statuses(github_of(world, limits), 5) == [200] * 4 + [403]


def test_a_hundred_at_once_are_fine_and_one_more_is_not(world: World, clock: VirtualClock) -> None:
    limits = Limits(clock, secondary=True)
    github = github_of(world, limits)
    assert [timed(github, LANTERN, 0, in_flight=n).status for n in (100, 101)] == [200, 403]
    assert limits.refusals == {"at once": 1}


def test_requests_at_once_are_counted_over_both_apis(world: World, clock: VirtualClock) -> None:
    limits = Limits(clock, secondary=True, at_once=1)
    headers = {"Authorization": "Bearer demo"}
    with Service(github_of(world, limits), latency=0.3).listen() as service:
        slow = threading.Thread(target=lambda: requests.get(service.url + LANTERN, headers=headers, timeout=9))
        slow.start()
        while not service.busiest:
            time.sleep(0.01)
        said = requests.post(f"{service.url}/graphql", json={"query": VIEWER}, headers=headers, timeout=9)
        slow.join()
    assert said.status_code == 403
    assert limits.refusals == {"at once": 1}


def test_without_secondary_limits_nobody_is_too_fast(world: World, clock: VirtualClock) -> None:
    assert set(statuses(github_of(world, Limits(clock)), 950)) == {200}


def test_a_304_costs_nothing_of_the_hour_and_counts_in_the_minute(world: World, clock: VirtualClock) -> None:
    github = github_of(world, Limits(clock, secondary=True, rest_points_a_minute=3))
    tag = get(github, LANTERN).headers["ETag"]
    again = [get(github, LANTERN, if_none_match=tag) for _ in range(3)]
    assert [(answer.status, answer.headers["X-RateLimit-Used"]) for answer in again] == [
        (304, "1"),
        (304, "1"),
        (403, "1"),
    ]
