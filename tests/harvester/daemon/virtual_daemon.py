"""The daemon's deciding parts under a clock of our own: the same code but for the threads and the waiting."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Batch, Connector, Context, Kind, Metric, Observation, StreamSpec
from harvester.bookkeeping import Bookkeeper
from harvester.config import Settings, Source
from harvester.daemon.agenda import Slot
from harvester.daemon.conductor import Conductor
from harvester.daemon.crew import Job, RunStop, attempt
from harvester.outcomes import Outcome
from harvester.pipeline import read_in_turn
from harvester.reading import Order, Patience
from harvester.schedule import parse
from harvester.spool import Spool
from harvester.store import Store
from tests.harvester.small_sources import Nothing, settings

START = datetime(2026, 1, 1, tzinfo=UTC)
SPEC = StreamSpec("issues", (Metric("issues_opened", Kind.EVENT),))


class Killed(BaseException):
    """kill -9: nobody catches it."""


@dataclass
class Life:
    """What happens at a source: an event every `every`, for ever; reading it takes `takes` and may fail.

    `trouble(now)` is asked at each read, and may raise.
    """

    every: timedelta = timedelta(hours=5)
    takes: timedelta = timedelta(seconds=20)
    trouble: Callable[[datetime], None] = lambda _now: None
    reads: int = 0

    def until(self, now: datetime) -> list[datetime]:
        """Every event up to now."""
        return [START + self.every * n for n in range(1, int((now - START) / self.every) + 1)]


@dataclass
class _Events:
    life: Life
    context: Context
    spec: StreamSpec = SPEC

    def read(self, cursor: Mapping[str, Any]) -> Iterator[Batch]:
        self.life.reads += 1
        now = self.context.clock()
        have = cursor.get("have", 0)
        happened = self.life.until(now)
        # A page before the trouble, so that a failure comes in the middle of a read.
        for page in (happened[max(have - 1, 0) : have + 1], happened[have + 1 :]):
            if page is not happened:
                have = max(have, happened.index(page[-1]) + 1) if page else have
                facts = [Observation("issues_opened", "repo:1", at.isoformat(), at) for at in page]
                yield Batch(facts, checkpoint={"have": have})
            self.life.trouble(now)


def source(name: str, schedule: str, life: Life) -> Source:
    def opened(_config: object, context: Context) -> list[_Events]:
        return [_Events(life, context)]

    connector = Connector(f"host-of-{name}", Nothing, opened, (SPEC,))
    return Source(name=name, connector=connector, config=Nothing(), schedule=parse(schedule), config_hash=name)


@dataclass
class VirtualAlarm:
    moments: dict[str, datetime] = field(default_factory=dict)

    def set(self, name: str, moment: datetime) -> None:
        self.moments[name] = moment

    def unset(self, name: str) -> None:
        self.moments.pop(name, None)


@dataclass
class VirtualCrew:
    """Reads at once and ends later, as long as the reading takes in the world."""

    world: VirtualDaemon
    jobs: dict[str, Job] = field(default_factory=dict)

    def can_take(self, _source: Source) -> bool:
        return len(self.jobs) < 8

    def hangs(self, _name: str) -> bool:
        return False

    def has_ended(self, job: Job) -> bool:
        return self.jobs.pop(job.source.name, None) is job

    def start(self, source: Source, slot: Slot, trigger: str, run_id: str, now: datetime) -> Job:
        job = Job(source, slot, trigger, run_id, now, RunStop(lambda: 0.0, 0.0), 0.0)
        self.jobs[source.name] = job
        self.world.begin(job)
        return job


class VirtualDaemon:
    """Runs the conductor, the readers, the spool and the store of real life through virtual time."""

    def __init__(self, folder: Path, lives: Mapping[str, tuple[str, Life]], zone: str = "UTC") -> None:
        self.now = START
        self.lives = lives
        sources = [source(name, schedule, life) for name, (schedule, life) in lives.items()]
        self.settings: Settings = settings(folder, *sources)
        object.__setattr__(self.settings, "timezone", ZoneInfo(zone))
        self.store = Store(self.settings.database, ZoneInfo(zone))
        self.store.prepare(timeout=5)
        self.order = Order(patience=Patience(attempts=1))
        self._order = itertools.count()
        self.boot()

    def boot(self) -> None:
        """Start as a new process does: with nothing in memory."""
        self.endings: list[tuple[datetime, int, Job, list[Outcome]]] = []
        self.spool = Spool(self.settings.spool)
        self.spool.prepare()
        self.keeper = Bookkeeper(self.store, self.spool)
        self.alarm = VirtualAlarm()
        self.crew = VirtualCrew(self)
        self.conductor = Conductor(self.keeper.books, self.crew, self.alarm, lambda: self.now)  # type: ignore[arg-type]
        self.conductor.adopt(self.settings)

    def begin(self, job: Job) -> None:
        order = Order(trigger=job.trigger, scheduled_for=job.slot.due, patience=self.order.patience)

        def work(job: Job) -> list[Outcome]:
            return read_in_turn(self.settings, job.source, order, job.run_id, self.keeper, job.stop, lambda: self.now)

        outcomes = attempt(work, job)
        takes = self.lives[job.source.name][1].takes
        heapq.heappush(self.endings, (self.now + takes, next(self._order), job, outcomes))

    def load(self) -> None:
        self.store.load(self.spool, timeout=5)

    def run(self, until: datetime) -> None:
        """Let time pass; Killed passes through."""
        while True:
            next_ring = min(self.alarm.moments.values(), default=until)
            next_end = self.endings[0][0] if self.endings else until
            moment = max(min(next_ring, next_end), self.now)
            if moment >= until:
                self.now = max(self.now, until)
                return
            self.now = moment
            if next_end <= next_ring:
                _, _, job, outcomes = heapq.heappop(self.endings)
                self.conductor.ended(job, outcomes)
            else:
                for name in [name for name, at in self.alarm.moments.items() if at <= self.now]:
                    self.alarm.unset(name)
                    self.conductor.rung(name)
            self.conductor.dispatch()

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with self.store.reading() as connection:
            return connection.execute(query).fetchall()

    def check_truth(self) -> None:
        """Every event that was read of every source is there, once, on its day."""
        held = {
            (source, day): count
            for source, day, count in self.ask(
                "SELECT source, period, total FROM totals WHERE grain = 'day' AND total > 0"
            )
        }
        upto = dict(self.ask("SELECT source, max(occurred_at) FROM observations GROUP BY source"))
        wanted: dict[tuple[str, Any], int] = {}
        for name, (_, life) in self.lives.items():
            for at in life.until(upto[name].replace(tzinfo=UTC)):
                day = at.astimezone(self.settings.timezone).date()
                wanted[name, day] = wanted.get((name, day), 0) + 1
        assert held == wanted


def check_slots(daemon: VirtualDaemon, until: datetime) -> tuple[int, int]:
    """Every slot of every source was served exactly once, or by the catch-up that came after it.

    How many slots there were, and how many of them a catch-up has served together with others.
    """
    runs: dict[str, list[tuple[datetime, datetime, str, str]]] = {name: [] for name in daemon.lives}
    for name, due, started, trigger, outcome in daemon.ask(
        "SELECT source, scheduled_for, started_at, trigger, outcome FROM runs ORDER BY started_at"
    ):
        runs[name].append((due.replace(tzinfo=UTC), started.replace(tzinfo=UTC), trigger, outcome))
    slots = caught_up = 0
    for name, (text, _) in daemon.lives.items():
        served = [run for run in runs[name] if run[3] in ("ok", "partial")]
        dues = [due for due, *_ in served]
        assert len(set(dues)) == len(dues), f"{name}: a slot was served twice"
        assert dues == sorted(dues)
        schedule, slot = parse(text), served[0][1]
        for due, started, trigger, _ in served[1:]:
            slot = schedule.next_after(slot, daemon.settings.timezone)
            assert due == slot, f"{name}: {slot} was passed over for {due}"
            slots += 1
            while (missed := schedule.next_after(slot, daemon.settings.timezone)) <= started:
                assert trigger == "catch-up", f"{name}: {missed} was served by a run of {started}, unmarked"
                slot, slots, caught_up = missed, slots + 1, caught_up + 1
            if isinstance(schedule.rule, timedelta):  # counted from when it was served
                slot = max(slot, started)
        due = schedule.next_after(slot, daemon.settings.timezone)
        assert due > until - timedelta(days=8), f"{name}: {due} was not served"
    return slots, caught_up
