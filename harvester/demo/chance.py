"""Draws that the demo world's life is made of."""

from __future__ import annotations

import math
from random import Random


def poisson(rng: Random, mean: float) -> int:
    """A Poisson draw; rounded normal where the mean is large."""
    if mean > 30:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count
