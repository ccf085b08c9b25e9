"""When a source is due: crontab(5), nicknames and intervals, counted in the user's time zone.

Imports apscheduler only when a crontab line is asked for its next time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from connectors.nearest import nearest

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ALL_HOURS = frozenset(range(24))
_ALL_DAYS = frozenset(range(1, 32))
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LONGEST_INTERVAL = timedelta(days=366)
_CLOCK_CORRECTION = timedelta(hours=2)
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FORMS = 'five crontab fields ("0 */6 * * *"), a nickname ("@daily") or an interval ("every 6h")'


@dataclass(frozen=True, slots=True)
class Crontab:
    """The five fields, expanded. Weekdays count from Sunday = 0.

    `either_day`: neither day field starts with `*`, so a day that matches one of them is enough.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """A line of a schedule, as written and as understood."""

    text: str
    rule: Crontab | timedelta

    def __str__(self) -> str:
        return self.text

    def next_after(self, moment: datetime, timezone: tzinfo) -> datetime:
        """The first time after `moment` (aware, UTC) that the schedule names; aware, UTC.

        Where clocks change: a slot of the skipped hour comes once, as much later as the clock jumped; a slot of the
        repeated hour comes once, the first time round, unless the schedule runs in every hour of the day.
        """
        if moment.utcoffset() != timedelta(0):
            raise ValueError(f"moment must be UTC, got {moment!r}")
        if isinstance(self.rule, timedelta):
            return moment + self.rule
        return _next_instant(self.rule, moment, timezone)

    def due(self, last_success: datetime | None, now: datetime, timezone: tzinfo) -> datetime:
        """When the next run is due; not later than `now` means at once. All times aware, UTC.

        Only the last success counts, so a run missed by a reboot or a suspend is due as soon as somebody asks, and
        several missed ones are due as one.
        """
        # A success far in the future is a clock that was wrong once: believing it would stop the source until then.
        # A near one is a clock that was put back a little: doubting it would repeat the slots of that while.
        if last_success is None or last_success > now + _CLOCK_CORRECTION:
            return now
        return self.next_after(last_success, timezone)


@lru_cache(maxsize=1024)
def parse(text: str) -> Schedule:
    """Read a schedule. ValueError names the field at fault and what is allowed there."""
    line = " ".join(text.split())
    if line.startswith("@"):
        return Schedule(line, _crontab(_nickname(line)))
    if line.casefold().startswith("every"):
        return Schedule(line, _interval(line))
    return Schedule(line, _crontab(line))


def _nickname(line: str) -> str:
    if known := _NICKNAMES.get(line.casefold()):
        return known
    near = nearest(line, _NICKNAMES)
    hint = f"; did you mean {near}?" if near else ""
    raise ValueError(f"unknown nickname {line}: allowed are {', '.join(_NICKNAMES)}{hint}")


def _interval(line: str) -> timedelta:
    match = re.fullmatch(r"every ?([0-9]{1,6}) ?([mhdw])", line.casefold())
    if not match:
        raise ValueError(f"interval {line!r}: write a whole number and m, h, d or w, as in 'every 6h'")
    span = int(match[1]) * _UNITS[match[2]]
    if not timedelta(0) < span <= _LONGEST_INTERVAL:
        raise ValueError(f"interval {line!r}: allowed are 1m to {_LONGEST_INTERVAL.days}d")
    return span


def _crontab(line: str) -> Crontab:
    fields = line.split()
    if len(fields) != 5:
        raise ValueError(
            f"a crontab line has five fields (minute, hour, day of month, month, day of week), got {len(fields)}; "
            f"a schedule is {_FORMS}"
        )
    minute, hour, day, month, weekday = fields
    cron = Crontab(
        minutes=_expand("minute", minute, 0, 59),
        hours=_expand("hour", hour, 0, 23),
        days=_expand("day of month", day, 1, 31),
        months=_expand("month", month, 1, 12, _MONTHS),
        weekdays=frozenset(number % 7 for number in _expand("day of week", weekday, 0, 7, _WEEKDAYS)),
        # crontab(5): a field is unrestricted if it *starts* with a star; `*/2` does.
        either_day=not day.startswith("*") and not weekday.startswith("*"),
    )
    if min(cron.days) <= max(_LONGEST_MONTH[number - 1] for number in cron.months):
        return cron
    if not cron.either_day:
        raise ValueError(f"day of month {day!r} never comes in month {month!r}")
    # Only the weekday is left to wait for; a search for the day would go on to the year 9999.
    return replace(cron, days=_ALL_DAYS, either_day=False)


def _expand(field: str, text: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    """The numbers that a list of stars, numbers, names, ranges and steps stands for."""
    return frozenset(number for item in text.split(",") for number in _item(field, item, low, high, names))


def _item(field: str, item: str, low: int, high: int, names: tuple[str, ...]) -> range:
    allowed = f"allowed are {low}-{high}{f', {names[0]}-{names[-1]}' if names else ''}, *, lists, ranges, steps (*/2)"
    match = re.fullmatch(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/([0-9]{1,4}))?", item, re.ASCII)
    if not match:
        raise ValueError(f"{field}: {item!r} is not understood; {allowed}")
    star, first, last, step = match.groups()
    if star:
        start, stop = low, high
    else:
        start = _number(first, low, high, names)
        stop = start if last is None else _number(last, low, high, names)
        if names == _WEEKDAYS and last is not None and last.casefold() == "sun":
            stop = 7  # mon-sun: the week's last day here, though its number is also 0
    if not low <= start <= high or not low <= stop <= high:
        raise ValueError(f"{field}: {item!r} is out of range; {allowed}")
    if stop < start:
        raise ValueError(f"{field}: the range {item!r} runs backwards; write it as a list of two ranges")
    if step is None:
        return range(start, stop + 1)
    if start == stop:
        raise ValueError(f"{field}: the step in {item!r} needs a range, as in */{step} or {start}-{high}/{step}")
    if not 0 < int(step) <= high - low:
        raise ValueError(f"{field}: the step of {item!r} must be 1-{high - low}; for longer spans write 'every 90m'")
    return range(start, stop + 1, int(step))


def _number(word: str, low: int, high: int, names: tuple[str, ...]) -> int:
    """The number a word stands for; below `low` when it stands for none."""
    if word.casefold() in names:
        return names.index(word.casefold()) + low
    return int(word) if word.isascii() and word.isdigit() and int(word) <= high else low - 1


def _next_instant(cron: Crontab, moment: datetime, timezone: tzinfo) -> datetime:
    """Walk the wall clock's slots and place each in time ourselves.

    CronTrigger only ever sees the wall clock, labelled UTC: given a real zone it fires the repeated hour twice.
    Slots and instants have the same order except around a clock change: there the walk starts early and ends late.
    """
    every_hour = cron.hours == _ALL_HOURS
    slot = _wall(moment, timezone) - _change(moment, timezone)
    found: datetime | None = None
    while True:
        slot = _next_slot(cron, slot)
        for instant in _instants(slot, timezone, every_hour=every_hour):
            if instant > moment and (found is None or instant < found):
                found = instant
        if found is not None and slot >= _wall(found, timezone) + _change(found, timezone):
            return found


def _instants(slot: datetime, timezone: tzinfo, *, every_hour: bool) -> list[datetime]:
    """Where a wall-clock time lies in UTC. PEP 495's fold 0: after the jump if skipped, the first if repeated."""
    first = slot.replace(tzinfo=timezone).astimezone(UTC)
    second = slot.replace(tzinfo=timezone, fold=1).astimezone(UTC)
    return [first, second] if every_hour and second > first else [first]


def _wall(instant: datetime, timezone: tzinfo) -> datetime:
    return instant.astimezone(timezone).replace(tzinfo=None)


def _change(instant: datetime, timezone: tzinfo) -> timedelta:
    """How far the clock is moved within a day of `instant`; zero on nearly every day."""
    day = timedelta(days=1)
    before, after = ((instant + step).astimezone(timezone).utcoffset() for step in (-day, day))
    return abs((after or timedelta(0)) - (before or timedelta(0)))


def _next_slot(cron: Crontab, wall: datetime) -> datetime:
    """The first wall-clock time after `wall` that the fields name."""
    start = (wall + timedelta(microseconds=1)).replace(tzinfo=UTC)
    slots: list[datetime] = [trigger.get_next_fire_time(None, start) for trigger in _triggers(cron)]
    return min(slots).replace(tzinfo=None)


@lru_cache(maxsize=256)
def _triggers(cron: Crontab) -> tuple[Any, ...]:
    from apscheduler.triggers.cron import CronTrigger  # here, so that `harvest --help` does not pay for it

    def trigger(days: str, weekdays: str) -> Any:
        return CronTrigger(
            month=_listed(cron.months),
            day=days,
            day_of_week=weekdays,
            hour=_listed(cron.hours),
            minute=_listed(cron.minutes),
            timezone=UTC,
        )

    days = _listed(cron.days)
    # Names, because APScheduler counts weekdays from Monday.
    weekdays = ",".join(_WEEKDAYS[number] for number in sorted(cron.weekdays))
    if cron.either_day:
        return (trigger(days, "*"), trigger("*", weekdays))
    return (trigger(days, weekdays),)


def _listed(numbers: frozenset[int]) -> str:
    return ",".join(str(number) for number in sorted(numbers))
