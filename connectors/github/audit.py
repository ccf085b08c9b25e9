"""Counts what hangs on each thread and reads again where it is not what is known: deletions leave no other trace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from connectors.base import Batch
from connectors.errors import Gone, Unavailable
from connectors.github.asks import Ask, Asking, Get, Json, Query
from connectors.github.failures import Elsewhere, Errand, SwitchedOff, TooMuch
from connectors.github.gathering import OLDEST_FIRST, Asks, Gathering
from connectors.github.kinds import Kind
from connectors.github.memory import Memory
from connectors.github.nested import ask_each, complete
from connectors.github.queries import entries

POINTS_A_DAY = 10  # of a repository: a larger one is counted less often, unless its total shows a difference
MOST_POINTS = 2_000  # beyond, some 9,500 discussions or 200,000 issues, they are never counted: an hour has 5,000
ASKED_WHY = 3  # vanished threads that GitHub is asked about: why they are gone, and whether they are


def is_due(memory: Memory, kind: Kind, total: int, now: datetime) -> bool:
    """Whether GitHub's total is not what is known, or the threads have not been counted for long."""
    pages = ceil(max(1, len(memory.marks)) / kind.counted_size)
    points = pages * kind.counted.connections({"first": kind.counted_size}) / 100
    if not memory.is_whole or points > MOST_POINTS:
        return False
    if memory.first_day is None and total != len(memory.marks) + memory.gap:
        return True
    wait = timedelta(days=max(1, ceil(points / POINTS_A_DAY)))
    return bool(memory.marks) and (memory.counted_on is None or now.date() - memory.counted_on >= wait)


NOT_ASKED = "its thread is gone"


@dataclass(frozen=True, slots=True)
class Difference:
    """`vanished`: numbers of threads that are known and not listed. `changed`: listed otherwise than known."""

    vanished: set[int]
    changed: dict[int, Json]


def audit(gathering: Gathering) -> Asking[Batch]:
    """Count, read again what differs, and take back what is gone."""
    memory, visit = gathering.memory, gathering.visit
    listed, unlisted, total = yield from _count(gathering)
    difference = _compare(memory, gathering.kind, listed, unlisted)
    again: list[Json] = []
    if difference.changed:
        asks: list[Ask] = [
            Query(visit.errand, gathering.kind.one, {"id": node["id"]}, gathering.kind.weight)
            for node in difference.changed.values()
        ]
        again = yield from ask_each(visit.errand, asks)
        yield from complete(visit.errand, again, gathering.kind.nested)
    batch = gathering.batch(again)
    gone = sorted(difference.vanished)
    causes = yield from _ask_why(gathering, gone)
    listings = [
        listing for number in gone for listing in gathering.listings([number], cause=causes.get(number, NOT_ASKED))
    ]
    memory.forget(gone)
    memory.gap = total - len(listed) - len(unlisted) if memory.first_day is None else 0
    memory.counted_on = visit.context.clock().date()
    yield replace(batch, listings=[*batch.listings, *listings], checkpoint=memory.checkpoint())


def ask_count(gathering: Gathering, first: int, after: str | None, left: int) -> Query:
    """For a page of threads with what hangs on them counted. `left`: how many there are to come, about."""
    visit, kind = gathering.visit, gathering.kind
    values = {"id": visit.repository.node, "first": first, "after": after, "order": OLDEST_FIRST}
    # A count is less than the page of facts that it stands for.
    weight = max(1, min(first, left) * kind.counted.connections({"first": first}) // (5 * first))
    return Query(visit.errand, kind.counted, values, weight)


def _count(gathering: Gathering) -> Asks:
    """Threads by number with what hangs on them counted, those that need not be, and GitHub's total.

    When all that are left have just been read, nothing is left to be counted: those are the youngest, and come last.
    Only where nothing that is known is missing, though: that a thread is gone takes a whole list, and not a total
    that may lag behind.
    """
    visit, kind = gathering.visit, gathering.kind
    listed: dict[int, Json] = {}
    after: str | None = None
    first = kind.counted_size
    while True:
        try:
            (data,) = yield [ask_count(gathering, first, after, len(gathering.memory.marks) - len(listed))]
        except TooMuch:
            if first == 1:
                raise
            first //= 2
            continue
        said = data.get(kind.connection)
        threads, after = entries(visit.errand, said)
        listed |= {one["number"]: one for one in threads if isinstance(one.get("number"), int)}
        total, unlisted = int(said.get("totalCount") or 0), gathering.fresh - listed.keys()
        if after is None:
            return listed, set(), total
        if len(listed) + len(unlisted) == total and gathering.memory.marks.keys() <= listed.keys() | unlisted:
            return listed, unlisted, total


def _compare(memory: Memory, kind: Kind, listed: dict[int, Json], unlisted: set[int]) -> Difference:
    changed = {
        number: node
        for number, node in listed.items()
        # Threads that were left out as older than the first day wanted are not known, and need not be.
        if (number in memory.marks or memory.first_day is None) and kind.mark(node) != memory.marks.get(number)
    }
    return Difference(set(memory.marks) - set(listed) - unlisted, changed)


def _ask_why(gathering: Gathering, gone: Iterable[int]) -> Asks:
    """Why threads are gone, by number. Raises Unavailable where GitHub still has one that it does not list."""
    causes: dict[int, str] = {}
    visit = gathering.visit
    if gathering.kind.thing == "discussions":
        return causes
    for number in list(gone)[:ASKED_WHY]:
        errand = Errand(f"issue {number}", visit.repository.name, visit.errand.permission)
        try:
            yield [Get(errand, f"{visit.repository.path}/issues/{number}", shape="object", follows=False)]
        except SwitchedOff:
            causes[number] = f"#{number} was deleted"
            continue
        except Elsewhere as moved:
            names = (visit.repository.name, f"repositories/{visit.repository.id}")
            if not moved.address.endswith(tuple(f"/{name}/issues/{number}" for name in names)):
                causes[number] = f"#{number} moved to another repository"
                continue
        except Gone:
            causes[number] = f"#{number} is not there any more"
            continue
        raise Unavailable(
            f"{visit.errand.whole}: GitHub has #{number} and does not list it",
            remedy="nothing is taken back; tried again later",
            subject=visit.repository.name,
        )
    return causes
