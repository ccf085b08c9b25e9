"""What streams of totals of days have in common: reading forward in pieces, and making facts of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Literal

from connectors.base import Batch, Context, Coverage, Cursor, Observation, Reject, Subject
from connectors.pages import DAY, day_of, noon, spans

RE_READ = 3 * DAY
"""How far behind the last read the next one starts: the running day grows, and late events reach the days before."""

Piece = Callable[[date, date, Cursor], Iterator[Batch]]
"""Yields what is told of first … last; the last batch carries the checkpoint given, if all of it was read."""


def read_days(
    context: Context,
    cursor: Cursor,
    part: str,
    *,
    beginning: Callable[[date], date],
    piece: Piece,
    length: int,
    re_read: timedelta = RE_READ,
) -> Iterator[Batch]:
    """Read the days up to today in pieces of at most `length` days, oldest first.

    The first read goes back to `beginning(today)`, or to `Context.since` where that is later: days before the first
    figure were not counted, which is not zero. A later read starts `re_read` before the end of the last. `part`: of
    the cursor, named by what is read, so that a source turned to something else starts anew.
    """
    today = context.clock().date()
    known = cursor.get(part) or {}
    if known:
        begins_on = day_of(known["from"])
        first = max(begins_on, min(day_of(known["through"]), today) - re_read)
    else:
        begins_on = beginning(today)
        first = begins_on = max(begins_on, context.since or begins_on)
        yield Batch()  # `check` looks at the first batch only: key and site are known to be good
    for start, end in spans(first, today, length):
        if context.is_stopping():
            return
        yield from piece(start, end, {part: {"from": str(begins_on), "through": str(end)}})


@dataclass(slots=True)
class Sheet:
    """The facts of an answer, row by row. `offset`: how far the site's clocks are ahead of UTC."""

    offset: timedelta = timedelta(0)
    observations: list[Observation] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    subjects: dict[str, Subject] = field(default_factory=dict)

    def take(self, row: Any, parts: Callable[[Any], tuple[date, Subject, Mapping[str, int]]]) -> None:
        """Keep a row's day, subject and counts by metric; one that `parts` cannot make out is a reject."""
        try:
            day, subject, counts = parts(row)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            self.refuse(row, error)
            return
        self.add(day, subject, counts)

    def refuse(self, row: Any, error: Exception) -> None:
        """Keep that a row could not be used, and why."""
        why = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        self.rejects.append(Reject(str(row)[:200], why[:200]))

    def add(self, day: date, subject: Subject, counts: Mapping[str, int]) -> None:
        """Keep counts by metric of a subject's day."""
        self.subjects[subject.id] = subject
        at = noon(day, self.offset)
        self.observations += [
            Observation(metric, subject.id, str(day), at, float(count)) for metric, count in counts.items()
        ]

    def covered(self, first: date, last: date, today: date, flaw: str) -> list[Coverage]:
        """What is known of first … last: all of it, or, where rows were refused, a part because of `flaw`."""
        return covered(first, last, today, "partial", flaw) if self.rejects else covered(first, last, today)

    def batch(self, checkpoint: Cursor | None = None, coverage: list[Coverage] | None = None) -> Batch:
        """All of it."""
        return Batch(
            self.observations,
            self.rejects,
            checkpoint=checkpoint,
            subjects=list(self.subjects.values()),
            coverage=coverage or [],
        )


State = Literal["measured", "partial", "missing", "lost", "estimated"]


def covered(first: date, last: date, today: date, state: State = "measured", reason: str = "") -> list[Coverage]:
    """What is known of first … last, without the days that have not begun where the site is."""
    last = min(last, today)
    return [Coverage(first, last, state, reason[:300])] if first <= last else []


def by_day(first: date, last: date, today: date, verdict: Callable[[date], tuple[State, str]]) -> list[Coverage]:
    """What is known of each day of first … last by its own verdict (state, reason); equal neighbours in one."""
    found: list[Coverage] = []
    for (state, reason), days in groupby((day for day, _ in spans(first, min(last, today), 1)), verdict):
        run = list(days)
        found += covered(run[0], run[-1], today, state, reason)
    return found


def within(day: date, first: date, last: date) -> date:
    """The day. Raises ValueError where it is not among the days asked for."""
    if not first <= day <= last:
        raise ValueError(f"{day} is not among the days asked for")
    return day
