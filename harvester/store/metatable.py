"""Names and values about the database itself: its schema, its views, its time zone."""

from __future__ import annotations

import duckdb


def exists(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether this database has been set up by us."""
    row = connection.execute(
        "SELECT count(*) FROM duckdb_tables()"
        " WHERE database_name = current_database() AND schema_name = 'store' AND table_name = 'meta'"
    ).fetchone()
    return bool(row and row[0])


def get_meta(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    """The value of a name, None where it is not set."""
    # Without a parameter, here and in ledger.cursors: DuckDB's first one costs the import of pandas, a second.
    return dict(connection.execute("SELECT name, value FROM store.meta").fetchall()).get(name)


def set_meta(connection: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    """Set or replace a value."""
    connection.execute("DELETE FROM store.meta WHERE name = $name", {"name": name})
    connection.execute("INSERT INTO store.meta (name, value) VALUES ($name, $value)", {"name": name, "value": value})
