"""The ledger for whoever starts a read: what is stored, and what waits in the spool; read only when it changed."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from harvester.spool import Spool
from harvester.store import Books, Busy, Store


@dataclass(slots=True)
class Bookkeeper:
    """Gives the books to any thread."""

    store: Store
    spool: Spool
    _kept: Books | None = None
    _kept_at: tuple[int, ...] = ()
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def books(self, *, timeout: float = 30.0, source: str | None = None) -> Books:
        """The ledger as it is now, the spool counted in. Raises StoreError; Busy before it was ever read.

        `source`: whose part of the spool is needed; None: everyone's. Later, while somebody holds the database, what
        was read last still holds: nobody can have loaded since.
        """
        with self._lock:
            # In this order: what is loaded in between is then told twice, and known as such; else it would be missed.
            pending = [each for each in self.spool.sealed() if source in (None, each.stream[0])]
            mark = self.store.mark()
            if self._kept is None or mark != self._kept_at:
                try:
                    self._kept, self._kept_at = self.store.books(timeout=timeout), mark
                except Busy:
                    if self._kept is None:
                        raise
            return self._kept.with_pending(pending)
