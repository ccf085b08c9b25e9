"""A folder with a talks file and the cursor that the last read left, for the tests of the talks connector."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from connectors.base import Context
from connectors.http import Http
from connectors.talks import CONNECTOR, Talk, TalksConfig, append_talk

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
ONE = """
[[talk]]
id = "pycon"
title = "Small databases"
date = 2026-11-20
audience = 200
attendees = 80
interactions = 23
event = "PyCon"
url = "https://example.org/slides"
"""


class Desk:
    """A folder with a talks file, and the cursor that the last read left."""

    def __init__(self, folder: Path, name: str = "talks.toml") -> None:
        self.path = folder / name
        self.cursor: dict[str, Any] = {}

    def write(self, text: str | bytes) -> None:
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def read(self, *, full: bool = False, **more):
        context = Context(source="talks", http=Http(), clock=lambda: NOW, folder=self.path.parent, **more)
        (stream,) = CONNECTOR.open(TalksConfig(file=self.path.name), context)
        batches = list(stream.read({} if full else self.cursor))
        for batch in batches:
            self.cursor |= json.loads(json.dumps(dict(batch.checkpoint or {})))
        return batches

    def facts(self, **more) -> dict[tuple[str, str], float]:
        """(metric, key) → value."""
        return {(o.metric, o.key): o.value for batch in self.read(**more) for o in batch.observations}

    def log(self, title: str = "Small databases", day: date = date(2026, 11, 20), **more):
        return append_talk(self.path, Talk(title=title, day=day, **more), today=TODAY)
