"""Users' SQL: read-only, away from the file system, on a connection that cannot be talked out of it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb

from harvester.store.connection import open_reader

_FORMATS = {"csv": "FORMAT csv, HEADER", "json": "FORMAT json, ARRAY true", "parquet": "FORMAT parquet"}


class QueryError(Exception):
    """A query that could not be answered; the text says why."""


def select(database: Path, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows of a query. Raises QueryError, StoreError, Busy."""
    with open_reader(database) as connection:
        _confine(connection)
        try:
            cursor = connection.execute(query)
            if cursor is None:  # what DuckDB gives for a text without a statement
                raise QueryError("there is no query in it; try 'FROM totals LIMIT 10'")
            names = [column[0] for column in cursor.description or ()]
            return names, cursor.fetchall()
        except duckdb.Error as error:
            raise QueryError(str(error)) from None


def copy(database: Path, query: str, form: str) -> bytes:
    """The answer as a CSV, JSON or Parquet file. Raises QueryError, StoreError, Busy."""
    with tempfile.TemporaryDirectory() as folder, open_reader(database) as connection:
        target = Path(folder) / "answer"
        # The one folder that COPY may write to, and only this statement of ours names it.
        connection.execute("SET allowed_directories = [$folder]", {"folder": folder})
        _confine(connection)
        try:
            text = query.strip().rstrip(";")
            # A line of its own: the query may end in a comment.
            statement = f"COPY ({text}\n) TO '{target}' ({_FORMATS[form]})"
            if len(connection.extract_statements(statement)) != 1:
                raise QueryError("one query at a time")
            connection.execute(statement)
        except duckdb.Error as error:
            raise QueryError(str(error)) from None
        return target.read_bytes()


def _confine(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
