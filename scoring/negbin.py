"""Negative binomial distributions for whole arrays at once, and what a series is likely to bring: a mixture of two.

A single one with the variance of a real series is too wide in the middle and too thin at the ends: most weeks are
calm, and a few jump. So of the same mean and variance, `CALM` of the probability lies in one with `NARROW` of the
variance (a Poisson distribution's at least), the rest in one that is as much wider. docs/scoring.md has the evidence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from scoring.arrays import FloatArray

CALM, NARROW = 0.92, 0.43

LARGEST_MEAN = 200.0
"""Above it a distribution is scaled down to it: half a percent is resolution enough, and p(0) stays a number."""
LEAST_MEAN = 1e-12
"""Below it nothing is expected at all."""
_HAIR, _THICK_HAIR = 1e-9, 1e-6
"""So much more than Poisson's variance at least: that is the limit for r → ∞."""
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680)

Parts = Sequence[tuple[float, FloatArray]]
"""Shares of the probability, and the variance that each has; all have one mean."""


def quantile(mean: FloatArray, variance: FloatArray, share: float) -> FloatArray:
    """The least count whose cumulative probability reaches `share`, of counts with this mean and variance.

    mean ≥ 0; variance at least the mean (a Poisson distribution's). Exact up to a mean of 200; above it to within
    half a percent of the mean.
    """
    return _quantile(mean, [(1.0, variance)], share)


def likely_quantile(mean: FloatArray, variance: FloatArray, share: float) -> FloatArray:
    """As `quantile`, of the mixture."""
    return _quantile(mean, mixture(mean, variance), share)


def likely_cumulative(count: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """The mixture's probability of at most so many, to the same resolution."""
    scale = np.maximum(mean / LARGEST_MEAN, 1.0)
    whole = np.floor(count / scale)
    # A scaled down count stands for many: within it, probability is spread evenly.
    part = np.where(scale > 1, count / scale - whole, 1.0)
    mean, parts = mean / scale, [(each, v / scale**2) for each, v in mixture(mean, variance)]
    total = np.sum([each * _cumulative(whole, part, mean, v) for each, v in parts], axis=0)
    return np.where(count < 0, 0.0, np.minimum(total, 1.0))


def likely_log_probability(count: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """The logarithm of the mixture's probability of exactly so many; mean above 0."""
    logs = [math.log(each) + _log_probability(count, mean, v) for each, v in mixture(mean, variance)]
    found = logs[0]
    for more in logs[1:]:
        found = np.logaddexp(found, more)
    return found


def mixture(mean: FloatArray, variance: FloatArray) -> Parts:
    """The calm part and the other, of this mean and together of this variance."""
    variance = np.maximum(variance, mean)
    calm = np.maximum(NARROW * variance, mean)
    return [(CALM, calm), (1 - CALM, (variance - CALM * calm) / (1 - CALM))]


def _quantile(mean: FloatArray, parts: Parts, share: float) -> FloatArray:
    scale = np.maximum(mean / LARGEST_MEAN, 1.0)
    mean, parts = mean / scale, [(each, v / scale**2) for each, v in parts]
    variance = np.sum([each * v for each, v in parts], axis=0)
    result = np.zeros_like(mean)
    # A large Poisson count, scaled down, varies less than a count can: it is normal by then.
    is_normal = (scale > 1) & (variance <= mean)
    result[is_normal] = _normal(mean[is_normal], variance[is_normal], share)
    is_counted = ~is_normal & (mean > LEAST_MEAN)
    result[is_counted] = _counted(mean[is_counted], [(each, v[is_counted]) for each, v in parts], share)
    return result * scale


def _normal(mean: FloatArray, variance: FloatArray, share: float) -> FloatArray:
    return np.maximum(mean + NormalDist().inv_cdf(share) * np.sqrt(variance), 0.0)


def _shape(mean: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """r and q of p(0) = (1 − q)^r, p(n+1) = p(n) · (n + r)/(n + 1) · q."""
    # Below r = 1/1000 all but everything is at zero.
    variance = np.clip(variance, mean * (1 + _HAIR), mean + 1000 * mean**2)
    return mean**2 / (variance - mean), 1 - mean / variance


def _counted(mean: FloatArray, parts: Parts, share: float) -> FloatArray:
    """By adding up p(0), p(1), … of all parts."""
    shapes = [(each, *_shape(mean, variance)) for each, variance in parts]
    probabilities = [each * np.exp(size * np.log1p(-failure)) for each, size, failure in shapes]
    cumulative, count = np.sum(probabilities, axis=0), np.zeros_like(mean)
    active = np.flatnonzero(cumulative < share)
    number = 0
    while len(active) > 0:
        for probability, (_, size, failure) in zip(probabilities, shapes, strict=True):
            probability[active] *= (number + size[active]) / (number + 1) * failure[active]
            cumulative[active] += probability[active]
        number += 1
        count[active] = number
        # What rounding keeps from ever reaching the share has no probability left to add.
        is_short = (cumulative[active] < share) & (number < 1e6)
        active = active[is_short]
    return count


def _cumulative(count: FloatArray, part: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """P(X < count) and `part` of P(X = count), for one of the parts."""
    size, failure = _shape(np.maximum(mean, LEAST_MEAN), variance)
    probability = np.exp(size * np.log1p(-failure))
    total = np.where(count == 0, part, 1.0) * probability
    active = np.flatnonzero(count > 0)
    number = 0
    while len(active) > 0 and number < 1e6:
        probability[active] *= (number + size[active]) / (number + 1) * failure[active]
        number += 1
        is_last = count[active] == number
        total[active] += np.where(is_last, part[active], 1.0) * probability[active]
        active = active[~is_last]
    return total


def _log_probability(count: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    # A larger hair: at r = 10¹¹ the difference of two ln Γ has lost its digits.
    size, failure = _shape(mean, np.maximum(variance, mean * (1 + _THICK_HAIR)))
    return (
        log_gamma(count + size) - log_gamma(size) - log_gamma(count + 1)
        + size * np.log1p(-failure) + count * np.log(failure)
    )  # fmt: skip


def log_gamma(x: FloatArray) -> FloatArray:
    """ln Γ of positive numbers, to twelve digits, by Stirling's series; numpy has none."""
    below = np.maximum(8 - np.floor(x), 0)
    product = np.ones_like(x)
    for step in range(8):
        product *= np.where(step < below, x + step, 1.0)
    y = x + below
    series = np.sum([factor / y ** (2 * n + 1) for n, factor in enumerate(_STIRLING)], axis=0)
    found: FloatArray = (y - 0.5) * np.log(y) - y + 0.5 * math.log(2 * math.pi) + series - np.log(product)
    return found
