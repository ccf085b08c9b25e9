"""What the running daemon says of itself, in a file beside the spool, for `harvest status`.

Whether it still runs is not a matter of its PID, which may be another process by now or mean nothing outside its
container: it holds a lock on `<database>.daemon.lock` for as long as it lives.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harvester.files import replace_text
from harvester.redact import redact

if TYPE_CHECKING:
    from harvester.config import Settings

FORMAT = 1
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Running:
    """A source that is being read."""

    source: str
    run_id: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonState:
    """How the daemon stands; all times aware, UTC.

    `blocked_since`: since when loads wait because process `blocked_by`, which calls itself `blocked_command`, holds
    the database. `abandoned`: sources whose read hangs and was given up. `config_error`: why the configuration as it
    lies there now was not taken over; the one before it is in use.
    """

    pid: int
    version: str
    started_at: datetime
    config: str
    running: tuple[Running, ...] = ()
    blocked_since: datetime | None = None
    blocked_by: int | None = None
    blocked_command: str | None = None
    last_load_at: datetime | None = None
    last_score_at: datetime | None = None
    abandoned: tuple[str, ...] = ()
    config_error: str | None = None

    def write(self, path: Path) -> None:
        """Put it where `read` finds it, readable for everybody, secrets masked.

        Raises OSError, a full disk for instance; the daemon loses nothing by it.
        """
        text = json.dumps({"format": FORMAT, **_plain(self)}, indent=1, ensure_ascii=False)
        replace_text(path, text + "\n", mode=0o644)


def state_path(settings: Settings) -> Path:
    """Where the daemon of a configuration says how it stands."""
    return settings.spool / ".daemon.json"


def lock_path(database: Path) -> Path:
    """What a daemon holds an exclusive flock on for as long as it lives; its PID stands in it."""
    return database.with_name(database.name + ".daemon.lock")


def current(settings: Settings) -> DaemonState | None:
    """What the daemon of this configuration says, None where none runs."""
    return read(state_path(settings), lock_path(settings.database))


def read(path: Path, lock: Path) -> DaemonState | None:
    """What a living daemon has written; None where the file is missing, torn, or left by one that is no more."""
    try:
        with path.open("rb") as file:
            said = json.loads(file.read(_LARGEST))
        state = _parsed(said)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return state if holder(lock) == state.pid else None


def holder(lock: Path) -> int | None:
    """The PID that the holder of the lock has written into it, None where nobody holds it.

    Asking holds the lock shared for an instant, so whoever takes it must try for more than that.
    """
    try:
        handle = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        said = os.pread(handle, 32, 0).decode(errors="replace").strip()
        return int(said) if said.isascii() and said.isdigit() else None
    except OSError:  # a file system without locks: no daemon can hold one there
        return None
    else:
        return None
    finally:
        os.close(handle)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, DaemonState | Running):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value


def _parsed(said: Mapping[str, Any]) -> DaemonState:
    if said["format"] != FORMAT:
        raise ValueError(f"a state of format {said['format']!r}")
    return DaemonState(
        pid=int(said["pid"]),
        version=_text(said["version"]) or "",
        started_at=_needed(said["started_at"]),
        config=_text(said["config"]) or "",
        running=tuple(
            Running(str(each["source"]), str(each["run_id"]), _needed(each["since"])) for each in said["running"]
        ),
        blocked_since=_moment(said["blocked_since"]),
        blocked_by=None if said["blocked_by"] is None else int(said["blocked_by"]),
        blocked_command=_text(said["blocked_command"]),
        last_load_at=_moment(said["last_load_at"]),
        last_score_at=_moment(said["last_score_at"]),
        abandoned=tuple(map(str, said["abandoned"])),
        config_error=_text(said["config_error"]),
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _moment(value: Any) -> datetime | None:
    return None if value is None else _needed(value)


def _needed(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"{value} has no zone")
    return moment.astimezone(UTC)
