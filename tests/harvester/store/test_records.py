"""How a source stands after its reads: the same counted from the spool as from the database."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from harvester.spool import Finish
from harvester.store import Books, SourceRecord
from tests.harvester.store.building import Shelf, at

START = at(1)


def naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def end(shelf: Shelf, hour: int, *, run: int | None = None, **how: object) -> None:
    """One stream of a read ended so."""
    if run:
        shelf.runs = run - 1
    finish = Finish(
        finished_at=START + timedelta(hours=hour), outcome="x", succeeded=bool(how.pop("succeeded", False))
    )
    for name, value in how.items():
        object.__setattr__(finish, name, value)
    shelf.spool.writer(shelf.read(), {}).finish(finish)


def both(shelf: Shelf) -> SourceRecord:
    """What the spool tells, which must be what the database tells once it is loaded."""
    told = shelf.store.books().with_pending(shelf.spool.sealed()).sources["work"]
    shelf.load()
    stored = shelf.store.books().sources["work"]
    assert told == stored
    return stored


def test_failures_count_reads_not_streams_and_end_with_a_served_slot(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for hour, run in ((1, 1), (2, 1), (3, 2)):
        end(shelf, hour, run=run, failed=True)
    record = both(shelf)
    assert (record.failures, record.failing_since) == (2, naive(START + timedelta(hours=1)))
    end(shelf, 4, run=3)  # cut off: says nothing
    assert both(shelf).failures == 2
    end(shelf, 5, run=4, failed=True)
    assert both(shelf).failures == 3
    end(shelf, 7, run=5, served=START + timedelta(hours=6))
    record = both(shelf)
    assert (record.failures, record.failing_since, record.served) == (0, None, naive(START + timedelta(hours=6)))
    assert record.last_success is None


def test_a_pause_is_told_from_the_spool_and_ends_with_the_next_read(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    until = START + timedelta(hours=9)
    end(shelf, 1, failed=True, paused_until=until)
    assert shelf.store.books().with_pending(shelf.spool.sealed()).terms.paused == {"work": until}
    assert both(shelf).paused_until == naive(until)
    end(shelf, 10, succeeded=True, served=START + timedelta(hours=9))
    assert shelf.store.books().with_pending(shelf.spool.sealed()).terms.paused == {}


def test_what_is_loaded_already_is_not_counted_again(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    end(shelf, 1, failed=True)
    waiting = shelf.spool.sealed()
    (file,) = (tmp_path / "spool").glob("*.ndjson")
    text = file.read_text()
    shelf.load()
    file.write_text(text)  # killed between the commit and the removal of the file
    assert shelf.store.books().with_pending(waiting).sources["work"].failures == 1


def test_a_source_never_read_has_no_record() -> None:
    assert Books().with_pending([]).sources == {}
