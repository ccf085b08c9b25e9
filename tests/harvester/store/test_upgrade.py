"""A database and a spool of an older harvester: kept as they were, brought up to date, and nothing of them lost."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from connectors.base import Batch, Metric, Observation, Subject
from harvester.store import Store, StoreError, migrations, sql
from harvester.store.connection import open_reader, open_writer, transaction
from harvester.store.metatable import get_meta, set_meta
from tests.harvester.store.building import METRICS, Shelf, at, on

UTC_ZONE = ZoneInfo("UTC")


def older(path: Path, schema: int) -> Store:
    """A database as the harvester that knew this schema left it, with a source in it."""
    connection = open_writer(path, timeout=1)
    with transaction(connection):
        for name in sql.names("migrations")[:schema]:
            connection.execute(sql.text(name))
        set_meta(connection, "schema", str(schema))
        set_meta(connection, "views", "of then")
        connection.execute("INSERT INTO store.sources (source, last_success) VALUES ('work', '2026-11-01 12:00')")
    connection.close()
    return Store(path, UTC_ZONE)


@pytest.mark.parametrize("schema", [1, 2])
def test_an_older_database_is_copied_then_migrated(
    tmp_path: Path, schema: int, caplog: pytest.LogCaptureFixture
) -> None:
    store = older(tmp_path / "harvest.duckdb", schema)
    store.prepare(timeout=1)
    record = store.books().sources["work"]
    assert record.served == record.last_success == at(1).replace(tzinfo=None)
    with store.reading() as connection:
        assert migrations.is_current(connection)
    backup = open_reader(tmp_path / f"harvest.duckdb.schema-{schema}.bak")
    assert get_meta(backup, "schema") == str(schema)
    assert backup.execute("SELECT source FROM store.sources").fetchall() == [("work",)]
    assert f"harvest.duckdb.schema-{schema}.bak" in caplog.text
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_what_a_killed_process_left_in_the_log_is_in_the_copy(tmp_path: Path) -> None:
    store = older(tmp_path / "harvest.duckdb", 2)
    connection = open_writer(store.path, timeout=1)
    connection.execute("SET wal_autocheckpoint = '1GB'")
    connection.execute("INSERT INTO store.sources (source) VALUES ('blog')")
    wal = store.path.with_name("harvest.duckdb.wal")
    left = wal.read_bytes(), store.path.read_bytes()
    connection.close()
    wal.write_bytes(left[0])
    store.path.write_bytes(left[1])
    store.prepare(timeout=1)
    backup = open_reader(tmp_path / "harvest.duckdb.schema-2.bak")
    assert backup.execute("SELECT count(*) FROM store.sources").fetchall() == [(2,)]


def test_posts_of_a_database_without_works_become_works(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    page = "https://blog.example/a"
    facts = [Observation("post_reads", "1", str(on(3)), at(3), 7)]
    shelf.harvest(Batch(facts, subjects=[Subject("1", page, "post", url=page)]))
    connection = open_writer(shelf.store.path, timeout=1)
    for view in ("main.works", "main.work_suggestions", "store.work_subjects", "store.addresses"):
        connection.execute(f"DROP VIEW {view}")
    for table in ("aliases", "unscored"):
        connection.execute(f"DROP TABLE store.{table}")
    set_meta(connection, "schema", "4")
    set_meta(connection, "views", "of then")
    connection.close()
    shelf.store.prepare(timeout=1)
    assert shelf.ask("SELECT work, metric, total FROM works") == [(page, "post_reads", 7)]


def test_no_migration_without_its_backup(tmp_path: Path) -> None:
    store = older(tmp_path / "harvest.duckdb", 2)
    (tmp_path / "harvest.duckdb.schema-2.bak").mkdir()
    (tmp_path / "harvest.duckdb.schema-2.bak" / "full").touch()
    with pytest.raises(StoreError, match=r"schema-2\.bak.*cannot be written"):
        store.prepare(timeout=1)
    with store.reading() as connection:
        assert migrations.version(connection) == 2


def test_a_new_or_current_database_leaves_no_backup(tmp_path: Path) -> None:
    for _ in range(2):
        Store(tmp_path / "harvest.duckdb", UTC_ZONE).prepare(timeout=1)
    assert list(tmp_path.glob("*.bak")) == []


def test_a_segment_of_an_older_harvester_serves_its_slot(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, metrics=(Metric(METRICS[0].name, METRICS[0].kind),))
    shelf.seal(Batch())
    (segment,) = (tmp_path / "spool").glob("*.ndjson")
    segment.write_text(segment.read_text().replace('"served":null,"failed":false,', ""))
    assert '"served"' not in segment.read_text()
    shelf.load()
    assert shelf.store.books().sources["work"].served == at(1, 13).replace(tzinfo=None)


def test_the_copy_is_refused_while_somebody_writes(tmp_path: Path) -> None:
    store = older(tmp_path / "harvest.duckdb", 2)
    holder = duckdb.connect(str(store.path))
    try:
        with pytest.raises(StoreError):
            store.prepare(timeout=0.1)
    finally:
        holder.close()
    assert list(tmp_path.glob("*.bak")) == []
