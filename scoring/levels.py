"""The discounted Gamma–Poisson filter: what a series brings per period, and how well that is known.

West & Harrison, *Bayesian Forecasting and Dynamic Models*. With a count x and a coverage c per period,

    a = δ·a + x        b = δ·b + c        level = a / b        (c = 0: both unchanged)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring.arrays import BoolArray, FloatArray, divided

_WORST = 1e30  # of a squared standardised error: beyond it, "nobody knows" has been said
_CELLS = 1 << 15  # of an array at a time: they stay in the processor's cache
_FEW = 16  # series that Python's own numbers are faster with


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
    levels = Levels(*(np.empty((periods, series)) for _ in range(4)))
    state = _State(np.zeros(series), np.zeros(series), np.zeros((2, series)))
    few = max(1, _CELLS // max(1, series))
    for start in range(0, periods, few):
        some = slice(start, start + few)
        state = _follow_on(state, counts[some], coverage[some], decay[some, None], levels, some)
    return levels


@dataclass(frozen=True, slots=True)
class _State:
    """The filter after a period, (S). `errors` (2, S): discounted sums of squared errors, and of ones."""

    level: FloatArray
    mass: FloatArray
    errors: FloatArray


def _follow_on(
    state: _State, counts: FloatArray, coverage: FloatArray, decay: FloatArray, levels: Levels, some: slice
) -> _State:
    """Fill in `some` periods of the levels, with their counts and coverage; the state after them."""
    is_seen = coverage > 0
    kept = np.where(is_seen, decay, 1.0)
    masses = _discounted(state.mass, kept, coverage)
    old_mass, mass = masses[:-1], masses[1:]
    smoothed = _smoothed(state.level, np.where(is_seen, counts, 0.0), coverage, np.where(mass > 0, mass, 1.0))
    old_level, level = smoothed[:-1], smoothed[1:]
    is_matched = is_seen & (old_mass > 0)
    with np.errstate(divide="ignore", invalid="ignore"):  # where nothing was observed; np.where passes it over
        # A Poisson count's variance at the mean of the old and the new level: at the old one alone, a single
        # week on a front page would make the intervals of years span all that is possible.
        variance = (likely_rate(old_level, old_mass) + likely_rate(level, mass)) / 2 * (1 / coverage + 1 / old_mass)
        squared = np.minimum(((counts - coverage * old_level) / coverage) ** 2 / variance, _WORST)
        kept[~is_matched] = 1.0
        came = np.stack([np.where(is_matched, squared, 0.0), is_matched], axis=1)
        errors = _discounted(state.errors, kept[:, None], came)
        sums, weights = errors[1:, 0], errors[1:, 1]
        dispersion = np.maximum(divided(sums, weights, weights > 0), 1.0)
        step_variance = np.where(is_matched, dispersion * variance * (coverage / mass) ** 2, 0.0)
    levels.level[some], levels.mass[some] = level, mass
    levels.dispersion[some], levels.step_variance[some] = dispersion, step_variance
    return _State(level[-1], mass[-1], errors[-1])


# The recurrences are a few steps of Python a period; what can be said of many periods at once is said outside. Of a
# few series, Python's own numbers take less time than NumPy's way to its loops, and come to the same bits.


def _discounted(before: FloatArray, kept: FloatArray, came: FloatArray) -> FloatArray:
    """s = kept · s + came: before and after each period (T + 1, …). Kept 1 and came 0 leave it to the last bit."""
    sums = np.empty((len(came) + 1, *came.shape[1:]))
    sums[0] = before
    if before.size <= _FEW:
        shares = np.broadcast_to(kept, came.shape)
        for place in np.ndindex(before.shape):
            column, state = (slice(None), *place), float(before[place])
            steps = zip(shares[column].tolist(), came[column].tolist(), strict=True)
            sums[1:][column] = [state := share * state + more for share, more in steps]
        return sums
    for share, more, last, after in zip(kept, came, sums, sums[1:], strict=False):
        np.multiply(share, last, out=after)
        np.add(after, more, out=after)
    return sums


def _smoothed(before: FloatArray, counts: FloatArray, coverage: FloatArray, mass: FloatArray) -> FloatArray:
    """The level a / b before and after each period (T + 1, S), for the masses b."""
    levels = np.empty((len(counts) + 1, counts.shape[1]))
    levels[0] = before
    if before.size <= _FEW:
        for place in range(before.size):
            level, steps = float(before[place]), (each[:, place].tolist() for each in (counts, coverage, mass))
            levels[1:, place] = [
                level := max(0.0, level + (count - share * level) / weight)
                for count, share, weight in zip(*steps, strict=True)
            ]
        return levels
    for count, share, weight, last, after in zip(counts, coverage, mass, levels, levels[1:], strict=False):
        # In the form that leaves it alone, to the last bit, when a count is what it should be.
        np.multiply(share, last, out=after)
        np.subtract(count, after, out=after)
        np.divide(after, weight, out=after)
        np.add(last, after, out=after)
        np.maximum(after, 0.0, out=after)
    return levels


def likely_rate(level: FloatArray, mass: FloatArray) -> FloatArray:
    """(a + ½) / b: half an event more than were counted, for a silent series is not certain to stay silent."""
    return level + 0.5 / mass


def _delayed(values: FloatArray) -> FloatArray:
    earlier = np.zeros_like(values)
    earlier[1:] = values[:-1]
    return earlier
