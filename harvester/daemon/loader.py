"""What has been read becomes rows: loads when the database is free, then scores; never in a reader's way."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

from harvester.redact import redact
from harvester.scorejob import rescore
from harvester.spool import Spool, SpoolError
from harvester.store import Busy, Loaded, Store, StoreError

if TYPE_CHECKING:
    from harvester.config import Settings

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_SETTLE = 0.2
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
_AFTER_TROUBLE = 30.0
_TRY = 0.2
_WHILE_READING = 5.0
_SCORE_AT_LEAST = 60.0


@dataclass(frozen=True, slots=True)
class Blocked:
    """Loads wait: since when (aware, UTC), for whom, and what was said of it."""

    since: datetime
    pid: int | None
    command: str | None
    why: str


@dataclass(slots=True)
class Loader:
    """The one thread that loads. `is_reading`: whether anything is being read, so that more will come.

    `loaded` is told of every load that found something: what it stored, and the seconds it took. `scored`: called
    when the database has changed and the scores were kept.
    """

    settings: Settings
    store: Store
    spool: Spool
    clock: Callable[[], datetime]
    is_reading: Callable[[], bool]
    loaded: Callable[[Loaded, float], None] = lambda _done, _seconds: None
    scored: Callable[[], None] = lambda: None
    blocked: Blocked | None = None
    last_load_at: datetime | None = None
    last_score_at: datetime | None = None
    _score_due: bool = True
    _scored_on: date | None = None
    _score_tried: float = -_SCORE_AT_LEAST
    _due: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to load."""
        self._due.set()
        self._thread = threading.Thread(target=self._run, name="loader", daemon=True)
        self._thread.start()

    def kick(self) -> None:
        """Something may wait in the spool."""
        self._due.set()

    def stop(self, timeout: float) -> None:
        """Load once more what waits and end; what takes longer than `timeout` seconds stays in the spool."""
        self._stopping.set()
        self._due.set()
        if self._thread:
            self._thread.join(timeout)

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return bool(self._thread and self._thread.is_alive())

    def _run(self) -> None:
        pause: float = 0
        while not self._stopping.is_set():
            self._due.wait(pause or (_WHILE_READING if self.is_reading() else None))
            self._due.clear()
            if self._stopping.wait(_SETTLE):
                break
            try:
                self.load_and_score()
                pause = 0.0
            except Busy:
                pause = min(max(2 * pause, _FIRST_PAUSE), _LONGEST_PAUSE)
            except (StoreError, SpoolError):
                pause = _AFTER_TROUBLE
            except Exception:
                log.exception("a defect of ours in the loader")
                pause = _AFTER_TROUBLE
        try:
            self.load()
        except (StoreError, SpoolError) as error:
            log.warning("%s; everything fetched is safe in %s", error, self.spool.folder)

    def load_and_score(self) -> None:
        """Load what waits; score when no more is to be expected soon. Raises StoreError, Busy, SpoolError."""
        done = self.load()
        self._score_due |= bool(done.stored or done.revised)
        today = self.settings.today(self.clock())
        since = time.monotonic() - self._score_tried
        # Reckoning the scores again and again while somebody holds the database would only heat the room.
        is_time = since > (_SCORE_AT_LEAST if self.is_reading() else _AFTER_TROUBLE if self.blocked else 0)
        if (self._score_due or self._scored_on != today) and is_time:
            self._score_tried = time.monotonic()
            self._telling(lambda: rescore(self.settings, today=today, timeout=_TRY))
            self._score_due, self._scored_on = False, today
            self.last_score_at = self.clock()
            self.scored()

    def load(self) -> Loaded:
        """Load what waits, and note who keeps us from it. Raises StoreError, Busy, SpoolError."""
        if not self.spool.sealed():
            return Loaded()
        began = time.monotonic()
        done = self._telling(lambda: self.store.load(self.spool, timeout=_TRY))
        self.last_load_at = self.clock()
        for note in self.spool.damaged:
            log.error("spool: %s", note)
        self.spool.damaged.clear()
        if done.stored or done.revised or done.fenced:
            log.info("%d new facts and %d revised stored", done.stored, done.revised)
        self.loaded(done, time.monotonic() - began)
        return done

    def _telling(self, work: Callable[[], _T]) -> _T:
        """Do it, and note when somebody or something keeps us from it; told once, not at every try."""
        try:
            result = work()
        except StoreError as error:
            pid, command = (error.pid, error.command) if isinstance(error, Busy) else (None, None)
            if self.blocked is None:
                log.info("loads wait: %s", redact(str(error)))
            since = self.blocked.since if self.blocked else self.clock()
            self.blocked = Blocked(since, pid, command, redact(str(error)))
            raise
        if self.blocked:
            log.info("loads go on after %s", self.clock() - self.blocked.since)
        self.blocked = None
        return result
