"""The load: what sealed segments say becomes facts, sums, coverage, cursors and runs, or nothing does.

First `prepare` works out in temporary tables what is to change, for which reading is enough; then `keep` changes it
in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb

from harvester.spool import Segment
from harvester.store import ledger, scores, sql
from harvester.store.changes import Change, blank, count, fill
from harvester.store.connection import transaction
from harvester.store.metatable import get_meta, set_meta

_VANISHED = ("05_vanished", "05_take_back")
_SUMS = ("13_present", "14_acted", "15_summed")
_LEVELS = ("16_grown", "17_regrown", "18_grown_days")
_PERIODS = ("19_periods", "20_near", "21_near_actors", "22_totals")
_COVERAGE = ("23_coverage", "24_coverage_news", "25_period_coverage")
# Of a table that a load changes: what that says of scores.
_UNSCORED = {"daily": "27_unscored_days", "coverage": "28_unscored_coverage", "metrics": "29_unscored_metrics"}
_SUMMED = (
    Change("daily", rows="summed", gone="touched", by=("series_id", "day")),
    Change("actor_days", rows="acted", gone="touched", by=("series_id", "day")),
    Change("totals", rows="totalled", gone="period", by=("series_id", "grain", "period")),
)
_COVERED = (
    Change("coverage", rows="news", gone="news", by=("source", "stream", "metric", "day")),
    Change("coverage_log", rows="logged"),
    Change("period_coverage", rows="observed", gone="observed", by=("source", "metric", "grain", "period")),
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: facts new and revised, and segments that another run had made superfluous."""

    stored: int = 0
    revised: int = 0
    fenced: int = 0

    def __add__(self, other: Loaded) -> Loaded:
        return Loaded(self.stored + other.stored, self.revised + other.revised, self.fenced + other.fenced)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a load will have done, and the changes that do it; their rows are the connection's temporary tables."""

    done: Loaded
    changes: tuple[Change, ...]


def load(
    connection: duckdb.DuckDBPyConnection,
    segments: Sequence[Segment],
    zone: ZoneInfo,
    waiting: Collection[str] | None = None,
) -> Loaded:
    """Load the segments in their order in one transaction, and move all days where the zone has changed.

    `waiting`: as in `prepare`. Raises duckdb.Error with nothing changed; the segments stay good for another try.
    """
    with transaction(connection):
        _rezone(connection, zone)
        prepared = prepare(connection, segments, zone, waiting)
        _make(connection, prepared.changes)
    return prepared.done


def is_zoned(connection: duckdb.DuckDBPyConnection, zone: ZoneInfo) -> bool:
    """Whether the days in the database are those of the zone."""
    return get_meta(connection, "timezone") == zone.key


def keep(
    connection: duckdb.DuckDBPyConnection,
    changes: Sequence[Change],
    first: Callable[[], None] = lambda: None,
    last: Callable[[], None] = lambda: None,
) -> None:
    """Make the changes, all or none; nobody may have written since they were prepared. Raises duckdb.Error.

    `first`, `last`: what is to be done before and after them, as a part of it.
    """
    with transaction(connection):
        first()
        _make(connection, changes)
        last()


def prepare(
    connection: duckdb.DuckDBPyConnection,
    segments: Sequence[Segment],
    zone: ZoneInfo,
    waiting: Collection[str] | None = None,
) -> Prepared:
    """Work out what loading the segments in their order changes, changing nothing.

    A segment loads only if its cursor parts still stand where it started; one that was loaded before does
    nothing. `waiting`: the ids of all whose files still lie in the spool, where known; marks of others are dropped.
    """
    seen = {row[0] for row in connection.execute("SELECT segment_id FROM store.segments").fetchall()}
    fresh = [segment for segment in segments if segment.id not in seen]
    changes = ledger.declared_metrics(connection, fresh)
    current, moved = _advance(connection, fresh)
    changes += moved
    counts, facts = _facts(connection, current, zone)
    changes += facts
    changes += _coverage(connection, current, zone)
    changes += ledger.ended_reads(connection, fresh, counts)
    if fresh:
        changes += _unscored(connection, {change.table for change in changes})
    changes += _marks(connection, fresh, seen.difference(seen if waiting is None else waiting))
    stored, revised = (sum(each[position] for each in counts.values()) for position in (0, 1))
    found = tuple(change.found(connection) for change in changes)
    return Prepared(Loaded(stored, revised, len(fresh) - len(current)), found)


def _make(connection: duckdb.DuckDBPyConnection, changes: Sequence[Change]) -> None:
    for change in changes:
        change.make(connection)


def _marks(connection: duckdb.DuckDBPyConnection, fresh: Sequence[Segment], gone: Collection[str]) -> list[Change]:
    """Mark what is loaded, until its file is gone."""
    if gone:
        fill(connection, "forgotten", [{"segment_id": each} for each in gone])
    fill(connection, "loaded", [{"segment_id": segment.id} for segment in fresh])
    changes = [Change("segments", gone="forgotten", by=("segment_id",))] if gone else []
    return [*changes, Change("segments", rows="loaded")]


def _advance(
    connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment]
) -> tuple[list[Segment], list[Change]]:
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
    return current, ledger.moved_cursors(connection, moved)


def _facts(
    connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment], zone: ZoneInfo
) -> tuple[dict[tuple[str, str, str], tuple[int, int]], list[Change]]:
    """What is new or changed, and the sums of the days it touches; counts by (run, source, stream)."""
    filled = [segment for segment in segments if segment.rows]
    if not filled:
        return {}, []
    changes = _subjects_and_series(connection, filled)
    files = [str(segment.path) for segment in filled if segment.series]
    if not files:
        return {}, changes
    connection.execute(sql.text("load/04_incoming"), {"files": files, "zone": zone.key})
    listing = [str(segment.path) for segment in filled if segment.listings]
    if listing:
        connection.execute(sql.text("load/04_listed"), {"files": listing})
        _run(connection, *_VANISHED)
        if count(connection, sql.text("load/05_vanished_note"), {"zone": zone.key}):
            changes.append(Change("vanished", rows="noted"))
    if count(connection, sql.text("load/05_repeats")):
        _run(connection, "06_dedupe")
    _run(connection, "07_known")
    rows = connection.execute(sql.text("load/08_counts")).fetchall()
    counts = {(run_id, source, stream): (stored, revised) for run_id, source, stream, stored, revised in rows}
    if any(stored or revised for stored, revised in counts.values()):
        changes += _news(connection)
    _drop(connection, "named", "known", "vanished", "listed")
    return counts, changes


def _subjects_and_series(connection: duckdb.DuckDBPyConnection, filled: Sequence[Segment]) -> list[Change]:
    """What the segments are about: descriptions that changed, series seen for the first time."""
    changes = []
    fill(connection, "segment", [_segment_row(position, segment) for position, segment in enumerate(filled)])
    named = [
        {"position": position, "metric": metric, "subject": subject}
        for position, segment in enumerate(filled)
        for metric, subject in segment.series
    ]
    fill(connection, "named", named)
    described = [str(segment.path) for segment in filled if segment.subjects]
    if not described:
        blank(connection, ["described"], like="subjects")
    elif count(connection, sql.text("load/02_subjects"), {"files": described}):
        changes.append(Change("subjects", rows="described"))
    _run(connection, "03_series")
    if count(connection, sql.text("load/03_new_series")):
        changes.append(Change("series", rows="new_series"))
    return changes


def _news(connection: duckdb.DuckDBPyConnection) -> list[Change]:
    """Of what came in, what is new or changed, and the sums of the days it touches anew."""
    changes = []
    if count(connection, sql.text("load/09_replaced")):
        changes.append(Change("superseded", rows="replaced"))
        changes.append(Change("observations", gone="replaced", by=("series_id", "day", "key")))
    _run(connection, "10_same", "10_told", "11_touched")
    has_levels = bool(count(connection, sql.text("load/12_levels")))
    _run(connection, *_SUMS)
    if has_levels:
        _run(connection, *_LEVELS)
    _drop(connection, "present", "grown")
    _run(connection, *_PERIODS)
    _drop(connection, "near", "near_actors")
    return [*changes, Change("observations", rows="told"), *_SUMMED]


def _coverage(connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment], zone: ZoneInfo) -> list[Change]:
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
    if not spans:
        return []
    fill(connection, "span", spans)
    _run(connection, *_COVERAGE)
    connection.execute(sql.text("load/24_coverage_log"), {"zone": zone.key})
    return list(_COVERED)


def _unscored(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> list[Change]:
    """Whose scores the changes of these tables leave behind; noted with them, so that no kill forgets it."""
    _run(connection, "26_unscored", *(name for table, name in _UNSCORED.items() if table in tables))
    return [Change("unscored", rows="unscored")]


def _rezone(connection: duckdb.DuckDBPyConnection, zone: ZoneInfo) -> None:
    """Days are those of the configured zone; when it has changed, all events find their new days."""
    before = get_meta(connection, "timezone")
    if before == zone.key:
        return
    if before is not None:
        connection.execute(sql.text("load/00_rezone"), {"zone": zone.key})
        blank(connection, ["incoming", "replaced"], like="observations")
        blank(connection, ["level"], like="series")
        connection.execute("CREATE OR REPLACE TEMP TABLE series AS SELECT series_id, false AS is_gauge FROM level")
        _run(connection, "00_touch_events", *_SUMS, *_PERIODS)
        _make(connection, [change.found(connection) for change in _SUMMED])
        scores.forget(connection)
    set_meta(connection, "timezone", zone.key)


def _run(connection: duckdb.DuckDBPyConnection, *names: str) -> None:
    for name in names:
        connection.execute(sql.text(f"load/{name}"))


def _drop(connection: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Give back what temporary tables hold: a megabyte or two for each, however few their rows."""
    for name in names:
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


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
