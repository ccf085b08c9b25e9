"""Which of the waiting asks are sent together: one REST request, or one query for several."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from connectors.errors import ConnectorError
from connectors.github.asks import CORE, GRAPHQL, Answer, Ask, Asking, Query, points_of
from connectors.github.credentials import Credential

LINGER = 0.2  # seconds that a small query waits for company
FULL = 0.75  # of the appetite


@dataclass(slots=True, eq=False)
class Turn:
    """A task between two of its steps: the asks that are not answered yet, and what came of the others."""

    task: object
    work: Asking[object]
    answers: list[Answer]
    missing: int = 0
    error: ConnectorError | None = None


@dataclass(slots=True, eq=False)
class Pending:
    """One ask that waits to be sent. `without`: credentials it was refused to, the last with `refusal`.

    `is_alone`: it shares no query. `since`: when it began to wait.
    """

    turn: Turn
    position: int
    ask: Ask
    tries: int = 0
    not_before: float = 0.0
    without: frozenset[Credential] = frozenset()
    refusal: ConnectorError | None = None
    is_alone: bool = False
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Load:
    """What goes into one request: a Get by itself, or Queries."""

    pending: Sequence[Pending]

    @property
    def bucket(self) -> str:
        """The allowance it draws on."""
        return GRAPHQL if isinstance(self.pending[0].ask, Query) else CORE

    @property
    def points(self) -> int:
        """What it takes from it."""
        queries = [one.ask for one in self.pending if isinstance(one.ask, Query)]
        return points_of(queries) if queries else 1

    @property
    def without(self) -> frozenset[Credential]:
        """Credentials that it is not sent with."""
        return self.pending[0].without


def next_load(waiting: deque[Pending], appetite: int, now: float, *, is_asking: bool = False) -> Load | None:
    """Take the first asks that may be sent now out of the queue; None where there are none.

    Queries are taken together until they weigh as much as `appetite`. What is much less than that waits a little
    while another query `is_asking`: those it answers may ask for more.
    """
    held: set[int] = set()
    for first in waiting:
        if first.not_before > now or id(first) in held:
            continue
        taken, weight = _together(first, waiting, appetite, now)
        is_small = isinstance(first.ask, Query) and weight < FULL * appetite and len(taken) < _most(taken)
        if is_small and is_asking and not first.is_alone and now - first.since < LINGER:
            held.update(map(id, taken))
            continue
        chosen = set(map(id, taken))
        kept = [one for one in waiting if id(one) not in chosen]
        waiting.clear()
        waiting.extend(kept)
        return Load(taken)
    return None


def _together(first: Pending, waiting: Collection[Pending], appetite: int, now: float) -> tuple[list[Pending], int]:
    """What goes into one request with the first, and what it weighs."""
    taken, weight = [first], _weight(first)
    if isinstance(first.ask, Query) and not first.is_alone:
        for one in waiting:
            if len(taken) >= _most(taken) or weight >= appetite:
                break
            if one is not first and _fits(one, taken, now) and weight + _weight(one) <= appetite:
                taken.append(one)
                weight += _weight(one)
    return taken, weight


def _most(taken: Sequence[Pending]) -> int:
    """How many may share their query."""
    return min(one.ask.fields.most for one in taken if isinstance(one.ask, Query))


def _fits(one: Pending, taken: Sequence[Pending], now: float) -> bool:
    return (
        isinstance(one.ask, Query)
        and len(taken) < one.ask.fields.most
        and one.without == taken[0].without
        and not one.is_alone
        and one.not_before <= now
        # Each kind of thread calls its fragment the same.
        and len({"", *map(_fragments, [one, *taken])}) <= 2
    )


def _fragments(one: Pending) -> str:
    return one.ask.fields.fragments if isinstance(one.ask, Query) else ""


def _weight(one: Pending) -> int:
    return one.ask.weight if isinstance(one.ask, Query) else 0
