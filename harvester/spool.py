"""Sealed segments on disk between reading and loading: what is here survives everything but the disk.

A segment is a file of NDJSON: a line per observation, per subject and per listing, and last a line `{"end": …}`
that says how many there were and what to do with them. It is written under a hidden name, synced, and renamed; a file
under its final name is complete or damaged, never half written.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import json
import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import IO, Any, TypeVar

from connectors.base import Batch, Budget, Metric
from harvester.spool_lines import (
    LONE,
    coverage_value,
    jsonable,
    listing_line,
    observation_line,
    plain,
    stamp,
    subject_line,
)

T = TypeVar("T")

FORMAT = 2
_READABLE = (1, FORMAT)  # 1 had no listings
_SEALED, _OPEN, _DAMAGED = ".ndjson", ".open", ".damaged"
_TAIL = 1 << 16
# Bytes. The loader reads lines up to 2 MiB; nothing that is a fact comes near.
_LONGEST_LINE = 1 << 20
_PIECE = 500  # lines, which take little memory beside the facts
_SERIES = attrgetter("metric", "subject")
_counter = itertools.count()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SpoolError(Exception):
    """The spool folder cannot be used; the text says what happened and what to do."""


@dataclass(frozen=True, slots=True)
class Read:
    """Which read of which stream a segment belongs to."""

    source: str
    connector: str
    person: str
    schedule: str
    config_hash: str
    stream: str
    cursor_version: int
    metrics: tuple[Metric, ...]
    run_id: str
    trigger: str
    started_at: datetime
    scheduled_for: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """How a read ended; its segment is the last of it.

    `succeeded`: the source has been read, and nobody need act. `served`: the source has been read as its slot asked
    for; when that began. `failed`: it could not be.
    """

    finished_at: datetime
    outcome: str
    succeeded: bool
    served: datetime | None = None
    failed: bool = False
    message: str = ""
    requests: int = 0
    points: int = 0
    next_due: datetime | None = None
    paused_until: datetime | None = None
    budgets: Mapping[tuple[str, str], Budget] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Segment:
    """A sealed file and what its last line says. `base`: the cursor parts it started from, None where new.

    `rows`: lines in all; `subjects`: those that describe subjects; `listings`: those that say what was told
    completely; `series`: the (metric, subject) of observations and listings.
    """

    path: Path
    id: str
    read: Mapping[str, Any]
    rows: int
    subjects: int
    listings: int
    series: tuple[tuple[str, str], ...]
    observed_at: datetime
    base: Mapping[str, Any]
    checkpoint: Mapping[str, Any]
    coverage: tuple[Mapping[str, Any], ...]
    finish: Mapping[str, Any] | None

    @property
    def stream(self) -> tuple[str, str]:
        """(source, stream)."""
        return self.read["source"], self.read["stream"]


@dataclass(slots=True)
class Spool:
    """The folder of segments. `sealed` lists what waits to be loaded, oldest first; `clock` dates what is written."""

    folder: Path
    damaged: list[str] = field(default_factory=list)
    clock: Callable[[], datetime] = _utc_now
    _known: dict[tuple[str, int, int], Segment] = field(default_factory=dict, repr=False)

    def prepare(self) -> None:
        """Create the folder and drop what dead processes left unsealed. Raises SpoolError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for path in self.folder.glob(f".*{_OPEN}"):
                _remove_if_abandoned(path)
        except OSError as error:
            raise unusable_spool(self.folder, error) from None

    def sealed(self) -> list[Segment]:
        """What waits, oldest first. A damaged file is set aside and reported in `damaged`; its source repeats it."""
        return self._whole(self.set_aside)

    def peek(self) -> list[Segment]:
        """What waits and is whole, for those who only look: a damaged file stays where it is."""
        return self._whole(lambda _path, _why: None)

    def _whole(self, otherwise: Callable[[Path, str], None]) -> list[Segment]:
        found = {}
        for file in self._files():
            try:
                status = file.stat()
                key = file.name, status.st_mtime_ns, status.st_size
                found[key] = self._known.get(key) or _parse(Path(file.path))
            except FileNotFoundError:
                continue  # another process has loaded it since
            except (ValueError, KeyError, TypeError, IsADirectoryError) as error:
                otherwise(Path(file.path), str(error) if isinstance(error, ValueError) else "not a whole segment")
        self._known = found
        return list(found.values())

    def _files(self) -> list[os.DirEntry[str]]:
        """Oldest first. Not by Path: everyone who is about to read looks at them all."""
        try:
            with os.scandir(self.folder) as files:
                return sorted((file for file in files if file.name.endswith(_SEALED)), key=lambda file: file.name)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return []

    def set_aside(self, path: Path, why: str) -> None:
        """Keep a segment that cannot be used out of the way, and say so in `damaged`; its cursor did not move."""
        aside = path.with_suffix(_DAMAGED)
        try:
            path.rename(aside)
        except FileNotFoundError:
            return  # somebody else has just set it aside
        self.damaged.append(f"{path.name}: {why}; set aside as {aside.name}, its facts are read again")

    def writer(self, read: Read, base: Mapping[str, Any]) -> Writer:
        """A writer for one read that started from the cursor `base`."""
        return Writer(self.folder, read, dict(base), clock=self.clock)


class Writer:
    """Writes one read's batches into segments; seals where a checkpoint allows it and the size suggests it."""

    def __init__(
        self,
        folder: Path,
        read: Read,
        cursor: dict[str, Any],
        *,
        rows: int = 20_000,
        age: float = 2.0,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._clock = clock
        self._folder = folder
        self._read = read
        self._cursor = cursor
        self._progress: dict[str, Any] = {}
        self._limit, self._age = rows, age
        self._file: IO[bytes] | None = None
        self._path = Path()
        self._reset()

    def _reset(self) -> None:
        self._rows = 0
        self._subjects = 0
        self._listings = 0
        self._series: set[tuple[str, str]] = set()
        self._opened_at = time.monotonic()
        self._checkpoint: dict[str, Any] = {}
        self._coverage: list[dict[str, Any]] = []

    def add(self, batch: Batch) -> bool:
        """Write a batch, whole or not at all; True when it sealed a segment. Raises SpoolError when the disk refuses.

        Raises ValueError or TypeError for a batch that cannot be written; what was added before stays.
        """
        try:
            checkpoint = None if batch.checkpoint is None else plain(batch.checkpoint)
            self._write_whole(batch)
            self._subjects += len(batch.subjects)
            self._listings += len(batch.listings)
            self._series.update(map(_SERIES, batch.listings), map(_SERIES, batch.observations))
            self._coverage += [coverage_value(span) for span in batch.coverage]
            if checkpoint is None:
                return False
            self._checkpoint |= checkpoint
            if self._rows < self._limit and time.monotonic() - self._opened_at < self._age:
                return False
            self._seal(None)
        except OSError as error:
            self._drop()
            raise unusable_spool(self._folder, error) from None
        return True

    def finish(self, end: Finish) -> None:
        """Seal what is left together with how the read ended. Raises SpoolError when the disk refuses."""
        try:
            self._seal({name: jsonable(getattr(end, name)) for name in Finish.__slots__})
        except OSError as error:
            self._drop()
            raise unusable_spool(self._folder, error) from None

    @property
    def progress(self) -> dict[str, Any]:
        """Every checkpoint so far, sealed or not: what a retry adds to the cursor it started from."""
        return self._progress | self._checkpoint

    def _write_whole(self, batch: Batch) -> None:
        file, rows = self._file or self._open(), self._rows
        start = file.tell()
        try:
            self._write(file, batch.subjects, subject_line)
            # Before the facts: what is stored of a listing and not told after its line has vanished.
            self._write(file, batch.listings, listing_line)
            self._write(file, batch.observations, observation_line)
        except BaseException:
            # Else the load would take back what a listing says of facts that are not there.
            file.seek(start)
            file.truncate()
            self._rows = rows
            raise

    def _write(self, file: IO[bytes], items: Sequence[T], line_of: Callable[[T, int], bytes]) -> None:
        for start in range(0, len(items), _PIECE):
            lines = [line_of(item, n) for n, item in enumerate(items[start : start + _PIECE], self._rows)]
            longest = max(lines, key=len)
            if len(longest) > _LONGEST_LINE:
                told = json.loads(longest)
                which = " ".join(
                    f"{told[name]:.160}" for name in ("metric", "listed", "subject", "key") if name in told
                )
                raise ValueError(f"{which}: {len(longest)} bytes; the longest is {_LONGEST_LINE}")
            file.write(b"\n".join(lines) + b"\n")
            self._rows += len(lines)

    def _open(self) -> IO[bytes]:
        name = f"{time.time_ns():020d}-{os.getpid()}-{next(_counter):06d}"
        self._path = self._folder / f".{name}{_OPEN}"
        self._file = self._path.open("xb")
        # Held until closed: tells other processes that this segment has a living writer.
        fcntl.flock(self._file, fcntl.LOCK_EX)
        if not self._path.exists():  # one of them looked in the instant before the lock
            self._file.close()
            return self._open()
        return self._file

    def _drop(self) -> None:
        """Forget the open segment: lines of it may be lost, so its checkpoint must never be sealed."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            with suppress(OSError):  # closing writes what is buffered, on the disk that has just refused
                self._file.close()
            self._file = None
        self._reset()

    def _seal(self, finish: dict[str, Any] | None) -> None:
        file = self._file or self._open()
        read = {name: jsonable(getattr(self._read, name)) for name in Read.__slots__}
        base = {part: self._cursor.get(part) for part in self._checkpoint}
        end = {
            "format": FORMAT, "id": uuid.uuid4().hex, "rows": self._rows, "subjects": self._subjects,
            "listings": self._listings, "series": sorted(self._series), "read": read,
            "observed_at": stamp(self._clock()), "base": base, "checkpoint": self._checkpoint,
            "coverage": self._coverage, "finish": finish,
        }  # fmt: skip
        last = json.dumps({"end": end}, separators=(",", ":"), ensure_ascii=False) + "\n"
        file.write(last.encode(errors=LONE))
        file.flush()
        os.fsync(file.fileno())
        self._path.rename(self._folder / (self._path.name[1:].removesuffix(_OPEN) + _SEALED))
        file.close()
        self._file = None
        _sync_folder(self._folder)
        self._cursor |= self._checkpoint
        self._progress |= self._checkpoint
        self._reset()


def _parse(path: Path) -> Segment:
    end = json.loads(_last_line(path))["end"] if path.stat().st_size else {}
    if not isinstance(end, dict) or end.get("format") not in _READABLE:
        raise ValueError(f"not a segment of format {FORMAT}")
    return Segment(
        path=path,
        id=end["id"],
        read=end["read"],
        rows=end["rows"],
        subjects=end["subjects"],
        listings=end.get("listings", 0),
        series=tuple((metric, subject) for metric, subject in end["series"]),
        observed_at=datetime.fromisoformat(end["observed_at"]),
        base=end["base"],
        checkpoint=end["checkpoint"],
        coverage=tuple(end["coverage"]),
        finish=end["finish"],
    )


def _last_line(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        tail = b""
        while size and b"\n" not in tail[:-1]:
            step = min(_TAIL, size)
            size -= step
            file.seek(size)
            tail = file.read(step) + tail
    if not tail.endswith(b"\n"):
        raise ValueError("its last line is torn")
    return tail[:-1].rpartition(b"\n")[2]


def _remove_if_abandoned(path: Path) -> None:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
    except (BlockingIOError, FileNotFoundError):
        return  # its writer lives, or has just sealed it


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unusable_spool(folder: Path, error: OSError) -> SpoolError:
    """What happened to the folder and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return SpoolError(
            f"{folder}: the disk is full; free some space and run again, the reads go on where they were"
        )
    return SpoolError(
        f"{folder}: cannot be written ({error.strerror}); check its owner and mode, or set [harvest] spool"
    )
