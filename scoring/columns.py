"""Columns as they come: those of a DataFrame, or numpy arrays, masked where something is null.

pandas is imported only where its frames are used: it takes longer than a score and more memory than a harvest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from scoring.arrays import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    Frame: TypeAlias = pd.DataFrame | Mapping[str, npt.NDArray[Any]]

Values = Any
"""A column: a Series, or an array."""


def names_of(frame: Frame) -> Sequence[str]:
    """The names of the columns."""
    return [str(name) for name in (frame.columns if hasattr(frame, "columns") else frame)]


def at(values: Values, row: int) -> Any:
    """One value."""
    return values.iloc[row] if hasattr(values, "iloc") else values[row]


def some(values: Values, rows: IntArray) -> Values:
    """The values of some rows."""
    return values.iloc[rows] if hasattr(values, "iloc") else values[rows]


def is_null(values: Values) -> BoolArray:
    """Where nothing is."""
    if hasattr(values, "isna"):
        found: BoolArray = values.isna().to_numpy()
        return found
    mask = np.ma.getmaskarray(values)
    plain = np.ma.getdata(values)
    if plain.dtype == object:
        return mask | np.fromiter((each is None for each in plain), dtype=np.bool_, count=len(plain))
    unequal: BoolArray = plain != plain  # NaN and NaT
    return mask | unequal


def as_floats(values: Values) -> FloatArray:
    """Numbers; null is NaN. Raises ValueError, TypeError where they are none."""
    if hasattr(values, "to_numpy"):
        numbers: FloatArray = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return numbers
    return np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)


def factorize(values: Values) -> tuple[IntArray, Any]:
    """A code for each value into the distinct ones; null is -1."""
    if hasattr(values, "iloc"):
        import pandas as pd

        codes, distinct = pd.factorize(values)
        return codes, distinct
    null, plain = is_null(values), np.ma.getdata(values)
    if plain.dtype != object:
        distinct, codes = np.unique(plain[~null], return_inverse=True)
        found = np.full(len(plain), -1, dtype=np.int64)
        found[~null] = codes
        return found, distinct
    known: dict[Any, int] = {}
    numbers = (-1 if gone else known.setdefault(each, len(known)) for each, gone in zip(plain, null, strict=True))
    return np.fromiter(numbers, dtype=np.int64, count=len(plain)), list(known)


def ranked(keys: IntArray) -> tuple[IntArray, IntArray]:
    """Of whole numbers from 0 on: for each its place among the distinct ones, and those, sorted."""
    limit = int(keys.max(initial=-1)) + 1
    if limit > 4 * len(keys) + 1_000_000:  # so sparse that sorting them takes less
        distinct, places = np.unique(keys, return_inverse=True)
        return places, distinct
    distinct = np.flatnonzero(np.bincount(keys, minlength=1))
    place = np.empty(max(limit, 1), dtype=np.int64)
    place[distinct] = np.arange(len(distinct))
    return place[keys], distinct
