"""Days that a forgetful service still tells and that nobody has read yet, and those that it tells no more.

A service that remembers `retention_days` tells, on day t, of the days after t - retention_days. So day d is gone for
good when day d + retention_days begins, on the clock whose midnights the days are counted by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connectors.base import Kind, StreamSpec

_DAY = timedelta(days=1)
_HELD = frozenset({"measured", "partial", "estimated"})


@dataclass(frozen=True, slots=True)
class Span:
    """The days first_day … last_day, both included."""

    first_day: date
    last_day: date

    @property
    def days(self) -> int:
        """How many they are."""
        return (self.last_day - self.first_day).days + 1


@dataclass(frozen=True, slots=True)
class Known:
    """Days that are known alike. `state`: as in `coverage`; `is_whole`: they were read after they had ended."""

    span: Span
    state: str
    is_whole: bool


@dataclass(frozen=True, slots=True)
class DayAtRisk:
    """A day that has ended and can still be read, and the moment (aware, UTC) from which it cannot."""

    day: date
    gone_at: datetime


@dataclass(frozen=True, slots=True)
class Memory:
    """What a service remembers of a stream at the moment `now`. `zone`: whose midnight its days begin at."""

    days: int
    zone: ZoneInfo
    now: datetime

    @property
    def today(self) -> date:
        """The day that is running."""
        return self.now.astimezone(self.zone).date()

    @property
    def oldest(self) -> date:
        """The first day that it still tells of."""
        return self.today - (self.days - 1) * _DAY

    def gone_at(self, day: date) -> datetime:
        """When it forgets a day."""
        return self._midnight(day + self.days * _DAY)

    def ended_at(self, day: date) -> datetime:
        """When a day is over."""
        return self._midnight(day + _DAY)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=self.zone).astimezone(UTC)


def memory_of(spec: StreamSpec, zone: ZoneInfo, now: datetime) -> Memory | None:
    """What a service remembers of a stream, None where nothing can be caught up on or nothing is forgotten.

    `zone`: of the configuration, which days are counted by that no service counts. A level is told of today only,
    so a day of it is measured or past, and never at risk.
    """
    if spec.retention_days is None or all(metric.kind is Kind.LEVEL for metric in spec.metrics):
        return None
    told = [metric.tz for metric in spec.metrics if metric.kind is Kind.DAILY]
    return Memory(spec.retention_days, ZoneInfo(told[0]) if told else zone, now)


def at_risk(memory: Memory, known: Sequence[Known], settled_at: datetime | None) -> tuple[DayAtRisk, ...]:
    """The ended days that are not read whole and can still be, oldest first.

    `settled_at`: when a read last ended with everything told that may be told. What is partial or missing of a day
    that had ended by then is what the service does not tell us, and no read would change that.
    """
    first = max(memory.oldest, _first_known(known) or memory.oldest)
    days = (first + number * _DAY for number in range((memory.today - first).days))
    return tuple(
        DayAtRisk(day, memory.gone_at(day))
        for day in days
        if not any(_is_safe(each, memory.ended_at(day), settled_at) for each in known if _holds(each.span, day))
    )


def _is_safe(known: Known, ended_at: datetime, settled_at: datetime | None) -> bool:
    is_settled = settled_at is not None and settled_at >= ended_at
    if known.state == "lost":
        return True  # not safe at all, but no read brings it back
    if known.state == "missing":
        return is_settled
    return known.is_whole and (known.state == "measured" or is_settled)


def lost(memory: Memory, known: Sequence[Known]) -> tuple[Span, ...]:
    """The days of which nothing is known and which the service has forgotten, since it was first read.

    Where it could never be read, since it was first tried: what it remembered then. A day of which a part was read
    is not lost.
    """
    if not known:
        return ()
    first = _first_known(known)
    if first is None:
        first = min(each.span.first_day for each in known) - (memory.days - 1) * _DAY
    held = [each.span for each in known if each.state in _HELD]
    gaps = _gaps(first, memory.oldest - _DAY, held)
    said = [
        Span(max(each.span.first_day, memory.oldest), each.span.last_day)
        for each in known
        if each.state == "lost" and each.span.last_day >= memory.oldest
    ]
    return (*gaps, *said)


def _first_known(known: Iterable[Known]) -> date | None:
    return min((each.span.first_day for each in known if each.state in _HELD), default=None)


def _gaps(first: date, last: date, held: Iterable[Span]) -> list[Span]:
    """What of first … last is in none of the spans."""
    gaps = []
    for span in sorted(held, key=lambda span: span.first_day):
        if span.first_day > last:
            break
        if span.first_day > first:
            gaps.append(Span(first, span.first_day - _DAY))
        first = max(first, span.last_day + _DAY)
    return [*gaps, Span(first, last)] if first <= last else gaps


def _holds(span: Span, day: date) -> bool:
    return span.first_day <= day <= span.last_day
