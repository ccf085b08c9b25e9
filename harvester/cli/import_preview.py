"""What an import would change: its facts beside those that the database knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harvester.spool import Spool
from harvester.store import Cursor, Store

if TYPE_CHECKING:
    from connectors.csv.facts import Fact
    from connectors.csv.reckoning import Reckoning
    from harvester.config import Settings, Source


def changes_of(settings: Settings, source: Source, read: Reckoning, name: str) -> list[tuple[Fact, str]]:
    """The facts of the file `name`, each with "new", "revised" or "unchanged"."""
    from connectors.csv import kinds_by_stream
    from connectors.csv.memory import Memory

    kinds = kinds_by_stream()
    cursors = _cursors(settings, source.name, list(kinds))
    held = {kind: Memory.of(kind, cursors[stream].parts).held for stream, kind in kinds.items() if stream in cursors}
    found = []
    for fact in read.facts[name]:
        known = held.get(fact.kind, {}).get(fact.series, {}).get(fact.key)
        found.append((fact, "new" if known is None else "unchanged" if known.agrees_with(fact) else "revised"))
    return found


def _cursors(settings: Settings, source: str, streams: list[str]) -> Mapping[str, Cursor]:
    """Where the reads of the source stand, counting what waits in the spool; none before the first harvest."""
    if not settings.database.exists():
        return {}
    books = Store(settings.database, settings.timezone).books()
    return books.with_pending(Spool(settings.spool).peek()).cursors_of(source, streams)
