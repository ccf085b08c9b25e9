"""Dated numbers that no service tells and that a person enters by hand, beside the talks: whom one can reach, what
brought people to the door."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from connectors.base import Coverage, Kind, Metric, Observation, Subject
from connectors.pages import day_of, noon

METRICS = {
    "audience": Metric("audience", Kind.LEVEL, gauge=True),
    "impressions": Metric("impressions", Kind.DAILY, tz="file"),
    "clicks": Metric("clicks", Kind.DAILY, tz="file"),
}
"""What may be entered: an audience is as large as it was last said to be, the others are totals of a day."""

KEYS = ("id", "date", "value", "of")
"""The keys of an entry."""

_LONGEST = {"id": 200, "of": 200}
_MOST = 10**12
_FIRST_DAY = date(1990, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of a day. `of`: a newsletter, a post, where there are several. Raises ValueError("key: why")."""

    metric: str
    day: date
    value: int
    of: str = ""
    id: str = ""

    def __post_init__(self) -> None:
        for key, longest in _LONGEST.items():
            text = getattr(self, key)
            if any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
                raise ValueError(f"{key}: has characters that are no text")
            if len(text) > longest:
                raise ValueError(f"{key}: has {len(text)} characters; the longest is {longest}")
        if self.day < _FIRST_DAY:
            raise ValueError(f"date: {self.day} is before {_FIRST_DAY.year}")
        if not 0 <= self.value <= _MOST:
            raise ValueError(f"value: must not be {'negative' if self.value < 0 else 'above a million million'}")

    @property
    def key(self) -> str:
        """What tells numbers apart: one of a kind, of a thing, and a day."""
        return f"{self.metric} {self.day} {' '.join(unicodedata.normalize('NFC', self.of).split())}".strip()

    def check_day(self, today: date) -> None:
        """Raise ValueError for a number of a day that is still to come."""
        if self.day > today:
            raise ValueError(f"date: {self.day} is still to come")

    def __str__(self) -> str:
        return f"{self.day} {self.metric} {self.value}" + (f" of {self.of}" if self.of else "")


def number_of(metric: str, day: date, fields: Mapping[str, Any]) -> Number:
    """A number from an entry of a file, whose date has been read. Raises ValueError."""
    value = fields.get("value")
    if value is None:
        raise ValueError("value: is missing")
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"value: {value!r} is not a whole number")  # noqa: TRY004 - a mistake in the file
    texts = {key: fields.get(key, "") for key in ("of", "id")}
    for key, text in texts.items():
        if not isinstance(text, str):
            raise ValueError(f'{key}: {text!r} is no text; put it in quotes, as in {key} = "…"')  # noqa: TRY004 - a mistake in the file, not in a type
    return Number(metric=metric, day=day, value=value, **{key: " ".join(text.split()) for key, text in texts.items()})


def facts_of(number: Number, source: str) -> Observation:
    """The number as it is stored, about what it is of or else about the source as a whole."""
    return Observation(number.metric, number.of or source, str(number.day), noon(number.day), float(number.value))


def subject_of(number: Number, source: str) -> Subject:
    """What the number is of."""
    return Subject(number.of or source, number.of or source, "account")


def part_of(number: Number, source: str) -> dict[str, Any]:
    """What the cursor remembers of a number, so that it can be taken back."""
    return {"number": [number.metric, number.of or source, str(number.day)]}


def taken_back(part: Mapping[str, Any]) -> tuple[Observation, Coverage]:
    """The fact that undoes a number, and that nothing is known of its day any more."""
    metric, subject, key = part["number"]
    day = day_of(key)
    fact = Observation(metric, subject, key, noon(day), 0.0, attrs={"retracted": True})
    return fact, Coverage(day, day, "missing", "taken back", (metric,), takes_back=True)


def coverage_of(numbers: Iterable[Number]) -> Iterator[Coverage]:
    """The days of which a number is told; nothing is said of the others."""
    for metric, day in sorted({(number.metric, number.day) for number in numbers}):
        yield Coverage(day, day, metrics=(metric,))
