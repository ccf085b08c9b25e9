"""Copies for others: the database as it is at one moment, and every public view as a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb

from harvester.store.connection import copy_file, open_reader, without_pandas
from harvester.store.errors import StoreError

FORMATS = ("parquet", "csv")
_OPTIONS = {"parquet": "FORMAT parquet, COMPRESSION zstd", "csv": "FORMAT csv, HEADER"}


def publish(database: Path, target: Path, *, timeout: float) -> None:
    """Replace `target` by a copy of the database; who has the old one open keeps it. Raises Busy, StoreError."""
    with without_pandas():
        copy_file(database, target, timeout=timeout)


def export(database: Path, folder: Path, kind: str, *, timeout: float) -> Iterator[tuple[Path, int]]:
    """Write every public view to `folder`, a file each, replaced as a whole; yields each file and its rows.

    `kind`: one of FORMATS. Raises Busy, StoreError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be made ({error.strerror}); name another folder") from None
    with without_pandas(), closing(open_reader(database, timeout=timeout, threads=1)) as connection:
        for (view,) in connection.execute(
            "SELECT view_name FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal ORDER BY view_name"
        ).fetchall():
            yield _write(connection, view, folder / f"{view}.{kind}", kind)


def _write(connection: duckdb.DuckDBPyConnection, view: str, target: Path, kind: str) -> tuple[Path, int]:
    unfinished = target.with_name(f".{target.name}.part")
    name = str(unfinished).replace("'", "''")
    try:
        # COPY takes no parameter for the file.
        rows = connection.execute(f"COPY (FROM main.{view}) TO '{name}' ({_OPTIONS[kind]})").fetchone()
        unfinished.replace(target)
    except (duckdb.Error, OSError) as error:
        unfinished.unlink(missing_ok=True)
        raise StoreError(f"{target}: cannot be written ({str(error).splitlines()[0]})") from None
    return target, int(rows[0]) if rows else 0
