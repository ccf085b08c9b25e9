"""Open the database for a moment: with patience, with one set of settings, with errors that name the holder."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.abc import MetaPathFinder
from pathlib import Path

import duckdb

from harvester.store.errors import Busy, StoreError

# Readable by every 1.x and 2.x tool; set at creation, kept for the file's life.
STORAGE_VERSION = "v1.5.0"
# Bytes; DuckDB's own choice is 262144. A commit takes a fresh block for every column of every table that it adds rows
# to: most of the time that a load keeps readers out went into those, however few the rows.
BLOCK_SIZE = 16384
_Settings = dict[str, str | bool | int | float | list[str]]
_AS_CREATED: _Settings = {
    "storage_compatibility_version": STORAGE_VERSION,
    "default_block_size": str(BLOCK_SIZE),
    "preserve_insertion_order": "false",
    "autoinstall_known_extensions": "false",
}
_BENCH = ":memory:bench"
_HOLDER = re.compile(r"\(PID (\d+)\)")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.25
# Bytes of log that the next to open the file reads in no time.
_LITTLE = 1 << 20


class _NotHere(MetaPathFinder):
    """Keeps threads from importing pandas, which DuckDB's client does at its first parameter if it can.

    That takes half a second and fifty megabytes, while the file is held, to compare the parameter with NaT.
    """

    def __init__(self) -> None:
        self.threads: set[int] = set()

    def find_spec(self, fullname: str, _path: object = None, _target: object = None) -> None:
        """Refuse where it is pandas and the thread is one of them; else leave it to the others."""
        if fullname == "pandas" and threading.get_ident() in self.threads:
            raise ModuleNotFoundError(f"{fullname} is not needed here", name=fullname)


_not_here = _NotHere()
sys.meta_path.insert(0, _not_here)


@contextmanager
def without_pandas() -> Iterator[None]:
    """Import no pandas in this thread meanwhile; where it is imported already, nothing changes."""
    this, is_outermost = threading.get_ident(), threading.get_ident() not in _not_here.threads
    _not_here.threads.add(this)
    try:
        yield
    finally:
        if is_outermost:
            _not_here.threads.discard(this)


def open_writer(
    path: Path, *, timeout: float, memory_limit: str = "120MB", threads: int = 0
) -> duckdb.DuckDBPyConnection:
    """Open for writing, creating the file; wait up to `timeout` seconds for other processes to let go.

    `threads`: of DuckDB's; 0: as many as there are processors, up to four. Each takes memory of its own.

    Raises Busy naming the holder, StoreError when the file or its folder cannot be used.
    """
    if not path.parent.is_dir():
        raise StoreError(f"{path}: the folder does not exist; create it or change [harvest] database")
    settings: _Settings = {**_AS_CREATED, "threads": str(threads or _all()), "memory_limit": memory_limit}
    return _open(path, timeout, lambda: duckdb.connect(str(path), config=settings))


def open_bench(
    path: Path, *, memory_limit: str = "120MB", threads: int = 0, is_thrifty: bool = False
) -> duckdb.DuckDBPyConnection:
    """A database in memory that the file is `attached` to: to read it, or to write what was prepared beside it.

    It is warm then: that takes two milliseconds, where opening the file takes twenty-five. There is one in a process
    at a time, for whoever has it open together: see `warm`. `is_thrifty`: whatever is freed goes back to the system
    at once, a dozen megabytes less at the peak of a large load; asking for it again takes time, too.
    """
    connection = duckdb.connect(_BENCH, config=_AS_CREATED)
    connection.execute(
        f"SET threads = {threads or _all()}; SET memory_limit = '{memory_limit}'; SET TimeZone = 'UTC';"
        " PRAGMA disable_checkpoint_on_shutdown;"
        # Blocks are used again rather than given back and asked for anew, which takes longer than the rest.
        " SET block_allocator_memory = '32MB';"
        f" SET allocator_bulk_deallocation_flush_threshold = '{'2MB' if is_thrifty else '512MB'}'"
    )
    with suppress(duckdb.NotImplementedException):  # an earlier use has spilt, and it cannot be another any more
        # Where DuckDB spills to for a database opened by its path.
        connection.execute(f"SET temp_directory = {_quoted(f'{path}.tmp')}")
    return connection


@contextmanager
def warm() -> Iterator[None]:
    """Keep the bench from one use to the next: to make it takes twenty milliseconds, and what it holds in memory."""
    with duckdb.connect(_BENCH, config=_AS_CREATED):
        yield


@contextmanager
def attached(
    bench: duckdb.DuckDBPyConnection, path: Path, *, timeout: float, read_only: bool = False
) -> Iterator[None]:
    """Have the database attached to the bench, as the one that statements are about; patience and errors as above.

    The file must be there and set up. A little of what was written is left in the write-ahead log, for `settle`.
    """
    how = "READ_ONLY" if read_only else "READ_WRITE"
    _patiently(path, timeout, lambda: bench.execute(f"ATTACH {_quoted(path)} AS held ({how}, TYPE duckdb)"))
    try:
        bench.execute("USE held")
        yield
        if not read_only and logged(path) > _LITTLE:
            bench.execute("CHECKPOINT held")
    finally:
        with suppress(duckdb.Error):  # a fatal error has closed it already
            bench.execute("USE memory")
            bench.execute("DETACH held")


def settle(bench: duckdb.DuckDBPyConnection, path: Path, *, timeout: float) -> None:
    """Move what is committed from the log into the file. Raises Busy, StoreError, duckdb.Error, with nothing lost.

    Apart from the load, so that readers get in between: it takes as long again.
    """
    if logged(path):
        with attached(bench, path, timeout=timeout):
            bench.execute("CHECKPOINT held")


def logged(path: Path) -> int:
    """How many bytes lie in the write-ahead log."""
    try:
        return path.with_name(f"{path.name}.wal").stat().st_size
    except FileNotFoundError:
        return 0


def open_reader(path: Path, *, timeout: float = 30.0, threads: int = 0) -> duckdb.DuckDBPyConnection:
    """Open read-only; retries while a load holds the file, for at most `timeout` seconds.

    `threads`: of DuckDB's; 0: its own choice.

    Raises StoreError when there is no database yet, Busy when another process keeps it open for writing.
    """
    if not path.exists():
        raise StoreError(no_database(path))
    settings: _Settings = {"threads": str(threads)} if threads else {}
    return _open(path, timeout, lambda: duckdb.connect(str(path), read_only=True, config=settings))


def _quoted(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def _all() -> int:
    return min(4, os.cpu_count() or 2)


def _open(path: Path, timeout: float, connect: Callable[[], duckdb.DuckDBPyConnection]) -> duckdb.DuckDBPyConnection:
    connection = _patiently(path, timeout, connect)
    # Otherwise dates depend on the laptop's zone.
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _patiently(
    path: Path, timeout: float, connect: Callable[[], duckdb.DuckDBPyConnection]
) -> duckdb.DuckDBPyConnection:
    give_up_at = time.monotonic() + timeout
    pause = _FIRST_PAUSE
    while True:
        try:
            return connect()
        except duckdb.IOException as error:
            text = str(error)
            if "lock" not in text:
                raise StoreError(unusable(path, text)) from None
            if time.monotonic() + pause > give_up_at:
                raise _busy(path, text) from None
        except (duckdb.Error, OSError) as error:
            raise StoreError(unusable(path, str(error))) from None
        time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, so that two waiters do not march in step
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _busy(path: Path, text: str) -> Busy:
    found = _HOLDER.search(text)
    pid = int(found[1]) if found else None
    command = _command(pid) if pid else None
    who = f"process {pid}{f' ({command})' if command else ''}" if pid else "another process"
    return Busy(f"{path}: {who} holds the database; close it and run again", pid=pid, command=command)


def _command(pid: int) -> str | None:
    """What the process calls itself, where the system tells: a PID alone says little."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def no_database(path: Path) -> str:
    """That there is none, and how to get one."""
    return f"{path}: no database yet; `harvest now` makes it"


def unusable(path: Path, text: str) -> str:
    """What happened to the database and what to do, from what DuckDB said."""
    first = text.splitlines()[0]
    if "not a valid DuckDB database" in text or "sqlite_scanner" in text:
        return f"{path}: not a DuckDB database; move it away or name another file in [harvest] database"
    if "version number" in text:
        return f"{path}: written by another DuckDB ({first}); upgrade harvester, or use the DuckDB that wrote it"
    if "Permission denied" in text or "read-only" in text.lower():
        return f"{path}: cannot be written ({first}); check the owner and mode of the file and its folder"
    if "No space left" in text or "File too large" in text:
        return f"{path}: the disk is full; free some space and run again, nothing fetched is lost"
    if "enough bytes" in text or "orrupt" in text or "hecksum" in text:
        return f"{path}: damaged ({first}); restore a backup, or move it away and run `harvest now --full`"
    return f"{path}: cannot be used: {first}"


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """BEGIN … COMMIT; on any exception, KeyboardInterrupt included, nothing of it remains."""
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        # A failed commit has already rolled back, a fatal error closed the instance; saying so would hide why.
        with suppress(duckdb.Error):
            connection.rollback()
        raise


def copy_file(path: Path, target: Path, *, timeout: float) -> None:
    """Copy the database as it is at one moment, by a process of its own, and put it in place whole or not at all.

    This process must have no connection to it: here the file is open for reading only, so that nobody can write, and
    opened and closed as a plain file by the copying process alone, which would take DuckDB's lock away from ours.
    Raises Busy, StoreError.
    """
    # What a killed process left in the write-ahead log is not in the file yet; closing brings it there.
    if path.with_name(path.name + ".wal").exists():
        open_writer(path, timeout=timeout, threads=1).close()
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.part")
    connection = open_reader(path, timeout=timeout, threads=1)
    try:
        done = subprocess.run(["cp", "--", str(path), str(unfinished)], capture_output=True, text=True, check=False)  # noqa: S603, S607
        if done.returncode:
            raise StoreError(
                f"{target}: cannot be written ({done.stderr.strip()}); free some space, or check its folder"
            )
        unfinished.replace(target)
    except OSError as error:
        raise StoreError(
            f"{target}: cannot be written ({error.strerror}); check its folder's owner and mode"
        ) from None
    finally:
        connection.close()
        unfinished.unlink(missing_ok=True)
