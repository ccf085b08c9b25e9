"""The configuration file as it lies there: read anew when it has changed, kept as it was while it is broken."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harvester.config import ConfigError
from harvester.redact import redact

if TYPE_CHECKING:
    from harvester.config import Settings

log = logging.getLogger(__name__)

_FOR_LIFE = ("database", "spool", "timezone")


@dataclass(slots=True)
class WatchedConfig:
    """`error`: why the file as it is now was not taken over; None while it was."""

    path: Path
    read: Callable[[Path], Settings]
    error: str | None = None
    _kept: Settings | None = None
    _mark: tuple[int, ...] | None = None

    def load(self) -> Settings:
        """The configuration to begin with. Raises ConfigError."""
        self._mark = self._now()
        self._kept = self.read(self.path)
        return self._kept

    def look(self, *, is_asked: bool = False) -> Settings | None:
        """The new configuration where the file has changed, or where `is_asked`, and is sound; else None.

        Where the database, the spool and the time zone are is fixed for the life of the daemon.
        """
        mark = self._now()
        if mark == self._mark and not is_asked:
            return None
        self._mark = mark
        try:
            fresh = self.read(self.path)
        except ConfigError as error:
            self.error = redact(str(error))
            log.warning("the changed configuration is not taken over, the one before it stays in use: %s", self.error)
            return None
        self.error = None
        kept = self._kept or fresh
        moved = [name for name in _FOR_LIFE if getattr(fresh, name) != getattr(kept, name)]
        if moved:
            self.error = f"[harvest] {', '.join(moved)} changed: that takes a restart; the rest is taken over"
            log.warning("%s", self.error)
        self._kept = replace(fresh, database=kept.database, spool=kept.spool, timezone=kept.timezone)
        return self._kept

    def forget(self) -> None:
        """Try again at the next look, as if the file had changed."""
        self._mark = None

    def _now(self) -> tuple[int, ...]:
        try:
            found = self.path.stat()
        except OSError:
            return ()
        return found.st_ino, found.st_mtime_ns, found.st_size
