"""`harvest import`: a CSV file becomes one of the files of a csv source, which is then harvested."""

from __future__ import annotations

import argparse
import sys
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harvester.cli import show
from harvester.cli.now import harvest_and_report

if TYPE_CHECKING:
    from connectors.base import Context
    from connectors.csv.facts import Fact
    from connectors.csv.folder import Folder
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
            undo(settings, source)
        elif (code := _Importer(options, settings, source, context).run()) is not None:
            return code
    except (ConnectorError, ValueError) as error:
        sys.stderr.write(f"harvest: {error}\n")
        return USAGE
    finally:
        context.http.close()
    return follow(options, settings, source)


def follow(options: argparse.Namespace, settings: Settings, source: Source) -> int:
    """Harvest a source so that the database follows its files."""
    from harvester.reading import Order

    return harvest_and_report(options, settings, [source], Order(lock_timeout=options.lock_timeout))


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


def undo(settings: Settings, source: Source) -> None:
    """Take the last import of a source back. Raises ValueError where there is none."""
    from connectors.csv.folder import Folder

    config = source.config
    folder = Folder((settings.folder / Path(config.folder).expanduser()).absolute(), config.files, source.name)
    taken = folder.undo_last()
    sys.stderr.write(f"{taken}: taken back; it is now {taken.name}.undone\n")


@dataclass(slots=True)
class _Importer:
    """`name`: under which the file will lie in the source's folder."""

    options: argparse.Namespace
    settings: Settings
    source: Source
    context: Context
    content: bytes = b""
    name: str = ""

    def run(self) -> int | None:
        """Take the file in; an exit code where that is all there is to do. Raises ConnectorError, ValueError."""
        from connectors.csv import folder_of
        from connectors.csv.folder import read_bytes

        file = Path(self.options.file).expanduser()
        self.content = read_bytes(file)
        if self.options.date and self._tells_days:
            raise ValueError("--date: each row tells its day; leave it out")
        folder = folder_of(self.source.config, self.context)
        # Two imports at once must not take one number.
        with nullcontext() if self.options.dry_run else folder.locked():
            self.name = folder.next_name(file, self.options.date)
            if twin := self._twin(folder):
                return self._pass_over(twin)
            read = self._reckon()
            if read.problems:
                return self._refuse(read)
            if self.options.dry_run:
                return self._show(read)
            path = folder.bring_in(self.content, self.name)
        if not self.options.quiet:
            sys.stderr.write(
                f"{path}: imported, {len(read.facts[self.name])} facts; `harvest import undo` takes it back\n"
            )
        return None

    @property
    def _tells_days(self) -> bool:
        return "day" in self.source.config.meaning.columns

    def _twin(self, folder: Folder) -> str | None:
        """A file that says the same to the letter, and of the same day where that is told by its name."""
        from connectors.csv.cells import day_in_name

        return next(
            (
                twin
                for twin in folder.twins_of(self.content)
                if self._tells_days or day_in_name(twin) == day_in_name(self.name)
            ),
            None,
        )

    def _pass_over(self, twin: str) -> int:
        sys.stderr.write(f"{self.options.file}: {twin} says the same to the letter; nothing to do\n")
        if self.options.json:
            show.write_json(self._as_json([], is_known=True))
        return 0

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
