"""What a cell says: a count, a day, or why it says neither. Every function raises ValueError with the reason."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from connectors.pages import noon

LONGEST_TEXT = 1000

_MOST = 10**12
_FIRST_DAY = date(1990, 1, 1)
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?( ?(Z|UTC|[+-][0-9]{2}:?[0-9]{2}))?)?"
)
_EITHER_WAY = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-](?:[0-9]{2}|[0-9]{4})(?![0-9])")
# As spreadsheets run them: = always, the other signs before a name that is called. "@ada says" is a text.
_FORMULA = re.compile(r"=|[+@-][ ]*[A-Za-z_.]+[ ]*[(|!]")
_IN_NAME = re.compile(r"(?<![0-9])(20[0-9]{2})-?([01][0-9])-?([0-3][0-9])(?![0-9])")


@dataclass(frozen=True, slots=True)
class When:
    """A day, and the instant in it where the cell tells the time of day."""

    day: date
    at: datetime | None = None

    def instant(self, zone: ZoneInfo) -> datetime:
        """When it was, aware UTC: noon of the day where the person lives, if no time is told."""
        if self.at is None:
            return datetime(self.day.year, self.day.month, self.day.day, 12, tzinfo=zone).astimezone(UTC)
        return (self.at if self.at.tzinfo else self.at.replace(tzinfo=zone)).astimezone(UTC)


@lru_cache(4096)  # the same few texts, days and numbers stand in thousands of rows
def text_of(cell: str, longest: int = LONGEST_TEXT) -> str:
    """A text in one line, blanks at its ends removed."""
    if _FORMULA.match(cell.strip()):
        raise ValueError(f"{cell.strip()[:40]!r} is a formula, and nothing here computes one")
    text = " ".join(cell.split())
    if not text.isprintable() and any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
        raise ValueError("has characters that are no text")
    if len(text) > longest:
        raise ValueError(f"has {len(text)} characters; the longest is {longest}")
    return text


@lru_cache(4096)
def count_in(cell: str, decimal: str) -> int | None:
    """A whole number from 0 on, or None for an empty cell, which is not zero but not known.

    `decimal` is the sign before decimals; the other one of . and , may stand between thousands, as may a blank.
    """
    text = text_of(cell)
    if not text:
        return None
    group = "," if decimal == "." else "."
    match = re.fullmatch(rf"([0-9]+|[0-9]{{1,3}}(?:[{group}\s'’][0-9]{{3}})+)(?:[{decimal}]0+)?", text)
    if match:
        number = int(re.sub(r"[^0-9]", "", match[1]))
        if number > _MOST:
            raise ValueError(f"{text[:40]!r} is above a million million")
        return number
    if re.fullmatch(r"[-−–(][ ]?[0-9].*", text):
        raise ValueError(f"{text[:40]!r} is negative")
    if re.fullmatch(rf"[0-9]{{1,3}}(?:[{decimal}][0-9]{{3}})+", text):
        raise ValueError(
            f"{text[:40]!r} is no whole number; if {decimal} stands between thousands, say decimal = {group!r}"
        )
    raise ValueError(f"{text[:40]!r} is no whole number")


@lru_cache(4096)
def when_in(cell: str, pattern: str, today: date) -> When:
    """The day of a cell, written as 2026-11-24, with or without a time of day, or as `pattern` (strptime's) says."""
    text = text_of(cell)
    if not text:
        raise ValueError("the day is missing")
    when = _by_pattern(text, pattern) if pattern else _by_iso(text)
    if when.day < _FIRST_DAY:
        raise ValueError(f"{text!r} is before {_FIRST_DAY.year}")
    if when.day > today + timedelta(days=1):  # where the service lives it may be tomorrow already
        raise ValueError(f"{text!r} is still to come")
    return when


def _by_pattern(text: str, pattern: str) -> When:
    try:
        at = datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone, if any, is told by the pattern
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not written as day_format = {pattern!r} says") from None
    tells_time = re.search("%[HIcXs]", pattern)
    return When(at.date(), at if tells_time else None)


def _by_iso(text: str) -> When:
    if _ISO.fullmatch(text):
        try:
            if len(text) == 10:
                return When(date.fromisoformat(text))
            plain = re.sub(r" ?UTC$", "Z", text).replace(",", ".")
            at = datetime.fromisoformat(re.sub(r" (?=[+Z-])", "", plain))
            return When(at.date(), at)
        except ValueError:
            raise ValueError(f"{text!r} is no day of the calendar") from None
    raise ValueError(f"{text[:40]!r} is not written as 2026-11-24{_advice(text)}")


def _advice(text: str) -> str:
    match = _EITHER_WAY.match(text)
    if not match:
        return "; say in day_format how it is written"
    first, second = int(match[1]), int(match[2])
    if first <= 12 and second <= 12 and first != second:
        return (
            f" and could be the {first}. of month {second} or the {second}. of month {first}; say which in day_format"
        )
    return "; say in day_format how it is written, such as %d/%m/%Y or %m/%d/%Y"


def check_pattern(pattern: str) -> None:
    """Raise ValueError unless `pattern` tells year, month and day."""
    sample = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
    try:
        read = datetime.strptime(sample.strftime(pattern), pattern)  # noqa: DTZ007 - only its day is looked at
    except (ValueError, re.error):
        raise ValueError(f"{pattern!r} is not a format as of strptime, such as %d/%m/%Y") from None
    if read.date() != sample.date():
        raise ValueError(f"{pattern!r} does not tell year, month and day; write such as %d/%m/%Y")


def day_in_name(name: str) -> date | None:
    """The last day in a file's name, as exports are named: posts-2026-11-24.csv, from_20261101_to_20261124.csv."""
    for year, month, day in reversed(_IN_NAME.findall(name)):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


@lru_cache(4096)
def instant_of(day: date) -> datetime:
    """Noon of a day, by which totals and readings of it are dated."""
    return noon(day)
