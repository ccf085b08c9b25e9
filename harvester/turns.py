"""Whose turn it is to read a source: one process at a time, so that nothing under way is read once more.

An advisory lock on a file in the spool; the system frees it when the process dies, so kill -9 leaves nothing stale.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from harvester.spool import unusable_spool


@dataclass(slots=True)
class Turn:
    """The right to read a source, until it is released."""

    _path: Path
    _handle: int
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def release(self) -> None:
        """Let others read it; the second time does nothing, whichever thread asks."""
        with self._lock:
            if self._handle >= 0:
                with suppress(OSError):  # an empty file that stays does no harm
                    self._path.unlink()
                os.close(self._handle)
                self._handle = -1


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody else reads the source; `pid` where the file tells."""

    pid: int | None

    def __str__(self) -> str:
        who = f"process {self.pid}" if self.pid else "another process"
        return f"{who} is reading it; nothing is read twice"


def take_turn(spool: Path, source: str) -> Turn | Taken:
    """The turn, or who has it. Raises SpoolError when the folder cannot be used."""
    path = spool / f".{source}.turn"
    try:
        while True:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(handle, 32, 0).decode(errors="replace").strip()
                os.close(handle)
                return Taken(int(holder) if holder.isdigit() else None)
            if _is_there(path, handle):
                break
            os.close(handle)  # whoever had it has removed the file between our opening and locking it
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        raise unusable_spool(spool, error) from None
    return Turn(path, handle)


def _is_there(path: Path, handle: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False
