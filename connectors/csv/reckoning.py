"""Everything a source's files say, read as a whole: all of it, or every problem there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.csv.facts import Fact, RowReader, kinds_that_clash
from connectors.csv.folder import Folder, unusable
from connectors.csv.mapping import Meaning
from connectors.csv.sheet import Problem, Sheet, Unreadable, parse_bytes, read_sheet
from connectors.errors import Malformed

MOST_FACTS = 200_000

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The facts of each file, by name and in the order in which files count, and what is wrong with them."""

    facts: Mapping[str, Sequence[Fact]]
    problems: Sequence[Problem] = ()

    def raise_if_any(self) -> None:
        """Raise the problems as one Malformed: where one row cannot be used, no file is."""
        if self.problems:
            shown = "; ".join(map(str, self.problems[:_SHOWN]))
            more = f"; and {len(self.problems) - _SHOWN} more" if len(self.problems) > _SHOWN else ""
            raise Malformed(f"{shown}{more}", remedy="mend it there; nothing was stored")


@dataclass(slots=True)
class Reckoner:
    """Reads a source's files; again only when one of them has changed, as several streams ask."""

    meaning: Meaning
    folder: Folder
    source: str
    zone: ZoneInfo
    today: date
    _seen: tuple[object, ...] = ()
    _told: str = ""
    _last: Reckoning | None = field(default=None, repr=False)

    def all_files(self) -> Reckoning:
        """What the files say that are there. Raises ConnectorError where the folder cannot be read at all."""
        try:
            names = self.folder.names()
            stats = [(name, (self.folder.path / name).stat()) for name in names]
        except OSError as error:
            raise unusable(self.folder.path, error, "read") from None
        seen = tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)
        if self._last is None or seen != self._seen:
            self._last, self._seen = self._read(names), seen
        return self._last

    def facts_for(self, stream: str) -> Mapping[str, Sequence[Fact]]:
        """The facts of all files, or Malformed: the first stream tells what is wrong, others that it was told."""
        read = self.all_files()
        if read.problems and self._told not in ("", stream):
            raise Malformed("not read: see above", remedy="mend what is told there")
        self._told = stream if read.problems else ""
        read.raise_if_any()
        return read.facts

    def with_import(self, content: bytes, name: str) -> Reckoning:
        """What the files would say together with one that is to be imported under `name`."""
        return self._read(self.folder.names(), {name: content})

    def _read(self, names: Sequence[str], more: Mapping[str, bytes] | None = None) -> Reckoning:
        reader = RowReader(self.meaning, self.source, self.zone, self.today)
        facts: dict[str, list[Fact]] = {}
        count = 0
        for name in (*names, *(more or {})):
            try:
                sheet = self._sheet(name, (more or {}).get(name))
            except Unreadable as error:
                reader.problems.append(error.problem)
                continue
            reader.check_name(sheet)
            facts[name] = reader.read(sheet)
            count += len(facts[name])
            if count > MOST_FACTS:
                why = f"is one file too many: {MOST_FACTS:,} facts are the most of one source; make a second source"
                reader.problems.append(Problem(name, why))
                break
        reader.problems += kinds_that_clash(fact for of in facts.values() for fact in of)
        return Reckoning(facts, tuple(reader.problems))

    def _sheet(self, name: str, content: bytes | None) -> Sheet:
        layout = self.meaning.layout
        if content is not None:
            return parse_bytes(content, name, layout)
        path: Path = self.folder.path / name
        try:
            return read_sheet(path, name, layout)
        except OSError as error:
            raise unusable(path, error, "read") from None
