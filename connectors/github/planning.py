"""What a harvest would ask: the asks that can be foreseen, packed as they would be sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import zip_longest

from connectors.base import Cost
from connectors.github.asks import CORE, GRAPHQL, Ask, Asking
from connectors.github.packing import Pending, Turn, next_load
from connectors.github.visit import Visit

Rounds = Sequence[Sequence[Ask]]
"""What one repository is asked one after the other; the asks of a round go at once."""

Forecast = Callable[[Visit], Rounds]


def costs_of(forecasts: Sequence[Rounds], appetite: int) -> list[Cost]:
    """The requests and points of several repositories' rounds, by bucket, where there are any."""
    costs = {CORE: Cost(CORE, 0, 0), GRAPHQL: Cost(GRAPHQL, 0, 0)}
    for at_once in zip_longest(*forecasts, fillvalue=()):
        waiting = deque(Pending(_NOBODY, 0, ask) for asks in at_once for ask in asks)
        while (load := next_load(waiting, appetite, now=0.0)) is not None:
            known = costs[load.bucket]
            costs[load.bucket] = Cost(load.bucket, known.requests + 1, known.points + load.points)
    return [cost for cost in costs.values() if cost.requests]


def _nothing() -> Asking[object]:
    yield from ()


_NOBODY = Turn(None, _nothing(), [])
