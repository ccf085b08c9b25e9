"""The life of the daemon: one per database, from its lock to its last load."""

from __future__ import annotations

import fcntl
import logging
import os
import queue
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harvester.bookkeeping import Bookkeeper
from harvester.daemon import state
from harvester.daemon.conductor import Conductor
from harvester.daemon.crew import Bounds, Crew, Job
from harvester.daemon.health import EndpointError
from harvester.daemon.loader import Loader
from harvester.daemon.notify import Notify
from harvester.daemon.overseer import Overseer
from harvester.daemon.watched import WatchedConfig
from harvester.outcomes import Outcome
from harvester.pipeline import read_in_turn, tell_abandoned, utc_now
from harvester.reading import Order
from harvester.redact import redact
from harvester.schedule.alarm import Alarm
from harvester.spool import Spool
from harvester.store import Busy, Loaded, Store, StoreError
from harvester.store.publish import export, publish

if TYPE_CHECKING:
    from harvester.config import Settings

log = logging.getLogger(__name__)

LEAST_FREE = 16 << 20
"""Bytes that must be free beside the spool before a run begins."""
_TICK = 5.0
_LAST_WORD = 8.0
_LAST_LOAD = 1.5
_COPY_TIMEOUT = 5.0


@contextmanager
def only_one(database: Path) -> Iterator[None]:
    """Be the only daemon of this database. Raises Busy naming the other, StoreError where its folder is unusable."""
    path = state.lock_path(database)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror}); check the folder's owner and mode") from None
    try:
        _acquire(handle, database)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _acquire(handle: int, database: Path) -> None:
    for _ in range(10):  # whoever asks for the holder has the lock for an instant
        with suppress(BlockingIOError):
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(0.02)
    pid = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
    raise Busy(
        f"{database}: the daemon with process id {pid} serves it; stop that one, or name another [harvest] database",
        pid=int(pid) if pid.isdigit() else None,
    )


@dataclass(slots=True)
class Daemon:
    """The parts, and the one thread that decides. Everything else tells it by `events`."""

    watched: WatchedConfig
    settings: Settings
    bounds: Bounds
    clock: Callable[[], datetime] = utc_now
    events: queue.SimpleQueue[tuple[str, Any]] = field(default_factory=queue.SimpleQueue)
    notify: Notify = field(default_factory=Notify)
    spool: Spool = field(init=False)
    keeper: Bookkeeper = field(init=False)
    crew: Crew = field(init=False)
    alarm: Alarm = field(init=False)
    conductor: Conductor = field(init=False)
    loader: Loader = field(init=False)
    overseer: Overseer = field(init=False)
    started_at: datetime = field(init=False)
    _said: state.DaemonState | None = None
    _is_full: bool = False
    _looked: float = 0.0

    def __post_init__(self) -> None:
        store = Store(self.settings.database, self.settings.timezone)
        self.started_at = self.clock()
        self.spool = Spool(self.settings.spool)
        self.keeper = Bookkeeper(store, self.spool)
        self.crew = Crew(self._read, lambda job, outcomes: self.events.put(("ended", (job, outcomes))), self.bounds)
        self.alarm = Alarm(lambda name: self.events.put(("rung", name)))
        self.conductor = Conductor(self.keeper.books, self.crew, self.alarm, self.clock, self._has_room)
        self.overseer = Overseer(self.settings, self.clock)
        self.loader = Loader(
            self.settings,
            store,
            Spool(self.settings.spool),
            self.clock,
            is_reading=lambda: bool(self.crew.jobs),
            loaded=self._loaded,
            scored=self._publish,
        )

    def run(self) -> None:
        """Serve until a signal says so. Raises StoreError, SpoolError where the work cannot begin at all."""
        self.spool.prepare()
        self._prepare()
        self.conductor.adopt(self.settings)
        self.alarm.start()
        self.loader.start()
        self.overseer.start()
        self.notify.say("READY=1", f"STATUS={len(self.settings.select())} sources")
        log.info("serving %d sources of %s", len(self.settings.select()), self.settings.path)
        try:
            self._serve()
        finally:
            self._end()

    def _prepare(self) -> None:
        """Make or migrate the database; whoever holds it now will let go some day, and nothing is lost meanwhile."""
        told = False
        while True:
            try:
                self.keeper.store.prepare(timeout=1)
                self.keeper.books(timeout=1)
            except Busy as error:
                if not told:
                    log.warning("%s; waiting for it", redact(str(error)))
                    self.notify.say("READY=1", "STATUS=waiting for the database")
                told = True
                self.notify.say("WATCHDOG=1")
            else:
                return
            if self._next_event(1.0) == "stop":
                raise SystemExit(0)

    def _serve(self) -> None:
        while True:
            kind = self._next_event(self._patience())
            if kind == "stop":
                return
            for job in self.crew.watch():
                self._abandon(job)
            if kind == "reload" or time.monotonic() - self._looked >= self._patience():
                self._looked = time.monotonic()
                self._look_around(is_asked=kind == "reload")
            self.conductor.dispatch()
            self._say_how_it_stands()

    def _patience(self) -> float:
        return min(_TICK, self.notify.interval or _TICK)

    def _next_event(self, timeout: float) -> str | None:
        """Take in what was told; its kind, None when nothing was told for so long."""
        try:
            kind, what = self.events.get(timeout=timeout)
        except queue.Empty:
            return None
        if kind == "rung":
            self.conductor.rung(what)
        elif kind == "ended":
            self._ended(*what)
        return str(kind)

    def _look_around(self, *, is_asked: bool) -> None:
        """Now and then: has the configuration changed, has the clock jumped, does everything live?"""
        if changed := self.watched.look(is_asked=is_asked):
            self._adopt(changed)
        self.alarm.look()
        self.conductor.look()
        self.loader.kick()
        if self.loader.is_alive:
            self.notify.say("WATCHDOG=1")

    def _adopt(self, settings: Settings) -> None:
        self.notify.say("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            self.conductor.adopt(settings, is_changed=True)
            self.settings = self.loader.settings = settings
            self.overseer.stop()
            self.overseer = Overseer(settings, self.clock)
            self.overseer.start()
            log.info("took over %s: %d sources", settings.path, len(settings.select()))
        except EndpointError as error:
            self.watched.error = redact(str(error))
            log.warning("%s", self.watched.error)
        except StoreError as error:
            log.warning("the configuration could not be taken over yet: %s", redact(str(error)))
            self.watched.forget()
        self.notify.say("READY=1", f"STATUS={len(self.settings.select())} sources")

    def _read(self, job: Job) -> list[Outcome]:
        """One run, in its thread."""
        order = Order(trigger=job.trigger, scheduled_for=job.slot.due)

        def taken(turn: Any) -> None:
            job.turn = turn

        return read_in_turn(
            self.settings, job.source, order, job.run_id, self.keeper, job.stop, self.clock, taken=taken
        )

    def _ended(self, job: Job, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.is_failure:
                name = f"{outcome.source} {outcome.stream}".strip()
                log.warning("%s: %s: %s [%s]", name, outcome.outcome, outcome.message, job.run_id)
        log.info(
            "%s: run %s ended, %d facts read", job.source.name, job.run_id, sum(o.observations for o in outcomes)
        )
        self.overseer.run_ended(outcomes, (self.clock() - job.started_at).total_seconds())
        self.conductor.ended(job, outcomes)
        self.loader.kick()

    def _loaded(self, done: Loaded, seconds: float) -> None:
        self.overseer.loaded(done, seconds)  # whichever it is by now

    def _abandon(self, job: Job) -> None:
        order = Order(trigger=job.trigger, scheduled_for=job.slot.due)
        outcome = tell_abandoned(self.settings, job.source, order, job.run_id, self.keeper, self.clock)
        log.error("%s: %s [%s]", job.source.name, outcome.message, job.run_id)
        self.conductor.plan_after(job.source.name, [outcome])
        self.loader.kick()

    def _has_room(self) -> bool:
        """Whether the disk of the spool has room for what a run fetches."""
        try:
            is_full = shutil.disk_usage(self.settings.spool).free < LEAST_FREE
        except OSError:
            is_full = False  # the run itself will say what is wrong with the folder
        if is_full != self._is_full:
            self._is_full = is_full
            if is_full:
                log.error("%s: the disk is full; nothing is read before some space is freed", self.settings.spool)
            else:
                log.info("%s: there is room again", self.settings.spool)
        return not is_full

    def _publish(self) -> None:
        """Renew the copies for readers; in the loader's thread."""
        try:
            if self.settings.publish:
                publish(self.settings.database, self.settings.publish, timeout=_COPY_TIMEOUT)
            if self.settings.export:
                for _ in export(self.settings.database, self.settings.export, "parquet", timeout=_COPY_TIMEOUT):
                    pass
        except StoreError as error:
            log.warning("not published: %s", redact(str(error)))

    def _say_how_it_stands(self) -> None:
        blocked = self.loader.blocked
        said = state.DaemonState(
            pid=os.getpid(),
            version=version("harvester"),
            started_at=self.started_at,
            config=str(self.settings.path),
            running=tuple(
                state.Running(name, job.run_id, job.started_at) for name, job in sorted(self.crew.jobs.items())
            ),
            blocked_since=blocked.since if blocked else None,
            blocked_by=blocked.pid if blocked else None,
            blocked_command=blocked.command if blocked else None,
            last_load_at=self.loader.last_load_at,
            last_score_at=self.loader.last_score_at,
            abandoned=tuple(sorted({job.source.name for job in self.crew.left_behind})),
            config_error=self.watched.error,
        )
        if said != self._said:
            with suppress(OSError):  # a full disk, say; the log tells what else is wrong
                said.write(state.state_path(self.settings))
                self._said = said

    def _end(self) -> None:
        """End or checkpoint what is being read, load it, and go; within ten seconds, whatever hangs."""
        self.notify.say("STOPPING=1")
        log.info("ending; %d sources are being read", len(self.crew.jobs))
        self.alarm.stop()
        self.crew.ask_all()
        give_up_at = time.monotonic() + _LAST_WORD - _LAST_LOAD
        while self.crew.jobs and (left := give_up_at - time.monotonic()) > 0:
            with suppress(queue.Empty):
                kind, what = self.events.get(timeout=left)
                if kind == "ended":
                    self.crew.has_ended(what[0])
        for name in self.crew.jobs:
            log.warning("%s: did not end in time; it goes on from its last checkpoint", name)
        self.overseer.stop()
        self.loader.stop(_LAST_LOAD)
        state.state_path(self.settings).unlink(missing_ok=True)
        log.info("ended")


def serve(watched: WatchedConfig, *, bounds: Bounds | None = None) -> None:
    """Run the daemon of this configuration until SIGTERM or SIGINT; SIGHUP reloads the configuration.

    Raises ConfigError, Busy, StoreError, SpoolError where it cannot begin.
    """
    settings = watched.load()
    bounds = bounds or Bounds(workers=settings.workers, deadline=settings.deadline)
    with only_one(settings.database):
        daemon = Daemon(watched, settings, bounds)
        with _signals(daemon.events):
            daemon.run()


@contextmanager
def _signals(events: queue.SimpleQueue[tuple[str, Any]]) -> Iterator[None]:
    """Signals become events; the second one to end ends at once, as nothing is lost by it."""
    asked = False

    def end(_number: int, _frame: object) -> None:
        nonlocal asked
        if asked:
            os._exit(130)
        asked = True
        events.put(("stop", None))

    handlers = {signal.SIGTERM: end, signal.SIGINT: end, signal.SIGHUP: lambda *_: events.put(("reload", None))}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
