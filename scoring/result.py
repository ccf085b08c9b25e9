"""The three tables of a score: factors, influence and attribution, as scoring.md section 7 names their columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scoring.params import GRAINS

if TYPE_CHECKING:
    import pandas as pd

Words = tuple[npt.NDArray[Any], Sequence[str]]
"""A text column: codes, and the texts they stand for."""

Column = Callable[[], npt.NDArray[Any] | Words]
"""A column of some rows, made when its turn comes: all of them at once would double the memory of a table."""

FACTORS = {
    "person": "str", "model": "str", "grain": "str", "period": "datetime64[s]", "ends_on": "datetime64[s]",
    "factor_e": "float64", "e_low": "float64", "e_high": "float64",
    "reads": "float64", "comments": "float64", "clicks": "float64", "click_rate": "float64", "e_status": "str",
    "factor_i": "float64", "i_low": "float64", "i_high": "float64",
    "participants": "float64", "interactions": "float64", "interactions_per_participant": "float64",
    "audience": "float64", "participation_rate": "float64", "i_status": "str",
    "coverage": "float64", "provisional": "bool", "params": "str",
}  # fmt: skip
INFLUENCE = {
    "person": "str", "model": "str", "grain": "str", "period": "datetime64[s]", "ends_on": "datetime64[s]",
    "influence": "float64", "low": "float64", "high": "float64", "coverage": "float64", "status": "str",
    "params": "str",
}  # fmt: skip
ATTRIBUTION = {
    "person": "str", "grain": "str", "period": "datetime64[s]", "side": "str", "source": "str", "metric": "str",
    "log_effect": "float64",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """What `score` returns; a null number is NaN, and a status says why.

    `factors`: sorted by person, model, grain, period; so is `influence`. `attribution`: of the chained model,
    sorted by person, grain, period, side, source, metric.
    """

    factors: pd.DataFrame
    influence: pd.DataFrame
    attribution: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Columns:
    """The same without pandas: arrays by name of column; where it was asked for so, texts as `Words`."""

    factors: Mapping[str, Any]
    influence: Mapping[str, Any]
    attribution: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one table, by column. `order`: codes per row, most significant first, that say where it belongs."""

    order: tuple[npt.NDArray[Any], ...]
    columns: Mapping[str, Column]


def grain_order(grain: str, rows: int) -> npt.NDArray[Any]:
    """The grain's place in a table, for each of the rows."""
    return np.full(rows, sorted(GRAINS).index(grain), dtype=np.int8)


def repeated(text: str, rows: int) -> Column:
    """The same text in every row."""
    return lambda: (np.zeros(rows, dtype=np.int8), (text,))


def assemble(blocks: Sequence[Block], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Concatenate and sort blocks into one table with exactly these columns."""
    import pandas as pd

    if not blocks:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in dtypes.items()})

    def words(codes: npt.NDArray[np.int64], texts: Sequence[str]) -> Any:
        # Codes first, texts last: the table repeats the few texts by reference.
        return pd.Index(list(texts), dtype="str").take(codes).array

    return pd.DataFrame(_columns(blocks, dtypes, words), copy=False)


def arrange(blocks: Sequence[Block], dtypes: Mapping[str, str]) -> dict[str, npt.NDArray[Any]]:
    """The same as arrays; texts are objects."""
    return {
        name: np.array([*values[1], ""], dtype=object)[values[0]] if isinstance(values, tuple) else values
        for name, values in encode(blocks, dtypes).items()
    }


def encode(blocks: Sequence[Block], dtypes: Mapping[str, str]) -> dict[str, npt.NDArray[Any] | Words]:
    """The same as arrays, and texts as the numbers that they are here: for who would number them again."""
    if not blocks:
        nothing = np.empty(0, dtype=np.int64)
        return {
            name: (nothing, ()) if dtype == "str" else np.array([], dtype=dtype) for name, dtype in dtypes.items()
        }
    # A byte or two for each text: most of a score is texts.
    return _columns(blocks, dtypes, lambda codes, texts: (codes.astype(np.min_scalar_type(len(texts))), texts))


def _columns(
    blocks: Sequence[Block],
    dtypes: Mapping[str, str],
    words: Callable[[npt.NDArray[np.int64], Sequence[str]], Any],
) -> dict[str, Any]:
    keys = [np.concatenate(parts) for parts in zip(*(block.order for block in blocks), strict=True)]
    order = np.lexsort(keys[::-1])  # stable: within equal keys, the rows stay as they came
    return {
        name: _column([block.columns[name]() for block in blocks], dtype, order, words)
        for name, dtype in dtypes.items()
    }


def _column(
    parts: Sequence[Any],
    dtype: str,
    order: npt.NDArray[np.int64],
    words: Callable[[npt.NDArray[np.int64], Sequence[str]], Any],
) -> Any:
    if dtype == "str":
        texts = [text for _, block in parts for text in block]
        offsets = np.cumsum([0, *(len(block) for _, block in parts)])
        codes = np.concatenate([codes + np.int64(offset) for (codes, _), offset in zip(parts, offsets, strict=False)])
        return words(codes[order], texts)
    values = np.concatenate(parts)[order]
    return values.astype("datetime64[D]").astype(dtype) if dtype.startswith("datetime64") else values
