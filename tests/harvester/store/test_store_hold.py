"""How a load shares the file: it prepares beside readers, keeps them out only to write, and tidies up after."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from connectors.base import Batch, Coverage, Observation
from harvester.store import Busy
from harvester.store.connection import attached, open_bench, open_writer, settle
from harvester.store.load import keep, prepare
from tests.harvester.store.building import Shelf, at, on

READS = """
import sys, duckdb
held = duckdb.connect(sys.argv[1], read_only=True)
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def a_reader(path: Path) -> Iterator[None]:
    """Another process keeps the database open for reading."""
    process = subprocess.Popen(
        [sys.executable, "-c", READS, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield
    finally:
        process.communicate("")


def wal(shelf: Shelf) -> Path:
    return shelf.store.path.with_name(shelf.store.path.name + ".wal")


def leave_a_log(shelf: Shelf) -> None:
    """A stranger's write, committed and not moved into the file, as a killed process leaves it."""
    connection = open_writer(shelf.store.path, timeout=1)
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")
    connection.execute("DELETE FROM store.observations WHERE key = '1'")
    connection.close()
    assert wal(shelf).exists()


def batch(day: int, *, value: float = 1.0) -> Batch:
    """An event, a total and a reading of a day."""
    return Batch(
        [
            Observation("issues_opened", "repo:1", str(day), at(day), actor="ann"),
            Observation("post_reads", "post:1", on(day).isoformat(), at(day), value),
            Observation("post_comments", "post:1", on(day).isoformat(), at(day), 10.0 * day),
        ],
        coverage=[Coverage(on(day), on(day))],
    )


def test_a_load_is_prepared_where_nothing_can_be_written_while_others_read(shelf: Shelf) -> None:
    shelf.harvest(batch(1), batch(2))
    shelf.seal(batch(3), batch(2, value=7.0))
    segments = shelf.spool.sealed()
    with open_bench(shelf.store.path, threads=1) as bench:
        with a_reader(shelf.store.path), attached(bench, shelf.store.path, timeout=0, read_only=True):
            prepared = prepare(bench, segments, shelf.zone)
            with pytest.raises(duckdb.Error, match="read-only"):
                bench.execute("DELETE FROM store.observations")
        with attached(bench, shelf.store.path, timeout=0):
            keep(bench, prepared.changes)
    assert (prepared.done.stored, prepared.done.revised) == (3, 1)
    kept = dict(shelf.tables())
    other = Shelf(shelf.folder / "other")
    other.folder.mkdir(exist_ok=True)
    other.harvest(batch(1), batch(2, value=7.0), batch(3))
    assert kept == dict(other.tables())


def test_a_load_leaves_no_log_behind(shelf: Shelf) -> None:
    shelf.harvest(batch(1))
    shelf.harvest(batch(2))
    assert not wal(shelf).exists()


def test_a_log_that_a_dead_process_left_is_loaded_upon_rightly(shelf: Shelf) -> None:
    shelf.harvest(batch(1), batch(2))
    leave_a_log(shelf)
    assert shelf.harvest(batch(1), batch(3)).stored == 4  # what the stranger deleted comes again
    assert not wal(shelf).exists()
    assert shelf.ask("SELECT key FROM observations WHERE metric = 'issues_opened' ORDER BY key") == [
        ("1",), ("2",), ("3",),
    ]  # fmt: skip


def test_a_log_waits_for_a_reader_and_is_never_lost(shelf: Shelf) -> None:
    shelf.harvest(batch(1))
    leave_a_log(shelf)
    with a_reader(shelf.store.path), open_bench(shelf.store.path, threads=1) as bench:
        with pytest.raises(Busy):
            settle(bench, shelf.store.path, timeout=0)
        assert wal(shelf).exists()
        shelf.seal(batch(2))
        with pytest.raises(Busy):
            shelf.store.load(shelf.spool, timeout=0)
    assert len(shelf.spool.sealed()) == 1
    shelf.load()
    assert not wal(shelf).exists()
    assert shelf.ask("SELECT key FROM observations WHERE metric = 'issues_opened'") == [("2",)]


def test_a_reading_touches_only_the_days_whose_growth_it_changes(shelf: Shelf) -> None:
    def reading(day: int, hour: int, value: float) -> Batch:
        return Batch([Observation("post_comments", "post:1", on(day).isoformat(), at(day, hour), value)])

    for day in range(1, 10):
        shelf.harvest(reading(day, 12, 10.0 * day))
    shelf.seal(reading(4, 18, 45.0))
    with open_bench(shelf.store.path, threads=1) as bench:
        with attached(bench, shelf.store.path, timeout=1, read_only=True):
            prepare(bench, shelf.spool.sealed(), shelf.zone)
        assert bench.execute("SELECT day FROM touched ORDER BY day").fetchall() == [(on(4),), (on(5),)]
    shelf.load()
    assert shelf.ask("SELECT total FROM daily WHERE metric = 'post_comments' ORDER BY day LIMIT 4") == [
        (10.0,), (10.0,), (15.0,), (5.0,),
    ]  # fmt: skip


def test_another_zone_and_news_of_the_same_days_in_one_load_come_out_as_if_read_so_from_the_start(
    shelf: Shelf,
) -> None:
    def late(key: str, value: float = 1.0) -> Observation:
        return Observation("issues_opened", "repo:1", key, at(3, 23), value, actor="ann")

    shelf.harvest(Batch([late("1"), late("2")]), batch(4))
    moved = Shelf(shelf.folder, zone=ZoneInfo("Europe/Berlin"), runs=shelf.runs)
    news = Batch([late("2", 0.0), late("3")])
    moved.harvest(news)
    folder = shelf.folder / "other"
    folder.mkdir()
    fresh = Shelf(folder, zone=ZoneInfo("Europe/Berlin"))
    fresh.harvest(Batch([late("1"), late("2")]), batch(4))
    fresh.harvest(news)
    assert dict(moved.tables()) == dict(fresh.tables())
    assert moved.ask("SELECT total, actors FROM daily WHERE day = '2026-11-04' AND metric = 'issues_opened'") == [
        (3.0, 1)
    ]
