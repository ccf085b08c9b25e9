"""Small worlds of facts for the tests of spool and store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Batch, Kind, Metric
from harvester.spool import Finish, Read, Spool
from harvester.store import Loaded, Store

METRICS = (
    Metric("issues_opened", Kind.EVENT),
    Metric("post_reads", Kind.DAILY),
    Metric("traffic_views", Kind.DAILY, revise="max"),
    Metric("post_comments", Kind.LEVEL),
    Metric("stargazers", Kind.LEVEL, gauge=True),
)
UTC_ZONE = ZoneInfo("UTC")


def at(day: int, hour: int = 12, month: int = 11) -> datetime:
    """An hour of a day of November 2026."""
    return datetime(2026, month, day, hour, tzinfo=UTC)


def on(day: int) -> date:
    """A day of November 2026."""
    return date(2026, 11, day)


@dataclass
class Shelf:
    """A store and its spool in a folder."""

    folder: Path
    zone: ZoneInfo = UTC_ZONE
    source: str = "work"
    stream: str = "everything"
    metrics: tuple[Metric, ...] = METRICS
    person: str = "me"
    runs: int = 0
    cursor: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store = Store(self.folder / "harvest.duckdb", self.zone)
        self.spool = Spool(self.folder / "spool")
        self.spool.prepare()
        self.store.prepare(timeout=5)

    def read(self) -> Read:
        self.runs += 1
        return Read(
            source=self.source, connector="fake", person=self.person, schedule="every 6h", config_hash="c",
            stream=self.stream, cursor_version=1, metrics=self.metrics, run_id=f"run-{self.runs}", trigger="now",
            started_at=at(1),
        )  # fmt: skip

    def seal(self, *batches: Batch, base: dict[str, Any] | None = None, finish: bool = True) -> None:
        """One read that yields these batches, sealed at its end."""
        writer = self.spool.writer(self.read(), self.cursor if base is None else base)
        for batch in batches:
            writer.add(batch)
        if finish:
            writer.finish(Finish(finished_at=at(1, 13), outcome="ok", succeeded=True, requests=1))
        self.cursor |= writer.progress

    def load(self) -> Loaded:
        return self.store.load(self.spool, timeout=5)

    def harvest(self, *batches: Batch) -> Loaded:
        self.seal(*batches)
        return self.load()

    def ask(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.store.reading() as connection:
            return connection.execute(query, values or None).fetchall()

    def tables(self) -> dict[str, Sequence[tuple[Any, ...]]]:
        """What must not depend on order, batching, repetition or crashes."""
        return {
            "observations": self.ask(
                "SELECT metric, subject, key, occurred_at, actor, value, attrs FROM observations ORDER BY ALL"
            ),
            "daily": self.ask("FROM daily ORDER BY ALL"),
            "totals": self.ask("SELECT * EXCLUDE (coverage) FROM totals WHERE subject IS NOT NULL ORDER BY ALL"),
        }
