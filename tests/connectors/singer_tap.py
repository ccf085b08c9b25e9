"""A tap for tests: a shell script that says given lines, as unkindly as it is told to."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from connectors.base import Batch, Context
from connectors.http import Http
from connectors.singer import CONNECTOR, SingerConfig

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ISSUES = {
    "metric": "issues_opened",
    "day": "created_at",
    "subject": "repo.name",
    "actor": "user.login",
    "title": "repo.name",
}


def schema(stream: str = "issues", keys: tuple[str, ...] = ("id",), *properties: str) -> dict[str, Any]:
    named = {name: {} for name in properties}
    return {"type": "SCHEMA", "stream": stream, "key_properties": list(keys), "schema": {"properties": named}}


def issue(number: int, day: str = "2026-11-20T10:00:00Z", repo: str = "engine", **more: Any) -> dict[str, Any]:
    version = {"version": more.pop("version")} if "version" in more else {}
    record = {"id": number, "created_at": day, "repo": {"name": repo}, "user": {"login": "ada"}, **more}
    return {"type": "RECORD", "stream": "issues", "record": record, **version}


def record(stream: str, **properties: Any) -> dict[str, Any]:
    return {"type": "RECORD", "stream": stream, "record": properties}


def state(value: Any) -> dict[str, Any]:
    return {"type": "STATE", "value": value}


def activate(version: int, stream: str = "issues") -> dict[str, Any]:
    return {"type": "ACTIVATE_VERSION", "stream": stream, "version": version}


class Tap:
    """A singer source over a script; its reads go on where the last one ended, as the pipeline's do."""

    def __init__(self, folder: Path, **keys: Any) -> None:
        self.folder = folder
        self.keys: dict[str, Any] = {"streams": {"issues": ISSUES}} | keys
        self.cursor: dict[str, Any] = {}
        self.is_stopping = lambda: False

    def says(self, *messages: Any, then: str = "", before: str = "", end: str = "\n") -> None:
        """What it says: messages, or lines as they are; `then`, `before`: shell commands after and before."""
        lines = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in messages)
        (self.folder / "lines").write_text(lines + end if lines else "")
        (self.folder / "tap.sh").write_text(f"{before}\ncat {shlex.quote(str(self.folder / 'lines'))}\n{then}\n")

    @property
    def config(self) -> SingerConfig:
        return SingerConfig(**{"command": ("sh", "tap.sh")} | self.keys)

    def batches(self, cursor: dict[str, Any] | None = None, since: date | None = None):
        context = Context(
            source="forge", http=Http(), clock=lambda: NOW, folder=self.folder, since=since,
            is_stopping=lambda: self.is_stopping(),  # noqa: PLW0108 - it may be changed while the tap runs
        )  # fmt: skip
        (stream,) = CONNECTOR.open(self.config, context)
        for batch in stream.read(dict(self.cursor) if cursor is None else cursor):
            self.cursor |= json.loads(json.dumps(dict(batch.checkpoint or {})))
            yield batch

    def read(self, **more: Any) -> list[Batch]:
        return list(self.batches(**more))

    def facts(self, **more: Any) -> dict[tuple[str, str, str], float]:
        return {(o.metric, o.subject, o.key): o.value for batch in self.read(**more) for o in batch.observations}
