"""The columns of `totals`, checked and turned into codes and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scoring.arrays import BoolArray, FloatArray, IntArray
from scoring.columns import Values, as_days, as_floats, at, factorize, is_null, names_of, some
from scoring.params import GRAINS
from scoring.periods import as_day

if TYPE_CHECKING:
    from scoring.columns import Frame

COLUMNS = ("person", "grain", "period", "ends_on", "source", "metric", "subject", "total", "actors", "coverage")

LEAST_COVERAGE = 1e-6
"""Less than a second of a week is nobody's observation; below it, coverage is 0."""

MOST = 1e60
"""Counts and weights are capped here, so that no sum, square or ratio of them leaves the range of a double."""


@dataclass(frozen=True, slots=True)
class Column:
    """A text column: `codes` per row into `names`, which are sorted."""

    codes: IntArray
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`totals` by column; all arrays have one entry per row."""

    person: Column
    grain: Column
    source: Column
    metric: Column
    starts: IntArray
    ends: IntArray
    total: FloatArray
    actors: FloatArray
    coverage: FloatArray
    unnamed: BoolArray
    frame: Frame

    def describe(self, row: int) -> str:
        """Which row it is, for messages."""
        return _place(self.frame, row)

    def subjects(self, rows: IntArray) -> IntArray:
        """A code for the subject of each of the rows, in the order of their names; without subject: -1."""
        return _ranked(some(self.frame["subject"], rows)).codes


def read(totals: Frame) -> Table:
    """Check totals and take it apart. Raises ValueError saying which row is wrong, and how."""
    if missing := [name for name in COLUMNS if name not in names_of(totals)]:
        raise ValueError(f"totals lacks the column(s) {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
    grain = text(totals, "grain")
    if unknown := [name for name in grain.names if name not in GRAINS]:
        raise ValueError(f"totals: grain must be one of {', '.join(GRAINS)}, got {unknown[0]!r}")
    coverage = numbers(totals, "coverage", "a share from 0 to 1")
    # Shares of days add up to 1 only to within rounding.
    _refuse(totals, "coverage", coverage > 1 + 1e-9, "a share from 0 to 1")
    return Table(
        person=text(totals, "person"),
        grain=grain,
        source=text(totals, "source"),
        metric=text(totals, "metric"),
        starts=days(totals, "period"),
        ends=days(totals, "ends_on"),
        total=np.clip(numbers(totals, "total", "a finite number", least=-np.inf), -MOST, MOST),
        actors=np.minimum(numbers(totals, "actors", "a finite number, 0 or more"), MOST),
        coverage=np.where(coverage < LEAST_COVERAGE, 0.0, np.minimum(coverage, 1.0)),
        unnamed=is_null(totals["subject"]),
        frame=totals,
    )


@dataclass(frozen=True, slots=True)
class People:
    """Exact distinct people by person, grain and period; one entry per row."""

    person: Column
    grain: Column
    starts: IntArray
    count: FloatArray


def read_people(participants: Frame) -> People:
    """Check and take apart a frame of person, grain, period, participants. Raises ValueError."""
    needed = ("person", "grain", "period", "participants")
    if missing := [name for name in needed if name not in names_of(participants)]:
        raise ValueError(f"participants lacks the column(s) {', '.join(missing)}; it needs {', '.join(needed)}")
    return People(
        person=text(participants, "person"),
        grain=text(participants, "grain"),
        starts=days(participants, "period"),
        count=numbers(participants, "participants", "a finite number, 0 or more"),
    )


def text(frame: Frame, name: str) -> Column:
    """A column of names; null is refused. Names are sorted, so codes do not depend on the order of rows."""
    column = _ranked(frame[name])
    _refuse(frame, name, column.codes < 0, "present in every row")
    return column


def _ranked(values: Values) -> Column:
    codes, names = factorize(values)
    spelled = np.array([str(name) for name in names], dtype=object)
    order = np.argsort(spelled)
    rank = np.full(len(order) + 1, -1)  # null, code -1, takes the last place and stays -1
    rank[order] = np.arange(len(order))
    return Column(rank[codes], tuple(spelled[order]))


def days(frame: Frame, name: str) -> IntArray:
    """A column of dates as days since 1970-01-01; null is refused."""
    if (known := as_days(frame[name])) is not None:
        _refuse(frame, name, is_null(frame[name]), "a date")
        return known
    # Dates repeat: converting the few distinct ones is what makes objects and texts as fast as datetime64.
    codes, distinct = factorize(frame[name])
    _refuse(frame, name, codes < 0, "a date")
    try:
        converted = np.array(distinct, dtype="datetime64[D]")
    except (ValueError, TypeError) as error:
        raise ValueError(f"totals: {name} must hold dates: {error}") from None
    return converted.astype(np.int64)[codes]


def numbers(frame: Frame, name: str, allowed: str, least: float = 0.0) -> FloatArray:
    """A column of finite numbers not below `least`; null is refused, for missing is not zero."""
    try:
        values = as_floats(frame[name])
    except (ValueError, TypeError) as error:
        raise ValueError(f"totals: {name} must hold numbers: {error}") from None
    _refuse(frame, name, ~np.isfinite(values) | (values < least), allowed)
    return values


def _refuse(frame: Frame, name: str, bad: npt.NDArray[Any], allowed: str) -> None:
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise ValueError(f"{name} must be {allowed}, got {at(frame[name], row)!r} in {_place(frame, row)}")


def _place(frame: Frame, row: int) -> str:
    keys = [key for key in ("person", "grain", "period", "source", "metric") if key in names_of(frame)]
    return f"row {row} ({', '.join(str(at(frame[key], row)) for key in keys)})"


def check_ends(table: Table, rows: IntArray, ends: IntArray) -> None:
    """Refuse a row whose `ends_on` is not the day after its period's last."""
    if (bad := table.ends[rows] != ends).any():
        first = int(np.flatnonzero(bad)[0])
        raise ValueError(f"ends_on must be {as_day(ends[first])}, exclusive, in {table.describe(int(rows[first]))}")
