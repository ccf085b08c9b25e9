"""A folder of CSV files and the cursor that the last read left, for the tests of the csv connector."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Batch, Context
from connectors.csv import CONNECTOR, CsvConfig, folder_of
from connectors.http import Http

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
KEYS = {"columns": {"day": "Date", "subject": "Post"}, "metrics": {"post_reads": "Views"}}


class CsvDesk:
    """One csv source over a folder; its reads go on where the last one ended, as the pipeline's do."""

    def __init__(self, folder: Path, zone: str = "UTC", **keys: Any) -> None:
        self.folder = folder
        self.keys = keys or KEYS
        self.zone = ZoneInfo(zone)
        self.cursors: dict[str, dict[str, Any]] = {}
        (folder / "exports").mkdir(exist_ok=True)

    @property
    def config(self) -> CsvConfig:
        return CsvConfig(folder="exports", **self.keys)

    @property
    def context(self) -> Context:
        return Context(source="medium", http=Http(), clock=lambda: NOW, folder=self.folder, timezone=self.zone)

    def write(self, text: str | bytes, name: str = "a.csv") -> Path:
        path = self.folder / "exports" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def bring_in(self, text: str, name: str = "export.csv") -> str:
        where = folder_of(self.config, self.context)
        told = where.next_name(Path(name))
        where.bring_in(text.encode(), told)
        return told

    def undo(self) -> None:
        folder_of(self.config, self.context).undo_last()

    def batches(self, *, full: bool = False) -> Iterator[Batch]:
        for stream in CONNECTOR.open(self.config, self.context):
            cursor = self.cursors.setdefault(stream.spec.name, {})
            for batch in stream.read({} if full else dict(cursor)):
                cursor |= json.loads(json.dumps(dict(batch.checkpoint or {})))
                yield batch

    def told(self, **more: Any) -> list[Any]:
        return [each for batch in self.batches(**more) for each in batch.observations]

    def facts(self, **more: Any) -> dict[tuple[str, str, str], float]:
        """(metric, subject, key) → value of what this read tells."""
        return {(each.metric, each.subject, each.key): each.value for each in self.told(**more)}

    def spans(self) -> list[tuple[str, str, str]]:
        return [
            (str(span.first_day), str(span.last_day), span.state)
            for batch in self.batches()
            for span in batch.coverage
        ]
