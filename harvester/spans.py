"""Periods as people write them: 2026-W12, 2026-03, 2026-03-14."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

GRAINS = ("day", "week", "month")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """A day, an ISO week or a month; `ends_on` is exclusive."""

    grain: str
    start: date

    @property
    def ends_on(self) -> date:
        """The day after its last."""
        if self.grain == "month":
            return date(self.start.year + self.start.month // 12, self.start.month % 12 + 1, 1)
        return self.start + timedelta(days=7 if self.grain == "week" else 1)

    @property
    def before(self) -> Span:
        """The period that ends where this one begins."""
        return _holding(self.start - timedelta(days=1), self.grain)

    @property
    def name(self) -> str:
        """In words: March 2026, the week of 16 to 22 March 2026, 14 March 2026."""
        if self.grain == "month":
            return f"{_MONTHS[self.start.month - 1]} {self.start.year}"
        if self.grain == "week":
            return f"the week of {days(self.start, self.ends_on - timedelta(days=1), with_year=True)}"
        return days(self.start, self.start, with_year=True)

    @property
    def code(self) -> str:
        """As it is written on the command line."""
        if self.grain == "month":
            return f"{self.start:%Y-%m}"
        return f"{self.start:%G-W%V}" if self.grain == "week" else self.start.isoformat()


def parse(text: str, grain: str | None = None) -> Span:
    """The period that is written, or that of the other grain which holds its first day. Raises ValueError."""
    try:
        if found := re.fullmatch(r"(\d{4})-?[Ww](\d{1,2})", text):
            start, own = date.fromisocalendar(int(found[1]), int(found[2]), 1), "week"
        elif found := re.fullmatch(r"(\d{4})-(\d{2})", text):
            start, own = date(int(found[1]), int(found[2]), 1), "month"
        else:
            start, own = date.fromisoformat(text), "day"
        return _holding(start, grain or own)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is not a period; write a week as 2026-W12, a month as 2026-03, a day as 2026-03-14"
        ) from None


def days(first: date, last: date, *, with_year: bool = False) -> str:
    """Days in words, as short as they can be said: 3 to 9 March, 28 March to 3 April, 3 March."""
    year = f" {last.year}" if with_year else ""
    end = f"{last.day} {_MONTHS[last.month - 1]}{year}"
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {end}"
    earlier = f" {first.year}" if with_year and first.year != last.year else ""
    return f"{first.day} {_MONTHS[first.month - 1]}{earlier} to {end}"


def _holding(day: date, grain: str) -> Span:
    if grain == "month":
        return Span("month", day.replace(day=1))
    return Span(grain, day - timedelta(days=day.weekday()) if grain == "week" else day)
