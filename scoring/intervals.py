"""90 % intervals of the chained factors and of the influence, on the log scale."""

from __future__ import annotations

import numpy as np

from scoring.arrays import FloatArray, divided, sum_groups
from scoring.attribution import log_mean
from scoring.chained import SIDE_NAMES, Chain
from scoring.levels import likely_rate

NORMAL_95 = 1.6448536269514722
"""The 95th percentile of the standard normal distribution: 5 % lie above it, 5 % below its negative."""


def factor_spread(chain: Chain) -> FloatArray:
    """Half the width of ln E's and ln I's intervals (T, G): what chance alone would do to the factor.

    A level and the one before it share all their history, so its error cancels in their ratio; what is left is the
    error of the one new count. ln E = Σ ΔL / Λ exactly (see attribution), hence var(ln E) = Σ var(ΔL) / Λ².
    """
    return NORMAL_95 * np.sqrt(sum_groups(factor_variances(chain), chain.group, chain.above.shape[1]))


def factor_variances(chain: Chain) -> FloatArray:
    """What each series adds to the variance of its side's ln E or ln I (T, S): var(ΔL) / Λ²."""
    level, mass = chain.levels.before()
    middle = log_mean(_likely(chain, chain.levels.level, chain.levels.mass), _likely(chain, level, mass))
    share = divided(chain.series.weight, middle[:, chain.group], chain.matched)
    return share**2 * chain.levels.step_variance


def influence_spread(chain: Chain) -> FloatArray:
    """Half the width of ln influence's interval (T, P); 0 in the base, where the influence is I_0 by definition.

    Of each side the variance of the level now and of the level it started from: the base's, or that of a series
    which came later at its first sight. Levels years apart are independent; neighbouring ones are less uncertain
    relative to each other than this says. A series that left takes its part of the uncertainty with it.
    """
    level, mass = chain.levels.level, chain.levels.mass
    variance = chain.levels.log_variance()
    person = chain.group // len(SIDE_NAMES)
    base_ends = np.maximum(chain.base.sum(axis=0) - 1, 0)[person]
    starts = np.maximum(base_ends, np.argmax(mass > 0, axis=0))
    at_start = np.take_along_axis(variance, starts[None, :], axis=0)
    likely = _likely(chain, level, mass)
    share = divided(_where_matched(chain, level, mass), likely[:, chain.group], chain.matched)
    by_side = sum_groups(share**2 * (variance + at_start), chain.group, likely.shape[1])
    # Without anything to compare, the chain is held, and so is what is known of it.
    position = np.arange(len(by_side))[:, None]
    latest = np.maximum.accumulate(np.where(chain.linked, position, 0), axis=0)
    held = np.take_along_axis(by_side, latest, axis=0)
    total = sum(held[:, side :: len(SIDE_NAMES)] for side in range(len(SIDE_NAMES)))
    return np.where(chain.base, 0.0, NORMAL_95 * np.sqrt(total))


def _likely(chain: Chain, level: FloatArray, mass: FloatArray) -> FloatArray:
    """What a side's matched series likely bring together (T, G): as in the factor, and half an event more of each."""
    return chain.prior + sum_groups(_where_matched(chain, level, mass), chain.group, chain.above.shape[1])


def _where_matched(chain: Chain, level: FloatArray, mass: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):  # not yet observed, and therefore not matched
        return np.where(chain.matched, chain.series.weight * likely_rate(level, mass), 0.0)
