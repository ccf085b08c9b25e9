"""Reads a repository's issues, pull requests or discussions with all that hangs on them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

from connectors.base import Batch
from connectors.github.asks import Answer, Ask, Asking, Query
from connectors.github.audit import ask_count, audit, is_due, is_time
from connectors.github.gathering import NEWEST_FIRST, OLDEST_FIRST, Gathering, changed_at, is_since
from connectors.github.kinds import DISCUSSIONS, ISSUES, PULLS, Kind
from connectors.github.planning import Rounds
from connectors.github.visit import OVERLAP, Visit

FIRST_LOOK = 10  # threads that a walk to the newest known asks for at first

Walk = Generator[list[Ask] | Any, list[Answer], int]


def issues(visit: Visit) -> Asking[Batch]:
    """Issues opened and closed, and the comments on them."""
    return threads(visit, ISSUES)


def pulls(visit: Visit) -> Asking[Batch]:
    """Pull requests opened and merged, the comments on them, their reviews and the comments on their lines."""
    return threads(visit, PULLS)


def discussions(visit: Visit) -> Asking[Batch]:
    """Discussions opened and answered, and the comments in them."""
    return threads(visit, DISCUSSIONS)


def threads(visit: Visit, kind: Kind) -> Asking[Batch]:
    """Yield what is new of the threads of a repository, and take back what has vanished.

    The first walk goes by age, which nothing changes, and can be broken off at every page. Later ones go from the
    newest change back to what is known. Then GitHub's total is held against what is known, and, where they differ
    or it is time, the threads are counted one by one: what vanishes leaves no other trace.

    Raises SwitchedOff where the repository has none of these, NotPermitted where the token may not see them.
    """
    sign = visit.sign(kind.thing)
    gathering, total = Gathering(visit, kind), sign.total
    memory, since = gathering.memory, visit.context.since
    if since is not None:
        if memory.first_day is not None:
            memory.first_day = min(memory.first_day, since)
        elif not memory.is_whole and memory.after is None:
            memory.first_day = since
    if not memory.is_whole and memory.first_day is None:
        total = yield from _by_age(gathering, sign.newest, sign.total)
    elif since is not None or not memory.is_settled or _is_later(sign.newest, memory.until):
        total = yield from _to_the_known(gathering)
    if is_due(memory, kind, total, visit.context.clock()):
        yield from audit(gathering)
    yield Batch()


def _by_age(gathering: Gathering, newest: datetime | None, total: int) -> Walk:
    """All threads, oldest first; every page is a checkpoint. Returns GitHub's total."""
    memory = gathering.memory
    if memory.after is None:
        # What changes while this walk is under way is newer than this, and met by the next one.
        memory.seen_at, memory.until = gathering.visit.repository.read_at, newest
    read = 0
    while True:
        # How many are left cannot be told from the marks: a walk that begins anew may be cut off among older ones.
        page = yield from gathering.page(max(1, total - read), memory.after, OLDEST_FIRST)
        read += len(page.threads)
        batch, memory.after, total = gathering.batch(page.threads), page.following, page.total
        if memory.after is None:
            memory.is_whole = True
            memory.counted_on = gathering.visit.context.clock().date()
            # Where everything was read again, what is stored of other threads has vanished.
            rest = gathering.listings(sorted(memory.marks), is_rest=True, cause="its thread is gone")
            batch = replace(batch, listings=[*batch.listings, *rest])
        yield replace(batch, checkpoint=memory.checkpoint())
        if memory.is_whole:
            return total


def _to_the_known(gathering: Gathering) -> Walk:
    """The threads that have changed, newest first; only the end is a checkpoint. Returns GitHub's total.

    What changes meanwhile moves to the top: it may be met twice, is never slid over, and is newer than the mark of
    this walk, so the next one reads it.
    """
    memory, begins = gathering.memory, _begins_at(gathering)
    after: str | None = None
    newest, first = memory.until, FIRST_LOOK
    count = _ask_ahead(gathering)
    while True:
        page = yield from gathering.page(first, after, NEWEST_FIRST, begins, count)
        changes = [changed for one in page.threads if (changed := changed_at(one)) is not None]
        newest = max([*changes, newest] if newest else changes, default=None)
        wanted = [one for one in page.threads if is_since(one, begins)]
        is_sorted = changes == sorted(changes, reverse=True)
        batch, after = gathering.batch(wanted), page.following
        if after is None or (len(wanted) < len(page.threads) and is_sorted):
            if not memory.is_whole:
                memory.counted_on = gathering.visit.context.clock().date()
            memory.until, memory.seen_at, memory.is_whole = newest, gathering.visit.repository.read_at, True
            yield replace(batch, checkpoint=memory.checkpoint())
            return page.total
        yield batch
        first, count = gathering.kind.size, None


def _ask_ahead(gathering: Gathering) -> Query | None:
    """The first page of the count, where there will be one whatever the walk finds: it need not wait for that."""
    memory, kind = gathering.memory, gathering.kind
    is_sure = is_time(memory, kind, gathering.visit.context.clock())
    return ask_count(gathering, kind.counted_size, None, len(memory.marks)) if is_sure else None


def _begins_at(gathering: Gathering) -> datetime | None:
    """The instant from which on changes are read."""
    memory, since = gathering.memory, gathering.visit.context.since
    days = (since, memory.first_day if not memory.is_whole else None)
    begins = [datetime.combine(day, time(), UTC) for day in days if day is not None]
    return min(begins if memory.until is None else [*begins, memory.until - OVERLAP], default=None)


def _is_later(newest: datetime | None, known: datetime | None) -> bool:
    return newest is not None and (known is None or newest > known)


def forecast(kind: Kind) -> Callable[[Visit], Rounds]:
    """What reading threads of a kind asks, as far as the signs tell."""

    def foresee(visit: Visit) -> Rounds:
        gathering, sign = Gathering(visit, kind), visit.repository.signs.get(kind.thing)
        memory, since = gathering.memory, visit.context.since
        if sign is None or not visit.repository.has(kind.thing):
            return []
        rounds: list[list[Ask]] = []
        if not memory.is_whole and since is None and memory.first_day is None:
            left = max(1, sign.total - len(memory.marks))
            sizes = [min(kind.size, left - seen) for seen in range(0, left, kind.size)]
            return [[gathering.ask(size, None, OLDEST_FIRST)] for size in sizes]
        if since is not None or not memory.is_settled or _is_later(sign.newest, memory.until):
            rounds.append([gathering.ask(FIRST_LOOK, None, NEWEST_FIRST)])
        if is_due(memory, kind, sign.total, visit.context.clock()):
            first, left = kind.counted_size, max(1, len(memory.marks))
            counts: list[list[Ask]] = [
                [ask_count(gathering, first, None, left - seen)] for seen in range(0, left, first)
            ]
            if rounds and _ask_ahead(gathering):
                rounds[0] += counts.pop(0)
            rounds += counts
        return rounds

    return foresee
