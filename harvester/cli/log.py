"""`harvest log`: facts entered by hand, one by one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harvester.cli import show
from harvester.cli.import_file import by_hand, follow, undo

if TYPE_CHECKING:
    from harvester.config import Settings, Source


def run(options: argparse.Namespace) -> int:
    """Append an entry to the talks file of the configuration, or take the last logged or imported one back."""
    from connectors.errors import ConnectorError

    settings = show.settings(options)
    try:
        if options.what != "undo":
            path = _file(settings, options.source)
            return (_talk if options.what == "talk" else _number)(options, path, _today(settings))
        imported = _undo(options, settings)
    except (ConnectorError, ValueError) as error:
        sys.stderr.write(f"harvest: {error}\n")
        return 2
    return follow(options, settings, imported) if imported else 0


def _today(settings: Settings) -> date:
    return datetime.now(UTC).astimezone(settings.timezone).date()


def _file(settings: Settings, wanted: str | None) -> Path:
    """The file of the one talks source, or of the named one."""
    return settings.folder / str(by_hand(settings, "talks", wanted).config.file)


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
    return _say(options, path, logged.talk, logged.notes)


def _number(options: argparse.Namespace, path: Path, today: date) -> int:
    from connectors.talklog import append_number
    from connectors.talknumbers import Number

    number = Number(metric=options.what, day=options.date, value=options.value, of=options.of)
    return _say(options, path, append_number(path, number, today=today))


def _say(options: argparse.Namespace, path: Path, logged: object, notes: Sequence[str] = ()) -> int:
    sys.stdout.write(f"{path}: {logged}\n")
    for note in notes:
        sys.stderr.write(f"note: {note}\n")
    if not options.quiet:
        sys.stderr.write("the next harvest counts it; `harvest log undo` takes it back\n")
    return 0


def _undo(options: argparse.Namespace, settings: Settings) -> Source | None:
    """Of a talks file the last logged entry; of a csv source that is named, or is all there is, the last import.

    Returns the source whose import was taken back.
    """
    from connectors.talklog import undo_last

    there = [source for source in settings.sources if source.connector.name in ("talks", "csv")]
    talks = [source for source in there if source.connector.name == "talks"]
    chosen = [source for source in there if source.name == options.source] or talks or there
    if chosen and chosen[0].connector.name == "csv":
        source = by_hand(settings, "csv", options.source)
        undo(settings, source)
        return source
    path = _file(settings, options.source)
    sys.stdout.write(f"{path}: took back {undo_last(path)}\n")
    return None
