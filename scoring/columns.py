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

_NULL = np.array(None, dtype=object)


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
        nothing: BoolArray = np.equal(plain, _NULL)
        return mask | nothing
    unequal: BoolArray = plain != plain  # NaN and NaT
    return mask | unequal


def as_floats(values: Values) -> FloatArray:
    """Numbers; null is NaN. Raises ValueError, TypeError where they are none."""
    if hasattr(values, "to_numpy"):
        numbers: FloatArray = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return numbers
    return np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)


def as_days(values: Values) -> IntArray | None:
    """Days since 1970-01-01 of datetime64, null the smallest number; None where the values are something else."""
    plain = values.to_numpy() if isinstance(values.dtype, np.dtype) and hasattr(values, "iloc") else values
    if not isinstance(plain, np.ndarray) or plain.dtype.kind != "M":
        return None
    found: IntArray = np.ma.filled(plain, np.datetime64("NaT")).astype("datetime64[D]").astype(np.int64)
    return found


def factorize(values: Values) -> tuple[IntArray, Any]:
    """A code for each value into the distinct ones; null is -1."""
    if hasattr(values, "iloc"):
        if values.dtype.kind != "O":
            import pandas as pd

            codes, distinct = pd.factorize(values)
            return codes, distinct
        values = values.to_numpy(dtype=object)
    plain, mask = np.ma.getdata(values), np.ma.getmask(values)
    if plain.dtype != object:
        null = is_null(values)
        distinct, codes = np.unique(plain[~null], return_inverse=True)
        found = np.full(len(plain), -1, dtype=np.int64)
        found[~null] = codes
        return found, distinct
    numbers = _Numbers()
    texts = plain if mask is np.ma.nomask else np.where(mask, _NULL, plain)
    codes = np.fromiter(map(numbers.__getitem__, texts.tolist()), dtype=np.int64, count=len(texts))
    return codes, numbers.names


class _Numbers(dict[Any, int]):
    """Numbers what it is asked for, as it comes, and keeps it in `names`; null is -1. For loops that C makes."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[Any] = []

    def __missing__(self, key: Any) -> int:
        # None, pandas.NA, which will not be compared, and NaN and NaT, which are unequal to themselves.
        is_null = key is None or type(key).__name__ == "NAType" or key != key
        self[key] = number = -1 if is_null else len(self.names)
        if not is_null:
            self.names.append(key)
        return number


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
