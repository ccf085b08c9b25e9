from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import requests

from harvester.demo import faults
from harvester.demo.faults import KINDS, SILENT, VirtualClock
from harvester.demo.server import Servers
from harvester.demo.world import World

LANTERN = "/repos/wren-hollow/lantern"
STATUS = {
    "500": 500, "502 html": 502, "503": 503, "504": 504, "bad json": 200, "html 200": 200, "empty 200": 200,
    "wrong shape": 200,
    "secondary 403": 403, "secondary 403 bare": 403, "secondary 429": 429, "secondary 429 bare": 429,
    "primary 403": 403, "primary 429": 429, "401": 401, "403": 403, "404": 404, "410": 410, "422": 422, "451": 451,
    "graphql partial": 200, "graphql resource limits": 200, "graphql timeout": 200, "graphql rate limited": 200,
    "graphql rate limit": 200,
}  # fmt: skip
ELSEWHERE = "301 elsewhere"  # whose client asks again by itself
WIRE = {"reset", "truncated", "trickle", "silence"}


@pytest.fixture
def world(still_world: World) -> World:
    """Nothing here changes the world."""
    return still_world


def test_every_kind_is_covered_here() -> None:
    assert set(KINDS) == set(STATUS) | WIRE | {ELSEWHERE}


@pytest.mark.parametrize("kind", STATUS)
def test_fault_answers_with_its_status_and_only_once(servers: Servers, http: requests.Session, kind: str) -> None:
    servers.github.faults.inject(KINDS[kind](), LANTERN)
    assert http.get(servers.github.url + LANTERN).status_code == STATUS[kind]
    assert servers.github.faults.hits == 1
    assert http.get(servers.github.url + LANTERN).json()["name"] == "lantern"


def test_only_the_nth_matching_request_is_hit(servers: Servers, http: requests.Session) -> None:
    servers.github.faults.inject(faults.status(500), r"GET .*/issues\?.*page=", nth=2, times=2)
    urls = [f"{servers.github.url}{LANTERN}/issues?page={n}" for n in (1, 2, 3, 4)]
    assert http.get(servers.github.url + LANTERN).status_code == 200
    assert [http.get(url).status_code for url in urls] == [200, 500, 500, 200]


def test_cleared_faults_hit_no_more(servers: Servers, http: requests.Session) -> None:
    servers.github.faults.inject(faults.status(500), times=9)
    servers.github.faults.clear()
    assert http.get(servers.github.url + LANTERN).status_code == 200


def test_reset_is_a_connection_error(servers: Servers, http: requests.Session) -> None:
    servers.github.faults.inject(KINDS["reset"]())
    with pytest.raises(requests.ConnectionError, match="reset"):
        http.get(servers.github.url + LANTERN)


def test_truncated_body_is_shorter_than_announced(servers: Servers, http: requests.Session) -> None:
    servers.github.faults.inject(KINDS["truncated"]())
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        http.get(servers.github.url + LANTERN)


def test_trickle_outlasts_every_read_timeout(servers: Servers, http: requests.Session) -> None:
    servers.github.faults.inject(KINDS["trickle"]())
    started = time.monotonic()
    with http.get(servers.github.url + LANTERN, timeout=0.5, stream=True) as answer:
        received = next(answer.iter_content(4))
        assert answer.status_code == 200
    assert received
    assert time.monotonic() - started < 5


def test_silence_is_a_read_timeout(servers: Servers, http: requests.Session) -> None:
    servers.github.faults.inject(KINDS["silence"]())
    with pytest.raises(requests.ReadTimeout):
        http.get(servers.github.url + LANTERN, timeout=0.2)


def test_html_under_a_json_type_and_half_a_json_cannot_be_read(servers: Servers, http: requests.Session) -> None:
    for kind in ("html 200", "bad json", "empty 200"):
        servers.github.faults.inject(KINDS[kind]())
        answer = http.get(servers.github.url + LANTERN)
        assert answer.headers["Content-Type"].startswith("application/json")
        with pytest.raises(requests.exceptions.JSONDecodeError):
            answer.json()


def test_secondary_limit_comes_with_and_without_retry_after(servers: Servers, http: requests.Session) -> None:
    for retry_after, expected in ((7, "7"), (None, None)):
        servers.github.faults.inject(faults.secondary_limit(429, retry_after=retry_after), LANTERN)
        answer = http.get(servers.github.url + LANTERN)
        assert answer.headers.get("Retry-After") == expected
        assert int(answer.headers["X-RateLimit-Remaining"]) > 0
        servers.github.faults.clear()


def test_primary_limit_says_when_it_ends(servers: Servers, http: requests.Session) -> None:
    clock = VirtualClock(datetime(2026, 11, 24, tzinfo=UTC))
    servers.github.faults.inject(faults.primary_limit(reset_in=5, clock=clock))
    answer = http.get(servers.github.url + LANTERN)
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert int(answer.headers["X-RateLimit-Reset"]) == clock().timestamp() + 5


@pytest.mark.parametrize(
    ("kind", "type_", "message"),
    [
        ("graphql partial", "SERVICE_UNAVAILABLE", "Something went wrong while executing your query."),
        ("graphql resource limits", "RESOURCE_LIMITS_EXCEEDED", "Resource limits for this query exceeded."),
        ("graphql timeout", None, "This may be the result of a timeout"),
    ],
)
def test_graphql_partial_keeps_the_rest_of_the_data(
    servers: Servers, http: requests.Session, kind: str, type_: str | None, message: str
) -> None:
    query = '{ a: repository(owner: "wren-hollow", name: "lantern") { name } b: viewer { login } rateLimit { cost } }'
    servers.github.faults.inject(KINDS[kind](), "POST /graphql")
    answer = http.post(f"{servers.github.url}/graphql", json={"query": query}).json()
    assert answer["data"] == {"a": {"name": "lantern"}, "b": None, "rateLimit": {"cost": 1}}
    assert answer["errors"][0]["path"] == ["b"]
    assert answer["errors"][0].get("type") == type_
    assert message in answer["errors"][0]["message"]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("graphql rate limited", {"type": "RATE_LIMITED"}),
        ("graphql rate limit", {"code": "graphql_rate_limit", "type": "RATE_LIMIT"}),
    ],
)
def test_graphql_has_two_names_for_a_used_up_hour(
    servers: Servers, http: requests.Session, kind: str, error: dict[str, str]
) -> None:
    servers.github.faults.inject(KINDS[kind](), "POST")
    answer = http.post(f"{servers.github.url}/graphql", json={"query": "{ viewer { login } }"}).json()
    assert "data" not in answer
    assert {name: text for name, text in answer["errors"][0].items() if name != "message"} == error


def test_a_query_is_hit_by_what_it_asks_for(servers: Servers, http: requests.Session) -> None:
    github = servers.github
    for pattern in (r"POST /graphql\n.*query Second\b", '"operationName": "Third"', r"\$n.*\"n\": 7"):
        github.faults.inject(faults.status(500), pattern)

    def status(query: str, **more: object) -> int:
        return http.post(f"{github.url}/graphql", json={"query": query, **more}).status_code

    login = "{ viewer { login } }"
    assert [status(f"query {name} {login}") for name in ("First", "Second", "Second")] == [200, 500, 200]
    both = f"query First {login} query Third {login}"
    assert [status(both, operationName=name) for name in ("First", "Third")] == [200, 500]
    counted = "query($n: Int!) { viewer { repositories(first: $n) { totalCount } } }"
    assert [status(counted, variables={"n": n}) for n in (6, 7)] == [200, 500]
    assert github.faults.hits == 3


def test_a_list_becomes_an_object_and_an_object_a_list(servers: Servers, http: requests.Session) -> None:
    servers.github.faults.inject(KINDS["wrong shape"](), times=2)
    assert isinstance(http.get(f"{servers.github.url}{LANTERN}/issues").json(), dict)
    assert isinstance(http.get(servers.github.url + LANTERN).json(), list)


def test_a_list_that_is_cut_off_is_short_and_names_no_next_page(servers: Servers, http: requests.Session) -> None:
    servers.github.faults.inject(SILENT["cut-off list"](), times=2)
    url = f"{servers.github.url}{LANTERN}/issues?state=all&per_page=20"
    cut, query = (
        http.get(url),
        """{ repository(owner: "wren-hollow", name: "lantern") { name
        issues(first: 20) { totalCount pageInfo { hasNextPage } nodes { number } } } }""",
    )
    assert (len(cut.json()), cut.links) == (10, {})
    told = http.post(f"{servers.github.url}/graphql", json={"query": query}).json()["data"]["repository"]
    assert (told["name"], len(told["issues"]["nodes"]), told["issues"]["pageInfo"]) == (
        "lantern",
        10,
        {"hasNextPage": False},
    )
    whole = http.get(url)
    assert (len(whole.json()), "next" in whole.links) == (20, True)


def test_a_repository_may_turn_into_another_in_the_middle(
    world: World, servers: Servers, http: requests.Session
) -> None:
    other = world.repos[1]
    for path in (
        f"{LANTERN}/issues?state=all&page=2",
        f"/api/v3/repositories/{world.repos[0].id}/issues?state=all&page=2",
    ):
        servers.github.faults.clear()
        servers.github.faults.inject(faults.moved(other.id), "page=2")
        answer = http.get(servers.github.url + path)
        assert answer.history[0].status_code == 301
        assert answer.url.endswith(f"/repositories/{other.id}/issues?state=all&page=2")
        assert answer.json()[0]["repository_url"].endswith(other.full_name)


def test_a_move_to_nowhere_is_not_found(servers: Servers, http: requests.Session) -> None:
    servers.github.faults.inject(KINDS[ELSEWHERE](), LANTERN)
    assert http.get(f"{servers.github.url}{LANTERN}/issues").status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_faults_of_every_service_are_its_own(servers: Servers, http: requests.Session, kind: str) -> None:
    servers.blog.faults.inject(KINDS[kind]())
    assert http.get(servers.github.url + LANTERN).status_code == 200
    assert servers.blog.faults.hits == 0


def test_fault_on_something_that_is_not_json_still_answers(servers: Servers, http: requests.Session) -> None:
    make: Callable[[], faults.Fault] = KINDS["graphql partial"]
    servers.github.faults.inject(make(), "POST")
    answer = http.post(f"{servers.github.url}/graphql", json={"query": "{ viewer { login } }"})
    assert json.loads(answer.content)["data"] == {"viewer": None}
