"""Forecasts: what each side is likely to bring, and what the influence may become by it."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring import table
from scoring.arrays import FloatArray, divided, scaled, sum_groups
from scoring.chained import SIDE_NAMES, Chain, chain
from scoring.levels import likely_rate
from scoring.negbin import likely_quantile
from scoring.panel import Panel, panels
from scoring.params import Params
from scoring.result import Block, Column, arrange, assemble, grain_order, repeated

if TYPE_CHECKING:
    import pandas as pd

    from scoring.columns import Frame

QUANTILES = {"low50": 0.25, "high50": 0.75, "low90": 0.05, "high90": 0.95}
COLUMNS = {
    "person": "str", "grain": "str", "side": "str", "period": "datetime64[s]", "mean": "float64",
    "low50": "float64", "high50": "float64", "low90": "float64", "high90": "float64",
}  # fmt: skip
INFLUENCE_COLUMNS = {
    "person": "str", "grain": "str", "period": "datetime64[s]", "influence": "float64",
    "low50": "float64", "high50": "float64", "low90": "float64", "high90": "float64",
}  # fmt: skip
FARTHEST = 1000  # periods; beyond it no calendar goes, and no forecast says anything
LEAST_MASS = 1e-6  # what is left of the filter's memory never reaches zero, where nothing could be divided by it


def forecast(totals: pd.DataFrame, params: Params | None = None, horizon: int = 4) -> pd.DataFrame:
    """Weighted counts to expect on each side (e: sharing, i: taking part) in the next `horizon` periods.

    Columns person, grain, side, period, mean, low50, high50, low90, high90, sorted by the first four. The periods
    follow the last one that the person has in totals; a side nothing was ever observed of has no rows. Assumes
    that things stay as they are: the level stays, and its certainty decays.
    """
    return assemble(_blocks(totals, params, horizon)[0], COLUMNS)


def forecast_influence(totals: pd.DataFrame, params: Params | None = None, horizon: int = 4) -> pd.DataFrame:
    """The influence to expect at the ends of the next `horizon` periods, of both sides together.

    Columns person, grain, period, influence (what it is now: nothing is expected to change), low50, high50, low90,
    high90, sorted by the first three. The bands are what counts to come may do to the levels; what is uncertain
    about the influence as it is now stands in the table `influence`.
    """
    return assemble(_blocks(totals, params, horizon)[1], INFLUENCE_COLUMNS)


def forecast_columns(
    totals: Frame, params: Params | None = None, horizon: int = 4
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both, with arrays for columns in and out, and without importing pandas."""
    sides, influence = _blocks(totals, params, horizon)
    return arrange(sides, COLUMNS), arrange(influence, INFLUENCE_COLUMNS)


def _blocks(totals: Frame, params: Params | None, horizon: int) -> tuple[list[Block], list[Block]]:
    if isinstance(horizon, bool) or not isinstance(horizon, int) or not 1 <= horizon <= FARTHEST:
        raise ValueError(f"horizon must be a whole number of periods, from 1 to {FARTHEST}, got {horizon!r}")
    params = params or Params()
    linked = [(panel, chain(panel, params)) for panel in panels(table.read(totals), params)]
    return (
        [_block(panel, each, params, horizon) for panel, each in linked],
        [_influence_block(panel, each, params, horizon) for panel, each in linked],
    )


def _block(panel: Panel, linked: Chain, params: Params, horizon: int) -> Block:
    groups = np.flatnonzero(linked.observed.any(axis=0))
    person, side = np.divmod(np.repeat(groups, horizon), len(SIDE_NAMES))
    mean, expected, variance = (values.T[groups].ravel() for values in _moments(panel, linked, params, horizon))
    # One weighted event: where counts come in fives, the distribution has steps of five.
    unit = np.repeat(_event_size(linked)[groups], horizon)
    starts = panel.calendar.after(panel.last[groups // len(SIDE_NAMES)], horizon).ravel()

    def at(share: float) -> Column:
        return lambda: unit * likely_quantile(expected / unit, variance / unit**2, share)

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


def _influence_block(panel: Panel, linked: Chain, params: Params, horizon: int) -> Block:
    """From the last influence of each person on, with the bands of both sides' levels."""
    persons = np.flatnonzero(linked.observed.any(axis=0).reshape(-1, len(SIDE_NAMES)).any(axis=1))
    person = np.repeat(persons, horizon)
    now = linked.influence(params.initial_influence)[panel.last[persons], persons]
    deviation = np.sqrt(_log_variances(panel, linked, params, horizon).T[persons]).ravel()
    influence, starts = np.repeat(now, horizon), panel.calendar.after(panel.last[persons], horizon).ravel()

    def at(share: float) -> Column:
        return lambda: scaled(influence, NormalDist().inv_cdf(share) * deviation)

    rows = len(person)
    return Block(
        order=(person, grain_order(panel.calendar.grain, rows)),
        columns={
            "person": lambda: (person, panel.persons),
            "grain": repeated(panel.calendar.grain, rows),
            "period": lambda: starts,
            "influence": lambda: influence,
            **{name: at(share) for name, share in QUANTILES.items()},
        },
    )


def _log_variances(panel: Panel, linked: Chain, params: Params, horizon: int) -> FloatArray:
    """The variance of ln(influence then / influence now), (horizon, P).

    After h more periods a level is what is left of it and Σ δ^(h−j)·x_j, over their mass b_h. Each x_j varies by φ·L
    of its own, all of them together by φ·L/b, as the level is not known better.
    """
    groups, levels, weight = linked.above.shape[1], linked.levels, linked.series.weight
    level, mass, dispersion = levels.level[-1], levels.mass[-1], levels.dispersion[-1]
    rate, decay = likely_rate(level, np.maximum(mass, LEAST_MASS)), panel.calendar.decay(params.half_life_days)[-1]
    variances = []
    for ahead in range(1, horizon + 1):
        left = decay ** np.arange(ahead)
        together = decay**ahead * mass + left.sum()
        own, common = (left**2).sum(), left.sum() ** 2 / np.maximum(mass, LEAST_MASS)
        variances.append(dispersion * rate * (own + common) / together**2)
    known = mass > 0
    moved = sum_groups(np.where(known, weight**2 * np.array(variances), 0.0), linked.group, groups)
    whole = linked.prior + sum_groups(np.where(known, weight * rate, 0.0)[None, :], linked.group, groups)
    by_side = divided(moved, np.broadcast_to(whole**2, moved.shape), moved > 0)
    both: FloatArray = by_side.reshape(horizon, -1, len(SIDE_NAMES)).sum(axis=2)
    return both


def _event_size(linked: Chain) -> FloatArray:
    """Σ w²·L / Σ w·L of a side (G): the average weight of an event, by weight."""
    groups, weight = linked.above.shape[1], linked.series.weight
    rate = likely_rate(linked.levels.level[-1:], linked.levels.mass[-1:])
    by_weight = sum_groups(weight * rate, linked.group, groups)
    by_square = sum_groups(weight**2 * rate, linked.group, groups)
    event: FloatArray = np.divide(by_square, by_weight, out=np.ones_like(by_weight), where=by_square > 0)[0]
    return event
