"""Bring a database to the schema of this code: numbered steps, each with its mark in the same transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from harvester.store import sql
from harvester.store.connection import transaction, unusable
from harvester.store.errors import StoreError
from harvester.store.metatable import exists, get_meta, set_meta


def latest() -> int:
    """The newest schema this code knows."""
    return int(sql.names("migrations")[-1].split("/")[1].split("_")[0])


def version(connection: duckdb.DuckDBPyConnection) -> int:
    """The schema a database has; 0 when it is new. Raises StoreError when it holds something else of ours."""
    return int(get_meta(connection, "schema") or 0) if exists(connection) else 0


def is_current(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether nothing has to be migrated; raises StoreError for a database of a newer harvester."""
    with _told(connection):
        return _checked(connection) == latest() and get_meta(connection, "views") == _views_hash()


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Apply what is missing, in one transaction. Raises StoreError for a database of a newer harvester."""
    if is_current(connection):
        return
    with _told(connection), transaction(connection):
        have = _checked(connection)
        if not have and _is_used(connection):
            raise StoreError(f"{_file(connection)}: holds tables of others; name another file in [harvest] database")
        for name in sql.names("migrations"):
            number = int(name.split("/")[1].split("_")[0])
            if number > have:
                connection.execute(sql.text(name))
                set_meta(connection, "schema", str(number))
        for name in _view_order():
            connection.execute(sql.text(name))
        set_meta(connection, "views", _views_hash())


def _checked(connection: duckdb.DuckDBPyConnection) -> int:
    have = version(connection)
    if have > latest():
        raise StoreError(
            f"{_file(connection)}: the database has schema {have}, this harvester knows up to {latest()};"
            " upgrade harvester to use it"
        )
    return have


def _is_used(connection: duckdb.DuckDBPyConnection) -> bool:
    row = connection.execute("SELECT count(*) FROM information_schema.tables").fetchone()
    return bool(row and row[0])


def _file(connection: duckdb.DuckDBPyConnection) -> Path:
    """Which file the connection is to, for messages."""
    row = connection.execute(
        "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
    ).fetchone()
    return Path(str(row[0]) if row else "")


@contextmanager
def _told(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """A file that opens and then cannot be read or written is a fault of the file, and says so."""
    path = _file(connection)
    try:
        yield
    except duckdb.Error as error:
        raise StoreError(unusable(path, str(error))) from error


# Views that others are built on come first.
_FIRST = ("current_names", "silent_periods", "named_totals", "addresses", "work_subjects")


def _view_order() -> list[str]:
    private = [f"views/_{name}" for name in _FIRST]
    return private + [name for name in sql.names("views") if name not in private]


def _views_hash() -> str:
    joined = "\n".join(sql.text(name) for name in _view_order())
    return hashlib.sha256(joined.encode()).hexdigest()[:16]
