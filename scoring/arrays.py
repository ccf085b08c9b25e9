"""Array types, and the few operations on them that every part of the score shares.

Shapes are written in letters: T periods, S series, P persons, G groups of series (a person's side).
"""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

LARGEST = sys.float_info.max
SMALLEST = sys.float_info.min


def sum_groups(values: FloatArray, group: IntArray, groups: int) -> FloatArray:
    """Sum the columns of values (T, S) that share a group: (T, G).

    Adds in column order and nothing else: an all-zero column never changes a bit of the result, which pairwise
    summation cannot promise.
    """
    periods = len(values)
    flat = (np.arange(periods)[:, None] * groups + group).ravel()
    return binned(flat, values.ravel(), (periods, groups))


def binned(cells: IntArray, values: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """Sum values by flat cell of an array of this shape, in the order they come."""
    sums: FloatArray = np.bincount(cells, weights=values, minlength=shape[0] * shape[1]).astype(
        np.float64, copy=False
    )
    return sums.reshape(shape)


def any_in_groups(mask: BoolArray, group: IntArray, groups: int) -> BoolArray:
    """True (T, G) where any column of the group is."""
    return sum_groups(mask.astype(np.float64), group, groups) > 0


def divided(above: FloatArray, below: FloatArray, where: BoolArray) -> FloatArray:
    """above / below where asked for, 0 elsewhere: what is divided by nothing there is nobody's business."""
    return np.divide(above, below, out=np.zeros(where.shape), where=where)


def bounded(values: FloatArray) -> FloatArray:
    """Positive values that overflowed or vanished, put back to the ends of what a double can say."""
    return np.clip(values, SMALLEST, LARGEST)


def scaled(start: float | FloatArray, log_change: FloatArray) -> FloatArray:
    """start · e^log_change, bounded; exactly start where log_change is 0."""
    with np.errstate(over="ignore", under="ignore"):
        root = np.exp(log_change / 2)  # in two steps: a tiny start may meet a huge change
        return bounded(start * root * root)
