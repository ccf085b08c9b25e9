"""A stream over many repositories: each advances by itself, and one that fails stops no other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from connectors.base import Batch, Cost, Coverage, Cursor, StreamSpec
from connectors.errors import ConnectorError, Gone, NotPermitted
from connectors.github.access import Access, Stopped
from connectors.github.asks import Asking
from connectors.github.conductor import Conductor
from connectors.github.facts import People
from connectors.github.failures import Errand
from connectors.github.planning import Forecast, costs_of
from connectors.github.pulse import Pulse
from connectors.github.repository import Repository
from connectors.github.tally import Ended, Tally
from connectors.github.visit import Reading, Visit

# The part of the cursor that is not a repository's: when all of them were last read without a failure.
WHOLE = "whole"

SHOWN = 3  # failures that coverage names


@dataclass(frozen=True, slots=True)
class Manner:
    """How one thing is read of a repository. `what`: for messages.

    `days`: whose days its coverage is told in; None: those of the configuration. `forecast`: what it would ask.
    `unread`: metrics of the stream that cannot be read that way, and `because`.
    """

    what: str
    read: Reading
    forecast: Forecast
    days: tzinfo | None = UTC
    unread: tuple[str, ...] = ()
    because: NotPermitted | None = None


@dataclass(frozen=True, slots=True)
class RepositoriesStream:
    """Reads the same thing of every repository, several at a time.

    The cursor holds the parts of each repository, under its numeric id, and WHOLE. `is_first`: of the source's
    streams, which is the one that takes the pulse.
    """

    spec: StreamSpec
    manner: Manner
    access: Access
    pulse: Pulse
    is_first: bool = False

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield what is new since cursor, repository by repository, each failure when it is met, then coverage."""
        try:
            found = self.pulse.take()
            tally, walk = Tally(problems=list(found.problems)), _Walk(self, cursor)
            conductor: Conductor[Repository, Batch] = Conductor(self.access)
            if found.problems:
                yield Batch(problems=found.problems)
            for outcome in conductor.run(found.repositories, walk.visit):
                if isinstance(outcome.result, Ended):
                    walk.end(outcome.task, is_read=tally.end(outcome.result))
                    if tally.problems[-1:] == [outcome.result.error]:
                        yield Batch(problems=tally.problems[-1:])
                else:
                    yield walk.note(outcome.task, outcome.result)
            tally.finish()
        except Stopped:
            return
        if self.is_first and not found.problems:
            yield from walk.miss(found.repositories)
        yield from walk.conclude(found.repositories, tally)

    def plan(self, cursor: Cursor) -> Sequence[Cost]:
        """What a read from `cursor` would ask now. Takes the pulse, reads nothing."""
        walk = _Walk(self, cursor)
        visits = [walk.of(repository) for repository in self.pulse.take().repositories]
        costs = costs_of([self.manner.forecast(visit) for visit in visits], self.access.appetite)
        return [self.pulse.cost, *costs] if self.is_first else costs


@dataclass(slots=True)
class _Walk:
    """One read of a stream, while it lasts."""

    stream: RepositoriesStream
    cursor: Cursor
    parts: dict[str, dict[str, Any]] = field(init=False)
    read: list[Repository] = field(default_factory=list)
    silent: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.parts = {}
        for name, value in self.cursor.items():
            key, slash, rest = name.partition("/")
            self.parts.setdefault(key, {})[slash + rest] = value

    def of(self, repository: Repository) -> Visit:
        """The visit to a repository."""
        stream = self.stream
        config, spec = stream.access.config, stream.spec
        errand = Errand(stream.manner.what, repository.name, spec.permission)
        people = People.of(config.user, config.bots)
        return Visit(stream.access, repository, self.parts.get(repository.key, {}), people, errand)

    def visit(self, repository: Repository) -> Asking[Batch]:
        """Read one repository."""
        self.silent.add(repository.id)
        return self.stream.manner.read(self.of(repository))

    def note(self, repository: Repository, batch: Batch) -> Batch:
        """The batch with its checkpoint named after the repository."""
        self.silent.discard(repository.id)
        if batch.checkpoint is None:
            return batch
        self.parts.setdefault(repository.key, {}).update(batch.checkpoint)
        return replace(batch, checkpoint={repository.key + name: part for name, part in batch.checkpoint.items()})

    def end(self, repository: Repository, *, is_read: bool) -> None:
        """A repository that ended well and said something counts as read."""
        if is_read and repository.id not in self.silent:
            self.read.append(repository)

    def miss(self, found: tuple[Repository, ...]) -> Iterator[Batch]:
        """Say once of each repository of an owner/* that it is there no more."""
        config, there = self.stream.access.config, {repository.key for repository in found}
        entries = {entry.lower() for entry in config.repos}
        for key, parts in list(self.parts.items()):
            main = parts.get("") or {}
            name = str(main.get("name") or "")
            owner = name.partition("/")[0].lower()
            if key in there or main.get("gone") or f"{owner}/*" not in entries or name.lower() in entries:
                continue
            gone = Gone(
                f"{name} is no public repository of {owner} any more: deleted, made private or moved away",
                remedy="its history is kept; to go on with it, name it by itself",
                subject=name,
            )
            yield Batch(checkpoint={key: {**main, "gone": True}}, problems=[gone])

    def conclude(self, found: tuple[Repository, ...], tally: Tally) -> Iterator[Batch]:
        """What is known now, and about which days."""
        manner = self.stream.manner
        today = self._day(self.stream.access.context.clock())
        checkpoint = None
        if self.read and not tally.problems:
            checkpoint = {WHOLE: {"on": today.isoformat(), "repos": self._fingerprint()}}
        coverage = [self._coverage(found, tally, today)]
        problems = []
        if manner.because is not None:
            metrics = tuple(name for name in self._metrics() if name not in manner.unread)
            coverage = [replace(span, metrics=metrics if span.metrics is None else span.metrics) for span in coverage]
            coverage.append(Coverage(today, today, "missing", manner.because.what, manner.unread))
            problems = [manner.because]
        yield Batch(checkpoint=checkpoint, coverage=coverage, problems=problems)

    def _metrics(self) -> list[str]:
        return [metric.name for metric in self.stream.spec.metrics]

    def _coverage(self, found: tuple[Repository, ...], tally: Tally, today: date) -> Coverage:
        off = _listed(tally.switched_off)
        if not self.read:
            if tally.switched_off:
                return Coverage(self._begin(found, today), today, "missing", off)
            # Of no metric: of stars_by_level, GitHub's usual answer must not gainsay what `stars` has measured.
            return Coverage(today, today, "missing", "there was nothing to read", metrics=())
        first, whole_until = self._begin(tuple(self.read), today), self._whole_until()
        if not tally.problems:
            # What an earlier read has told of the days before need not be told again.
            return Coverage(max(first, whole_until or first), today, "measured", off)
        return Coverage(max(first, whole_until or first), today, "partial", _listed(tally.problems))

    def _begin(self, repositories: tuple[Repository, ...], today: date) -> date:
        """The first day that is known of all: before its creation, nothing happened in a repository."""
        spec = self.stream.spec
        first = min(self._day(repository.created_at) for repository in repositories)
        if spec.retention_days is not None:
            first = min(today, max(first, today - timedelta(days=spec.retention_days - 1)))
        limits = [main["from"] for parts in self.parts.values() if (main := parts.get("") or {}).get("from")]
        return max(first, *map(date.fromisoformat, limits)) if limits else first

    def _whole_until(self) -> date | None:
        """The day up to which an earlier read of the same repositories missed nothing."""
        whole = self.cursor.get(WHOLE) or {}
        return date.fromisoformat(whole["on"]) if whole.get("repos") == self._fingerprint() else None

    def _fingerprint(self) -> str:
        names = "\n".join(sorted(name.lower() for name in self.stream.access.config.repos))
        return hashlib.sha256(names.encode()).hexdigest()[:16]

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.stream.manner.days or self.stream.access.context.timezone).date()


def _listed(errors: Sequence[ConnectorError]) -> str:
    said = [error.what for error in errors[:SHOWN]]
    return "; ".join([*said, f"and {len(errors) - SHOWN} more"] if len(errors) > SHOWN else said)
