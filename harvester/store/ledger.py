"""What has been read, how it ended, and where each read goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from connectors.base import Budget
from harvester.spool import Segment
from harvester.store.connection import transaction
from harvester.store.curves import Curve, keep_former

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms services let us in: sources to be left alone until a moment, and what is left of allowances."""

    paused: Mapping[str, datetime]
    budgets: Mapping[tuple[str, str], Budget]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The stored parts of a stream's cursor, and the version of the code that wrote the newest of them."""

    parts: dict[str, Any]
    version: int


def cursors(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], Cursor]:
    """Where the next read of each (source, stream) starts; absent before its first."""
    found: dict[tuple[str, str], Cursor] = {}
    rows = connection.execute("SELECT source, stream, part, value, version FROM store.cursors").fetchall()
    for source, stream, part, value, version in rows:
        known = found.get((source, stream), Cursor({}, 0))
        found[source, stream] = Cursor({**known.parts, part: json.loads(value)}, max(known.version, version))
    return found


def move_cursors(
    connection: duckdb.DuckDBPyConnection, moved: Mapping[tuple[str, str, str], tuple[object, int]]
) -> None:
    """Replace cursor parts, named by (source, stream, part), by (value, version)."""
    if not moved:
        return
    rows = json.dumps(
        [
            {"source": source, "stream": stream, "part": part, "value": json.dumps(value), "version": version}
            for (source, stream, part), (value, version) in moved.items()
        ]
    )
    shape = (
        '[{"source": "VARCHAR", "stream": "VARCHAR", "part": "VARCHAR", "value": "VARCHAR", "version": "INTEGER"}]'
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE moved AS SELECT unnest(from_json($rows, $shape), recursive := true)",
        {"rows": rows, "shape": shape},
    )
    connection.execute(
        "DELETE FROM store.cursors AS c USING moved AS m"
        " WHERE c.source = m.source AND c.stream = m.stream AND c.part = m.part"
    )
    connection.execute(
        "INSERT INTO store.cursors (source, stream, part, value, version)"
        " SELECT source, stream, part, value::JSON, version FROM moved"
    )


def declare(connection: duckdb.DuckDBPyConnection, read: Mapping[str, Any]) -> None:
    """Note the source as it is configured now, and what its stream declares about its metrics."""
    connection.execute(
        "INSERT INTO store.sources (source) SELECT $source"
        " WHERE NOT EXISTS (FROM store.sources WHERE source = $source)",
        {"source": read["source"]},
    )
    connection.execute(
        "UPDATE store.sources SET connector = $connector, person = $person, schedule = $schedule,"
        " config_hash = $config_hash WHERE source = $source",
        {name: read[name] for name in ("source", "connector", "person", "schedule", "config_hash")},
    )
    where = {"source": read["source"], "stream": read["stream"]}
    declared = {(m["name"], m["kind"], m["revise"], m["gauge"]) for m in read["metrics"]}
    known = connection.execute(
        "SELECT metric, kind, revise, gauge FROM store.metrics WHERE source = $source AND stream = $stream",
        where,
    ).fetchall()
    if declared == set(known):
        return
    connection.execute("DELETE FROM store.metrics WHERE source = $source AND stream = $stream", where)
    for name, kind, revise, gauge in sorted(declared):
        connection.execute(
            "INSERT INTO store.metrics (source, stream, metric, kind, revise, gauge)"
            " VALUES ($source, $stream, $metric, $kind, $revise, $gauge)",
            {**where, "metric": name, "kind": kind, "revise": revise, "gauge": gauge},
        )


def record_run(connection: duckdb.DuckDBPyConnection, segment: Segment, stored: int, revised: int) -> None:
    """Add a segment's counts to its run, and how the read ended where the segment is its last."""
    read, finish = segment.read, segment.finish
    run = {"run_id": read["run_id"], "source": read["source"], "stream": read["stream"]}
    connection.execute(
        "INSERT INTO store.runs (run_id, source, stream, trigger, scheduled_for, started_at, stored, revised)"
        " SELECT $run_id, $source, $stream, $trigger, $scheduled_for::TIMESTAMP, $started_at::TIMESTAMP, 0, 0"
        " WHERE NOT EXISTS (FROM store.runs WHERE run_id = $run_id AND source = $source AND stream = $stream)",
        {**run, **{name: read[name] for name in ("trigger", "scheduled_for", "started_at")}},
    )
    if stored or revised:
        connection.execute(
            "UPDATE store.runs SET stored = stored + $stored, revised = revised + $revised"
            " WHERE run_id = $run_id AND source = $source AND stream = $stream",
            {**run, "stored": stored, "revised": revised},
        )
    if finish is None:
        return
    _record_budgets(connection, segment)
    connection.execute(
        "UPDATE store.runs SET finished_at = $finished_at::TIMESTAMP, outcome = $outcome, message = $message,"
        " requests = $requests, points = $points"
        " WHERE run_id = $run_id AND source = $source AND stream = $stream",
        {**run, **{name: finish[name] for name in ("finished_at", "outcome", "message", "requests", "points")}},
    )


def _record_budgets(connection: duckdb.DuckDBPyConnection, segment: Segment) -> None:
    """Note what is left of each allowance, as the read that ends with this segment was told."""
    for left in (segment.finish or {}).get("budgets") or ():
        key = {"source": segment.read["source"], "credential": left["credential"], "bucket": left["bucket"]}
        connection.execute(
            "DELETE FROM store.budgets WHERE source = $source AND credential = $credential AND bucket = $bucket", key
        )
        connection.execute(
            "INSERT INTO store.budgets (source, credential, bucket, allowed, remaining, reset_at, read_at) VALUES"
            " ($source, $credential, $bucket, $limit, $remaining, $reset_at::TIMESTAMP, $read_at::TIMESTAMP)",
            {
                **key,
                **{name: left[name] for name in ("limit", "remaining", "reset_at")},
                "read_at": segment.observed_at.isoformat(sep=" "),
            },
        )


def terms(connection: duckdb.DuckDBPyConnection) -> Terms:
    """What services have last said, whichever source was told."""
    paused = connection.execute(
        "SELECT source, paused_until FROM store.sources WHERE paused_until IS NOT NULL"
    ).fetchall()
    budgets = connection.execute(
        "SELECT credential, bucket, allowed, remaining, reset_at FROM store.budgets ORDER BY read_at"
    ).fetchall()
    return Terms(
        {source: until.replace(tzinfo=UTC) for source, until in paused},
        {
            (credential, bucket): Budget(allowed, remaining, reset_at.replace(tzinfo=UTC))
            for credential, bucket, allowed, remaining, reset_at in budgets
        },
    )


def replace_columns(
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, Mapping[str, npt.NDArray[Any]]],
    curve: Curve | None = None,
) -> None:
    """Replace all rows of the named scoring tables by those of the arrays; these are named as the columns are.

    `curve`: of which parameters they are; what was scored with others is kept.
    """
    with transaction(connection):
        if curve is not None:
            keep_former(connection, curve)
        for name, arrays in tables.items():
            columns = ", ".join(arrays)
            # Of each object DuckDB's client asks pandas whether it is null.
            plain = {column: each.astype(str) if each.dtype == object else each for column, each in arrays.items()}
            connection.register("arrays", plain)
            connection.execute(f"DELETE FROM store.{name}")  # noqa: S608 - a name of ours
            connection.execute(f"INSERT INTO store.{name} ({columns}) SELECT {columns} FROM arrays")  # noqa: S608 - of ours
            connection.unregister("arrays")
