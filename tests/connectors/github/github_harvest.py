"""A harvest of the fake GitHub: what the store would keep of it, and how that differs from what really happened."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from connectors.base import Batch, Context, Kind, Listing, Meter, Observation, Secret, Stream
from connectors.errors import ConnectorError
from connectors.github import CONNECTOR, GIVEN, SPECS, GithubConfig
from connectors.http import Http
from harvester.demo.github import GitHub
from harvester.demo.life import PLANS, build
from harvester.demo.things import Traffic
from harvester.demo.truth import truth_of
from harvester.demo.wire import Service
from harvester.demo.world import World

TODAY = date(2026, 11, 24)
METRICS = {metric.name: metric for spec in (*SPECS, GIVEN) for metric in spec.metrics if metric.name != "stars"}
EVENTS = tuple(name for name, metric in METRICS.items() if metric.kind is Kind.EVENT)
TRAFFIC = tuple(name for name, metric in METRICS.items() if metric.kind is Kind.DAILY)
LEVELS = tuple(name for name, metric in METRICS.items() if metric.kind is Kind.LEVEL)
REPOS = ("wren-hollow/*", "saltmarsh-dev/fieldguide")

Fact = tuple[str, str, str]


@dataclass(slots=True)
class Harvester:
    """Keeps what the store would: the newest revision of each fact, and cursors that moved with them."""

    service: Service[GitHub]
    repos: tuple[str, ...] = REPOS
    tokens: tuple[str, ...] = ("demo",)
    suffix: str = ""
    ahead: timedelta = timedelta(0)
    config: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    facts: dict[Fact, Observation] = field(default_factory=dict)
    cursors: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    meter: Meter = field(default_factory=Meter)
    changed: int = 0
    vanished: list[tuple[Fact, str]] = field(default_factory=list)
    problems: list[ConnectorError] = field(default_factory=list)
    rejects: list[str] = field(default_factory=list)

    def clock(self) -> Any:
        return self.service.app.world.now + self.ahead

    def streams(self) -> Iterator[Stream]:
        """The streams of the source, opened anew."""
        secrets = [Secret(f"env:T{n}", lambda token=token: token) for n, token in enumerate(self.tokens)]  # type: ignore[misc]
        config = GithubConfig(
            **{
                "repos": self.repos,
                "token": secrets[0] if secrets else None,
                "tokens": tuple(secrets[1:]),
                "api_url": self.service.url + self.suffix,
                "user": "wren-hollow",
                **self.config,
            }
        )
        context = Context(
            **{
                "source": "work",
                "http": Http(),
                "clock": self.clock,
                "allow_private": True,
                "timeout": timedelta(seconds=1),
                "meter": self.meter,
                **self.context,
            }
        )
        yield from CONNECTOR.open(config, context)

    def read(self, *only: str, cut: random.Random | None = None, full: bool = False) -> list[ConnectorError]:
        """Read every stream once, or those named; the errors that ended some.

        `cut`: goes away in the middle now and then.
        """
        errors: list[ConnectorError] = []
        self.problems.clear()
        for stream in self.streams():
            if only and stream.spec.name not in only:
                continue
            held: list[Batch] = []
            batches = stream.read({} if full else dict(self.cursors.get(stream.spec.name, {})))
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
            self.rejects += [f"{reject.what}: {reject.why}" for reject in batch.rejects]
            # A level and a total of days are two things, though one metric.
            more = " by level" if stream == "stars_by_level" else ""
            told = {(fact.metric + more, fact.subject, fact.key): fact for fact in batch.observations}
            for key, fact in told.items():
                self._keep(key, fact)
            for listing in batch.listings:
                self._take_back(listing, told)
        self.cursors.setdefault(stream, {}).update(held[-1].checkpoint or {})
        held.clear()

    def _keep(self, key: Fact, fact: Observation) -> None:
        known = self.facts.get(key)
        is_same = known is not None and (known.value, known.actor, known.attrs) == (
            fact.value,
            fact.actor,
            fact.attrs,
        )
        self.changed += not is_same
        self.facts[key] = fact

    def _take_back(self, listing: Listing, told: Mapping[Fact, Observation]) -> None:
        for key, fact in list(self.facts.items()):
            if (key[0], key[1]) != (listing.metric, listing.subject) or key in told or not fact.value:
                continue
            number = fact.attrs.get("number")
            is_of_it = (listing.on in (None, fact.attrs.get("on"))) and (
                listing.numbers is None or (number in listing.numbers) != listing.is_rest
            )
            if is_of_it and (listing.since is None or fact.occurred_at >= listing.since):
                self.vanished.append((key, listing.cause))
                self._keep(key, Observation(*key, fact.occurred_at, 0.0, fact.actor, fact.attrs))

    def days(self, metric: str, *, given: bool = False) -> dict[tuple[str, date], int]:
        """Totals by repository and day: what happened in the source's repositories, or what was given elsewhere."""
        sums: Counter[tuple[str, date]] = Counter()
        for (name, subject, key), fact in self.facts.items():
            if name == metric and fact.value and (fact.attrs.get("direction") == "given") == given:
                by_key = metric in ("stars", *TRAFFIC)
                day = date.fromisoformat(key) if by_key else fact.occurred_at.date()
                sums[self.names[subject], day] += int(fact.value)
        return dict(sums)

    def levels(self, metric: str) -> dict[str, float]:
        """Today's readings by name."""
        today = self.clock().date().isoformat()
        return {
            self.names[subject]: fact.value
            for (name, subject, key), fact in self.facts.items()
            if (name, key) == (metric, today)
        }

    def differences(self) -> dict[str, Any]:
        """Metrics that do not agree with what happened; those of what was given begin with "given "."""
        truth = truth_of(self.service.app.world)
        pairs: dict[str, tuple[Any, Any]] = {
            metric: (self.days(metric), truth.days.get(metric, {})) for metric in ("stars", *EVENTS, *TRAFFIC)
        }
        pairs |= {metric: (self.levels(metric), truth.levels.get(metric, {})) for metric in LEVELS}
        given = [metric.name for metric in GIVEN.metrics]
        pairs |= {f"given {name}": (self.days(name, given=True), truth.given.get(name, {})) for name in given}
        return {name: _apart(*pair) for name, pair in pairs.items() if pair[0] != pair[1]}


def _apart(told: Mapping[Any, Any], true: Mapping[Any, Any]) -> dict[Any, tuple[Any, Any]]:
    """Only where two tables differ."""
    return {key: (told.get(key), true.get(key)) for key in {*told, *true} if told.get(key) != true.get(key)}


def visited(world: World) -> World:
    """The world with people who look at its repositories and download from them, on its last days."""
    for n, repo in enumerate(world.maintained(), 1):
        for ago in (0, 1, 5, 7):
            clones = Traffic(0, 0, 3, 1) if ago == 5 else Traffic(10 * n + ago, n + 1, ago, ago and 1)
            world.visit(repo, world.now.date() - timedelta(days=ago), clones)
        world.refer(repo, {"Google": 30 * n, "t.co": 2}, {"": 20 * n, "/issues": 4})
        for file in world.release(repo, f"v9.{n}", "tool.zip", "tool.whl").assets:
            world.download(file, n)
    return world


def small_world() -> World:
    return visited(build(TODAY, start=date(2026, 1, 1), plans=PLANS[:2]))


@contextmanager
def serving(world: World, **options: Any) -> Iterator[Service[GitHub]]:
    """The world's GitHub, on a clock of the world's."""
    with Service(GitHub(world, **{"clock": lambda: world.now, **options})).listen() as running:
        yield running


def pass_time(service: Service[GitHub], by: timedelta) -> None:
    """Time in which nothing happens."""
    service.app.world.now += by
    service.app.world.version += 1
