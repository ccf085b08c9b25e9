"""From rows to facts: all of them, or all that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from connectors.base import Kind, Observation, Subject
from connectors.csv.cells import When, count_in, day_in_name, instant_of, text_of, when_in
from connectors.csv.mapping import EACH_ROW, Meaning
from connectors.csv.sheet import Problem, Sheet, misfit
from connectors.metrics import USUAL, subject_kind, unknown

T = TypeVar("T")

MOST_PROBLEMS = 1000


@dataclass(frozen=True, slots=True)
class Fact:
    """What one row says of one metric, and which row of which file it was."""

    metric: str
    kind: Kind
    subject: str
    key: str
    at: datetime
    day: date
    value: float
    file: str
    row: int
    actor: str | None = None
    title: str = ""
    url: str = ""

    @property
    def series(self) -> tuple[str, str]:
        """(metric, subject)."""
        return self.metric, self.subject

    def observation(self) -> Observation:
        """As it is stored."""
        attrs = {"file": self.file, "row": self.row}
        return Observation(self.metric, self.subject, self.key, self.at, self.value, self.actor, attrs)

    def described(self) -> Subject:
        """What it is about."""
        url = self.url or (self.subject if self.subject.startswith(("https://", "http://")) else "")
        kind = subject_kind(self.metric)
        return Subject(self.subject, url or self.title or self.subject, kind, self.title, url)


@dataclass(slots=True)
class RowReader:
    """Reads the rows of sheets as a meaning says. `whole`: the subject where no column names one."""

    meaning: Meaning
    whole: str
    zone: ZoneInfo
    today: date
    problems: list[Problem] = field(default_factory=list)

    def read(self, sheet: Sheet) -> list[Fact]:
        """The facts of a sheet; what is wrong with it is added to `problems`."""
        seen: dict[tuple[str, str, str], Fact] = {}
        known = len(self.problems)
        wanted = {column: said.casefold() for column, said in self.meaning.where.items()}
        for row, cells in sheet.rows:
            if len(self.problems) - known >= MOST_PROBLEMS:
                self._note(sheet, row, "", "and so on: the rest was not looked at")
                break
            if why := misfit(cells, sheet.columns):
                self._note(sheet, row, "", why)
                continue
            values = dict(zip(sheet.columns, cells, strict=False))
            if all(values[column].strip().casefold() == said for column, said in wanted.items()):
                for fact in self._facts(sheet, row, values):
                    self._keep(sheet, seen, fact)
        return list(seen.values())

    def _note(self, sheet: Sheet, row: int | None, column: str, why: str) -> None:
        self.problems.append(Problem(sheet.name, why, row, column))

    def _keep(self, sheet: Sheet, seen: dict[tuple[str, str, str], Fact], fact: Fact) -> None:
        first = seen.setdefault((*fact.series, fact.key), fact)
        if first is fact:
            return
        if fact.kind is Kind.EVENT and "id" not in self.meaning.columns:
            what = f"{fact.metric} of {fact.subject!r} at the same time as in row {first.row}"
            self._note(sheet, fact.row, "", f"{what}; name a column that tells them apart in columns.id")
        elif (fact.value, fact.at) != (first.value, first.at):
            what = f"{fact.metric} of {fact.subject!r} ({fact.key}) is {fact.value:g} here"
            self._note(sheet, fact.row, "", f"{what} and {first.value:g} in row {first.row}")

    def _facts(self, sheet: Sheet, row: int, values: Mapping[str, str]) -> Iterator[Fact]:
        columns = self.meaning.columns

        def cell(name: str, convert: Callable[[str], str], otherwise: str) -> str:
            if name not in columns:
                return otherwise
            return self._try(sheet, row, columns[name], values, convert, otherwise)

        when = self._when(sheet, row, values)
        subject = cell("subject", self._needed, self.whole)
        title, url = cell("title", text_of, ""), cell("url", text_of, "")
        key, actor = cell("id", text_of, ""), cell("actor", text_of, "") or None
        for metric, kind, value in self._values(sheet, row, values):
            if kind is Kind.EVENT and "id" in columns and not key:
                self._note(sheet, row, columns["id"], "is empty")
                return
            if when is None or not subject:
                continue
            at = when.instant(self.zone) if kind is Kind.EVENT else instant_of(when.day)
            own = key or (at.isoformat() if when.at else str(when.day))
            yield Fact(
                metric, kind, subject, own if kind is Kind.EVENT else str(when.day), at, when.day, value,
                sheet.name, row, actor if kind is Kind.EVENT else None, title, url,
            )  # fmt: skip

    def _values(self, sheet: Sheet, row: int, values: Mapping[str, str]) -> Iterator[tuple[str, Kind, float]]:
        """Each metric of a row with a number; an empty cell is none."""
        meaning = self.meaning
        named = meaning.metrics
        if not named:
            metric = self._try(sheet, row, meaning.columns["metric"], values, _metric, "")
            named = {metric: meaning.columns["value"]}
        fixed: Kind | None = Kind(meaning.kind) if meaning.kind else None
        is_sound = True
        if "kind" in meaning.columns:
            fixed = self._try(sheet, row, meaning.columns["kind"], values, _kind, None)
            is_sound = fixed is not None
        for metric, column in named.items():
            count: float | None = 1.0
            if column != EACH_ROW:
                count = self._try(sheet, row, column, values, lambda cell: count_in(cell, meaning.decimal), None)
            if count is not None and metric and is_sound:
                yield metric, fixed or USUAL[metric], float(count)

    def _when(self, sheet: Sheet, row: int, values: Mapping[str, str]) -> When | None:
        column = self.meaning.columns.get("day")
        if column is None:
            return When(day) if (day := day_in_name(sheet.name)) else None
        pattern = self.meaning.day_format
        return self._try(sheet, row, column, values, lambda cell: when_in(cell, pattern, self.today), None)

    def _try(
        self,
        sheet: Sheet,
        row: int,
        column: str,
        values: Mapping[str, str],
        convert: Callable[[str], T],
        otherwise: T,
    ) -> T:
        try:
            return convert(values[column])
        except ValueError as error:
            self._note(sheet, row, column, str(error))
            return otherwise

    @staticmethod
    def _needed(cell: str) -> str:
        if text := text_of(cell):
            return text
        raise ValueError("is empty")

    def check_name(self, sheet: Sheet) -> None:
        """Note a file whose rows tell no day and whose name does not either."""
        if "day" not in self.meaning.columns:
            day = day_in_name(sheet.name)
            if day is None:
                hint = (
                    "name the column in columns.day, or put the day into the file's name, as in posts-2026-11-24.csv"
                )
                self._note(sheet, None, "", f"tells no day; {hint}")
            elif day > self.today:
                self._note(sheet, None, "", f"the day in its name, {day}, is still to come")


def _metric(cell: str) -> str:
    name = text_of(cell)
    if name not in USUAL:
        raise ValueError(unknown(name))
    return name


def _kind(cell: str) -> Kind | None:
    name = text_of(cell).lower()
    if name not in [*Kind]:
        raise ValueError(f"{name!r} is not one of event, daily, level")
    return Kind(name)


def kinds_that_clash(facts: Iterable[Fact]) -> Iterator[Problem]:
    """A metric of a subject that comes in two kinds would count twice."""
    kinds: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        first = kinds.setdefault(fact.series, fact)
        if first.kind is not fact.kind:
            what = f"{fact.metric} of {fact.subject!r} is {fact.kind} here and {first.kind} in"
            yield Problem(fact.file, f"{what} {first.file}, row {first.row}: it would count twice", fact.row)
