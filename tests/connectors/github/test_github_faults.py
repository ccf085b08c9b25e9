"""Every kind of fault, once in the middle of every stream: what it costs, and that the next harvest has the truth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from github_harvest import TODAY, Harvester

from connectors.errors import AuthFailed, ConnectorError, Gone, Malformed, NotPermitted, RateLimited
from connectors.github import GIVEN, NO_REVIEWS, SPECS
from harvester.demo import faults
from harvester.demo.github import GitHub
from harvester.demo.github_limits import Limits
from harvester.demo.life import build
from harvester.demo.things import Traffic
from harvester.demo.wire import Service
from harvester.demo.world import World

OWN = ("wren-hollow/*",)
RETRY = timedelta(seconds=60)  # of the fakes' Retry-After
RESET = timedelta(seconds=900)  # of their hourly limits

# Where in the middle of a stream the fault strikes: the n-th request that looks so. Some streams ask twice at once.
PLACES: dict[str, tuple[str, int]] = {
    "repository": ("query PulseOfOwner", 1),
    "stars": (r"stargazers/history\?page=2", 1),
    "stars_by_level": ("stargazers/history", 1),
    "forks": ("query Forks", 2),
    "issues": ("query Issues", 2),
    "pulls": ("query Pulls", 2),
    "discussions": ("query Discussions", 2),
    "releases": ("query Releases", 2),
    "traffic": ("traffic/views", 1),
    "referrers": ("popular/paths", 1),
    "given": ("query GivenComments", 2),
}
# The same without a token, where everything is a list of REST.
ANONYMOUS: dict[str, tuple[str, int]] = {
    "repository": (r"GET /repos/[^/]+/[^/?]+$", 1),
    "forks": ("/forks", 2),
    "issues": (r"/issues\?", 2),
    "pulls": (r"/pulls\?", 2),
    "releases": ("/releases", 1),
}

PASSING = {
    "500", "502 html", "503", "504", "reset", "truncated", "trickle", "silence", "bad json", "graphql partial",
    "graphql resource limits", "graphql timeout",
}  # fmt: skip
LIMITED = {
    "secondary 403": RETRY, "secondary 403 bare": RETRY, "secondary 429": RETRY, "secondary 429 bare": RETRY,
    "primary 403": RESET, "primary 429": RESET, "graphql rate limited": RETRY, "graphql rate limit": RETRY,
}  # fmt: skip
FINAL: dict[str, type[ConnectorError]] = {
    "401": AuthFailed, "403": NotPermitted, "404": Gone, "422": Malformed, "451": Gone, "html 200": Malformed,
    "empty 200": Malformed, "wrong shape": Malformed,
}  # fmt: skip
ODD = {"410", "301 elsewhere"}
NEVER_ENDING = {"trickle", "silence"}


def test_every_kind_of_fault_is_expected_to_do_something() -> None:
    assert set(faults.KINDS) == PASSING | set(LIMITED) | set(FINAL) | ODD


def test_every_stream_has_a_place_to_be_hit() -> None:
    assert set(PLACES) == {spec.name for spec in (*SPECS, GIVEN)}


@pytest.fixture(scope="module")
def hub() -> GitHub:
    """A world that no test changes."""
    world = crowded()
    return GitHub(world, clock=lambda: world.now)


@pytest.fixture
def service(hub: GitHub) -> Iterator[Service[GitHub]]:
    """At an address of its own, with limits unused."""
    hub.limits = Limits(hub.limits.clock)
    with Service(hub).listen() as running:
        yield running


def crowded() -> World:
    """One repository in which every list has more than a page, and as little else as possible."""
    world = build(TODAY, start=TODAY - timedelta(days=1), plans=())
    repo = world.create(world.person, "crowd", at=world.now - timedelta(days=320))
    world.enable_discussions(repo)
    other = world.create(world.new_account("others", "Organization"), "elsewhere", at=repo.created_at)
    other.maintained = False
    people = [world.new_account(f"person-{n}") for n in range(3)]
    abroad = world.open_issue(other, people[0], at=repo.created_at)
    for n in range(130):
        at, who = repo.created_at + timedelta(days=2, hours=n), people[n % 3]
        world.star(repo, at=at + timedelta(days=n))
        issue = world.open_issue(repo, who, at=at)
        world.comment(issue, people[(n + 1) % 3], at + timedelta(minutes=1))
        pull = world.open_pull(repo, who, at=at)
        if n % 5 == 0:
            world.review(pull, people[(n + 1) % 3], "APPROVED", at + timedelta(minutes=2), inline=1)
        world.comment(abroad, world.person, at)
        if n % 3 == 0:
            said = world.comment_discussion(world.open_discussion(repo, who, at=at), people[(n + 2) % 3], at)
            world.choose_answer(said, at + timedelta(minutes=5))
            world.fork(repo, who, at)
        world.fork(repo, people[(n + 1) % 3], at + timedelta(minutes=1))
        if n % 5 == 0:
            world.download(world.release(repo, f"v{n}", "tool.zip", at=at).assets[0], n)
    world.visit(repo, TODAY, Traffic(views=9, visitors=4, clones=2, cloners=1))
    world.refer(repo, {"Google": 5}, {"": 7})
    return world


@pytest.fixture
def patient(service: Service[GitHub]) -> tuple[Harvester, list[float]]:
    """A harvester to whom waiting costs nothing, and how long it was asked to wait."""
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return False

    context: dict[str, Any] = {"wait": wait, "timeout": timedelta(seconds=5)}
    return Harvester(service, repos=OWN, context=context), waits


def metrics_of(stream: str) -> set[str]:
    if stream == "given":
        return {f"given {metric.name}" for metric in GIVEN.metrics}
    # Here only issues have comments.
    left_out = {"issue_comments"} if stream == "pulls" else set()
    return {metric.name for spec in SPECS if spec.name == stream for metric in spec.metrics} - left_out


def wrong_in(harvester: Harvester, stream: str) -> dict[str, Any]:
    unread = set() if harvester.tokens else {"pull_reviews"}
    metrics = metrics_of(stream) - unread
    return {name: rows for name, rows in harvester.differences().items() if name in metrics}


def streams_for(stream: str) -> tuple[str, ...]:
    return ("stars", "stars_by_level") if stream == "stars_by_level" else (stream,)


def is_possible(kind: str, place: str) -> bool:
    return "graphql" not in kind or "query" in place


CASES = [(kind, stream) for stream, (place, _) in PLACES.items() for kind in faults.KINDS if is_possible(kind, place)]
REST_CASES = [(kind, stream) for stream in ANONYMOUS for kind in faults.KINDS if "graphql" not in kind]


@pytest.mark.parametrize(("kind", "stream"), CASES)
def test_a_fault_is_named_and_the_next_harvest_has_the_truth(
    service: Service[GitHub], patient: tuple[Harvester, list[float]], kind: str, stream: str
) -> None:
    strike(service, *patient, kind, stream, *PLACES[stream])


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "stream"), REST_CASES)
def test_so_it_is_without_a_token(
    service: Service[GitHub], patient: tuple[Harvester, list[float]], kind: str, stream: str
) -> None:
    harvester, waits = patient
    harvester.tokens = ()
    strike(service, harvester, waits, kind, stream, *ANONYMOUS[stream])


def strike(
    service: Service[GitHub], harvester: Harvester, waits: list[float], kind: str, stream: str, place: str, nth: int
) -> None:
    began = harvester.clock()
    is_primary = kind.startswith("primary")
    fault = faults.primary_limit(int(kind[-3:]), clock=harvester.clock) if is_primary else faults.KINDS[kind]()  # type: ignore[arg-type]
    service.faults.inject(fault, place, nth=nth)
    if kind in NEVER_ENDING:
        harvester.context["timeout"] = timedelta(seconds=0.3)  # type: ignore[index]
    errors = harvester.read(*streams_for(stream))
    assert service.faults.hits == 1
    told = [error for error in (*errors, *harvester.problems) if error is not NO_REVIEWS]
    if kind in PASSING:
        # It is over before the harvest is, and nobody needs to hear of it.
        assert told == []
        assert sum(waits) <= 10
        assert wrong_in(harvester, stream) == {}
    elif kind in LIMITED:
        limits = [error for error in told if isinstance(error, RateLimited)]
        assert limits
        # Nothing waits here, and nobody is told to wait for longer than GitHub asked.
        assert waits == []
        assert all(began < error.retry_at <= began + LIMITED[kind] for error in limits)
    elif kind in FINAL:
        expected = FINAL[kind]
        assert [type(error) for error in told if isinstance(error, expected)] or (kind, stream) in QUIET
        # Nothing of this gets better by asking again.
        assert waits == []
        assert service.faults.seen == nth
    harvester.ahead += RESET
    assert harvester.read(*streams_for(stream)) == []
    assert wrong_in(harvester, stream) == {}


# Where it is no failure: a star history that is not there is counted by levels.
QUIET = {("404", "stars_by_level")}


@pytest.mark.parametrize("stream", [stream for stream, (place, _) in PLACES.items() if "query" in place])
def test_a_list_that_was_cut_off_in_silence_is_made_good_the_day_after(
    service: Service[GitHub], patient: tuple[Harvester, list[float]], stream: str
) -> None:
    harvester, _ = patient
    place, nth = PLACES[stream]
    service.faults.inject(faults.cut_list(), place, nth=nth)
    harvester.read(*streams_for(stream))
    assert service.faults.hits == 1
    harvester.ahead += timedelta(days=1)
    assert harvester.read(*streams_for(stream)) == []
    assert wrong_in(harvester, stream) == {}
