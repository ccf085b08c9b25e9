"""The one place that touches DuckDB: connections, migrations, the load, and the questions asked of the ledger.

The database is open only for moments: to ask, to load, to keep scores. Between them any tool may use the file.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import duckdb

from harvester.spool import Segment, Spool
from harvester.store import ledger, migrations, sql
from harvester.store.books import Books, read_books
from harvester.store.connection import copy_file, open_reader, open_writer, unusable, without_pandas
from harvester.store.curves import Curve
from harvester.store.errors import Busy, StoreError
from harvester.store.ledger import Cursor, Terms
from harvester.store.load import Loaded, forget, load
from harvester.store.lock import loading
from harvester.store.records import SourceRecord

if TYPE_CHECKING:
    import numpy.typing as npt

    Columns = Mapping[str, npt.NDArray[Any]]

__all__ = [
    "Books",
    "Busy",
    "Cursor",
    "Curve",
    "Loaded",
    "SourceRecord",
    "Store",
    "StoreError",
    "Terms",
    "answer",
    "open_reader",
    "scored_inputs",
    "standing",
]

log = logging.getLogger(__name__)

# One transaction's worth: enough to make the identity check cheap, little enough to stay in memory.
ROWS_PER_LOAD = 200_000
_ROOMY = "2GB"
# So many rows are loaded by one thread in no time; a second one would take thirty megabytes more.
_FEW = 50_000
# DuckDB refuses a read-only and a writing connection to one file in one process.
_ONE_AT_A_TIME = threading.RLock()


@dataclass(frozen=True, slots=True)
class Store:
    """A database file, used in moments. `zone`: whose days and weeks it keeps."""

    path: Path
    zone: ZoneInfo

    def prepare(self, *, timeout: float) -> None:
        """Create the database, or migrate it after a copy of what it was. Raises Busy, StoreError."""
        if self.path.exists():
            with self.reading(timeout=timeout) as connection:
                if migrations.is_current(connection):
                    return
                before = migrations.version(connection)
            if 0 < before < migrations.latest():
                self._back_up(before, timeout)
        with self._writing(timeout):
            pass

    def _back_up(self, schema: int, timeout: float) -> None:
        backup = self.path.with_name(f"{self.path.name}.schema-{schema}.bak")
        with loading(self.path, timeout=timeout), _ONE_AT_A_TIME:
            copy_file(self.path, backup, timeout=timeout)
        log.warning(
            "%s has schema %d and is brought to %d; as it was, it is kept as %s",
            self.path, schema, migrations.latest(), backup.name,
        )  # fmt: skip

    def load(self, spool: Spool, *, timeout: float) -> Loaded:
        """Load everything sealed, oldest first, and remove it from the spool.

        Raises Busy when another process holds the database for longer than `timeout` seconds, StoreError when it
        cannot be written (the disk is full); what was not loaded stays in the spool.
        """
        total = Loaded()
        with loading(self.path, timeout=timeout):
            waiting = spool.sealed()
            while waiting:
                few = sum(segment.rows for segment in waiting) < _FEW
                with self._opened(timeout, threads=1 if few else 0) as connection:
                    for group in _groups(waiting):
                        total += self._load_group(connection, group, spool)
                    waiting = spool.sealed()
                    forget(connection, waiting)
        return total

    def _load_group(self, connection: duckdb.DuckDBPyConnection, group: list[Segment], spool: Spool) -> Loaded:
        try:
            done = load(connection, group, self.zone)
        except duckdb.OutOfMemoryException:
            # Facts larger than usual: rather a larger process than a spool that never empties.
            connection.execute(f"SET memory_limit = '{_ROOMY}'")
            done = load(connection, group, self.zone)
        except (duckdb.DataError, duckdb.InvalidInputException) as error:
            # One segment that DuckDB cannot take must not block all others for ever.
            if len(group) == 1:
                spool.set_aside(group[0].path, str(error).splitlines()[0])
                return Loaded()
            return sum((self._load_group(connection, [one], spool) for one in group), Loaded())
        except duckdb.Error as error:
            raise StoreError(unusable(self.path, str(error))) from error
        for segment in group:
            segment.path.unlink(missing_ok=True)
        return done

    def books(self, *, timeout: float = 30.0) -> Books:
        """What is known of the sources, their cursors and allowances. Raises Busy, StoreError."""
        with self.reading(timeout=timeout) as connection:
            return read_books(connection)

    def mark(self) -> tuple[int, ...]:
        """Changes whenever anybody has written the database; found without opening it."""
        marks: list[int] = []
        for path in (self.path, self.path.with_name(self.path.name + ".wal")):
            with suppress(FileNotFoundError):
                found = path.stat()
                marks += (found.st_ino, found.st_mtime_ns, found.st_size)
        return tuple(marks)

    @contextmanager
    def reading(self, *, timeout: float = 30.0) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection for a moment. Raises Busy, StoreError."""
        with _ONE_AT_A_TIME, without_pandas():
            connection = open_reader(self.path, timeout=timeout, threads=1)
            try:
                yield connection
            finally:
                connection.close()

    def replace(self, tables: Mapping[str, Columns], *, timeout: float, curve: Curve | None = None) -> None:
        """Replace the rows of the scoring caches by these columns, all or none. Raises Busy, StoreError.

        `curve`: the parameters that they are of; a curve of others that was shown is kept as it is.
        """
        with self._writing(timeout) as connection:
            ledger.replace_columns(connection, tables, curve)

    @contextmanager
    def _writing(self, timeout: float) -> Iterator[duckdb.DuckDBPyConnection]:
        with loading(self.path, timeout=timeout), self._opened(timeout) as connection:
            yield connection

    @contextmanager
    def _opened(self, timeout: float, *, threads: int = 1) -> Iterator[duckdb.DuckDBPyConnection]:
        with _ONE_AT_A_TIME, without_pandas():
            connection = open_writer(self.path, timeout=timeout, threads=threads)
            try:
                migrations.migrate(connection)
                yield connection
            finally:
                connection.close()


def _groups(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Neighbours up to ROWS_PER_LOAD rows together."""
    group: list[Segment] = []
    rows = 0
    for segment in segments:
        if group and rows + segment.rows > ROWS_PER_LOAD:
            yield group
            group, rows = [], 0
        group.append(segment)
        rows += segment.rows
    if group:
        yield group


def answer(
    connection: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The rows of a query as dictionaries."""
    cursor = connection.execute(query, values)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def scored_inputs(
    connection: duckdb.DuckDBPyConnection, interactions: Sequence[str], audience: Sequence[str]
) -> tuple[Columns, Columns]:
    """What scoring takes: the totals without bots and self, and the distinct people behind the interactions.

    Both lists name metrics. Totals are those of all subjects together, which scoring adds up anyway, but for the
    audience, of whose subjects it takes the latest readings.
    """
    totals = connection.execute(sql.text("queries/scored"), {"audience": list(audience)})
    found = totals.fetchnumpy()
    participants = connection.execute(sql.text("queries/participants"), {"metrics": list(interactions)})
    # Categoricals, which the stubs allow for, come of ENUMs only, and there are none.
    return cast("Columns", found), cast("Columns", participants.fetchnumpy())


def standing(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """How each source stands: last success, next due, rows held, the last run of each stream, and its quota."""
    quota = answer(connection, sql.text("queries/quota"))
    return [
        {
            **row,
            "quota": [
                {k: v for k, v in left.items() if k != "source"} for left in quota if left["source"] == row["source"]
            ],
        }
        for row in answer(connection, sql.text("queries/status"))
    ]
