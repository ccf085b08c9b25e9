"""The one place that touches DuckDB: connections, migrations, the load, and the questions asked of the ledger.

The database is open only for moments: to ask, to load, to keep scores. Between them any tool may use the file.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import duckdb

from harvester.spool import Segment, Spool
from harvester.store import metatable, migrations, scores, sql
from harvester.store.arrivals import Arrivals, forget
from harvester.store.books import Books, read_books
from harvester.store.connection import (
    attached,
    copy_file,
    logged,
    no_database,
    open_bench,
    open_reader,
    open_writer,
    settle,
    transaction,
    unusable,
    warm,
    without_pandas,
)
from harvester.store.curves import Curve, keep_former, note_drawn
from harvester.store.errors import Busy, StoreError
from harvester.store.inputs import grouped_inputs, scored_inputs
from harvester.store.ledger import Cursor, Terms
from harvester.store.load import Loaded, is_zoned, keep, load, prepare
from harvester.store.lock import loading
from harvester.store.records import SourceRecord
from harvester.store.rows import answer
from harvester.store.scores import everybody, unscored

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
    "aliases",
    "answer",
    "everybody",
    "grouped_inputs",
    "open_reader",
    "scored_inputs",
    "standing",
    "unscored",
    "warm",
]

log = logging.getLogger(__name__)

# One transaction's worth: enough to make the identity check cheap, little enough to stay in memory.
ROWS_PER_LOAD = 200_000
_USUAL, _ROOMY = "120MB", "2GB"
# So many rows are loaded by one thread in no time; a second one would take thirty megabytes more. And so few take
# so little memory that none of it need be given back meanwhile.
_FEW, _HANDFUL = 50_000, 5_000
# Seconds of patience for what is left of a load, and for tidying up after it.
_ONCE_BEGUN, _ONCE_DONE = 5.0, 1.0
# What `Store.mark` said of databases when their schema was last seen to be ours: a load need not look again at once.
_current: dict[Path, tuple[int, ...]] = {}
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
                    _current[self.path] = self.mark()
                    return
                before = migrations.version(connection)
            if 0 < before < migrations.latest():
                self._back_up(before, timeout)
        with self._alone(timeout):
            self._set_up(timeout)

    def _back_up(self, schema: int, timeout: float) -> None:
        backup = self.path.with_name(f"{self.path.name}.schema-{schema}.bak")
        with loading(self.path, timeout=timeout), _ONE_AT_A_TIME:
            copy_file(self.path, backup, timeout=timeout)
        log.warning(
            "%s has schema %d and is brought to %d; as it was, it is kept as %s",
            self.path, schema, migrations.latest(), backup.name,
        )  # fmt: skip

    def load(self, spool: Spool, *, timeout: float) -> Loaded:
        """Load everything that is sealed by now, oldest first, and remove it from the spool.

        Raises Busy when another process holds the database for longer than `timeout` seconds, StoreError when it
        cannot be written (the disk is full); what was not loaded stays in the spool.
        """
        total = Loaded()
        with self._alone(timeout):
            waiting = spool.sealed()
            if waiting:
                self._set_up(timeout)
            ids = {segment.id for segment in waiting}
            for group in _groups(waiting):
                total += self._load_group(group, ids, spool, timeout)
                # Having begun, it does not give up at the first reader that looks in.
                timeout = max(timeout, _ONCE_BEGUN)
        return total

    def _load_group(self, group: list[Segment], waiting: set[str], spool: Spool, timeout: float) -> Loaded:
        try:
            try:
                done = self._load_at_once(group, waiting, timeout)
            except duckdb.OutOfMemoryException:
                # Facts larger than usual: rather a larger process than a spool that never empties.
                done = self._load_at_once(group, waiting, timeout, memory_limit=_ROOMY)
        except (duckdb.DataError, duckdb.InvalidInputException) as error:
            # One segment that DuckDB cannot take must not block all others for ever.
            if len(group) == 1:
                spool.set_aside(group[0].path, str(error).splitlines()[0])
                return Loaded()
            return sum((self._load_group([one], waiting, spool, timeout) for one in group), Loaded())
        except duckdb.Error as error:
            raise StoreError(unusable(self.path, str(error))) from error
        for segment in group:
            segment.path.unlink(missing_ok=True)
        return done

    def _load_at_once(
        self, group: list[Segment], waiting: set[str], timeout: float, memory_limit: str = _USUAL
    ) -> Loaded:
        """Read what the load needs to know beside other readers, and keep them out only to write."""
        rows = sum(segment.rows for segment in group)
        threads, is_thrifty = 1 if rows < _FEW else 0, rows > _HANDFUL
        with open_bench(self.path, memory_limit=memory_limit, threads=threads, is_thrifty=is_thrifty) as bench:
            settle(bench, self.path, timeout=timeout)
            with attached(bench, self.path, timeout=timeout, read_only=True):
                prepared = prepare(bench, group, self.zone, waiting) if is_zoned(bench, self.zone) else None
                as_read = self.mark()
            with attached(bench, self.path, timeout=timeout):
                # Not so with the first load of all, with another time zone, and where somebody else has written.
                if prepared and as_read == self.mark() and not logged(self.path):
                    keep(bench, prepared.changes)
                    done = prepared.done
                else:
                    done = load(bench, group, self.zone, waiting)
            with suppress(StoreError, duckdb.Error):  # what is stored is stored, and the next load settles it first
                settle(bench, self.path, timeout=_ONCE_DONE)
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
    def reading(self, *, timeout: float = 30.0, memory_limit: str = _ROOMY) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection for a moment. Raises Busy, StoreError."""
        if not self.path.exists():
            raise StoreError(no_database(self.path))
        with (
            _ONE_AT_A_TIME,
            without_pandas(),
            open_bench(self.path, memory_limit=memory_limit, threads=1) as bench,
            attached(bench, self.path, timeout=timeout, read_only=True),
        ):
            yield bench

    @contextmanager
    def turn(self, *, timeout: float) -> Iterator[None]:
        """Nobody else of ours writes meanwhile: what is written fits what was read for it. Raises Busy, StoreError.

        Readers come and go.
        """
        with loading(self.path, timeout=timeout):
            yield

    def replace(
        self,
        parts: Iterable[Mapping[str, Columns]],
        curve: Curve,
        *,
        timeout: float,
        since: Mapping[str, date] | None = None,
    ) -> None:
        """Replace the rows of the scoring caches by those of all parts, all or none. Raises Busy, StoreError.

        Each part names tables, and has arrays by column. `curve`: the parameters that they are of; a curve of others
        that was shown is kept as it is. `since`: of whom rows are replaced, from which day on, as `unscored` says in
        the same turn; None: all. Aliases are replaced as a whole, where they are given.
        """
        whole = frozenset({"aliases", *(scores.TABLES if since is None else ())})
        with self.turn(timeout=timeout), without_pandas(), open_bench(self.path, threads=1) as bench:
            arrivals = Arrivals(bench, whole)
            for part in parts:
                arrivals.take(part)
                if arrivals.are_many:
                    self._put_aside(arrivals, timeout)
            if arrivals.aside:
                self._put_aside(arrivals, timeout)
            gone: Mapping[str, str] = {}
            as_read: tuple[int, ...] = ()
            if since:
                # Looked up beside readers, as for a load.
                with self._attached(bench, timeout, read_only=True):
                    gone, as_read = scores.outdated(bench, since), self.mark()

            def first() -> None:
                forget(bench, set(scores.TABLES) - arrivals.aside)
                if since is None:
                    keep_former(bench, curve)

            def last() -> None:
                note_drawn(bench, curve)
                scores.remember(bench, curve.params)

            with self._attached(bench, timeout):
                if since and (as_read != self.mark() or logged(self.path)):
                    gone = scores.outdated(bench, since)
                keep(bench, arrivals.changes(gone), first, last)
            with _ONE_AT_A_TIME, suppress(StoreError, duckdb.Error):
                settle(bench, self.path, timeout=_ONCE_DONE)

    def _put_aside(self, arrivals: Arrivals, timeout: float) -> None:
        with self._attached(arrivals.bench, timeout), transaction(arrivals.bench):
            arrivals.put_aside()
        arrivals.are_aside()

    @contextmanager
    def _attached(
        self, bench: duckdb.DuckDBPyConnection, timeout: float, *, read_only: bool = False
    ) -> Iterator[None]:
        """Have the database attached to the bench for a moment. Raises Busy, StoreError."""
        with _ONE_AT_A_TIME, attached(bench, self.path, timeout=timeout, read_only=read_only):
            try:
                yield
            except duckdb.Error as error:
                raise StoreError(unusable(self.path, str(error))) from error

    @contextmanager
    def _alone(self, timeout: float) -> Iterator[None]:
        """The only one of ours that writes, and the only one of this process that has the file open."""
        with loading(self.path, timeout=timeout), _ONE_AT_A_TIME, without_pandas():
            yield

    def _set_up(self, timeout: float) -> None:
        """Create or migrate the database where that is needed. Raises Busy, StoreError."""
        if not self.path.exists():
            self._create(timeout)
            return
        if _current.get(self.path) == self.mark():
            return
        with self.reading(timeout=timeout) as connection:
            if migrations.is_current(connection):
                return
        self._migrate(self.path, timeout)

    def _create(self, timeout: float) -> None:
        """Make the database beside its place and put it there whole.

        DuckDB that is killed over the first blocks of a file leaves one that it cannot open.
        """
        new = self.path.with_name(f"{self.path.name}.new")
        # By one that was killed, whose turn is over; and by a database that was moved away without its log.
        for left in (new, new.with_name(f"{new.name}.wal"), self.path.with_name(f"{self.path.name}.wal")):
            with suppress(OSError):
                left.unlink()
        try:
            self._migrate(new, timeout)
            new.replace(self.path)
        except StoreError as error:
            raise StoreError(str(error).replace(str(new), str(self.path))) from None
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be made ({error.strerror}); check its folder") from None

    def _migrate(self, path: Path, timeout: float) -> None:
        connection = open_writer(path, timeout=timeout, threads=1)
        try:
            migrations.migrate(connection)
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


def aliases(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """What the configuration stated of works when they were last kept: (work, alias), sorted."""
    return connection.execute("SELECT work, alias FROM store.aliases ORDER BY ALL").fetchall()


def standing(
    connection: duckdb.DuckDBPyConnection, forgetful: Sequence[tuple[str, str]] = ()
) -> list[dict[str, Any]]:
    """How each source stands: last success, rows held, the last run of each stream, its quota, and its days.

    `forgetful`: the (source, stream) whose days are wanted all; of others only the lost ones are told. Times are
    naive UTC. Nothing for a database in which nothing is yet; StoreError for one of another version.
    """
    if not metatable.exists(connection):
        return []
    if not migrations.is_current(connection) and migrations.version(connection) < migrations.latest():
        raise StoreError("the database is from an earlier version; `harvest now` brings it up to date")
    asked = json.dumps([{"source": source, "stream": stream} for source, stream in forgetful])
    by_source: dict[str, dict[str, Any]] = {
        row["source"]: {**row, "quota": [], "days": []} for row in answer(connection, sql.text("queries/status"))
    }
    for name, rows in (
        ("quota", answer(connection, sql.text("queries/quota"))),
        ("days", answer(connection, sql.text("queries/known_days"), {"asked": asked})),
    ):
        for row in rows:
            if (known := by_source.get(row.pop("source"))) is not None:
                known[name].append(row)
    return list(by_source.values())
