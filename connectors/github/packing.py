"""Which of the waiting asks are sent together: one REST request, or one query for several."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.errors import ConnectorError
from connectors.github.asks import CORE, GRAPHQL, Answer, Ask, Asking, Query, points_of
from connectors.github.credentials import Credential


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

    `is_alone`: it shares no query.
    """

    turn: Turn
    position: int
    ask: Ask
    tries: int = 0
    not_before: float = 0.0
    without: frozenset[Credential] = frozenset()
    refusal: ConnectorError | None = None
    is_alone: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """What goes into one request: a Get by itself, or Queries for the same fields."""

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


def next_load(waiting: deque[Pending], appetite: int, now: float) -> Load | None:
    """Take the first asks that may be sent now out of the queue; None where there are none.

    Queries for the same fields are taken together until they weigh as much as `appetite`.
    """
    first = next((one for one in waiting if one.not_before <= now), None)
    if first is None:
        return None
    taken = [first]
    if isinstance(first.ask, Query) and not first.is_alone:
        weight = first.ask.weight
        for one in waiting:
            if len(taken) >= first.ask.fields.most or weight >= appetite:
                break
            if one is not first and _fits(one, first, now) and weight + _weight(one) <= appetite:
                taken.append(one)
                weight += _weight(one)
    chosen = set(map(id, taken))
    kept = [one for one in waiting if id(one) not in chosen]
    waiting.clear()
    waiting.extend(kept)
    return Load(taken)


def _fits(one: Pending, first: Pending, now: float) -> bool:
    return (
        isinstance(one.ask, Query)
        and isinstance(first.ask, Query)
        and one.ask.fields is first.ask.fields
        and one.without == first.without
        and not one.is_alone
        and one.not_before <= now
    )


def _weight(one: Pending) -> int:
    return one.ask.weight if isinstance(one.ask, Query) else 0
