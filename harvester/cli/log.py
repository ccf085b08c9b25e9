"""`harvest log`: facts entered by hand."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harvester.cli import show

if TYPE_CHECKING:
    from harvester.config import Settings


def run(options: argparse.Namespace) -> int:
    """Append a talk to the talks file of the configuration, or take the last logged one back."""
    from connectors.errors import ConnectorError

    settings = show.settings(options)
    path = _file(settings, options.source)
    try:
        return _talk(options, path, _today(settings)) if options.what == "talk" else _undo(path)
    except (ConnectorError, ValueError) as error:
        sys.stderr.write(f"harvest: {error}\n")
        return 2


def _today(settings: Settings) -> date:
    return datetime.now(UTC).astimezone(settings.timezone).date()


def _file(settings: Settings, wanted: str | None) -> Path:
    """The file of the one talks source, or of the named one."""
    from harvester.config import ConfigError, Problem

    talks = [source for source in settings.sources if source.connector.name == "talks"]
    chosen = [source for source in talks if wanted in (None, source.name)]
    if len(chosen) != 1:
        names = ", ".join(source.name for source in talks) or "none"
        what = "no talks source" if not talks else "which talks source? name it with --source"
        hint = f"there are: {names}" if talks else 'add [source.talks] with connector = "talks"'
        raise ConfigError([Problem("", what, hint)])
    return settings.folder / str(chosen[0].config.file)


def _talk(options: argparse.Namespace, path: Path, today: date) -> int:
    from connectors.talkfile import Talk
    from connectors.talklog import append_talk

    talk = Talk(
        title=options.title,
        day=options.date,
        audience=options.audience,
        attendees=options.attendees,
        interactions=options.interactions,
        event=options.event,
        url=options.url,
    )
    logged = append_talk(path, talk, today=today)
    sys.stdout.write(f"{path}: {logged.talk.day} {logged.talk.title}\n")
    for note in logged.notes:
        sys.stderr.write(f"note: {note}\n")
    if not options.quiet:
        sys.stderr.write("the next harvest counts it; `harvest log undo` takes it back\n")
    return 0


def _undo(path: Path) -> int:
    from connectors.talklog import undo_last

    talk = undo_last(path)
    sys.stdout.write(f"{path}: took back {talk.day} {talk.title}\n")
    return 0
