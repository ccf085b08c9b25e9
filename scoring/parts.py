"""One factor taken apart: every series behind it, what it brought, what was usual, and how it moved the factor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from scoring import table
from scoring.api import score_columns
from scoring.arrays import IntArray
from scoring.attribution import log_effects
from scoring.chained import SIDE_NAMES, Chain, chain
from scoring.intervals import factor_variances
from scoring.panel import Panel, panels
from scoring.params import Params
from scoring.periods import EPOCH
from scoring.roles import ROLES, Role

Compared = Literal["compared", "new", "not observed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One series in one period. Counts and levels are unweighted; a level is what a whole period brings.

    `log_effect`: what it added to ln E or ln I, exactly; 0 where it was not compared. `doubt`: its share of the
    variance behind the factor's interval, 0 to 1. `dispersion`: how much more it jumps than a Poisson count.
    """

    source: str
    metric: str
    role: Role
    weight: float
    count: float
    coverage: float
    level_before: float
    level: float
    log_effect: float
    doubt: float
    dispersion: float
    compared: Compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A chained factor as a fraction: (ε + Σ level) / (ε + Σ level before), over the compared series, weighted."""

    above: float
    below: float
    prior: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """A period of a person in full. `factors`, `influence`: its rows of these tables, by model; `before`: the
    influence a period earlier, by model, None at the beginning. `e`, `i`: the chained factors' sides."""

    person: str
    grain: str
    period: date
    ends_on: date
    factors: Mapping[str, Mapping[str, Any]]
    influence: Mapping[str, Mapping[str, Any]]
    before: Mapping[str, float | None]
    e: Side
    i: Side


def anatomy(
    totals: Mapping[str, npt.NDArray[Any]],
    params: Params | None = None,
    *,
    person: str,
    grain: str,
    period: date,
    participants: Mapping[str, npt.NDArray[Any]] | None = None,
    now: date | None = None,
) -> Anatomy | None:
    """Take the factors of a period apart; arguments as of `score_columns`. None where there is no such period."""
    params = params or Params()
    mine = (totals["person"] == person) & (totals["grain"] == grain)
    chosen = {name: values[mine] for name, values in totals.items()}
    if not len(chosen["person"]):
        return None
    scored = score_columns(chosen, params, participants=participants, now=now)
    start = np.datetime64(period, "s")
    factors = _by_model(scored.factors, start)
    if not factors:
        return None
    influence = _by_model(scored.influence, start)
    earlier = scored.influence["period"] < start
    before = {}
    for model in factors:
        known = scored.influence["influence"][earlier & (scored.influence["model"] == model)]
        before[model] = float(known[-1]) if len(known) else None
    (panel,) = panels(table.read(chosen), params)
    linked = chain(panel, params)
    position = int(np.searchsorted(panel.calendar.starts, period.toordinal() - EPOCH))
    e, i = (_side(panel, linked, position, number) for number in range(len(SIDE_NAMES)))
    return Anatomy(
        person=person,
        grain=grain,
        period=period,
        ends_on=next(iter(factors.values()))["ends_on"].date(),
        factors=factors,
        influence=influence,
        before=before,
        e=e,
        i=i,
    )


def _by_model(columns: Mapping[str, npt.NDArray[Any]], start: np.datetime64) -> dict[str, dict[str, Any]]:
    """The rows of a table at one period, as plain Python values, by model."""
    rows = np.flatnonzero(columns["period"] == start)
    return {
        str(columns["model"][row]): {name: values[row : row + 1].tolist()[0] for name, values in columns.items()}
        for row in rows
    }


def _side(panel: Panel, linked: Chain, position: int, number: int) -> Side:
    columns: IntArray = np.flatnonzero(linked.group == number)  # of the only person
    effects, variances = log_effects(linked)[position], factor_variances(linked)[position]
    doubt = variances[columns].sum()
    level_before, mass_before = (values[position] for values in linked.levels.before())
    parts = []
    for column in columns:
        coverage = float(linked.coverage[position, column])
        parts.append(
            Part(
                source=panel.sources[linked.series.source[column]],
                metric=panel.metrics[linked.series.metric[column]],
                role=ROLES[linked.series.role[column]],
                weight=float(linked.series.weight[column]),
                count=float(_count(panel, linked, position, int(column))),
                coverage=coverage,
                level_before=float(level_before[column]),
                level=float(linked.levels.level[position, column]),
                log_effect=float(effects[column]),
                doubt=float(variances[column] / doubt) if doubt > 0 else 0.0,
                dispersion=float(linked.levels.dispersion[position, column]),
                compared="not observed" if coverage == 0 else "compared" if mass_before[column] > 0 else "new",
            )
        )
    parts.sort(key=lambda part: (-abs(part.log_effect), part.source, part.metric))
    side = (position, number)
    return Side(
        above=float(linked.above[side]), below=float(linked.below[side]), prior=linked.prior, parts=tuple(parts)
    )


def _count(panel: Panel, linked: Chain, position: int, column: int) -> float:
    """What a series of the chain brought: the chain holds levels, the panel the counts."""
    series, wanted = panel.series, linked.series
    found = np.flatnonzero((series.source == wanted.source[column]) & (series.metric == wanted.metric[column]))
    count: float = panel.counts[position, found[0]]
    return count
