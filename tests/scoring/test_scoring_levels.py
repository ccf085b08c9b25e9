"""A series' levels do not depend, to the last bit, on how many others are followed with it."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from scoring.levels import Levels, follow


@pytest.mark.parametrize("few", [1, 5, 9, 16])
def test_a_few_series_are_followed_as_they_are_among_many(few: int) -> None:
    rng = np.random.default_rng(few)
    shape = (300, 64)
    counts = rng.poisson(rng.choice([0.0, 0.1, 3.0, 1e6], shape[1]), shape).astype(float)
    coverage = np.where(rng.random(shape) < 0.3, 0.0, rng.choice([1.0, 1.0, 0.3, 1e-6], shape))
    counts[:, 1], coverage[:, 2], counts[50:, 3] = 1e60, 0.0, 0.0
    decay = np.exp2(-rng.choice([28, 30, 31], shape[0]) / 28.0)

    among_many, alone = follow(counts, coverage, decay), follow(counts[:, :few], coverage[:, :few], decay)
    for each in fields(Levels):
        many, found = getattr(among_many, each.name)[:, :few].copy(), getattr(alone, each.name)
        assert np.array_equal(many.view(np.int64), found.view(np.int64)), each.name
