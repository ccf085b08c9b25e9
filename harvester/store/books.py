"""What is known before a read begins: where it goes on, how its source stands, what services have last said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import duckdb

from harvester.spool import Segment
from harvester.store import ledger
from harvester.store.ledger import Cursor, Terms
from harvester.store.records import SourceRecord, read_records


@dataclass(frozen=True, slots=True)
class Books:
    """The ledger at one moment. `loaded`: segments that are in it, though their files may still lie in the spool."""

    cursors: Mapping[tuple[str, str], Cursor] = field(default_factory=dict)
    sources: Mapping[str, SourceRecord] = field(default_factory=dict)
    terms: Terms = field(default_factory=lambda: Terms({}, {}))
    loaded: frozenset[str] = frozenset()

    def with_pending(self, segments: Iterable[Segment]) -> Books:
        """The ledger as it will be once these are loaded, in this order."""
        cursors, sources, paused = dict(self.cursors), dict(self.sources), dict(self.terms.paused)
        for segment in segments:
            if segment.id in self.loaded:
                continue
            known = cursors.get(segment.stream, Cursor({}, 0))
            if all(known.parts.get(part) == value for part, value in segment.base.items()):
                version = max(known.version, segment.read["cursor_version"])
                cursors[segment.stream] = Cursor({**known.parts, **segment.checkpoint}, version)
            if segment.finish:
                source = segment.read["source"]
                record = sources.get(source, SourceRecord()).after(segment.read, segment.finish)
                sources[source] = record
                paused.pop(source, None)
                if record.paused_until:
                    paused[source] = record.paused_until.replace(tzinfo=UTC)
        return Books(cursors, sources, Terms(paused, self.terms.budgets), self.loaded)

    def cursors_of(self, source: str, streams: Iterable[str]) -> dict[str, Cursor]:
        """Where each stream's next read starts."""
        return {stream: self.cursors.get((source, stream), Cursor({}, 0)) for stream in streams}


def read_books(connection: duckdb.DuckDBPyConnection) -> Books:
    """The ledger as it is stored."""
    loaded: list[tuple[Any, ...]] = connection.execute("SELECT segment_id FROM store.segments").fetchall()
    return Books(
        ledger.cursors(connection),
        read_records(connection),
        ledger.terms(connection),
        frozenset(row[0] for row in loaded),
    )
