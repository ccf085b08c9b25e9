"""Worlds that nobody thought of, and their scores: in arrays, so that many of them can be tried."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from scoring_frames import LATER, MONDAY, Reading

import scoring

# HARVEST_EXAMPLES=5000 where somebody has the time: 500 take a minute.
often = settings(max_examples=int(os.environ.get("HARVEST_EXAMPLES") or 500), deadline=None)

World = Mapping[str, Sequence[Reading]]
Arrays = Mapping[str, Any]

SHARING = ["blog/post_reads", "blog/post_comments", "work/stars"]
TAKING_PART = ["work/issues_opened", "work/issue_comments", "talks/talk_interactions"]
ELSE = ["blog/clicks", "work/followers", "work/traffic_visitors"]
TABLES = ("factors", "influence", "attribution")

counts = st.one_of(st.integers(0, 10_000).map(float), st.floats(0, 1e6, allow_nan=False))
PLAIN = scoring.Params()
SHARES = (1.0, None, 0.5, 1 / 7, 0.0)


@st.composite
def worlds(
    draw: st.DrawFn,
    names: Sequence[str] = (*SHARING, *TAKING_PART, *ELSE),
    count: st.SearchStrategy[float] = counts,
    shares: Sequence[float | None] = SHARES,
) -> dict[str, list[Reading]]:
    """Some series over the same weeks, observed in these shares, where None is not at all.

    A few counts are drawn, and which of them stands where: to draw each of them takes longer than to score them.
    """
    length = draw(st.integers(2, 9))
    chosen = draw(st.sampled_from(_some_of(tuple(names))))
    few = draw(st.lists(count, min_size=1, max_size=5))
    which = draw(st.binary(min_size=length * len(chosen), max_size=length * len(chosen)))
    grid = [_reading(few[number % len(few)], shares[number // len(few) % len(shares)]) for number in which]
    return {name: grid[row * length : (row + 1) * length] for row, name in enumerate(chosen)}


@cache
def _some_of(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Up to five of the names, in every way."""
    return [some for size in range(1, 6) for some in itertools.combinations(names, size)]


def _reading(count: float, share: float | None) -> Reading:
    return None if share is None else count if share == 1.0 else (count, share)


def pair(reading: Reading) -> tuple[float, float]:
    """A reading as total and coverage."""
    if reading is None:
        return 0.0, 0.0
    return reading if isinstance(reading, tuple) else (reading, 1.0)


def totals_of(*worlds: World, later: int = 0) -> dict[str, Any]:
    """Weekly totals of each world as those of a person, "0", "1" and so on, who know nothing of each other.

    Each begins `later` weeks after the one before.
    """
    rows = [
        (str(person), *name.split("/"), number + later * person, *pair(reading))
        for person, world in enumerate(worlds)
        for name, readings in world.items()
        for number, reading in enumerate(readings)
        if reading is not None
    ]
    persons, sources, metrics, weeks, totals, coverages = zip(*rows, strict=True) if rows else [()] * 6
    period = np.datetime64(MONDAY) + 7 * np.array(weeks, dtype=np.int64)
    return {
        "person": np.array(persons, dtype=object),
        "grain": np.array(["week"] * len(rows), dtype=object),
        "period": period,
        "ends_on": period + 7,
        "source": np.array(sources, dtype=object),
        "metric": np.array(metrics, dtype=object),
        "subject": np.array([None if total == 0 else "subject" for total in totals], dtype=object),
        "total": np.array(totals, dtype=np.float64),
        "actors": np.zeros(len(rows)),
        "coverage": np.array(coverages, dtype=np.float64),
    }


def some_of(table: Arrays, rows: Any) -> dict[str, Any]:
    """Some rows of a table, by mask or by number."""
    return {name: values[rows] for name, values in table.items()}


def of(table: Arrays, person: int = 0, model: str = "chained") -> dict[str, Any]:
    """A person's rows of a table by one model."""
    return some_of(table, (table["person"] == str(person)) & (table["model"] == model))


def score_of(
    totals: Arrays, *, since: Mapping[str, date] | None = None, now: date = LATER, **settings: Any
) -> scoring.Columns:
    """The score with these settings, long after the last period."""
    params = scoring.Params(**settings) if settings else PLAIN
    return scoring.score_columns(totals, params, now=now, since=since)


def factors_of(*worlds: World) -> list[dict[str, Any]]:
    """The chained factors of each world, scored at once."""
    factors = score_of(totals_of(*worlds)).factors
    return [of(factors, person) for person in range(len(worlds))]


def assert_same(left: Arrays, right: Arrays) -> None:
    """Equal to the last bit, in the same order; what is null in one is in the other."""
    assert list(left) == list(right)
    for name, values in left.items():
        if not np.array_equal(values, right[name], equal_nan=values.dtype.kind == "f"):
            np.testing.assert_array_equal(values, right[name], err_msg=name)  # which takes its time to say where


def joined(*tables: Arrays) -> dict[str, Any]:
    """Tables one below the other."""
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
