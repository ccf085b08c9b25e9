"""Which series moved a factor, and by how much: the additive logarithmic-mean decomposition (LMDI)."""

from __future__ import annotations

import numpy as np

from scoring.arrays import FloatArray, divided
from scoring.chained import Chain


def log_mean(u: FloatArray, v: FloatArray) -> FloatArray:
    """Λ(u, v) = (u − v) / (ln u − ln v) and Λ(u, u) = u, of positive numbers."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # in the branch that np.where does not take
        near = np.log1p((u - v) / v)  # ln u − ln v of neighbours loses its digits
        far = np.log(u) - np.log(v)
        logs = np.where(np.abs(u - v) < v / 2, near, far)
        return np.where(u == v, u, (u - v) / logs)


def log_effects(chain: Chain) -> FloatArray:
    """Each series' part of ln E or ln I (T, S); the parts of a side add up to it. 0 where not matched.

    No logarithm of a single series is taken, so series at zero need no care.
    """
    change = chain.value - chain.value_before
    return divided(change, log_mean(chain.above, chain.below)[:, chain.group], chain.matched)
