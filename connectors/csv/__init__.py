"""Numbers from files: exports of services that have no API for you, and sheets that are kept by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from connectors.base import Batch, Connector, Context, Coverage, Cursor, Kind, Stream, StreamSpec
from connectors.csv.facts import Fact
from connectors.csv.folder import Folder
from connectors.csv.mapping import READY, Meaning, meant, mistakes, overlaid
from connectors.csv.memory import Change, Memory, days_of, taking_back
from connectors.csv.reckoning import Reckoner
from connectors.csv.spans import Between, spans_of
from connectors.errors import Gone
from connectors.metrics import USUAL, metric_of

__all__ = ["CONNECTOR", "CsvConfig", "folder_of", "kinds_by_stream", "reckoner_of"]

_NAMES = {Kind.EVENT: "events", Kind.DAILY: "days", Kind.LEVEL: "levels"}
_FACTS_PER_BATCH = 5000

STREAMS = tuple(
    StreamSpec(name, tuple(metric_of(metric, kind, tz="file") for metric in USUAL), permission="read the folder")
    for kind, name in _NAMES.items()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvConfig:
    """Raises ValueError with a line "key: why" for every mistake in the mapping."""

    folder: str = field(metadata={"help": "where the files lie, relative to the configuration"})
    files: str = field(default="*.csv", metadata={"help": "which files in the folder, as a pattern"})
    format: str = field(default="", metadata={"help": "a ready mapping: medium, substack, linkedin, x or zoom"})
    columns: Mapping[str, str] = field(
        default_factory=dict,
        metadata={"help": "which column tells day, subject, title, url, id, actor, metric, value and kind"},
    )
    metrics: Mapping[str, str] = field(
        default_factory=dict, metadata={"help": 'metric = column, for a column of numbers each; "*" counts rows'}
    )
    where: Mapping[str, str] = field(
        default_factory=dict, metadata={"help": "column = text: only the rows that say so"}
    )
    kind: str = field(default="", metadata={"help": "event, daily or level, where it is not the metric's usual one"})
    day_format: str = field(
        default="", metadata={"help": "how days are written, as of strptime; without it as 2026-11-24"}
    )
    decimal: str = field(default=".", metadata={"help": 'the sign before decimals, "." or ","'})
    separator: str = field(default="", metadata={"help": "between columns; found out where it is not said"})
    encoding: str = field(default="utf-8", metadata={"help": "utf-8, utf-16, latin-1 or windows-1252"})
    gaps: str = field(
        default="missing",
        metadata={"help": "what a day without a row means: missing (not known), or zero (nothing happened)"},
    )

    def __post_init__(self) -> None:
        found = []
        if not Path(self.folder).parts or "\0" in self.folder:
            found.append("folder: name a folder, such as exports")
        if not self.files or "/" in self.files or "**" in self.files:
            found.append("files: is a pattern of names within the folder, such as stats-*.csv")
        if self.format and self.format not in READY:
            found.append(f"format: {self.format!r} is not known{meant(self.format, READY)}")
        elif self.format or self.columns or self.metrics:
            found += mistakes(self.meaning)
        else:
            found.append("metrics: is missing; say what the columns mean, or name a format")
        if self.gaps not in ("missing", "zero"):
            found.append(f"gaps: {self.gaps!r} is neither missing nor zero")
        if found:
            raise ValueError("\n".join(found))

    @property
    def meaning(self) -> Meaning:
        """The ready mapping with what is said beside it."""
        return overlaid(
            READY.get(self.format, Meaning()),
            columns=self.columns,
            metrics=self.metrics,
            where=self.where,
            kind=self.kind,
            day_format=self.day_format,
            decimal=self.decimal,
            separator=self.separator,
            encoding=self.encoding,
        )


def folder_of(config: CsvConfig, context: Context) -> Folder:
    """Where the files of a source lie."""
    return Folder((context.folder / Path(config.folder).expanduser()).absolute(), config.files, context.source)


def reckoner_of(config: CsvConfig, context: Context) -> Reckoner:
    """What reads the files of a source, without storing anything."""
    folder = folder_of(config, context)
    return Reckoner(config.meaning, folder, context.source, context.timezone, context.today())


def kinds_by_stream() -> dict[str, Kind]:
    """Which stream tells the facts of which kind."""
    return {name: kind for kind, name in _NAMES.items()}


@dataclass(frozen=True, slots=True)
class Rows:
    """The facts of one kind. Every read goes through all files, and tells what the last one did not tell yet."""

    spec: StreamSpec
    kind: Kind
    config: CsvConfig
    context: Context
    reckoner: Reckoner

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield what is new, what was corrected, and zeros for what is no longer said or was taken back.

        Raises Malformed, with nothing yielded, for files of which a single row cannot be used.
        """
        folder, today = self.reckoner.folder, self.context.today()
        memory = Memory.of(self.kind, cursor)
        if not folder.path.is_dir() and memory.held:
            raise Gone(
                f"{self.context.source}: the folder {folder.path} is gone; what was read from it still counts",
                remedy="put it back, or name the right one in `folder`",
            )
        read = self.reckoner.facts_for(self.spec.name)
        if not read and not memory.held:
            reason = f"no file in {self.config.folder} yet"
            yield Batch(coverage=[Coverage(today, today, "missing", reason, self._expected())])
            return
        ours = {name: [fact for fact in facts if fact.kind is self.kind] for name, facts in read.items()}
        changes = list(memory.changes(ours, folder.undone()))
        described = {fact.subject: fact for facts in ours.values() for fact in facts}
        batches = [self._batch(chunk) for chunk in _chunks(changes)] or [Batch(checkpoint={})]
        batches[0] = replace(batches[0], subjects=[fact.described() for fact in described.values()])
        batches[-1] = replace(batches[-1], coverage=self._coverage(ours, changes, today))
        for batch in batches:
            yield batch
            if self.context.is_stopping():
                return

    def _batch(self, changes: Sequence[Change]) -> Batch:
        """Whole series, with the cursor parts that are true after them."""
        facts = [fact.observation() for change in changes for fact in change.told]
        for change in changes:
            facts += [taking_back(self.kind, change.series, key, said) for key, said in change.taken_back.items()]
        return Batch(facts, checkpoint={" ".join(change.series): change.part for change in changes})

    def _coverage(
        self, facts: Mapping[str, Sequence[Fact]], changes: Sequence[Change], today: date
    ) -> list[Coverage]:
        """What the files say of each day; nothing is known of days that no file tells of."""
        between: Between = "estimated" if self.kind is Kind.LEVEL else "missing"
        if self.kind is Kind.EVENT or (self.kind is Kind.DAILY and self.config.gaps == "zero"):
            between = "measured"
        spans: list[Coverage] = []
        told: dict[str, set[date]] = {}
        for metric in self._names():
            days = [{self._day(fact) for fact in of if fact.metric == metric} for of in facts.values()]
            told[metric] = set().union(*days)
            spans += spans_of(metric, days, between)
            if told[metric] and today not in told[metric]:
                spans.append(Coverage(today, today, "missing", "no file tells of it yet", (metric,)))
        for change in changes:
            metric = change.series[0]
            gone = days_of(self.kind, change.taken_back.items(), self.context.timezone)
            for day in sorted(gone - told.get(metric, set())):
                spans.append(Coverage(day, day, "missing", "taken back", (metric,), takes_back=True))
        return spans or [Coverage(today, today, "missing", "no file tells of it yet", self._expected())]

    def _day(self, fact: Fact) -> date:
        return fact.at.astimezone(self.context.timezone).date() if self.kind is Kind.EVENT else fact.day

    def _expected(self) -> tuple[str, ...]:
        """The metrics that are missing where no row tells any: none, where only rows could name them."""
        return () if "metric" in self.config.meaning.columns else self._names()

    def _names(self) -> tuple[str, ...]:
        return tuple(metric.name for metric in self.spec.metrics)


def _chunks(changes: Sequence[Change]) -> Iterator[list[Change]]:
    chunk: list[Change] = []
    facts = 0
    for change in changes:
        chunk.append(change)
        facts += len(change.told) + len(change.taken_back)
        if facts >= _FACTS_PER_BATCH:
            yield chunk
            chunk, facts = [], 0
    if chunk:
        yield chunk


def open_streams(config: CsvConfig, context: Context) -> Sequence[Stream]:
    """A stream for every kind that the mapping may bring; no file is opened yet."""
    reckoner = reckoner_of(config, context)
    kinds = config.meaning.kinds()
    streams = []
    for spec, kind in zip(STREAMS, _NAMES, strict=True):
        if names := kinds.get(kind):
            metrics = tuple(metric for metric in spec.metrics if metric.name in names)
            streams.append(Rows(replace(spec, metrics=metrics), kind, config, context, reckoner))
    return streams


CONNECTOR = Connector(
    "csv", CsvConfig, open_streams, STREAMS, "numbers from CSV files: exports, and sheets kept by hand"
)
