"""Bring a database to the schema of this code: numbered steps, each with its mark in the same transaction."""

from __future__ import annotations

import hashlib

import duckdb

from harvester.store import sql
from harvester.store.connection import transaction
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
    return _checked(connection) == latest() and get_meta(connection, "views") == _views_hash()


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Apply what is missing, in one transaction. Raises StoreError for a database of a newer harvester."""
    if is_current(connection):
        return
    with transaction(connection):
        have = _checked(connection)
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
            f"the database has schema {have}, this harvester knows up to {latest()}; upgrade harvester to use it"
        )
    return have


# Views that others are built on come first.
_FIRST = ("current_names", "silent_periods", "named_totals")


def _view_order() -> list[str]:
    private = [f"views/_{name}" for name in _FIRST]
    return private + [name for name in sql.names("views") if name not in private]


def _views_hash() -> str:
    joined = "\n".join(sql.text(name) for name in _view_order())
    return hashlib.sha256(joined.encode()).hexdigest()[:16]
