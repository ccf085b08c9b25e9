"""Counts what hangs on each thread and reads again where it is not what is known: deletions leave no other trace."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from connectors.base import Batch
from connectors.errors import Gone, Unavailable
from connectors.github.asks import Answer, Ask, Asking, Get, Json, Query
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
    if not memory.is_whole or _points(memory, kind) > MOST_POINTS:
        return False
    return (memory.first_day is None and total != len(memory.marks) + memory.gap) or is_time(memory, kind, now)


def is_time(memory: Memory, kind: Kind, now: datetime) -> bool:
    """Whether the threads are to be counted whatever GitHub's total is."""
    points = _points(memory, kind)
    if not memory.is_whole or not memory.marks or points > MOST_POINTS:
        return False
    wait = timedelta(days=max(1, ceil(points / POINTS_A_DAY)))
    return memory.counted_on is None or now.date() - memory.counted_on >= wait


def _points(memory: Memory, kind: Kind) -> float:
    """What counting takes."""
    pages = ceil(max(1, len(memory.marks)) / kind.counted_size)
    return pages * kind.counted.connections({"first": kind.counted_size}) / 100


NOT_ASKED = "its thread is gone"


@dataclass(slots=True)
class Count:
    """What a count finds. `listed`: threads by number, with what hangs on them counted. `total`: as GitHub says.

    `unlisted`: those that were just read, and need not be counted. `changed`: listed otherwise than known, and not
    read `again` yet.
    """

    listed: dict[int, Json] = field(default_factory=dict)
    unlisted: set[int] = field(default_factory=set)
    total: int = 0
    changed: dict[int, Json] = field(default_factory=dict)
    again: list[Json] = field(default_factory=list)


def audit(gathering: Gathering) -> Asking[Batch]:
    """Count, read again what differs, and take back what is gone."""
    memory, visit = gathering.memory, gathering.visit
    count: Count = yield from _count(gathering)
    if count.changed:
        count.again += yield from ask_each(visit.errand, _ask_again(gathering, count))
    yield from complete(visit.errand, count.again, gathering.kind.nested)
    batch = gathering.batch(count.again)
    gone = sorted(memory.marks.keys() - count.listed.keys() - count.unlisted)
    causes = yield from _ask_why(gathering, gone)
    listings = [
        listing for number in gone for listing in gathering.listings([number], cause=causes.get(number, NOT_ASKED))
    ]
    memory.forget(gone)
    memory.gap = count.total - len(count.listed) - len(count.unlisted) if memory.first_day is None else 0
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
    """Count page by page; with a page goes what is to be read again of those before it. Returns a Count.

    When all that are left have just been read, nothing is left to be counted: those are the youngest, and come last.
    Only where nothing that is known is missing, though: that a thread is gone takes a whole list, and not a total
    that may lag behind.
    """
    kind, known = gathering.kind, gathering.memory.marks
    count, ahead = Count(), gathering.counted
    after: str | None = None
    first = kind.counted_size
    while True:
        try:
            data = (yield from _page(gathering, count, first, after)) if ahead is None else ahead
        except TooMuch:
            if first == 1:
                raise
            first //= 2
            continue
        said: Any = data.get(kind.connection)
        ahead = None
        threads, after = entries(gathering.visit.errand, said)
        page = {one["number"]: one for one in threads if isinstance(one.get("number"), int)}
        count.changed |= _changed(gathering, page)
        count.listed |= page
        count.total = int(said.get("totalCount") or 0)
        # Also at the end: what was opened after a page that was asked ahead is read, and not listed.
        count.unlisted = gathering.fresh - count.listed.keys()
        told = count.listed.keys() | count.unlisted
        if after is None or (len(told) == count.total and known.keys() <= told):
            return count


def _page(
    gathering: Gathering, count: Count, first: int, after: str | None
) -> Generator[list[Ask] | Any, list[Answer], Json]:
    """A page of the count, and, in the same breath, the threads that those before it have shown to have changed."""
    asks: list[Ask] = [ask_count(gathering, first, after, len(gathering.memory.marks) - len(count.listed))]
    asks += _ask_again(gathering, count)
    answers = (yield from ask_each(gathering.visit.errand, asks)) if count.changed else (yield asks)
    page: Json = answers[0]
    count.again += answers[1:]
    count.changed = {}
    return page


def _changed(gathering: Gathering, listed: dict[int, Json]) -> dict[int, Json]:
    """Threads that are listed otherwise than known."""
    memory, mark = gathering.memory, gathering.kind.mark
    return {
        number: node
        for number, node in listed.items()
        # Threads that were left out as older than the first day wanted are not known, and need not be.
        if (number in memory.marks or memory.first_day is None) and mark(node) != memory.marks.get(number)
    }


def _ask_again(gathering: Gathering, count: Count) -> list[Ask]:
    kind, errand = gathering.kind, gathering.visit.errand
    return [Query(errand, kind.one, {"id": node["id"]}, kind.weight) for node in count.changed.values()]


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
