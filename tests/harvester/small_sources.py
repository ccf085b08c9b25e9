"""Sources that do as they are told, for the tests of reading and pipeline."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Batch, Budget, Connector, Context, Kind, Metric, Observation, StreamSpec
from harvester.config import Settings, Source
from harvester.config.model import ScoringSettings
from harvester.outcomes import Outcome
from harvester.reading import Order, Patience, SourceReader
from harvester.schedule import parse
from harvester.spool import Spool
from harvester.store import Books, Cursor, Terms

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SPEC = StreamSpec("issues", (Metric("issues_opened", Kind.EVENT), Metric("forks", Kind.LEVEL)), cursor_version=2)
SWIFT = Order(patience=Patience(first_pause=timedelta(0)))

Step = Batch | Exception | Callable[[], None]


def issue(key: str, **more: Any) -> Observation:
    return Observation("issues_opened", "repo:1", key, NOW, **more)


@dataclass(frozen=True)
class Nothing:
    pass


@dataclass
class Scripted:
    """A stream whose n-th read takes the n-th script; the last one is repeated. Notes where each read started."""

    scripts: Sequence[Sequence[Step]]
    spec: StreamSpec = SPEC
    started: list[dict[str, Any]] = field(default_factory=list)
    closed: int = 0
    context: Context | None = None

    def read(self, cursor: Mapping[str, Any]) -> Iterator[Batch]:
        self.started.append(dict(cursor))
        script = self.scripts[min(len(self.started), len(self.scripts)) - 1]
        try:
            for step in script:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, Batch):
                    yield step
                else:
                    step()
        finally:
            self.closed += 1


def named(name: str, *scripts: Sequence[Step]) -> Scripted:
    return Scripted(scripts, StreamSpec(name, SPEC.metrics))


def source(*streams: Scripted, name: str = "work", fails: Exception | None = None) -> Source:
    def opens(_config: object, context: Context) -> Sequence[Scripted]:
        if fails:
            raise fails
        for stream in streams:
            stream.context = context
        return streams

    connector = Connector("scripted", Nothing, opens, tuple(stream.spec for stream in streams))
    return Source(name=name, connector=connector, config=Nothing(), schedule=parse("every 6h"), config_hash="c")


def settings(folder: Path, *sources: Source) -> Settings:
    return Settings(
        path=folder / "config.toml", folder=folder, database=folder / "harvest.duckdb", spool=folder / "spool",
        timezone=ZoneInfo("UTC"), sources=sources, scoring=ScoringSettings(),
    )  # fmt: skip


def read(
    folder: Path,
    *streams: Scripted,
    order: Order = SWIFT,
    stored: Cursor | None = None,
    fails: Exception | None = None,
    paused_until: datetime | None = None,
    budgets: dict[tuple[str, str], Budget] | None = None,
    stop: threading.Event | None = None,
) -> list[Outcome]:
    """One read of one source into the folder's spool."""
    spool = Spool(folder / "spool")
    spool.prepare()
    one = source(*streams, fails=fails)

    books = Books(
        cursors={(one.name, stream.spec.name): stored for stream in streams if stored},
        terms=Terms({"work": paused_until} if paused_until else {}, budgets or {}),
    )
    return SourceReader(
        settings(folder, one),
        one,
        order,
        "run-1",
        spool,
        books,
        stop or threading.Event(),
        lambda: NOW,
    ).read()
