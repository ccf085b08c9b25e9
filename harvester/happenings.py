"""What happened in a period, told from its days: a spike, a series that fell silent, a quiet time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from harvester.spans import Span

if TYPE_CHECKING:
    from scoring import Anatomy, Side

_FEWEST_DAYS = 14
"""Of fewer days before it nothing can be said to be usual."""
_SURPRISE = 9.0
"""e⁻⁹: what chance does less than once in eight thousand times."""
_MANY_TIMES, _DEVIATIONS = 3.0, 5.0
_MATTERS = 0.25
"""Of what the period brought: a busier day than usual is a spike only where it makes the period."""
_DAILY = 0.9
"""Of the days before: only a series that reported on nearly each of them can fall silent overnight."""
_LITTLE = 0.6


@dataclass(frozen=True, slots=True)
class Run:
    """Days from `first` to `last` that brought `total` where `usual` a day was usual; counts of a series, or weighted
    counts of a side (source and metric are empty then). `within`: what the whole period brought of it."""

    source: str
    metric: str
    first: date
    last: date
    total: float
    usual: float
    within: float

    @property
    def days(self) -> int:
        """How many days it lasted."""
        return (self.last - self.first).days + 1


Days = Sequence[tuple[date, float]]


def spike(days: Iterable[Mapping[str, Any]], side: Side, span: Span) -> Run | None:
    """The days of the period that brought far more to the side than the days before it did."""
    weights = {(part.source, part.metric): part.weight for part in side.parts if part.compared == "compared"}
    sums: dict[date, float] = {}
    for row in days:
        if weight := weights.get((row["source"], row["metric"])):
            sums[row["day"]] = sums.get(row["day"], 0.0) + weight * row["total"]
    earlier = [total for day, total in sums.items() if day < span.start]
    if len(earlier) < _FEWEST_DAYS or not (usual := sum(earlier) / len(earlier)):
        return None
    deviation = math.sqrt(sum((total - usual) ** 2 for total in earlier) / len(earlier))
    limit = max(_MANY_TIMES * usual, usual + _DEVIATIONS * deviation)
    high = [day for day, total in sorted(sums.items()) if day >= span.start and total > limit]
    if not high:
        return None
    # One high day is as good as the next: the run around the highest of them is the story.
    best = max(_runs(high), key=lambda run: sum(sums[day] for day in run))
    total = sum(sums.get(day, 0.0) for day in _each(best[0], best[-1]))
    whole = sum(amount for day, amount in sums.items() if day >= span.start)
    found = Run("", "", best[0], best[-1], total, usual, whole)
    return found if total - usual * found.days >= _MATTERS * whole else None


def silences(days: Iterable[Mapping[str, Any]], span: Span) -> tuple[Run, ...]:
    """Runs of whole observed days with nothing at all, where so long a silence is no chance."""
    found = []
    for (source, metric), rows in groupby(days, key=lambda row: (row["source"], row["metric"])):
        counts = [(row["day"], row["total"]) for row in rows if row["share"] > 0.99]
        for run in _runs([day for day, total in counts if total == 0], gap=1):
            earlier = [total for day, total in counts if day < run[0]]
            spoke = sum(total > 0 for total in earlier)
            if run[-1] < span.start or len(earlier) < _FEWEST_DAYS or spoke < _DAILY * len(earlier):
                continue
            usual = sum(earlier) / len(earlier)
            jumps = max(sum((total - usual) ** 2 for total in earlier) / len(earlier) / usual, 1.0)
            if usual * len(run) / jumps > _SURPRISE:
                found.append(Run(source, metric, run[0], run[-1], 0.0, usual, 0.0))
    return tuple(found)


def quiet(anatomy: Anatomy) -> dict[str, float]:
    """Per side the share that came of what was usual, where that was little on every side; else nothing."""
    shares = {}
    for name, side in (("e", anatomy.e), ("i", anatomy.i)):
        compared = [part for part in side.parts if part.compared == "compared"]
        usual = sum(part.weight * part.level_before * part.coverage for part in compared)
        if usual > 0:
            shares[name] = sum(part.weight * part.count for part in compared) / usual
    return shares if shares and max(shares.values()) < _LITTLE else {}


def _runs(days: Sequence[date], gap: int = 2) -> Iterator[list[date]]:
    """Days, sorted, in runs that are no more than `gap` apart."""
    run: list[date] = []
    for day in days:
        if run and (day - run[-1]).days > gap:
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _each(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
