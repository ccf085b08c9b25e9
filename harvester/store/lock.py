"""Who may load: an advisory lock on a file beside the database, never on the database itself.

Opening and closing the database file ourselves would drop DuckDB's own lock without a word.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harvester.store.errors import Busy, StoreError

_PAUSE = 0.02
_held = threading.local()


def lock_path(database: Path) -> Path:
    """`<database>.lock`."""
    return database.with_name(database.name + ".lock")


@contextmanager
def loading(database: Path, *, timeout: float) -> Iterator[None]:
    """Be the only process of ours that loads into this database; wait up to `timeout` seconds for the turn.

    Raises Busy naming the holder, StoreError where the folder cannot be written. Freed by the system when the
    process dies, so kill -9 leaves nothing stale. A thread whose turn it is has it already.
    """
    path = lock_path(database)
    mine: set[Path] = _held.__dict__.setdefault("paths", set())
    if path in mine:
        yield
        return
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror}); check the folder's owner and mode") from None
    try:
        _acquire(handle, path, timeout)
        os.truncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        mine.add(path)
        yield
    finally:
        mine.discard(path)
        os.close(handle)


def _acquire(handle: int, path: Path, timeout: float) -> None:
    give_up_at = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up_at:
                holder = os.pread(handle, 32, 0).decode().strip()
                pid = int(holder) if holder.isdigit() else None
                raise Busy(
                    f"{path}: harvester process {holder or 'unknown'} is loading; run again later", pid=pid
                ) from None
            time.sleep(_PAUSE)
        else:
            return
