"""From nothing to the schema of this code, whole or not at all; never back."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from harvester.store import Store, migrations
from harvester.store.connection import open_writer
from harvester.store.errors import StoreError
from harvester.store.metatable import get_meta, set_meta


class FailsAt:
    """A connection that refuses the n-th statement."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, at: int) -> None:
        self.connection, self.left = connection, at

    def __getattr__(self, name: str) -> object:
        return getattr(self.connection, name)

    def execute(self, *arguments: object) -> object:
        self.left -= 1
        if self.left == 0:
            raise duckdb.OperationalError("the disk is on fire")
        return self.connection.execute(*arguments)  # type: ignore[arg-type]


@pytest.fixture
def connection(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    return open_writer(tmp_path / "harvest.duckdb", timeout=1)


def objects(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return connection.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()


def test_a_new_database_gets_the_newest_schema_once(connection: duckdb.DuckDBPyConnection) -> None:
    assert not migrations.is_current(connection)
    migrations.migrate(connection)
    assert migrations.version(connection) == migrations.latest()
    assert migrations.is_current(connection)
    before = objects(connection)
    migrations.migrate(connection)
    assert objects(connection) == before


@pytest.mark.parametrize("statement", [5, 7, 10, 15, 20])
def test_a_migration_that_fails_leaves_nothing(connection: duckdb.DuckDBPyConnection, statement: int) -> None:
    with pytest.raises(StoreError, match="on fire"):
        migrations.migrate(FailsAt(connection, statement))  # type: ignore[arg-type]
    assert objects(connection) == []
    migrations.migrate(connection)
    assert migrations.is_current(connection)


def test_a_newer_database_is_refused_with_both_numbers(connection: duckdb.DuckDBPyConnection) -> None:
    migrations.migrate(connection)
    set_meta(connection, "schema", "999")
    for ask in (migrations.is_current, migrations.migrate):
        with pytest.raises(StoreError, match=rf"harvest.duckdb.* 999.* {migrations.latest()}.*upgrade"):
            ask(connection)


def test_changed_views_are_made_anew(connection: duckdb.DuckDBPyConnection) -> None:
    migrations.migrate(connection)
    set_meta(connection, "views", "of another release")
    connection.execute("CREATE OR REPLACE VIEW runs AS SELECT 1 AS one")
    migrations.migrate(connection)
    assert "run_id" in [column[0] for column in connection.execute("DESCRIBE runs").fetchall()]
    assert get_meta(connection, "views") != "of another release"


def test_a_database_of_somebody_else_is_left_alone(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CREATE TABLE daily (mine INTEGER)")
    with pytest.raises(StoreError, match="tables of others"):
        migrations.migrate(connection)
    assert objects(connection) == [("main", "daily")]


def test_a_database_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "harvest.duckdb", ZoneInfo("UTC"))
    seen: list[bool] = []

    def die(_: duckdb.DuckDBPyConnection) -> None:
        seen.append(store.path.exists())
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(migrations, "migrate", die)
        with pytest.raises(KeyboardInterrupt):
            store.prepare(timeout=1)
    assert seen == [False]
    assert not store.path.exists()
    # As DuckDB leaves it, killed over the first blocks.
    (tmp_path / "harvest.duckdb.new").write_bytes(bytes(4096))
    (tmp_path / "harvest.duckdb.new.wal").write_bytes(b"?")
    # As a database leaves it that was killed, and moved away without it.
    (tmp_path / "harvest.duckdb.wal").write_bytes(b"?")
    store.prepare(timeout=1)
    with store.reading() as connection:
        assert migrations.version(connection) == migrations.latest()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["harvest.duckdb", "harvest.duckdb.lock"]
