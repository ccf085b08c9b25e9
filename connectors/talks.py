"""Talks that a person gave and dated numbers that no service tells, from a file kept by hand and `harvest log`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Literal

from connectors.base import (
    Batch,
    Connector,
    Context,
    Coverage,
    Cursor,
    Kind,
    Metric,
    Observation,
    Stream,
    StreamSpec,
    Subject,
)
from connectors.errors import Gone, Malformed
from connectors.pages import DAY, day_of
from connectors.talkfile import Talk, read_book
from connectors.talklog import Logged, append_number, append_talk, undo_last
from connectors.talknumbers import METRICS as NUMBERS
from connectors.talknumbers import Number, coverage_of, facts_of, part_of, subject_of, taken_back

__all__ = ["CONNECTOR", "Logged", "Number", "Talk", "TalksConfig", "append_number", "append_talk", "undo_last"]

_METRICS = {"audience": "talk_audience", "attendees": "attendees", "interactions": "talk_interactions"}
_OF_TALKS = ("talks", *_METRICS.values())
_NUMBER = "number "  # begins the cursor parts of numbers, so that no talk's id is taken for one

TALKS = StreamSpec(
    "talks",
    (*(Metric(name, Kind.EVENT) for name in _OF_TALKS), *NUMBERS.values()),
    permission="read the file",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TalksConfig:
    """Raises ValueError("file: why") for a name that cannot be a file's."""

    file: str = field(
        default="talks.toml",
        metadata={"help": "where the talks stand, relative to the configuration; .csv is read as CSV, else TOML"},
    )

    def __post_init__(self) -> None:
        if not Path(self.file).name or "\0" in self.file:
            raise ValueError("file: name a file, such as talks.toml")


@dataclass(frozen=True, slots=True)
class Talks:
    """The whole file at every read. The cursor has a part for every talk that was counted, with its day and its
    metrics, so that what is no longer in the file can be taken back, also after a `--full` that knew of none."""

    config: TalksConfig
    context: Context
    spec: StreamSpec = TALKS

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield every talk up to today, and zeros for what was counted before and is gone.

        Raises Malformed, with nothing yielded, for a file of which a single entry cannot be used.
        """
        path, today = self.context.folder / self.config.file, self.context.today()
        known = {key: said for key, said in cursor.items() if said}
        book = read_book(path)
        if book is None and known:
            raise Gone(
                f"{self.context.source}: {path} is gone, and {len(known)} entries with it; they still count",
                remedy="put it back, name the right one in `file`, or take the talks out of an otherwise empty file",
            )
        if book is None:
            reason = f"there is no {path.name} yet; `harvest log talk` writes it"
            yield Batch(coverage=[Coverage(today, today, "missing", reason, _OF_TALKS)])
            return
        for entry in book.entries:
            try:
                entry.fact.check_day(today)
            except ValueError as error:
                raise Malformed(f"{path}: {entry.where}: {error}", remedy="mend it there; nothing was read") from None
        source, numbers = self.context.source, book.numbers
        held = [talk for talk in book.talks if talk.day <= today]
        counted: dict[str, Any] = {talk.key: _part(talk) for talk in held}
        counted |= {_NUMBER + number.key: part_of(number, source) for number in numbers}
        undone = [taken_back(said) for key, said in known.items() if "number" in said and key not in counted]
        begins_on = min([*(talk.day for talk in held), self.context.since or today, today])
        yield Batch(
            [
                *(observation for talk in held for observation in self._facts(talk)),
                *(facts_of(number, source) for number in numbers),
                *self._retractions(known, counted),
                *(fact for fact, _ in undone),
            ],
            checkpoint={key: counted.get(key) for key in known.keys() | counted.keys()},
            subjects=[
                *(_subject(talk, self._noon(talk.day)) for talk in held),
                *{subject.id: subject for subject in (subject_of(number, source) for number in numbers)}.values(),
            ],
            coverage=[*_coverage(held, begins_on, today), *coverage_of(numbers), *(span for _, span in undone)],
        )

    def _facts(self, talk: Talk) -> Iterator[Observation]:
        at = self._noon(talk.day)
        about = {key: text for key in ("event", "kind") if (text := getattr(talk, key))}
        yield Observation("talks", talk.key, talk.key, at, 1.0, attrs=about)
        for name, metric in _METRICS.items():
            if (count := getattr(talk, name)) is not None:
                yield Observation(metric, talk.key, talk.key, at, float(count))

    def _retractions(self, known: Mapping[str, Any], counted: Mapping[str, Any]) -> Iterator[Observation]:
        for key, said in known.items():
            if "number" in said:
                continue
            kept = counted[key]["metrics"] if key in counted else []
            for metric in said["metrics"]:
                if metric not in kept:
                    yield Observation(metric, key, key, self._noon(day_of(said["on"])), 0.0)

    def _noon(self, day: date) -> datetime:
        """Noon where the person lives: an instant of that day whatever else happens to the clocks."""
        return datetime.combine(day, time(12), self.context.timezone).astimezone(UTC)


def _coverage(held: Sequence[Talk], first: date, last: date) -> Iterator[Coverage]:
    """What the file says of every day; of a talk with a number left out, not what that number was."""
    gaps = {name: [talk for talk in held if getattr(talk, name) is None] for name in _METRICS}
    if not any(gaps.values()):
        yield Coverage(first, last, metrics=_OF_TALKS)
        return
    yield Coverage(first, last, metrics=("talks", *(_METRICS[name] for name, talks in gaps.items() if not talks)))
    for name, talks in gaps.items():
        told = {talk.day for talk in held if getattr(talk, name) is not None}
        metrics, start = (_METRICS[name],), first
        for day, title in sorted({talk.day: talk.title for talk in talks}.items()):
            if start < day:
                yield Coverage(start, day - DAY, metrics=metrics)
            state: Literal["partial", "missing"] = "partial" if day in told else "missing"
            yield Coverage(day, day, state, f"{name} of {title!r} not known", metrics)
            start = day + DAY
        if talks and start <= last:
            yield Coverage(start, last, metrics=metrics)


def _part(talk: Talk) -> dict[str, Any]:
    metrics = [metric for name, metric in _METRICS.items() if getattr(talk, name) is not None]
    return {"on": str(talk.day), "metrics": ["talks", *metrics]}


def _subject(talk: Talk, at: datetime) -> Subject:
    return Subject(talk.key, talk.title, "talk", talk.title, talk.url, at)


def open_streams(config: TalksConfig, context: Context) -> Sequence[Stream]:
    """The one stream; the file is opened when it is read."""
    return (Talks(config, context),)


CONNECTOR = Connector(
    "talks",
    TalksConfig,
    open_streams,
    (TALKS,),
    "talks you gave and numbers you know, from a file kept by hand and by `harvest log`",
)
