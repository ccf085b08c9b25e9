"""Ways through REST lists that change while they are read, for those without a token: none may skip an entry."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from connectors.base import Batch
from connectors.github.asks import Answer, Ask, Asking, Get, Page
from connectors.github.client import PER_PAGE
from connectors.github.facts import instant
from connectors.github.visit import OVERLAP, Record, Visit, write

SECOND = timedelta(seconds=1)

Records = Callable[[Any], Iterable[Record]]


@dataclass(frozen=True, slots=True)
class Start:
    """Where a walk begins. `mark`: the newest change read so far. `first_day`: earlier facts are left out."""

    mark: datetime | None = None
    first_day: date | None = None
    walk_from: datetime | None = None

    @classmethod
    def of(cls, part: Mapping[str, Any] | None, since: date | None) -> Start:
        """From a part of the cursor (None: never read) and the day a backfill is to begin."""
        known = part or {}
        mark = instant(known["updated"]) if "updated" in known else None
        first_day = date.fromisoformat(known["from"]) if "from" in known else None
        begins = mark - OVERLAP if mark else None
        if since is not None:
            midnight = datetime.combine(since, time(), UTC)
            if part is None:
                first_day, begins = since, midnight
            elif begins is not None:
                begins = min(begins, midnight)
            first_day = first_day and min(first_day, since)
        return cls(mark, first_day, begins)

    def part(self, mark: datetime | None) -> dict[str, str]:
        """The part of the cursor once everything up to `mark` is stored."""
        part = {} if mark is None else {"updated": write(mark)}
        return part if self.first_day is None else {**part, "from": self.first_day.isoformat()}

    def leaves_out(self, occurred_at: datetime) -> bool:
        """True for what happened before the first day asked for."""
        return self.first_day is not None and occurred_at.date() < self.first_day


@dataclass(frozen=True, slots=True)
class RestList:
    """A list of a repository and its part of the cursor."""

    visit: Visit
    path: str
    name: str
    records: Records

    @property
    def start(self) -> Start:
        """Where to begin."""
        return Start.of(self.visit.parts.get(self.name), self.visit.context.since)

    def ask(self, since: datetime | None, parameters: Mapping[str, str]) -> list[Ask]:
        """The first page."""
        limit = {} if since is None else {"since": write(since)}
        path = f"{self.visit.repository.path}{self.path}"
        return [Get(self.visit.errand, path, {"per_page": PER_PAGE, **parameters, **limit})]

    def after(self, page: Page) -> list[Ask]:
        """The page that a page links to."""
        return [Get(self.visit.errand, page.next or "")]

    def batch(self, items: Iterable[Any], mark: datetime | None, *, is_sure: bool) -> Batch:
        """The facts of some entries. `mark`: the newest change read; `is_sure`: and all older ones as well."""
        start = self.start
        taken = self.visit.taking(record for item in items for record in self.records(item))
        # A retraction takes back what may have happened on any day.
        facts = [fact for fact in taken.facts if fact.value == 0 or not start.leaves_out(fact.occurred_at)]
        checkpoint = {self.name: start.part(mark)} if is_sure else None
        return Batch(facts, taken.rejects, checkpoint, [self.visit.repository.subject])


def oldest_first(read: RestList, **parameters: str) -> Asking[Batch]:
    """Walk a list that knows `since`, by ascending change.

    Each page after the first is asked for by the last change of the one before, not by its number: what
    changes meanwhile moves to the end and is met there, where page numbers would slide over a neighbour. Only
    within one second, which `since` cannot tell apart, and in a list out of order (an index that lags), the
    links are followed, and followed again until nothing new turns up. Out of order, only the end is sure.
    """
    parameters = {"sort": "updated", "direction": "asc", **parameters}
    start = read.start
    since, is_ordered, is_sliding, is_again = start.walk_from, True, False, False
    newest: datetime | None = None  # of this walk: a backfill has to come by the old mark again
    seen: set[tuple[Any, Any]] = set()
    (page,), is_linked = (yield read.ask(since, parameters)), False
    while True:
        changes = [changed for item in page.items if (changed := _changed_at(item)) is not None]
        is_ordered = is_ordered and changes == sorted(changes)
        newest = max([*changes, newest] if newest else changes, default=None)
        fresh = [item for item in page.items if _version(item) not in seen]
        seen.update(map(_version, fresh))
        is_sliding = is_sliding or (is_linked and bool(fresh))
        is_over = page.next is None and not is_sliding
        is_sure = is_over or (is_ordered and not is_sliding and not is_again)
        yield read.batch(fresh, newest or start.mark, is_sure=is_sure)
        if is_over:
            return
        floor = max(changes) - SECOND if changes and is_ordered else None
        is_stuck = floor is None or (since is not None and floor <= since)
        if page.next is not None and is_stuck:
            (page,), is_linked = (yield read.after(page)), True
            continue
        if not is_sliding:
            since, seen = floor, set(map(_version, page.items))
        (page,), is_linked = (yield read.ask(since, parameters)), False
        is_again, is_sliding = is_sliding, False


def newest_first(read: RestList) -> Asking[Batch]:
    """Walk a list by descending change, until what the last walk has read.

    What changes meanwhile moves to the top: it may be met twice, is never slid over, and is newer than the
    mark of this walk, so the next one reads it. Only the end is sure of anything.
    """
    start = read.start
    mark = start.mark
    (page,) = yield read.ask(None, {"state": "all", "sort": "updated", "direction": "desc"})
    while True:
        changes = [changed for item in page.items if (changed := _changed_at(item)) is not None]
        mark = max([*changes, mark] if mark else changes, default=None)
        wanted = [item for item in page.items if start.walk_from is None or _is_since(item, start.walk_from)]
        is_known = len(wanted) < len(page.items) and changes == sorted(changes, reverse=True)
        is_over = page.next is None or is_known
        yield read.batch(wanted, mark, is_sure=is_over)
        if is_over:
            return
        (page,) = yield read.after(page)


def linked(visit: Visit, path: str, **parameters: str) -> Generator[list[Ask] | Any, list[Answer], list[Any]]:
    """All entries of a REST list, by its links."""
    items: list[Any] = []
    ask = Get(visit.errand, f"{visit.repository.path}{path}", {"per_page": PER_PAGE, **parameters})
    while True:
        (page,) = yield [ask]
        items += page.items
        if page.next is None:
            return items
        ask = Get(visit.errand, page.next)


def _changed_at(item: Any) -> datetime | None:
    said = item if isinstance(item, dict) else {}
    try:
        return instant(said.get("updated_at"))
    except ValueError:
        return None


def _version(item: Any) -> tuple[Any, Any]:
    said = item if isinstance(item, dict) else {}
    return said.get("id"), said.get("updated_at")


def _is_since(item: Any, moment: datetime) -> bool:
    changed = _changed_at(item)
    return changed is None or changed >= moment
