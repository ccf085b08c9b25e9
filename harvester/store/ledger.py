"""What has been read, how it ended, and where each read goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from connectors.base import Budget
from harvester.spool import Segment
from harvester.store.changes import Change, fill
from harvester.store.records import SourceRecord, read_records


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


def moved_cursors(
    connection: duckdb.DuckDBPyConnection, moved: Mapping[tuple[str, str, str], tuple[object, int]]
) -> list[Change]:
    """Cursor parts, named by (source, stream, part), give way to (value, version)."""
    if not moved:
        return []
    rows = [
        {"source": source, "stream": stream, "part": part, "value": json.dumps(value), "version": version}
        for (source, stream, part), (value, version) in moved.items()
    ]
    fill(connection, "moved", rows)
    return [Change("cursors", rows="moved", gone="moved", by=("source", "stream", "part"))]


def declared_metrics(connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment]) -> list[Change]:
    """Metrics as the newest segment of each stream declares them; `metric` is what then holds of these sources."""
    names = ("metric", "kind", "revise", "gauge")
    stated: dict[tuple[str, str], set[tuple[Any, ...]]] = {}
    for source, stream, *metric in connection.execute(
        "SELECT source, stream, metric, kind, revise, gauge FROM store.metrics WHERE list_contains($sources, source)",
        {"sources": sorted({segment.stream[0] for segment in segments})},
    ).fetchall():
        stated.setdefault((source, stream), set()).add(tuple(metric))
    newest = {
        segment.stream: {(m["name"], m["kind"], m["revise"], m["gauge"]) for m in segment.read["metrics"]}
        for segment in segments
    }
    restated = {where: metrics for where, metrics in newest.items() if metrics != stated.get(where, set())}

    def rows(of: Mapping[tuple[str, str], set[tuple[Any, ...]]]) -> list[dict[str, Any]]:
        return [
            {"source": source, "stream": stream, **dict(zip(names, metric, strict=True))}
            for (source, stream), metrics in of.items()
            for metric in sorted(metrics)
        ]

    fill(connection, "metric", rows(stated | newest))
    if not restated:
        return []
    fill(connection, "restated", [{"source": source, "stream": stream} for source, stream in restated])
    fill(connection, "declared", rows(restated))
    return [Change("metrics", rows="declared", gone="restated", by=("source", "stream"))]


def ended_reads(
    connection: duckdb.DuckDBPyConnection,
    segments: Sequence[Segment],
    counts: Mapping[tuple[str, str, str], tuple[int, int]],
) -> list[Change]:
    """Sources as they are configured now, runs with what was stored (by run, source, stream), and how they ended."""
    if not segments:
        return []
    fill(connection, "source", _sources(connection, segments))
    fill(connection, "run", _runs(connection, segments, counts))
    changes = [
        Change("sources", rows="source", gone="source", by=("source",)),
        Change("runs", rows="run", gone="run", by=("run_id", "source", "stream")),
    ]
    budgets = _budgets(segments)
    if budgets:
        fill(connection, "budget", budgets)
        changes.append(Change("budgets", rows="budget", gone="budget", by=("source", "credential", "bucket")))
    return changes


def _held(connection: duckdb.DuckDBPyConnection, query: str, values: list[str]) -> list[dict[str, Any]]:
    cursor = connection.execute(query, {"values": values})
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _sources(connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment]) -> list[dict[str, Any]]:
    known, found = read_records(connection), {}
    for segment in segments:
        read, source = segment.read, segment.stream[0]
        if segment.finish is not None:
            known[source] = known.get(source, SourceRecord()).after(read, segment.finish)
        configured = {name: read[name] for name in ("source", "connector", "person", "schedule", "config_hash")}
        found[source] = configured | known.get(source, SourceRecord()).columns()
    return list(found.values())


def _runs(
    connection: duckdb.DuckDBPyConnection,
    segments: Sequence[Segment],
    counts: Mapping[tuple[str, str, str], tuple[int, int]],
) -> list[dict[str, Any]]:
    names = sorted({segment.read["run_id"] for segment in segments})
    held = _held(connection, "FROM store.runs WHERE list_contains($values, run_id)", names)
    known = {(row["run_id"], row["source"], row["stream"]): row for row in held}
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for segment in segments:
        key = (segment.read["run_id"], *segment.stream)
        if key not in found:
            started = {name: segment.read[name] for name in _STARTED} | {"stored": 0, "revised": 0}
            found[key] = known.get(key, started)
            stored, revised = counts.get(key, (0, 0))
            found[key]["stored"] += stored
            found[key]["revised"] += revised
        if segment.finish is not None:
            found[key] |= {name: segment.finish[name] for name in _ENDED}
    return list(found.values())


_STARTED = ("run_id", "source", "stream", "trigger", "scheduled_for", "started_at")
_ENDED = ("finished_at", "outcome", "message", "requests", "points")


def _budgets(segments: Sequence[Segment]) -> list[dict[str, Any]]:
    """What is left of each allowance, as the newest read was told."""
    found = {}
    for segment in segments:
        for left in (segment.finish or {}).get("budgets") or ():
            found[segment.stream[0], left["credential"], left["bucket"]] = {
                "source": segment.stream[0],
                "credential": left["credential"],
                "bucket": left["bucket"],
                "allowed": left["limit"],
                "remaining": left["remaining"],
                "reset_at": left["reset_at"],
                "read_at": segment.observed_at.isoformat(sep=" "),
            }
    return list(found.values())


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
