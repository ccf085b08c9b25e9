"""Look up how everything stands: in the database, the spool, on the disk, and what the daemon says."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harvester.daemon import state
from harvester.spool import Segment, Spool
from harvester.standing import Disk, Report, forgetful, report
from harvester.store import Busy, Store, standing

if TYPE_CHECKING:
    from harvester.config import Settings


def survey(settings: Settings, now: datetime | None = None, *, timeout: float = 5.0) -> Report:
    """How everything stands, looked up once: see Survey."""
    return Survey(settings).take(now, timeout=timeout)


@dataclass(slots=True)
class Survey:
    """Looks up how everything stands, again and again.

    While another process keeps the database for itself, nothing gets into it: what was known of it still holds, and
    what was read since waits in the spool.
    """

    settings: Settings
    _stored: list[dict[str, Any]] | None = None

    def take(self, now: datetime | None = None, *, timeout: float = 5.0) -> Report:
        """How everything stands. Changes nothing; a database or a spool that is not there yet is an empty one.

        Waits `timeout` seconds for a database that another process writes to. Raises StoreError when it cannot be
        read for another reason.
        """
        settings = self.settings
        # The spool first: what is loaded in between is then seen twice, which harms nothing, and not never.
        waiting, unreadable = _waiting(settings.spool)
        size, held = _size(settings.database), ""
        try:
            self._stored = self._ask(timeout) if size else []
        except Busy as error:
            held = str(error)
        disk = Disk(
            database=size,
            database_free=_free(settings.database.parent),
            spool=sum(_size(path) or 0 for path in _files(settings.spool)),
            spool_free=_free(settings.spool),
            damaged=unreadable,
        )
        return report(
            settings, self._stored, waiting, now or datetime.now(UTC), state.current(settings), disk, held
        )  # fmt: skip

    def _ask(self, timeout: float) -> list[dict[str, Any]]:
        settings = self.settings
        with Store(settings.database, settings.timezone).reading(timeout=timeout) as connection:
            return standing(connection, forgetful(settings.sources))


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
