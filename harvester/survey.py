"""Look up how everything stands: in the database, the spool, on the disk, and what the daemon says."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harvester.daemon import state
from harvester.spool import Segment, Spool
from harvester.standing import Disk, Report, forgetful, report
from harvester.store import Store, standing

if TYPE_CHECKING:
    from harvester.config import Settings


def survey(settings: Settings, now: datetime | None = None, *, timeout: float = 30.0) -> Report:
    """How everything stands. Changes nothing; a database or a spool that is not there yet is an empty one.

    Raises Busy when another process keeps the database open for writing for longer than `timeout` seconds, StoreError
    when it cannot be read.
    """
    # The spool before the database: what is loaded in between is then seen twice, which is harmless, and not never.
    waiting, unreadable = _waiting(settings.spool)
    stored, held = [], _size(settings.database)
    if held:
        with Store(settings.database, settings.timezone).reading(timeout=timeout) as connection:
            stored = standing(connection, forgetful(settings.sources))
    disk = Disk(
        database=held,
        database_free=_free(settings.database.parent),
        spool=sum(_size(path) or 0 for path in _files(settings.spool)),
        spool_free=_free(settings.spool),
        damaged=unreadable,
    )
    return report(settings, stored, waiting, now or datetime.now(UTC), state.current(settings), disk)


def _waiting(spool: Path) -> tuple[list[Segment], int]:
    """What waits, and how many files are no use: set aside already, or not readable as they lie there."""
    whole = Spool(spool).peek()
    readable = {segment.path for segment in whole}
    broken = [path for path in spool.glob("*.ndjson") if path not in readable and path.exists()]
    return whole, len(broken) + len(list(spool.glob("*.damaged")))


def _files(spool: Path) -> list[Path]:
    try:
        return [path for path in spool.iterdir() if path.is_file()]
    except OSError:
        return []


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _free(folder: Path) -> int | None:
    """Bytes that are free where a folder lies or will lie."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None
