"""Ways through a list that changes while it is read: none of them may skip an entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from connectors.github.client import PER_PAGE, Client, Page
from connectors.github.facts import instant
from connectors.github.failures import Errand

OVERLAP = timedelta(minutes=5)  # GitHub's replicas and clocks may disagree by less than this
SECOND = timedelta(seconds=1)

Part = Mapping[str, Any]
"""A repository's part of a stream's cursor: JSON."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a walk begins. `mark`: the newest change read so far. `first_day`: earlier facts are left out."""

    mark: datetime | None = None
    first_day: date | None = None
    walk_from: datetime | None = None

    @classmethod
    def of(cls, part: Part | None, since: date | None) -> Start:
        """From a repository's part of the cursor (None: never read) and the day a backfill is to begin."""
        known = part or {}
        mark = instant(known["updated"]) if "updated" in known else None
        first_day = date.fromisoformat(known["from"]) if "from" in known else None
        begins = mark - OVERLAP if mark else None
        if since is not None:
            if part is None:
                first_day = since
            elif first_day is not None:
                first_day = min(first_day, since)
            midnight = datetime.combine(since, time(), UTC)
            if part is None:
                begins = midnight
            elif begins is not None:
                begins = min(begins, midnight)
        return cls(mark, first_day, begins)

    def part(self, mark: datetime | None) -> dict[str, str]:
        """The part of the cursor once everything up to `mark` is stored."""
        part = {} if mark is None else {"updated": write(mark)}
        return part if self.first_day is None else {**part, "from": self.first_day.isoformat()}

    def leaves_out(self, occurred_at: datetime) -> bool:
        """True for what happened before the first day asked for."""
        return self.first_day is not None and occurred_at.date() < self.first_day


@dataclass(frozen=True, slots=True)
class Step:
    """Some entries of a list. `mark`: the newest change read so far; `is_sure`: and all older ones as well."""

    items: Sequence[Any]
    mark: datetime | None
    is_sure: bool


def oldest_first(client: Client, errand: Errand, path: str, start: Start, **parameters: str) -> Iterator[Step]:
    """Walk a REST list that knows `since`, by ascending change.

    Each page after the first is asked for by the last change of the one before, not by its number: what
    changes meanwhile moves to the end and is met there, where page numbers would slide over a neighbour. Only
    within one second, which `since` cannot tell apart, and in a list out of order (an index that lags), the
    links are followed, and followed again until nothing new turns up. Out of order, only the end is sure.
    """
    parameters = {"sort": "updated", "direction": "asc", **parameters}
    since, is_ordered, is_sliding, is_again = start.walk_from, True, False, False
    newest: datetime | None = None  # of this walk: a backfill has to come by the old mark again
    seen: set[tuple[Any, Any]] = set()
    page, is_linked = _since(client, errand, path, since, parameters), False
    while True:
        changes = [changed for item in page.items if (changed := changed_at(item)) is not None]
        is_ordered = is_ordered and changes == sorted(changes)
        newest = max([*changes, newest] if newest else changes, default=None)
        fresh = [item for item in page.items if _version(item) not in seen]
        seen.update(map(_version, fresh))
        is_sliding = is_sliding or (is_linked and bool(fresh))
        is_over = page.next is None and not is_sliding
        yield Step(fresh, newest or start.mark, is_over or (is_ordered and not is_sliding and not is_again))
        if is_over:
            return
        floor = max(changes) - SECOND if changes and is_ordered else None
        is_stuck = floor is None or (since is not None and floor <= since)
        if page.next is not None and is_stuck:
            page, is_linked = client.page(errand, page.next), True
            continue
        if not is_sliding:
            since, seen = floor, set(map(_version, page.items))
        page, is_linked = _since(client, errand, path, since, parameters), False
        is_again, is_sliding = is_sliding, False


def newest_first(pages: Iterator[tuple[Sequence[Any], bool]], start: Start) -> Iterator[Step]:
    """Walk pages of (entries, is the last one) by descending change, until what the last walk has read.

    What changes meanwhile moves to the top: it may be met twice, is never slid over, and is newer than the
    mark of this walk, so the next one reads it. Only the end is sure of anything.
    """
    mark = start.mark
    for items, is_last in pages:
        changes = [changed for item in items if (changed := changed_at(item)) is not None]
        mark = max([*changes, mark] if mark else changes, default=None)
        wanted = [item for item in items if start.walk_from is None or _is_since(item, start.walk_from)]
        is_over = is_last or (len(wanted) < len(items) and changes == sorted(changes, reverse=True))
        yield Step(wanted, mark, is_over)
        if is_over:
            return


def linked(client: Client, errand: Errand, path: str, **parameters: str) -> Iterator[tuple[list[Any], bool]]:
    """The pages of a REST list by their links, each with whether it is the last one."""
    page = client.page(errand, path, per_page=PER_PAGE, **parameters)
    while page.next is not None:
        yield page.items, False
        page = client.page(errand, page.next)
    yield page.items, True


def changed_at(item: Any) -> datetime | None:
    """When an entry last changed, as far as it says so."""
    said = item if isinstance(item, dict) else {}
    try:
        return instant(said.get("updated_at", said.get("updatedAt")))
    except ValueError:
        return None


def write(moment: datetime) -> str:
    """A date as GitHub and our cursors write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _since(client: Client, errand: Errand, path: str, since: datetime | None, parameters: Mapping[str, str]) -> Page:
    limit = {} if since is None else {"since": write(since)}
    return client.page(errand, path, per_page=PER_PAGE, **parameters, **limit)


def _version(item: Any) -> tuple[Any, Any]:
    said = item if isinstance(item, dict) else {}
    return said.get("id"), said.get("updated_at")


def _is_since(item: Any, moment: datetime) -> bool:
    changed = changed_at(item)
    return changed is None or changed >= moment
