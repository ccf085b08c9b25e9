"""Decides what is read when: slots from the ledger go to the alarm, what has rung goes to the crew."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from harvester.daemon import agenda
from harvester.daemon.agenda import Slot
from harvester.outcomes import SERVED, Outcome
from harvester.reading import new_run_id
from harvester.store import Books, SourceRecord, StoreError

if TYPE_CHECKING:
    from harvester.config import Settings, Source
    from harvester.daemon.crew import Crew, Job

log = logging.getLogger(__name__)

_UNDER_WAY = timedelta(seconds=5)
_CUT_OFF = timedelta(minutes=1)


class Clock(Protocol):
    """Rings for a name at its moment; harvester.schedule.alarm.Alarm, or a clock of a test."""

    def set(self, name: str, moment: datetime) -> None:
        """Ring for the name then, and at no other time."""
        ...

    def unset(self, name: str) -> None:
        """Do not ring for it."""
        ...


@dataclass(slots=True)
class _Rung:
    """A source whose time has come. `trigger`: fixed when it rang; waiting for room makes no slot a missed one."""

    source: Source
    slot: Slot
    trigger: str


@dataclass(slots=True)
class Conductor:
    """All methods are called from one thread. `may_start`: asked before every run; false while the disk is full."""

    books: Callable[[], Books]
    crew: Crew
    alarm: Clock
    clock: Callable[[], datetime]
    may_start: Callable[[], bool] = lambda: True
    settings: Settings | None = None
    _sources: dict[str, Source] = field(default_factory=dict)
    _spreads: Mapping[str, timedelta] = field(default_factory=dict)
    _slots: dict[str, Slot] = field(default_factory=dict)
    _rung: dict[str, _Rung] = field(default_factory=dict)
    _untold: dict[str, int] = field(default_factory=dict)

    def adopt(self, settings: Settings, *, is_changed: bool = False) -> None:
        """Work by this configuration from now on. What is being read is read to its end as it began.

        `is_changed`: somebody has just mended it, and wants to see what failed tried at once.
        Raises StoreError where the ledger cannot be read.
        """
        books = self.books()
        sources = {source.name: source for source in settings.select()}
        for name in self._sources.keys() - sources.keys():
            self.alarm.unset(name)
            self._slots.pop(name, None)
            self._rung.pop(name, None)
        self.settings, self._sources, self._spreads = settings, sources, agenda.spreads(sources.values())
        self._untold.clear()
        for name in sources:
            self._rung.pop(name, None)
            if name not in self.crew.jobs:
                self._plan(name, books, forgives=is_changed)

    def rung(self, name: str) -> None:
        """The alarm rang for this source."""
        source, slot = self._sources.get(name), self._slots.get(name)
        if source is None or slot is None or name in self.crew.jobs or name in self._rung:
            return
        now = self.clock()
        if now < slot.start_at:  # the clock was put back
            self.alarm.set(name, slot.start_at)
            return
        self._rung[name] = _Rung(source, slot, slot.trigger(source.schedule, now, self._zone()))

    def dispatch(self) -> None:
        """Start what has rung, the longest waiting first, as far as there is room."""
        for name, rung in list(self._rung.items()):
            if not self.crew.can_take(rung.source) or not self.may_start():
                continue
            del self._rung[name]
            if self.crew.hangs(name):
                log.error("%s: two earlier runs hang; not read before they end or the daemon is restarted", name)
                self._wait(name, agenda.LONGEST_PAUSE)
                continue
            now = self.clock()
            job = self.crew.start(rung.source, rung.slot, rung.trigger, new_run_id(now), now)
            log.info("%s: run %s begins, %s", name, job.run_id, rung.trigger)

    def ended(self, job: Job, outcomes: Sequence[Outcome]) -> None:
        """A run has ended; plan the next one."""
        if not self.crew.has_ended(job):
            log.warning("%s: the run %s that was left behind has ended", job.source.name, job.run_id)
            return
        self.plan_after(job.source.name, outcomes)

    def plan_after(self, name: str, outcomes: Sequence[Outcome]) -> None:
        """Plan the source's next slot after these outcomes."""
        words = {outcome.outcome for outcome in outcomes}
        is_told = not words & {"spool failed", "defect"}  # else the ledger may know nothing of the failure
        self._untold[name] = 0 if is_told else self._untold.get(name, 0) + 1
        if name not in self._sources:
            return
        if words == {"under way"}:
            self._wait(name, _UNDER_WAY)
        elif "interrupted" in words:
            self._wait(name, _CUT_OFF)
        elif self._untold[name] and not words <= SERVED:
            self._wait(name, agenda.back_off(name, self._untold[name]))
        else:
            try:
                self._plan(name, self.books())
            except StoreError as error:
                log.warning("%s", error)
                self._wait(name, _CUT_OFF)

    def look(self) -> None:
        """The clock may have jumped: what is due now has to ring now, whatever was set."""
        now = self.clock()
        for name, slot in self._slots.items():
            if slot.start_at <= now and name not in self.crew.jobs:
                self.rung(name)

    def next_start(self, name: str) -> datetime | None:
        """When the source is read next; None while it is read, or where nobody knows it."""
        slot = self._slots.get(name)
        return slot.start_at if slot and name not in self.crew.jobs else None

    def _plan(self, name: str, books: Books, *, forgives: bool = False) -> None:
        record = books.sources.get(name, SourceRecord())
        if forgives:
            record = replace(record, failures=0)
        slot = agenda.next_slot(
            self._sources[name], record, self.clock(), self._zone(), spread=self._spreads.get(name, timedelta(0))
        )
        self._set(name, slot)

    def _wait(self, name: str, pause: timedelta) -> None:
        """Serve the same slot later."""
        known = self._slots.get(name)
        due = known.due if known else self.clock()
        self._set(name, Slot(due, self.clock() + pause, known.failures if known else 0))

    def _set(self, name: str, slot: Slot) -> None:
        self._slots[name] = slot
        self.alarm.set(name, slot.start_at)

    def _zone(self) -> ZoneInfo:
        return self.settings.timezone if self.settings else ZoneInfo("UTC")
