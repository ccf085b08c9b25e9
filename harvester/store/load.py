"""The load transaction: what sealed segments say becomes facts, sums, coverage, cursors and runs, or nothing does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb

from harvester.spool import Segment
from harvester.store import ledger, sql
from harvester.store.connection import transaction
from harvester.store.metatable import get_meta, set_meta
from harvester.store.records import read_records, write_records

_VANISHED = ("05_vanished", "05_vanished_note", "05_take_back")
_STORE = ("08_supersede", "09_unset", "10_insert")
_DAYS = ("13_daily_clear", "14_actors_clear", "15_actors", "16_daily")
_LEVELS = ("17_levels_clear", "18_gauges", "19_counters", "20_touched_levels")
PERIODS = ("21_periods", "22_totals_clear", "23_near", "24_near_actors", "25_totals")
_COVERAGE = (
    "26_coverage",
    "27_coverage_news",
    "27_coverage_log",
    "28_coverage_clear",
    "29_coverage_insert",
    "30_period_coverage_clear",
    "31_period_coverage",
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: facts new and revised, and segments that another run had made superfluous."""

    stored: int = 0
    revised: int = 0
    fenced: int = 0

    def __add__(self, other: Loaded) -> Loaded:
        return Loaded(self.stored + other.stored, self.revised + other.revised, self.fenced + other.fenced)


def load(connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment], zone: ZoneInfo) -> Loaded:
    """Load the segments in their order in one transaction.

    A segment loads only if its cursor parts still stand where it started; one that was loaded before does
    nothing. Raises duckdb.Error with nothing changed; the segments stay good for another try.
    """
    with transaction(connection):
        _rezone(connection, zone)
        fresh = _unseen(connection, segments)
        _declare(connection, fresh)
        current, fenced = _advance(connection, fresh)
        counts = _facts(connection, current, zone)
        done = Loaded(sum(new for new, _ in counts.values()), sum(old for _, old in counts.values()), fenced)
        _coverage(connection, current, zone)
        for segment in fresh:
            stored, revised = counts.pop((segment.read["run_id"], *segment.stream), (0, 0))
            ledger.record_run(connection, segment, stored, revised)
        _record_sources(connection, fresh)
        connection.execute(
            "INSERT INTO store.segments (segment_id) SELECT unnest($ids)",
            {"ids": [segment.id for segment in fresh]},
        )
    return done


def forget(connection: duckdb.DuckDBPyConnection, keep: Sequence[Segment]) -> None:
    """Drop the marks of loaded segments whose files are gone; `keep` are those that still lie in the spool."""
    with transaction(connection):
        connection.execute(
            "DELETE FROM store.segments WHERE NOT list_contains($ids, segment_id)",
            {"ids": [s.id for s in keep]},
        )


def _unseen(connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment]) -> list[Segment]:
    seen = {row[0] for row in connection.execute("SELECT segment_id FROM store.segments").fetchall()}
    return [segment for segment in segments if segment.id not in seen]


def _declare(connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment]) -> None:
    """Sources and metrics as the newest segment of each declares them."""
    for segment in {segment.stream: segment for segment in segments}.values():
        ledger.declare(connection, segment.read)


def _record_sources(connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment]) -> None:
    """How the sources stand after the reads that end with these segments."""
    ended = [segment for segment in segments if segment.finish]
    if not ended:
        return
    known, touched = read_records(connection), {}
    for segment in ended:
        source = segment.read["source"]
        touched[source] = known[source] = known[source].after(segment.read, segment.finish or {})
    write_records(connection, touched)


def _advance(connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment]) -> tuple[list[Segment], int]:
    """Move the cursors; a segment whose start is not where the cursor stands is fenced out."""
    stored = ledger.cursors(connection)
    moved: dict[tuple[str, str, str], tuple[object, int]] = {}
    current = []
    for segment in segments:
        cursor = stored.setdefault(segment.stream, ledger.Cursor({}, 0)).parts
        if any(cursor.get(part) != value for part, value in segment.base.items()):
            continue  # another run has read from the same place and was loaded first
        cursor.update(segment.checkpoint)
        for part, value in segment.checkpoint.items():
            moved[*segment.stream, part] = (value, segment.read["cursor_version"])
        current.append(segment)
    ledger.move_cursors(connection, moved)
    return current, len(segments) - len(current)


def _facts(
    connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment], zone: ZoneInfo
) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Store what is new or changed and refresh the touched days; counts by (run, source, stream)."""
    filled = [segment for segment in segments if segment.rows]
    if not filled:
        return {}
    _fill(connection, "segment", [_segment_row(position, segment) for position, segment in enumerate(filled)])
    named = [
        {"position": position, "metric": metric, "subject": subject}
        for position, segment in enumerate(filled)
        for metric, subject in segment.series
    ]
    connection.execute(sql.text("load/01_named"), {"rows": json.dumps(named)})
    described = [str(segment.path) for segment in filled if segment.subjects]
    if described:
        connection.execute(sql.text("load/02_subjects"), {"files": described})
    _run(connection, "03_series", zone)
    files = [str(segment.path) for segment in filled if segment.series]
    if not files:
        return {}
    connection.execute(sql.text("load/04_incoming"), {"files": files, "zone": zone.key})
    listing = [str(segment.path) for segment in filled if segment.listings]
    if listing:
        connection.execute(sql.text("load/04_listed"), {"files": listing})
        for name in _VANISHED:
            _run(connection, name, zone)
    repeats = connection.execute(sql.text("load/05_repeats")).fetchone()
    if repeats and repeats[0]:
        _run(connection, "06_dedupe", zone)
    _run(connection, "07_known", zone)
    rows = connection.execute(sql.text("load/11_counts")).fetchall()
    counts = {(run_id, source, stream): (stored, revised) for run_id, source, stream, stored, revised in rows}
    if any(stored or revised for stored, revised in counts.values()):
        _take_over(connection, zone)
    _drop(connection, "named", "incoming", "known", "vanished", "listed")
    return counts


def _take_over(connection: duckdb.DuckDBPyConnection, zone: ZoneInfo) -> None:
    """Store what is new or changed among what came in, and make the sums of the days it touches anew."""
    _run(connection, "12_touched", zone)
    _run(connection, "12_grown_levels", zone)
    for name in _STORE:
        _run(connection, name, zone)
    _drop(connection, "named", "incoming", "known", "vanished", "listed")
    for name in _DAYS + _LEVELS + PERIODS:
        _run(connection, name, zone)
    _drop(connection, "touched", "level", "period", "near", "near_actors")


def _coverage(connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment], zone: ZoneInfo) -> None:
    spans = [
        {
            "source": segment.read["source"],
            "stream": segment.read["stream"],
            "read_at": _local(segment.observed_at, zone),
            "position": position,
            **span,
        }
        for position, segment in enumerate(segments)
        for span in segment.coverage
    ]
    if spans:
        _fill(connection, "span", spans)
        for name in _COVERAGE:
            _run(connection, name, zone)
        _drop(connection, "span", "covered", "news")


def _rezone(connection: duckdb.DuckDBPyConnection, zone: ZoneInfo) -> None:
    """Days are those of the configured zone; when it has changed, all events find their new days."""
    before = get_meta(connection, "timezone")
    if before == zone.key:
        return
    if before is not None:
        connection.execute(sql.text("load/00_rezone"), {"zone": zone.key})
        for name in ("00_touch_events", *_DAYS, *PERIODS):
            _run(connection, name, zone)
    set_meta(connection, "timezone", zone.key)


def _run(connection: duckdb.DuckDBPyConnection, name: str, zone: ZoneInfo) -> None:
    text = sql.text(f"load/{name}")
    connection.execute(text, {"zone": zone.key} if "$zone" in text else None)


def _drop(connection: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Give back what temporary tables hold: a megabyte or two for each, however few their rows."""
    for name in names:
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


_TEMP = {
    "segment": (
        "path VARCHAR, source VARCHAR, stream VARCHAR, run_id VARCHAR, observed_at TIMESTAMP, position INTEGER"
    ),
    "span": (
        "source VARCHAR, stream VARCHAR, read_at TIMESTAMP, position INTEGER, first_day DATE, last_day DATE,"
        " state VARCHAR, reason VARCHAR, metrics VARCHAR[]"
    ),
}


def _fill(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    """A temporary table from a few rows, by one JSON parameter: executemany is a statement a row."""
    columns = _TEMP[table]
    names = ", ".join(column.split()[0] for column in columns.split(", "))
    shape = json.dumps([{column.split()[0]: column.split()[1] for column in columns.split(", ")}])
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({columns})")
    unnested = "SELECT unnest(from_json($rows, $shape), recursive := true)"
    connection.execute(
        f"INSERT INTO {table} ({names}) SELECT {names} FROM ({unnested})",  # noqa: S608 - names from the table above
        {"rows": json.dumps(rows), "shape": shape},
    )


def _segment_row(position: int, segment: Segment) -> dict[str, object]:
    source, stream = segment.stream
    return {
        "path": str(segment.path),
        "source": source,
        "stream": stream,
        "run_id": segment.read["run_id"],
        "observed_at": segment.observed_at.isoformat(sep=" "),
        "position": position,
    }


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None).isoformat(sep=" ")
