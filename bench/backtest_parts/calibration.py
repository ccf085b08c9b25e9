"""Forecasts against what came: shares inside the bands, and the probability given to it, beside two simple ones.

Counts are discrete: a band holds more than its share of them. The randomised probability integral transform (PIT)
draws a point evenly within the step of each count, and is even over 0 to 1 exactly where the forecasts are right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backtest_parts.series import Counts
from scoring.levels import follow, likely_rate
from scoring.negbin import likely_cumulative, likely_log_probability, likely_quantile

Values = npt.NDArray[np.float64]
DECAY = 2 ** (-7 / 28)
WARM = 4  # weeks seen before the first forecast
SEED = 20260101


@dataclass(frozen=True, slots=True)
class Forecasts:
    """What was forecast, each with what came; one entry a forecast."""

    came: Values
    mean: Values
    variance: Values

    def pit(self) -> Values:
        """The randomised PIT of every forecast."""
        upper = likely_cumulative(self.came, self.mean, self.variance)
        lower = likely_cumulative(self.came - 1, self.mean, self.variance)
        return lower + np.random.default_rng(SEED).random(len(upper)) * (upper - lower)

    def inside(self, low: float, high: float) -> float:
        """The share of the PIT between two points."""
        pit = self.pit()
        return float(((pit > low) & (pit < high)).mean())

    def plainly_inside(self) -> float:
        """The share of counts within the 90 % band, its ends included."""
        low, high = (likely_quantile(self.mean, self.variance, share) for share in (0.05, 0.95))
        return float(((low <= self.came) & (self.came <= high)).mean())

    def log_score(self) -> float:
        """The mean logarithm of the probability that was given to what came: more is better."""
        return float(likely_log_probability(self.came, self.mean, self.variance).mean())


def by_model(counts: Counts, ahead: int) -> Forecasts:
    """The chained model's, `ahead` weeks before the count, as scoring.forecast makes them for one series."""
    seen = (~np.isnan(counts)).astype(float)
    levels = follow(np.nan_to_num(counts), seen, np.full(len(counts), DECAY))
    with np.errstate(divide="ignore"):
        rate = likely_rate(levels.level, levels.mass)
        variance = levels.dispersion * rate * (1 + 1 / (levels.mass * DECAY ** (ahead - 1)))
    return _compared(counts, rate, variance, ahead)


def by_mean(counts: Counts, ahead: int, width: int) -> Forecasts:
    """The mean of the last `width` weeks; 1 is persistence. With a dispersion from its own errors, as ours has."""
    mean, variance = np.full(counts.shape, np.nan), np.full(counts.shape, np.nan)
    errors, weights = np.zeros(counts.shape[1]), np.zeros(counts.shape[1])
    for week in range(len(counts)):
        before = counts[max(0, week - width + 1) : week + 1]
        known = (~np.isnan(before)).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            if week:
                error = (counts[week] - mean[week - 1]) ** 2 / (mean[week - 1] * (1 + 1 / width))
                fresh = np.isfinite(error)
                errors = np.where(fresh, DECAY * errors + np.nan_to_num(error), errors)
                weights = np.where(fresh, DECAY * weights + 1, weights)
            mean[week] = (np.nansum(before, axis=0) + 0.5) / np.where(known > 0, known, np.nan)
            dispersion = np.where(weights > 0, np.maximum(errors / weights, 1.0), 1.0)
            variance[week] = dispersion * mean[week] * (1 + 1 / known)
    return _compared(counts, mean, variance, ahead)


def _compared(counts: Counts, mean: Values, variance: Values, ahead: int) -> Forecasts:
    """Of every model the same weeks: those with enough of them seen before, and a count to compare with."""
    seen = np.cumsum(~np.isnan(counts), axis=0)[:-ahead]
    chosen = (seen >= WARM) & ~np.isnan(counts[:-ahead]) & ~np.isnan(counts[ahead:])
    return Forecasts(counts[ahead:][chosen], mean[:-ahead][chosen], variance[:-ahead][chosen])
