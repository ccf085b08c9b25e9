"""Asks for a repository's threads and turns them into batches that say what they tell completely."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

from connectors.base import Batch, Listing
from connectors.github.asks import Answer, Ask, Json, Query
from connectors.github.facts import instant
from connectors.github.failures import TooMuch
from connectors.github.kinds import Kind
from connectors.github.memory import Memory
from connectors.github.nested import complete, is_short
from connectors.github.queries import entries
from connectors.github.visit import Visit

OLDEST_FIRST = {"field": "CREATED_AT", "direction": "ASC"}
NEWEST_FIRST = {"field": "UPDATED_AT", "direction": "DESC"}

Asks = Generator[list[Ask] | Any, list[Answer], Any]


@dataclass(frozen=True, slots=True)
class ThreadPage:
    """`following`: where the next page begins. `total`: how many there are in all, as GitHub says."""

    threads: list[Json]
    following: str | None
    total: int


@dataclass(slots=True)
class Gathering:
    """What walks and counts over one repository's threads share.

    `fresh`: those that this visit has read whole. `counted`: the first page of a count that was asked ahead.
    """

    visit: Visit
    kind: Kind
    fresh: set[int] = field(default_factory=set)
    counted: Json | None = None
    memory: Memory = field(init=False)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.memory = Memory.of(self.visit.parts)
        self.size = self.kind.size

    def ask(self, first: int, after: str | None, order: Json) -> Query:
        """For a page of threads."""
        values = {"id": self.visit.repository.node, "first": first, "after": after, "order": order}
        return Query(self.visit.errand, self.kind.page, values, first * self.kind.weight)

    def page(
        self,
        first: int,
        after: str | None,
        order: Json,
        since: datetime | None = None,
        count: Query | None = None,
    ) -> Generator[list[Ask] | Any, list[Answer], ThreadPage]:
        """A page of threads, those that changed `since` with all that hangs on them.

        `count`: asked beside it, for `counted`. Asks for fewer where GitHub cannot answer for as many.
        """
        errand, kind = self.visit.errand, self.kind
        while True:
            first = min(first, self.size)
            try:
                asks = [self.ask(first, after, order), *([count] if count else [])]
                data, *counted = yield asks
            except TooMuch:
                if first == 1:
                    raise
                self.size, count = first // 2, None
                continue
            self.counted = counted[0] if counted else self.counted
            said = data.get(kind.connection)
            threads, following = entries(errand, said)
            yield from complete(errand, [one for one in threads if is_since(one, since)], kind.nested)
            return ThreadPage(threads, following, int(said.get("totalCount") or 0))

    def batch(self, threads: Iterable[Json]) -> Batch:
        """The facts of whole threads. What is stored of such a thread and not in it has vanished from it.

        A thread of which a record is missing or could not be used is no such thread: it would be taken back.
        """
        visit, memory = self.visit, self.memory
        whole: list[int] = []
        facts, rejects, reader = [], [], visit.reader()
        for thread in threads:
            taken = visit.taking(self.kind.records(thread), reader)
            facts += taken.facts
            rejects += taken.rejects
            number = thread.get("number")
            if isinstance(number, int):
                # One that lacks something GitHub counts in it is read again when the threads are counted.
                is_short_of = is_short(thread, self.kind.nested)
                memory.mark(number, f"{self.kind.mark(thread)} ?" if is_short_of else self.kind.mark(thread))
                if not taken.rejects and not is_short_of:
                    whole.append(number)
        self.fresh.update(whole)
        if memory.first_day is not None:
            facts = [fact for fact in facts if fact.occurred_at.date() >= memory.first_day]
        return Batch(facts, rejects, subjects=[visit.repository.subject], listings=self.listings(whole))

    def listings(
        self, numbers: Sequence[int], *, is_rest: bool = False, cause: str = "gone from its thread"
    ) -> list[Listing]:
        """That everything of these threads is told, or, with `is_rest`, of all others."""
        if not numbers and not is_rest:
            return []
        first = self.memory.first_day
        since = None if first is None else datetime.combine(first, time(), UTC)
        subject = self.visit.subject
        return [
            Listing(metric, subject, on, numbers, is_rest, since, cause) for metric, on in self.kind.metrics.items()
        ]


def changed_at(thread: Json) -> datetime | None:
    """When a thread last changed, as far as it says so."""
    try:
        return instant(thread.get("updatedAt"))
    except ValueError:
        return None


def is_since(thread: Json, moment: datetime | None) -> bool:
    """Whether it has changed at that moment or later, or may have."""
    changed = changed_at(thread)
    return moment is None or changed is None or changed >= moment
