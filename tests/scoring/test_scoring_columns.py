"""Arrays in and out, without pandas: the same score as that of frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scoring_frames import LATER, MONDAY, weeks
from scoring_worlds import worlds

import scoring
from scoring.columns import as_floats, at, factorize, is_null, ranked, some


def arrays_of(frame: pd.DataFrame) -> dict[str, Any]:
    """As DuckDB tells them: texts as objects, dates as datetime64, masked where null."""
    arrays: dict[str, Any] = {}
    for name in frame.columns:
        values = frame[name]
        if name in ("period", "ends_on"):
            arrays[name] = np.array(values.tolist(), dtype="datetime64[us]")
        elif name in ("total", "actors", "coverage", "participants"):
            arrays[name] = values.to_numpy(dtype=float)
        else:
            null = values.isna().to_numpy()
            plain = np.array(["?" if gone else each for each, gone in zip(values, null, strict=True)], dtype=object)
            arrays[name] = np.ma.masked_array(plain, null) if null.any() else plain
    return arrays


@given(worlds(), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_arrays_give_what_frames_give(world: dict[str, Any], people: int) -> None:
    totals = weeks(world)
    counted = pd.DataFrame(
        [{"person": "me", "grain": "week", "period": MONDAY, "participants": float(people)}] if people else [],
        columns=["person", "grain", "period", "participants"],
    )
    frames = scoring.score(totals, participants=counted, now=LATER)
    arrays = scoring.score_columns(arrays_of(totals), participants=arrays_of(counted), now=LATER)
    for name in ("factors", "influence", "attribution"):
        told = pd.DataFrame(dict(getattr(arrays, name)))
        pd.testing.assert_frame_equal(told, getattr(frames, name), check_dtype=False, check_index_type=False)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("total", np.array([np.nan]), "total must be a finite number, got"),
        ("coverage", np.array([1.5]), "coverage must be a share from 0 to 1, got"),
        ("metric", np.array([None], dtype=object), "metric must be present in every row, got None"),
        ("period", np.array(["NaT"], dtype="datetime64[us]"), "period must be a date, got"),
        ("grain", np.array(["year"], dtype=object), "grain must be one of day, week, month, got 'year'"),
    ],
)
def test_bad_arrays_are_refused_as_bad_frames_are(name: str, value: Any, said: str) -> None:
    arrays = arrays_of(weeks({"blog/post_reads": [5]})) | {name: value}
    with pytest.raises(ValueError, match=said):
        scoring.score_columns(arrays)


def test_a_missing_column_is_named() -> None:
    arrays = arrays_of(weeks({"blog/post_reads": [5]}))
    del arrays["coverage"]
    with pytest.raises(ValueError, match=r"lacks the column\(s\) coverage"):
        scoring.score_columns(arrays)


OBJECTS = np.array(["b", None, "a", "b"], dtype=object)


@pytest.mark.parametrize(
    "values",
    [OBJECTS, np.ma.masked_array(["b", "?", "a", "b"], [0, 1, 0, 0], dtype=object), pd.Series(OBJECTS)],
    ids=["objects", "masked", "series"],
)
def test_texts_are_the_same_in_every_dress(values: Any) -> None:
    codes, distinct = factorize(values)
    assert [None if code < 0 else distinct[code] for code in codes] == ["b", None, "a", "b"]
    assert is_null(values).tolist() == [False, True, False, False]
    assert (at(values, 2), list(some(values, np.array([0, 2])))) == ("a", ["b", "a"])


@pytest.mark.parametrize(
    "values", [np.array([1.0, np.nan]), np.ma.masked_array([1, 9], [0, 1]), pd.Series([1, None])]
)
def test_numbers_are_the_same_in_every_dress(values: Any) -> None:
    np.testing.assert_array_equal(as_floats(values), [1.0, np.nan])


@given(st.lists(st.integers(0, 50) | st.integers(0, 10**9), max_size=30))
def test_places_among_the_distinct(keys: list[int]) -> None:
    places, distinct = ranked(np.array(keys, dtype=np.int64))
    assert (distinct.tolist(), distinct[places].tolist()) == (sorted(set(keys)), keys)
