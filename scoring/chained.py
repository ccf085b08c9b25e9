"""Model `chained`: a matched chain index over smoothed levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring.arrays import BoolArray, FloatArray, IntArray, any_in_groups, bounded, scaled, sum_groups
from scoring.levels import Levels, follow
from scoring.panel import Panel, Series
from scoring.params import Params
from scoring.roles import SIDES
from scoring.table import MOST

SIDE_NAMES = tuple(SIDES)


@dataclass(frozen=True, slots=True)
class Chain:
    """The chained model of one panel. Groups are a person's sides: person · 2 + side.

    `series`: those that play a part in a factor, sorted by person, side, source, metric. `value`, `value_before`
    (T, S): weighted levels. `matched` (T, S): the series that the factor of the period compares. `prior`: ε. `above`,
    `below` (T, G): numerator and denominator of the factor, ε included. `observed`, `linked` (T, G): whether anything
    was seen, and whether anything could be compared. `base` (T, P): periods up to the base.
    """

    series: Series
    group: IntArray
    coverage: FloatArray
    levels: Levels
    value: FloatArray
    value_before: FloatArray
    matched: BoolArray
    prior: float
    above: FloatArray
    below: FloatArray
    observed: BoolArray
    linked: BoolArray
    base: BoolArray

    def factor(self) -> FloatArray:
        """E and I (T, G): 1 where nothing could be compared."""
        with np.errstate(over="ignore", under="ignore"):
            return bounded(self.above / self.below)

    def log_factor(self) -> FloatArray:
        """ln E and ln I (T, G), finite whatever the factor."""
        return np.log(self.above) - np.log(self.below)

    def influence(self, initial: float) -> FloatArray:
        """I_0 · Π E · I over the periods after the base: (T, P)."""
        return scaled(initial, self._growth())

    def _growth(self) -> FloatArray:
        logs = self.log_factor()
        both = sum(logs[:, side :: len(SIDE_NAMES)] for side in range(len(SIDE_NAMES)))
        return np.cumsum(np.where(self.base, 0.0, both), axis=0)


def chain(panel: Panel, params: Params) -> Chain:
    """Follow the levels of every series and link them."""
    side = np.full(len(panel.series.person), -1)
    for number, name in enumerate(SIDE_NAMES):
        side[panel.series.plays(*SIDES[name])] = number
    chosen = np.flatnonzero(side >= 0)
    chosen = chosen[np.lexsort((chosen, side[chosen], panel.series.person[chosen]))]
    series, coverage = panel.series[chosen], panel.coverage[:, chosen]
    group = series.person * len(SIDE_NAMES) + side[chosen]
    groups = len(panel.persons) * len(SIDE_NAMES)

    levels = follow(panel.counts[:, chosen], coverage, panel.calendar.decay(params.half_life_days))
    matched = levels.matched(coverage)
    value = np.minimum(levels.level * series.weight, MOST)
    value_before = np.minimum(levels.before()[0] * series.weight, MOST)
    prior = panel.calendar.prior(params.half_life_days)
    observed = any_in_groups(coverage > 0, group, groups)
    covered = np.cumsum(observed.reshape(len(coverage), -1, len(SIDE_NAMES)).any(axis=2), axis=0)
    # The base ends with the last of its covered periods, not with the one after it.
    reached = np.zeros_like(covered)
    reached[1:] = covered[:-1]
    return Chain(
        series=series,
        group=group,
        coverage=coverage,
        levels=levels,
        value=value,
        value_before=value_before,
        matched=matched,
        prior=prior,
        above=prior + sum_groups(np.where(matched, value, 0.0), group, groups),
        below=prior + sum_groups(np.where(matched, value_before, 0.0), group, groups),
        observed=observed,
        linked=any_in_groups(matched, group, groups),
        base=reached < params.base_periods,
    )
