"""How a source stands after each read that ended: one rule, for what is stored and for what waits in the spool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

import duckdb


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """What is known of a source's reads. All times naive UTC, as they are stored.

    `last_success`: when a read last ended with nothing to complain of. `served`: when the newest read began that did
    what its slot asked for, though single subjects may have been missing; the next slot is the first after it.
    `failures`: reads in a row that did not, since `failing_since`, the last of them `failed_run`.
    """

    last_success: datetime | None = None
    next_due: datetime | None = None
    paused_until: datetime | None = None
    served: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    failed_run: str | None = None
    ended_at: datetime | None = None

    def after(self, read: Mapping[str, Any], finish: Mapping[str, Any]) -> SourceRecord:
        """The record once a stream's read has ended so, as a segment tells it."""
        ended_at = _moment(finish["finished_at"])
        record = replace(
            self,
            next_due=_moment(finish["next_due"]),
            paused_until=_moment(finish["paused_until"]),
            ended_at=ended_at,
            last_success=ended_at if finish["succeeded"] else self.last_success,
        )
        # A segment of an older harvester says no more than that it has succeeded.
        if served := _moment(finish.get("served")) or (ended_at if finish["succeeded"] else None):
            return replace(record, served=served, failures=0, failing_since=None, failed_run=None)
        if finish.get("failed") and self.failed_run != read["run_id"]:  # a read fails once, however many its streams
            since = self.failing_since or ended_at
            return replace(record, failures=self.failures + 1, failing_since=since, failed_run=read["run_id"])
        return record

    def columns(self) -> dict[str, Any]:
        """By the names of the columns that it is stored in."""
        return {name: getattr(self, name) for name in _COLUMNS}


_COLUMNS = tuple(field.name for field in fields(SourceRecord))


def read_records(connection: duckdb.DuckDBPyConnection) -> dict[str, SourceRecord]:
    """The record of every source that has run."""
    rows = connection.execute(f"SELECT source, {', '.join(_COLUMNS)} FROM store.sources").fetchall()  # noqa: S608 - ours
    return {
        source: SourceRecord(
            **{name: value for name, value in zip(_COLUMNS, values, strict=True) if value is not None}
        )
        for source, *values in rows
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
