"""Days, weeks and months as consecutive half-open periods, and how fast a level forgets over them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np

from scoring.arrays import FloatArray, IntArray

MEAN_DAYS = {"day": 1.0, "week": 7.0, "month": 365.2425 / 12}
LONGEST_YEARS = 200
EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Calendar:
    """Every period of one grain from the first to the last needed; days count from 1970-01-01, `ends` exclusive."""

    grain: str
    starts: IntArray
    ends: IntArray

    def decay(self, half_life_days: float) -> FloatArray:
        """δ of each period (T): what is left of an older observation's weight after it."""
        lengths = (self.ends - self.starts).astype(np.float64)
        return np.exp2(-lengths / half_life_days)

    def prior(self, half_life_days: float) -> float:
        """ε = ½·(1 − δ): half an event in the filter's whole memory.

        Of the mean length of a period: February must not move a factor, and a product of factors must telescope.
        """
        return -0.5 * math.expm1(-math.log(2) * MEAN_DAYS[self.grain] / half_life_days)

    def after(self, position: IntArray, count: int) -> IntArray:
        """Start days of the `count` periods that follow each of the positions: (positions, count)."""
        steps = np.arange(count)
        if self.grain == "month":
            return first_days(month_of(self.ends[position])[:, None] + steps)
        return self.ends[position][:, None] + steps * int(MEAN_DAYS[self.grain])


def month_of(days: IntArray) -> IntArray:
    """Months since January 1970 of days since 1970-01-01."""
    months: IntArray = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months


def first_days(months: IntArray) -> IntArray:
    """The other way: each month's first day."""
    days: IntArray = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return days


def as_day(day: int | np.int64) -> date:
    """A day number as a date, for messages."""
    return date.fromordinal(EPOCH + int(day))


def align(grain: str, days: IntArray) -> tuple[Calendar, IntArray]:
    """The calendar that spans the given start days, and the position of each day in it.

    Raises ValueError if a month does not start on its first day, weeks start on different weekdays, or the dates
    span more than any life.
    """
    low, high = int(days.min()), int(days.max())
    if high - low > LONGEST_YEARS * 366:
        raise ValueError(f"totals: periods from {as_day(low)} to {as_day(high)}; check the dates")
    if grain == "month":
        months = month_of(days)
        if (bad := first_days(months) != days).any():
            raise ValueError(f"totals: period {as_day(days[bad][0])} is not the first day of a month")
        bounds = first_days(np.arange(months.min(), months.max() + 2))
        return Calendar(grain, bounds[:-1], bounds[1:]), months - months.min()
    length = int(MEAN_DAYS[grain])
    positions, off = np.divmod(days - low, length)
    if off.any():
        raise ValueError(f"totals: weeks start on different weekdays ({as_day(low)} and {as_day(days[off > 0][0])})")
    starts = np.arange(low, high + 1, length)
    return Calendar(grain, starts, starts + length), positions
