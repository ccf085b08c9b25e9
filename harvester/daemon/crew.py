"""Who reads: a thread for each run, bounded over all and per host, watched, and left behind when it hangs.

Threads of their own, not a pool: a pool's thread that hangs is gone for good, and the interpreter waits for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from harvester.daemon.agenda import Slot, host_of
from harvester.daemon.logs import run_named
from harvester.outcomes import Outcome
from harvester.redact import redact
from harvester.spool import SpoolError
from harvester.store import StoreError

if TYPE_CHECKING:
    from harvester.config import Source
    from harvester.turns import Turn

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many sources are read at once, and for how long.

    `workers`: of those that give signs of life; one that has given none for `quiet` keeps no other from its turn.
    `deadline`: after it a run is asked to end at its next page. `silence`: a run without a sign of life for so long,
    or `grace` after it was asked to end, is left behind; what it has sealed counts, what it seals later is fenced.
    """

    workers: int = 8
    per_host: int = 2
    deadline: timedelta = timedelta(hours=2)
    quiet: timedelta = timedelta(minutes=1)
    silence: timedelta = timedelta(minutes=10)
    grace: timedelta = timedelta(minutes=1)

    @property
    def most(self) -> int:
        """Threads in all, the quiet ones too."""
        return 8 * self.workers


# Threads of a source that hang for good: two tries more after a first are enough to know.
_HANGING = 2


@dataclass(slots=True)
class RunStop:
    """Asks one run to end; being asked between its requests, it knows whether the run lives."""

    monotonic: Callable[[], float]
    last_sign: float
    _event: threading.Event = field(default_factory=threading.Event)
    _waits: bool = False

    def is_set(self) -> bool:
        """Whether to end."""
        self.last_sign = self.monotonic()
        return self._event.is_set()

    def wait(self, timeout: float) -> bool:
        """Wait; True at once when asked to end."""
        self._waits = True
        try:
            return self._event.wait(timeout)
        finally:
            self._waits = False
            self.last_sign = self.monotonic()

    def set(self) -> None:
        """Ask the run to end."""
        self._event.set()

    @property
    def is_asked(self) -> bool:
        """Whether the run was asked to end; unlike `is_set`, no sign of life."""
        return self._event.is_set()

    def silent_for(self) -> float:
        """Seconds since it last gave a sign of life; one that waits politely is alive."""
        return 0.0 if self._waits else self.monotonic() - self.last_sign


@dataclass(slots=True)
class Job:
    """One run of one source."""

    source: Source
    slot: Slot
    trigger: str
    run_id: str
    started_at: datetime
    stop: RunStop
    began: float
    asked: float | None = None
    turn: Turn | None = None
    thread: threading.Thread | None = None


def attempt(work: Callable[[Job], list[Outcome]], job: Job) -> list[Outcome]:
    """What came of it; what is raised is told as an outcome, for there is nobody to catch it in a thread."""
    name = job.source.name
    try:
        return work(job)
    except SpoolError as error:
        return [Outcome(name, "", "spool failed", redact(str(error)))]
    except StoreError as error:
        return [Outcome(name, "", "interrupted", redact(str(error)))]
    except Exception as error:
        log.exception("a defect of ours")
        return [Outcome(name, "", "defect", redact(f"{type(error).__name__}: {error}"))]


@dataclass(slots=True)
class Crew:
    """Runs jobs. `work` reads a job's source and may take as long as it wants; `ended` is told from its thread."""

    work: Callable[[Job], list[Outcome]]
    ended: Callable[[Job, list[Outcome]], None]
    bounds: Bounds = field(default_factory=Bounds)
    monotonic: Callable[[], float] = time.monotonic
    jobs: dict[str, Job] = field(default_factory=dict)
    left_behind: list[Job] = field(default_factory=list)

    def can_take(self, source: Source) -> bool:
        """Whether there is room for a run of this source now."""
        lively = [job for job in self.jobs.values() if job.stop.silent_for() < self.bounds.quiet.total_seconds()]
        per_host = Counter(host_of(job.source) for job in lively)
        return (
            len(lively) < self.bounds.workers
            and len(self.jobs) < self.bounds.most
            and per_host[host_of(source)] < self.bounds.per_host
        )

    def hangs(self, source: str) -> bool:
        """Whether so many runs of the source hang that one more would only be another."""
        self.left_behind = [job for job in self.left_behind if job.thread and job.thread.is_alive()]
        return sum(job.source.name == source for job in self.left_behind) >= _HANGING

    def start(self, source: Source, slot: Slot, trigger: str, run_id: str, now: datetime) -> Job:
        """Begin a run of the source."""
        began = self.monotonic()
        job = Job(source, slot, trigger, run_id, now, RunStop(self.monotonic, began), began)
        self.jobs[source.name] = job
        # A daemon thread, for one that hangs must not keep the process from ending.
        job.thread = threading.Thread(target=self._run, args=(job,), name=f"run-{source.name}", daemon=True)
        job.thread.start()
        return job

    def _run(self, job: Job) -> None:
        with run_named(job.source.name, job.run_id):
            outcomes = attempt(self.work, job)
        self.ended(job, outcomes)

    def has_ended(self, job: Job) -> bool:
        """Make room; false for one that was left behind before."""
        if self.jobs.get(job.source.name) is not job:
            return False
        del self.jobs[job.source.name]
        return True

    def watch(self) -> list[Job]:
        """Ask those to end that take too long, and leave behind those that do not hear it; the latter."""
        now, bounds = self.monotonic(), self.bounds
        lost = []
        for job in list(self.jobs.values()):
            if job.asked is None and now - job.began > bounds.deadline.total_seconds():
                self._ask(job)
                log.warning(
                    "%s: still reading after %s; asked to end, it goes on later", job.source.name, bounds.deadline
                )
            too_silent = job.stop.silent_for() > bounds.silence.total_seconds()
            if too_silent or (job.asked is not None and now - job.asked > bounds.grace.total_seconds()):
                self._ask(job)
                lost.append(job)
                del self.jobs[job.source.name]
                self.left_behind.append(job)
                if job.turn:
                    job.turn.release()
        return lost

    def ask_all(self) -> None:
        """Ask every run to end at its next page."""
        for job in self.jobs.values():
            self._ask(job)

    def _ask(self, job: Job) -> None:
        job.asked = self.monotonic()
        job.stop.set()
