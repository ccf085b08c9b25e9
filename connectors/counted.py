"""Days on which a service that counts downloads did count: a day of nothing at all was not counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from itertools import groupby

from connectors.base import Coverage
from connectors.pages import DAY, spans


def days_between(first: date, last: date) -> Iterable[date]:
    """Every day from the first to the last."""
    return (day for day, _ in spans(first, last, 1))


def to_come(last: date, today: date) -> list[Coverage]:
    """The days since the last one that was counted, of which nothing is known yet."""
    return [Coverage(last + DAY, today, "missing", "not counted yet")] if last < today else []


def coverage_of(first: date, last: date, counted: Collection[date], flaw: str, silence: str) -> list[Coverage]:
    """What is known of each day: counted ones are measured, or partial for a flaw; the others missing."""
    told = []
    for is_counted, days in groupby(days_between(first, last), counted.__contains__):
        run = list(days)
        if not is_counted:
            told.append(Coverage(run[0], run[-1], "missing", silence))
        else:
            told.append(Coverage(run[0], run[-1], "partial" if flaw else "measured", flaw))
    return told
