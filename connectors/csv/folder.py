"""The folder that a source reads: its own files, and below it those that `harvest import` has brought in."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from connectors.csv.sheet import LARGEST_FILE
from connectors.errors import ConnectorError, Malformed, NotPermitted, Unavailable

IMPORTED = "imported"
UNDONE = ".undone"
MOST_FILES = 1000

_NUMBERED = re.compile(r"([0-9]+)-")


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the files of a source lie. `pattern`: which of the files in `path`; `source`: whose imports.

    What was imported counts last, by its number; the file itself is the note of the import, so that taking it back is
    giving it another name.
    """

    path: Path
    pattern: str
    source: str

    @property
    def imports(self) -> Path:
        """Where `harvest import` puts files."""
        return self.path / IMPORTED / self.source

    def names(self) -> list[str]:
        """Every file to read, relative to the folder, the latest word last. OSError where it cannot be read."""
        own = sorted((path for path in self.path.glob(self.pattern) if _is_ours(path)), key=lambda path: path.name)
        names = [str(path.relative_to(self.path)) for path in (*own, *self._imported())]
        if len(names) > MOST_FILES:
            raise Malformed(
                f"{self.path}: has {len(names)} files", remedy=f"read {MOST_FILES} at most: join old ones"
            )
        return names

    def undone(self) -> set[str]:
        """The names of imports that were taken back."""
        if not self.imports.is_dir():
            return set()
        taken = self.imports.glob(f"*{UNDONE}")
        return {str(path.relative_to(self.path)).removesuffix(UNDONE) for path in taken}

    def _imported(self) -> list[Path]:
        if not self.imports.is_dir():
            return []
        found = [path for path in self.imports.iterdir() if _is_ours(path) and path.suffix != UNDONE]
        return sorted((path for path in found if _NUMBERED.match(path.name)), key=_number)

    def next_name(self, file: Path, day: date | None = None) -> str:
        """The name under which a file will be imported, relative to the folder; `day` is in it where it is given."""
        numbers = [_number(path) for path in self.imports.iterdir()] if self.imports.is_dir() else []
        stem = re.sub(r"[^\w.-]+", "_", file.stem)[:80].lstrip(".") or "file"
        name = f"{stem}-{day}" if day else stem
        return str(Path(IMPORTED, self.source, f"{max(numbers, default=0) + 1:04d}-{name}.csv"))

    def twins_of(self, content: bytes) -> Iterator[str]:
        """The files here that say the same to the letter."""
        digest = hashlib.sha256(content).digest()
        for name in self.names():
            path = self.path / name
            if path.stat().st_size == len(content) and hashlib.sha256(path.read_bytes()).digest() == digest:
                yield name

    def bring_in(self, content: bytes, name: str) -> Path:
        """Put a file under a name that `next_name` gave. Raises ConnectorError; there is then no such file."""
        path = self.path / name
        draft = path.with_name(f".{path.name}.draft")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)  # unlike a rename it refuses a name that is taken
        except OSError as error:
            raise unusable(path, error, "written") from None
        finally:
            draft.unlink(missing_ok=True)
        _sync(path.parent)
        return path

    def undo_last(self) -> Path:
        """Take the last import back by giving it another name; ValueError where there is none."""
        found = self._imported()
        if not found:
            raise ValueError(f"{self.imports}: has no import; nothing was taken back")
        last = found[-1]
        try:
            last.rename(last.with_name(last.name + UNDONE))
        except OSError as error:
            raise unusable(last, error, "renamed") from None
        _sync(last.parent)
        return last

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One writer at a time; the folder is the lock, so no file is left over."""
        try:
            self.imports.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.imports, os.O_RDONLY)
        except OSError as error:
            raise unusable(self.imports, error, "written") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def read_bytes(path: Path) -> bytes:
    """A file that is to be imported. Raises ConnectorError for one that cannot be."""
    try:
        if not path.is_file():
            raise Malformed(f"{path}: is {'a folder' if path.is_dir() else 'no file'}", remedy="name one CSV file")
        if path.stat().st_size > LARGEST_FILE:
            raise Malformed(f"{path}: is larger than {LARGEST_FILE >> 20} MB", remedy="export a shorter span of time")
        return path.read_bytes()
    except OSError as error:
        raise unusable(path, error, "read") from None


def _is_ours(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")


def _number(path: Path) -> int:
    match = _NUMBERED.match(path.name)
    return int(match[1]) if match else 0


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unusable(path: Path, error: OSError, what: str) -> ConnectorError:
    """What an error of the file system means for the caller."""
    said = f"{path}: cannot be {what} ({error.strerror})"
    if isinstance(error, PermissionError):
        return NotPermitted(said, remedy=f"look at its owner and mode: ls -ld {path}")
    return Unavailable(said)


def order_of(names: Sequence[str], gone: Sequence[str]) -> list[str]:
    """Files that are there and files that were, in the order in which they count."""
    return sorted({*names, *gone}, key=lambda name: (name.startswith(f"{IMPORTED}/"), _number(Path(name)), name))
