"""The discounted Gamma–Poisson filter: what a series brings per period, and how well that is known.

West & Harrison, *Bayesian Forecasting and Dynamic Models*. With a count x and a coverage c per period,

    a = δ·a + x        b = δ·b + c        level = a / b        (c = 0: both unchanged)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring.arrays import BoolArray, FloatArray

_WORST = 1e30  # of a squared standardised error: beyond it, "nobody knows" has been said


@dataclass(frozen=True, slots=True)
class Levels:
    """The filter's state after each period, all (T, S), in counts (not weighted).

    `level`: per fully observed period. `mass`: b, the periods' worth of observation it rests on; 0 before the
    first. `dispersion`: φ, at least 1. `step_variance`: of the step from the level before, φ times what a Poisson
    count would give it; 0 where there was no such step.
    """

    level: FloatArray
    mass: FloatArray
    dispersion: FloatArray
    step_variance: FloatArray

    def before(self) -> tuple[FloatArray, FloatArray]:
        """Level and mass one period earlier (T, S)."""
        return _delayed(self.level), _delayed(self.mass)

    def log_variance(self) -> FloatArray:
        """var(ln level) ≈ φ / (a + ½), (T, S)."""
        return self.dispersion / (self.level * self.mass + 0.5)

    def matched(self, coverage: FloatArray) -> BoolArray:
        """Where a series was observed and had a level before: only there can it move a factor."""
        return (coverage > 0) & (self.before()[1] > 0)


def follow(counts: FloatArray, coverage: FloatArray, decay: FloatArray) -> Levels:
    """Run the filter over counts and coverage (T, S) with decay δ per period (T)."""
    periods, series = counts.shape
    levels = Levels(*(np.zeros((periods, series)) for _ in range(4)))
    level, mass, dispersion = np.zeros(series), np.zeros(series), np.ones(series)
    errors, weights = np.zeros(series), np.zeros(series)
    with np.errstate(divide="ignore", invalid="ignore"):  # where nothing was observed; np.where passes it over
        for k, (x, c, delta) in enumerate(zip(counts, coverage, decay, strict=True)):
            is_seen, is_matched = c > 0, (c > 0) & (mass > 0)
            rate, old_mass, error = likely_rate(level, mass), mass, x - c * level
            mass = np.where(is_seen, delta * mass + c, mass)
            # level = a / b in the form that leaves it alone, to the last bit, when a count is what it should be.
            level = np.where(is_seen, np.maximum(level + error / mass, 0.0), level)
            # A Poisson count's variance at the mean of the old and the new level: at the old one alone, a single
            # week on a front page would make the intervals of years span all that is possible.
            variance = (rate + likely_rate(level, mass)) / 2 * (1 / c + 1 / old_mass)
            squared = np.minimum((error / c) ** 2 / variance, _WORST)
            errors = np.where(is_matched, delta * errors + squared, errors)
            weights = np.where(is_matched, delta * weights + 1, weights)
            dispersion = np.where(is_matched, np.maximum(errors / weights, 1.0), dispersion)
            levels.level[k], levels.mass[k], levels.dispersion[k] = level, mass, dispersion
            levels.step_variance[k] = np.where(is_matched, dispersion * variance * (c / mass) ** 2, 0.0)
    return levels


def likely_rate(level: FloatArray, mass: FloatArray) -> FloatArray:
    """(a + ½) / b: half an event more than were counted, for a silent series is not certain to stay silent."""
    return level + 0.5 / mass


def _delayed(values: FloatArray) -> FloatArray:
    earlier = np.zeros_like(values)
    earlier[1:] = values[:-1]
    return earlier
