"""A stream over many repositories: each advances by itself, and one that fails stops no other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from connectors.base import Batch, Coverage, Cursor, StreamSpec
from connectors.errors import ConnectorError
from connectors.github.access import Access
from connectors.github.facts import People
from connectors.github.failures import Errand
from connectors.github.gate import Stopped
from connectors.github.readings import Visit
from connectors.github.spread import Ended, Tally, spread
from connectors.github.survey import Repository, Survey

# The part of the cursor that is not a repository's: when all of them were last read without a failure.
WHOLE = "whole"

SHOWN = 3  # failures that coverage names

Reading = Callable[[Visit], Iterator[Batch]]


@dataclass(frozen=True, slots=True)
class Manner:
    """How one thing is read of a repository. `what`: for messages.

    `days`: whose days its coverage is told in; None: those of the configuration.
    """

    what: str
    read: Reading
    days: tzinfo | None = UTC


@dataclass(frozen=True, slots=True)
class RepositoriesStream:
    """Reads the same thing of every repository, several at a time.

    The cursor holds one part per repository, under its numeric id, and WHOLE.
    """

    spec: StreamSpec
    manner: Manner
    access: Access
    survey: Survey
    width: int

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield what is new since cursor, repository by repository, then coverage and the failures."""
        tally = Tally()
        try:
            found = self.survey.take()
            tally.problems += found.problems
            walk = _Walk(self.spec, self.manner, self.access, cursor)
            for outcome in spread(found.repositories, walk.visit, self.width, self.access.context.is_stopping):
                if isinstance(outcome.result, Ended):
                    tally.end(outcome.result)
                    walk.end(outcome.task, outcome.result)
                else:
                    yield walk.note(outcome.task, outcome.result)
            tally.finish()
        except Stopped:
            return
        except ConnectorError as error:
            if others := [problem for problem in tally.problems if problem is not error]:
                yield Batch(problems=others)
            raise
        yield from walk.conclude(found.repositories, tally)


@dataclass(slots=True)
class _Walk:
    """One read of a stream, while it lasts."""

    spec: StreamSpec
    manner: Manner
    access: Access
    cursor: Cursor
    parts: dict[int, dict[str, Any]] = field(default_factory=dict)
    read: list[Repository] = field(default_factory=list)

    def visit(self, repository: Repository) -> Generator[Batch, None, None]:
        """Read one repository, in a worker's thread."""
        config, context = self.access.config, self.access.context
        with self.access.client() as client:
            yield from self.manner.read(
                Visit(
                    client,
                    repository,
                    self.cursor.get(repository.key),
                    context,
                    People.of(config.user, config.bots),
                    Errand(self.manner.what, repository.name, self.spec.permission),
                )
            )

    def note(self, repository: Repository, batch: Batch) -> Batch:
        """The batch with its checkpoint named after the repository."""
        if batch.checkpoint is None:
            self.parts.setdefault(repository.id, {})
            return batch
        self.parts[repository.id] = dict(batch.checkpoint)
        return replace(batch, checkpoint={repository.key: dict(batch.checkpoint)})

    def end(self, repository: Repository, ended: Ended) -> None:
        """A repository that ended well and said something counts as read."""
        if ended.error is None and repository.id in self.parts:
            self.read.append(repository)

    def conclude(self, found: tuple[Repository, ...], tally: Tally) -> Iterator[Batch]:
        """What is known now, about which days, and what failed."""
        today = self._day(self.access.context.clock())
        checkpoint = None
        if self.read and not tally.problems:
            checkpoint = {WHOLE: {"on": today.isoformat(), "repos": self._fingerprint()}}
        coverage = self._coverage(found, tally, today)
        yield Batch(checkpoint=checkpoint, coverage=[coverage], problems=tuple(tally.problems))

    def _coverage(self, found: tuple[Repository, ...], tally: Tally, today: date) -> Coverage:
        off = _listed(tally.switched_off)
        if not self.read:
            if tally.switched_off:
                return Coverage(self._begin(found, today), today, "missing", off)
            # Of no metric: of stars_by_level, GitHub's usual answer must not gainsay what `stars` has measured.
            return Coverage(today, today, "missing", "there was nothing to read", metrics=())
        first = self._begin(tuple(self.read), today)
        if not tally.problems:
            return Coverage(first, today, "measured", off)
        since = max(first, self._whole_until() or first)
        return Coverage(since, today, "partial", _listed(tally.problems))

    def _begin(self, repositories: tuple[Repository, ...], today: date) -> date:
        """The first day that is known of all: before its creation, nothing happened in a repository."""
        first = min(self._day(repository.created_at) for repository in repositories)
        if self.spec.retention_days is not None:
            first = min(today, max(first, today - timedelta(days=self.spec.retention_days - 1)))
        limits = [part["from"] for part in self.parts.values() if "from" in part]
        return max(first, *map(date.fromisoformat, limits)) if limits else first

    def _whole_until(self) -> date | None:
        """The day up to which an earlier read of the same repositories missed nothing."""
        whole = self.cursor.get(WHOLE) or {}
        return date.fromisoformat(whole["on"]) if whole.get("repos") == self._fingerprint() else None

    def _fingerprint(self) -> str:
        names = "\n".join(sorted(name.lower() for name in self.access.config.repos))
        return hashlib.sha256(names.encode()).hexdigest()[:16]

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.manner.days or self.access.context.timezone).date()


def _listed(errors: Sequence[ConnectorError]) -> str:
    said = [error.what for error in errors[:SHOWN]]
    return "; ".join([*said, f"and {len(errors) - SHOWN} more"] if len(errors) > SHOWN else said)
