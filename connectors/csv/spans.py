"""Days that rows tell of, as spans of coverage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal

from connectors.base import Coverage
from connectors.pages import DAY

Between = Literal["measured", "missing", "estimated"]

_REASONS = {"missing": "no row tells of it", "estimated": "between two readings"}


def spans_of(metric: str, days: Sequence[set[date]], between: Between) -> Iterator[Coverage]:
    """What files say of a metric, given the days of its rows in each.

    A day with a row is measured; `between`: what the days between rows are. Where those are measured too, a file
    tells of every day from its first row to its last.
    """
    told = set().union(*days)
    if not told:
        return
    if between == "measured":
        for first, last in sorted({(min(of), max(of)) for of in days if of}):
            yield Coverage(first, last, metrics=(metric,))
        return
    ordered = sorted(told)
    start = last = ordered[0]
    for day in ordered[1:]:
        if day != last + DAY:
            yield Coverage(start, last, metrics=(metric,))
            yield Coverage(last + DAY, day - DAY, between, _REASONS[between], (metric,))
            start = day
        last = day
    yield Coverage(start, last, metrics=(metric,))
