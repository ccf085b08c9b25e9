"""Forecasts of each side's weighted counts: the filter's negative binomial predictive distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring import table
from scoring.arrays import FloatArray, sum_groups
from scoring.chained import SIDE_NAMES, Chain, chain
from scoring.levels import likely_rate
from scoring.negbin import quantile
from scoring.panel import Panel, panels
from scoring.params import Params
from scoring.result import Block, Column, assemble, grain_order, repeated

if TYPE_CHECKING:
    import pandas as pd

QUANTILES = {"low50": 0.25, "high50": 0.75, "low90": 0.05, "high90": 0.95}
COLUMNS = {
    "person": "str", "grain": "str", "side": "str", "period": "datetime64[s]", "mean": "float64",
    "low50": "float64", "high50": "float64", "low90": "float64", "high90": "float64",
}  # fmt: skip
LEAST_MASS = 1e-6  # what is left of the filter's memory never reaches zero, where nothing could be divided by it


def forecast(totals: pd.DataFrame, params: Params | None = None, horizon: int = 4) -> pd.DataFrame:
    """Weighted counts to expect on each side (e: sharing, i: taking part) in the next `horizon` periods.

    Columns person, grain, side, period, mean, low50, high50, low90, high90, sorted by the first four. The periods
    follow the last one that the person has in totals; a side nothing was ever observed of has no rows. Assumes
    that things stay as they are: the level stays, and its certainty decays.
    """
    if isinstance(horizon, bool) or not isinstance(horizon, int) or horizon < 1:
        raise ValueError(f"horizon must be a whole number of periods, 1 or more, got {horizon!r}")
    params = params or Params()
    found = panels(table.read(totals), params)
    return assemble([_block(panel, chain(panel, params), params, horizon) for panel in found], COLUMNS)


def _block(panel: Panel, linked: Chain, params: Params, horizon: int) -> Block:
    groups = np.flatnonzero(linked.observed.any(axis=0))
    person, side = np.divmod(np.repeat(groups, horizon), len(SIDE_NAMES))
    mean, expected, variance = (values.T[groups].ravel() for values in _moments(panel, linked, params, horizon))
    # One weighted event: where counts come in fives, the distribution has steps of five.
    unit = np.repeat(_event_size(linked)[groups], horizon)
    starts = panel.calendar.after(panel.last[groups // len(SIDE_NAMES)], horizon).ravel()

    def at(share: float) -> Column:
        return lambda: unit * quantile(expected / unit, variance / unit**2, share)

    rows = len(person)
    return Block(
        order=(person, grain_order(panel.calendar.grain, rows)),
        columns={
            "person": lambda: (person, panel.persons),
            "grain": repeated(panel.calendar.grain, rows),
            "side": lambda: (side, SIDE_NAMES),
            "period": lambda: starts,
            "mean": lambda: mean,
            **{name: at(share) for name, share in QUANTILES.items()},
        },
    )


def _moments(panel: Panel, linked: Chain, params: Params, horizon: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The mean (horizon, G); and mean and variance of what is counted, with the half event more of the filter.

    A series brings L on average, with variance φ·L + φ·L/b; h periods ahead b has decayed h − 1 times more.
    """
    groups, levels = linked.above.shape[1], linked.levels
    level, mass, dispersion = levels.level[-1], levels.mass[-1], levels.dispersion[-1]
    rate = likely_rate(level, mass)
    decay = panel.calendar.decay(params.half_life_days)[-1]
    left = np.maximum(mass * decay ** np.arange(horizon)[:, None], LEAST_MASS)
    weight, steps = linked.series.weight, np.ones((horizon, 1))
    variance = dispersion * rate * (1 + 1 / left)
    return (
        sum_groups(steps * weight * level, linked.group, groups),
        sum_groups(steps * weight * rate, linked.group, groups),
        sum_groups(weight**2 * variance, linked.group, groups),
    )


def _event_size(linked: Chain) -> FloatArray:
    """Σ w²·L / Σ w·L of a side (G): the average weight of an event, by weight."""
    groups, weight = linked.above.shape[1], linked.series.weight
    rate = likely_rate(linked.levels.level[-1:], linked.levels.mass[-1:])
    by_weight = sum_groups(weight * rate, linked.group, groups)
    by_square = sum_groups(weight**2 * rate, linked.group, groups)
    event: FloatArray = np.divide(by_square, by_weight, out=np.ones_like(by_weight), where=by_square > 0)[0]
    return event
