"""`harvest import`: a CSV file becomes one of the files of a csv source, which is then harvested."""

from __future__ import annotations

import argparse
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harvester.cli import show
from harvester.cli.now import harvest_and_report

if TYPE_CHECKING:
    from connectors.base import Context
    from connectors.csv.facts import Fact
    from connectors.csv.reckoning import Reckoning
    from harvester.config import Settings, Source

USAGE = 2
_SHOWN = 20


def run(options: argparse.Namespace) -> int:
    """Look at the file as a whole, then take it in and harvest its source; or take the last import back."""
    from connectors.errors import ConnectorError
    from harvester.pipeline import utc_now
    from harvester.reading import open_context

    settings: Settings = show.settings(options)
    source = by_hand(settings, "csv", options.source)
    context = open_context(settings, source, clock=utc_now, stop=threading.Event())
    try:
        if options.file == "undo":
            return undo(options, settings, source)
        return _Import.of(options, settings, source, context).run()
    except (ConnectorError, ValueError) as error:
        sys.stderr.write(f"harvest: {error}\n")
        return USAGE
    finally:
        context.http.close()


def by_hand(settings: Settings, connector: str, wanted: str | None) -> Source:
    """The one source of a kind that is fed by hand, or the named one. Raises ConfigError."""
    from harvester.config import ConfigError, Problem

    there = [source for source in settings.sources if source.connector.name == connector]
    chosen = [source for source in there if wanted in (None, source.name)]
    if len(chosen) != 1:
        names = ", ".join(source.name for source in there) or "none"
        what = f"no {connector} source" if not there else f"which {connector} source? name it with --source"
        example = "talks" if connector == "talks" else "medium"
        hint = f"there are: {names}" if there else f'add [source.{example}] with connector = "{connector}"'
        raise ConfigError([Problem("", what, hint)])
    return chosen[0]


def undo(options: argparse.Namespace, settings: Settings, source: Source) -> int:
    """Take the last import of a source back, and harvest it so that the database follows. Raises ValueError."""
    from connectors.csv.folder import Folder
    from harvester.reading import Order

    config = source.config
    folder = Folder((settings.folder / Path(config.folder).expanduser()).absolute(), config.files, source.name)
    taken = folder.undo_last()
    sys.stderr.write(f"{taken}: taken back; it is now {taken.name}.undone\n")
    return harvest_and_report(options, settings, [source], Order(lock_timeout=options.lock_timeout))


@dataclass(frozen=True, slots=True)
class _Import:
    options: argparse.Namespace
    settings: Settings
    source: Source
    context: Context
    content: bytes
    name: str
    """Under which the file will lie in the source's folder."""

    @classmethod
    def of(cls, options: argparse.Namespace, settings: Settings, source: Source, context: Context) -> _Import:
        from connectors.csv import folder_of
        from connectors.csv.folder import read_bytes

        file = Path(options.file).expanduser()
        content = read_bytes(file)
        name = folder_of(source.config, context).next_name(file, options.date)
        return cls(options, settings, source, context, content, name)

    def run(self) -> int:
        from connectors.csv import folder_of
        from harvester.reading import Order

        folder = folder_of(self.source.config, self.context)
        if twin := folder.twin_of(self.content):
            sys.stderr.write(f"{self.options.file}: {twin} says the same to the letter; nothing to do\n")
            if self.options.json:
                show.write_json(self._as_json([], is_known=True))
            return 0
        if self.options.date and "day" in self.source.config.meaning.columns:
            raise ValueError("--date: each row tells its day; leave it out")
        if self.options.dry_run:
            return self._show(self._reckon())
        with folder.locked():
            read = self._reckon()
            if read.problems:
                return self._refuse(read)
            path = folder.bring_in(self.content, self.name)
        if not self.options.quiet:
            sys.stderr.write(
                f"{path}: imported, {len(read.facts[self.name])} facts; `harvest import undo` takes it back\n"
            )
        return harvest_and_report(
            self.options, self.settings, [self.source], Order(lock_timeout=self.options.lock_timeout)
        )

    def _reckon(self) -> Reckoning:
        """All files with the new one: what is refused together must not be stored apart."""
        from connectors.csv import reckoner_of

        return reckoner_of(self.source.config, self.context).with_import(self.content, self.name)

    def _refuse(self, read: Reckoning) -> int:
        problems = [str(problem).replace(self.name, self.options.file) for problem in read.problems]
        for line in problems[:_SHOWN]:
            sys.stderr.write(f"harvest: {line}\n")
        if len(problems) > _SHOWN:
            sys.stderr.write(f"harvest: and {len(problems) - _SHOWN} more\n")
        sys.stderr.write(f"harvest: nothing was imported: {len(problems)} problems\n")
        if self.options.json:
            show.write_json(self._as_json([], read))
        return USAGE

    def _show(self, read: Reckoning) -> int:
        if read.problems:
            return self._refuse(read)
        from harvester.cli.import_preview import changes_of

        changes = changes_of(self.settings, self.source, read, self.name)
        if self.options.json:
            show.write_json(self._as_json(changes, read))
            return 0
        out = show.console(self.options)
        table = show.table(["row", "metric", "kind", "subject", "day", "value", "would be"], right=["row", "value"])
        for fact, change in changes[:_SHOWN]:
            cells = (fact.row, fact.metric, fact.kind.value, fact.subject, fact.day, f"{fact.value:g}", change)
            table.add_row(*map(show.plain, cells))
        out.print(table)
        if len(changes) > _SHOWN:
            out.print(f"and {len(changes) - _SHOWN} more; --json shows all")
        said = ", ".join(f"{count} {word}" for word, count in _counts(changes).items())
        out.print(f"{said}; nothing was stored")
        return 0

    def _as_json(
        self, changes: list[tuple[Fact, str]], read: Reckoning | None = None, *, is_known: bool = False
    ) -> dict[str, Any]:
        return {
            "file": self.options.file,
            "source": self.source.name,
            "is_known": is_known,
            **_counts(changes),
            "problems": [
                {"file": each.file.replace(self.name, self.options.file), "row": each.row,
                 "column": each.column or None, "why": each.why}
                for each in (read.problems if read else ())
            ],
            "facts": [
                {"row": fact.row, "metric": fact.metric, "kind": fact.kind.value, "subject": fact.subject,
                 "key": fact.key, "day": fact.day, "value": fact.value, "change": change}
                for fact, change in changes
            ],
        }  # fmt: skip


def _counts(changes: list[tuple[Fact, str]]) -> dict[str, int]:
    words = [change for _, change in changes]
    return {word: words.count(word) for word in ("new", "revised", "unchanged")}
