"""Quantiles of negative binomial distributions, for whole arrays at once."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from scoring.arrays import FloatArray

LARGEST_MEAN = 200.0
"""Above it a distribution is scaled down to it: half a percent is resolution enough, and p(0) stays a number."""
LEAST_MEAN = 1e-12
"""Below it nothing is expected at all."""


def quantile(mean: FloatArray, variance: FloatArray, share: float) -> FloatArray:
    """The least count whose cumulative probability reaches `share`, of counts with this mean and variance.

    mean ≥ 0; variance at least the mean (a Poisson distribution's). Exact up to a mean of 200; above it to within
    half a percent of the mean.
    """
    scale = np.maximum(mean / LARGEST_MEAN, 1.0)
    mean, variance = mean / scale, variance / scale**2
    result = np.zeros_like(mean)
    # A large Poisson count, scaled down, varies less than a count can: it is normal by then.
    is_normal = (scale > 1) & (variance <= mean)
    result[is_normal] = _normal(mean[is_normal], variance[is_normal], share)
    is_counted = ~is_normal & (mean > LEAST_MEAN)
    result[is_counted] = _counted(mean[is_counted], variance[is_counted], share)
    return result * scale


def _normal(mean: FloatArray, variance: FloatArray, share: float) -> FloatArray:
    return np.maximum(mean + NormalDist().inv_cdf(share) * np.sqrt(variance), 0.0)


def _counted(mean: FloatArray, variance: FloatArray, share: float) -> FloatArray:
    """By adding up p(0), p(1), …, with p(n+1) = p(n) · (n + r)/(n + 1) · q."""
    # A hair above Poisson, which is the limit for r → ∞; below r = 1/1000 all but everything is at zero.
    variance = np.clip(variance, mean * (1 + 1e-9), mean + 1000 * mean**2)
    size, failure = mean**2 / (variance - mean), 1 - mean / variance
    probability = np.exp(size * np.log1p(-failure))
    cumulative, count = probability.copy(), np.zeros_like(mean)
    active = np.flatnonzero(cumulative < share)
    number = 0
    while len(active) > 0:
        probability[active] *= (number + size[active]) / (number + 1) * failure[active]
        cumulative[active] += probability[active]
        number += 1
        count[active] = number
        is_short = cumulative[active] < share
        active = active[is_short]
    return count
