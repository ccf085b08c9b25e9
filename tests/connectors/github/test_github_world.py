"""Whole harvests of a made-up world, compared with what really happened in it, day by day."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Batch, Context, Meter, Observation, Secret
from connectors.errors import ConnectorError, NotPermitted, RateLimited
from connectors.github import CONNECTOR, SPECS, GithubConfig
from connectors.http import Http
from harvester.demo import faults
from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.github_lists import Paging
from harvester.demo.life import PLANS, build
from harvester.demo.things import Traffic
from harvester.demo.truth import truth_of
from harvester.demo.wire import Service
from harvester.demo.world import World

TODAY = date(2026, 11, 24)
EVENTS = (
    "issues_opened",
    "issues_closed",
    "issue_comments",
    "pulls_opened",
    "pulls_merged",
    "pull_reviews",
    "review_comments",
)
LEVELS = ("stargazers", "watchers", "forks")
TRAFFIC = ("traffic_views", "traffic_visitors", "traffic_clones", "traffic_cloners")
PARTS = ("release_downloads", "referrer_views", "path_views")
REPOS = ("wren-hollow/*", "saltmarsh-dev/fieldguide")


@dataclass(slots=True)
class Harvester:
    """Keeps what the store would: the newest revision of each fact, and cursors that moved with them."""

    service: Service[GitHub]
    repos: tuple[str, ...] = REPOS
    token: str | None = "demo"
    suffix: str = ""
    ahead: timedelta = timedelta(0)
    facts: dict[tuple[str, str, str], Observation] = field(default_factory=dict)
    cursors: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    meter: Meter = field(default_factory=Meter)
    changed: int = 0
    problems: list[ConnectorError] = field(default_factory=list)
    rejects: int = 0

    def clock(self) -> datetime:
        return self.service.app.world.now + self.ahead

    def read(self, *, cut: random.Random | None = None) -> list[ConnectorError]:
        """Read every stream once; the errors that ended some. `cut`: goes away in the middle now and then."""
        token = None if self.token is None else Secret("env:T", lambda: str(self.token))
        config = GithubConfig(
            repos=self.repos, token=token, api_url=self.service.url + self.suffix, user="wren-hollow"
        )
        context = Context(
            source="work",
            http=Http(),
            clock=self.clock,
            allow_private=True,
            timeout=timedelta(seconds=1),
            meter=self.meter,
        )
        errors: list[ConnectorError] = []
        self.problems.clear()
        for stream in CONNECTOR.open(config, context):
            held: list[Batch] = []
            batches = stream.read(dict(self.cursors.get(stream.spec.name, {})))
            try:
                for batch in batches if cut is None else itertools.islice(batches, cut.randrange(6)):
                    self.problems += batch.problems
                    held.append(batch)
                    if batch.checkpoint is not None:
                        self._seal(stream.spec.name, held)
            except ConnectorError as error:
                errors.append(error)
            batches.close()  # type: ignore[attr-defined]
        return errors

    def _seal(self, stream: str, held: list[Batch]) -> None:
        for batch in held:
            self.names |= {subject.id: subject.name for subject in batch.subjects}
            self.rejects += len(batch.rejects)
            for fact in batch.observations:
                key = (fact.metric, fact.subject, fact.key)
                known = self.facts.get(key)
                if known is None or (known.value, known.actor, known.attrs) != (fact.value, fact.actor, fact.attrs):
                    self.changed += 1
                self.facts[key] = fact
        self.cursors.setdefault(stream, {}).update(held[-1].checkpoint or {})
        held.clear()

    def days(self, metric: str) -> dict[tuple[str, date], int]:
        """Totals by repository and day."""
        sums: Counter[tuple[str, date]] = Counter()
        for (name, subject, key), fact in self.facts.items():
            if name == metric and fact.value:
                day = date.fromisoformat(key) if metric in ("stars", *TRAFFIC) else fact.occurred_at.date()
                sums[self.names[subject], day] += int(fact.value)
        return dict(sums)

    def differences(self) -> dict[str, Any]:
        """Metrics that do not agree with what happened."""
        truth = truth_of(self.service.app.world)
        wrong: dict[str, Any] = {
            metric: (self.days(metric), truth.days.get(metric, {}))
            for metric in ("stars", *EVENTS, *TRAFFIC)
            if self.days(metric) != dict(truth.days.get(metric, {}))
        }
        today = self.clock().date().isoformat()
        for metric in LEVELS:
            told = {
                self.names[subject]: fact.value
                for (name, subject, key), fact in self.facts.items()
                if (name, key) == (metric, today)
            }
            if told != truth.levels[metric]:
                wrong[metric] = (told, truth.levels[metric])
        parts = {
            self.names[subject]: fact.value
            for (name, subject, key), fact in self.facts.items()
            if name in PARTS and key == today
        }
        if parts != parts_of(self.service.app.world):
            wrong["parts"] = (parts, parts_of(self.service.app.world))
        return wrong


def parts_of(world: World) -> dict[str, int]:
    """What is counted of a repository's files, referrers and pages, by their names."""
    found: dict[str, int] = {}
    for repo in world.repos:
        found |= {f"{repo.full_name} from {name}": views for name, views in repo.referrers.items()}
        found |= {f"{repo.full_name} at {path or '/'}": views for path, views in repo.paths.items()}
        for release in repo.releases:
            found |= {f"{repo.full_name} {release.tag} {file.name}": file.downloads for file in release.assets}
    return found


def small_world() -> World:
    return visited(build(TODAY, start=date(2026, 1, 1), plans=PLANS[:2]))


def visited(world: World) -> World:
    """The world with people who look at its repositories and download from them."""
    for n, repo in enumerate(world.repos, 1):
        for ago in (0, 1, 5, 7):
            clones = Traffic(0, 0, 3, 1) if ago == 5 else Traffic(10 * n + ago, n + 1, ago, ago and 1)
            world.visit(repo, TODAY - timedelta(days=ago), clones)
        world.refer(repo, {"Google": 30 * n, "t.co": 2}, {"": 20 * n, "/issues": 4})
        for file in world.release(repo, "v1.0", "tool.zip", "tool.whl").assets:
            world.download(file, n)
    return world


@pytest.fixture
def service() -> Iterator[Service[GitHub]]:
    world = visited(build(TODAY))
    with Service(GitHub(world, clock=lambda: world.now)).listen() as running:
        yield running


@pytest.fixture
def little() -> Iterator[Service[GitHub]]:
    world = small_world()
    with Service(GitHub(world, clock=lambda: world.now)).listen() as running:
        yield running


def test_a_harvest_equals_what_happened(service: Service[GitHub]) -> None:
    harvester = Harvester(service)
    assert harvester.read() == []
    assert harvester.differences() == {}
    assert (harvester.rejects, harvester.problems) == (0, [])


def test_a_second_harvest_changes_nothing_and_costs_little(service: Service[GitHub]) -> None:
    harvester = Harvester(service)
    harvester.read()
    harvester.changed = harvester.meter.requests = 0
    assert harvester.read() == []
    assert harvester.changed == 0
    assert harvester.meter.requests <= 13 * 3 + 1
    assert harvester.differences() == {}


def test_days_later_the_harvest_equals_what_happened_then(service: Service[GitHub]) -> None:
    harvester = Harvester(service)
    harvester.read()
    for days in (1, 3, 9):
        service.app.world.advance(days)
        assert harvester.read() == []
        assert harvester.differences() == {}


def test_actors_directions_and_bots_are_told(service: Service[GitHub]) -> None:
    harvester = Harvester(service)
    harvester.read()
    world = service.app.world
    reviews = [f for (metric, _, _), f in harvester.facts.items() if metric == "pull_reviews"]
    own = [f for f in reviews if f.attrs["direction"] == "self"]
    assert own
    assert {f.actor for f in own} == {world.person.login}
    bots = {f.actor for f in harvester.facts.values() if f.attrs.get("bot")}
    assert bots == {account.login for account in world.accounts.values() if account.type == "Bot"}
    assert any(f.actor is None for f in reviews)


@pytest.mark.parametrize("style", ["page", "cursor"])
def test_links_are_followed_in_either_style(style: Any) -> None:
    world = small_world()
    with Service(GitHub(world, paging=Paging(style, last_page=1), clock=lambda: world.now)).listen() as service:
        harvester = Harvester(service, repos=("wren-hollow/*",))
        assert harvester.read() == []
        assert harvester.differences() == {}


def test_enterprise_server_counts_stars_by_level() -> None:
    world = small_world()
    with Service(GitHub(world, has_history=False, clock=lambda: world.now)).listen() as service:
        harvester = Harvester(service, repos=("wren-hollow/*",), suffix="/api/v3")
        assert harvester.read() == []
        assert harvester.problems == []
        levels = {harvester.names[s]: f.value for (m, s, _), f in harvester.facts.items() if m == "stars"}
        assert levels == {repo.full_name: len(repo.stars) for repo in world.repos}
        assert set(harvester.differences()) == {"stars"}


def test_without_a_token_everything_but_reviews_and_traffic_is_read(little: Service[GitHub]) -> None:
    harvester = Harvester(little, repos=("wren-hollow/*",), token=None)
    assert [type(error) for error in harvester.read()] == [NotPermitted] * 3
    assert set(harvester.differences()) == {"pull_reviews", *TRAFFIC, "parts"}


def test_a_token_without_push_access_reads_everything_but_traffic(little: Service[GitHub]) -> None:
    little.app.tokens["demo"] = Token(little.app.world.person.login, frozenset({"administration"}))
    harvester = Harvester(little, repos=("wren-hollow/*",))
    errors = harvester.read()
    assert [type(error) for error in errors] == [NotPermitted] * 2
    assert all("Administration: read" in error.what for error in errors)
    assert set(harvester.differences()) == {*TRAFFIC, "parts"}


def test_a_token_that_lacks_a_right_reads_the_rest(little: Service[GitHub]) -> None:
    little.app.tokens["demo"] = Token(little.app.world.person.login, frozenset({"pull_requests"}))
    harvester = Harvester(little, repos=("wren-hollow/*",))
    errors = harvester.read()
    assert [type(error) for error in errors] == [NotPermitted] * 3
    assert all("Pull requests: read" in error.what for error in errors)
    assert set(harvester.differences()) == {"pulls_opened", "pulls_merged", "pull_reviews", "review_comments"}


def test_a_rename_between_two_harvests_keeps_the_subject(little: Service[GitHub]) -> None:
    world = little.app.world
    harvester = Harvester(little, repos=tuple(repo.full_name for repo in world.repos))
    harvester.read()
    before = set(harvester.names)
    world.rename(world.repos[0], "renamed")
    assert harvester.read() == []
    assert set(harvester.names) == before
    assert harvester.differences() == {}


@pytest.mark.parametrize("access", ["gone", "blocked"])
def test_a_repository_that_goes_away_leaves_the_others_and_its_past(little: Service[GitHub], access: Any) -> None:
    world = little.app.world
    harvester = Harvester(little, repos=tuple(repo.full_name for repo in world.repos))
    harvester.read()
    world.restrict(world.repos[0], access)
    known = len(harvester.facts)
    assert harvester.read() == []
    assert len(harvester.facts) == known
    assert {p.subject for p in harvester.problems} == {world.repos[0].full_name}


PLACES = {
    "repository": r"GET /repos/[^/]+/[^/?]+$",
    "stars": r"history\?page=2",
    "issues": r"/issues\?",
    "issue_comments": "issues/comments",
    "review_comments": "pulls/comments",
    "releases": "/releases",
    "traffic": "traffic/views",
    "referrers": "popular/paths",
    "graphql": "POST",
}
# What is no failure: issues may be switched off, and a question that GraphQL finds too large is asked again.
QUIET = {("410", place) for place in PLACES if place != "repository"} | {
    (kind, "graphql") for kind in ("502 html", "silence", "graphql partial")
}
MATRIX = [
    (kind, place)
    for kind, place in itertools.product(faults.KINDS, PLACES)
    if ("graphql" not in kind or place == "graphql") and (kind != "trickle" or place == "issues")
]


@pytest.mark.parametrize(("kind", "place"), MATRIX)
def test_after_a_fault_the_next_harvest_completes_the_truth(little: Service[GitHub], kind: str, place: str) -> None:
    harvester = Harvester(little, repos=("wren-hollow/*",))
    little.faults.inject(faults.KINDS[kind](), PLACES[place], nth=1 if place == "stars" else 2)
    errors = harvester.read()
    assert little.faults.hits == 1
    assert [*errors, *harvester.problems] or (kind, place) in QUIET
    if kind[:3] in ("sec", "pri") or kind == "graphql rate limited":
        assert any(isinstance(error, RateLimited) for error in errors)
    assert harvester.read() == []
    assert harvester.differences() == {}


@pytest.mark.parametrize("seed", range(12))
def test_cut_anywhere_and_resumed_the_truth_is_reached(little: Service[GitHub], seed: int) -> None:
    harvester, rng = Harvester(little, repos=("wren-hollow/*",)), random.Random(seed)
    for _ in range(6):
        harvester.read(cut=rng)
        little.app.world.advance(rng.randrange(2))
    assert harvester.read() == []
    assert harvester.differences() == {}


def test_every_metric_of_the_connector_is_compared() -> None:
    declared = {metric.name for spec in SPECS for metric in spec.metrics}
    assert declared == {"stars", *EVENTS, *LEVELS, *TRAFFIC, *PARTS}
