"""One harvest: read every source at once, spool what they yield, load it; only who says when differs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from harvester.bookkeeping import Bookkeeper
from harvester.outcomes import Outcome
from harvester.reading import Order, SourceReader, Stop, new_run_id
from harvester.spool import Spool
from harvester.store import Books, Loaded, Store, StoreError
from harvester.turns import Taken, Turn, take_turn

if TYPE_CHECKING:
    from harvester.config import Settings, Source

_Event = Outcome | Future[list[Outcome]]

# Sources read at once. Most of a read is waiting; so many keep a processor busy, and more would only take memory.
WIDTH = 16
# A load takes its time however little it loads, and those who are about to read wait for it: never before so many
# seconds, nor so many times what the last one took.
_LOAD_EVERY, _LOAD_RARELY = 2.0, 5


@dataclass(frozen=True, slots=True)
class Harvest:
    """How a harvest went. `busy`: the database could not be had or written; everything fetched waits in the spool."""

    run_id: str
    outcomes: tuple[Outcome, ...]
    loaded: Loaded
    busy: StoreError | None
    damaged: tuple[str, ...]
    is_interrupted: bool


def utc_now() -> datetime:
    """The system's clock, aware."""
    return datetime.now(UTC)


def harvest(
    settings: Settings,
    sources: Sequence[Source],
    order: Order,
    *,
    stop: threading.Event | None = None,
    clock: Callable[[], datetime] = utc_now,
    heard: Callable[[Outcome], None] = lambda _: None,
) -> Harvest:
    """Read the sources, each in a thread of its own, and load what they yield as it comes.

    What an earlier harvest left in the spool is loaded too. `heard` is told of every stream when it has ended, in the
    calling thread and before the last load. Raises StoreError or SpoolError when the database or the spool cannot be
    used at all; Busy when the database has yet to be made or migrated and another process holds it.
    """
    stop = stop or threading.Event()
    store, spool = Store(settings.database, settings.timezone), Spool(settings.spool, clock=clock)
    spool.prepare()
    store.prepare(timeout=order.lock_timeout)
    loading = _Loading(store, spool)
    loading.load()
    keeper, run_id = Bookkeeper(store, spool), new_run_id(clock())
    ended = SimpleQueue[_Event]()

    def read_one(source: Source) -> list[Outcome]:
        return read_in_turn(settings, source, order, run_id, keeper, stop, clock, heard=ended.put)

    outcomes: list[Outcome] = []
    told: set[Outcome] = set()
    with closing(_at_once(read_one, sources, ended, stop)) as events:
        for event, left in events:
            if isinstance(event, list):
                outcomes += event
            for outcome in event if isinstance(event, list) else (event,):
                if outcome not in told:
                    told.add(outcome)
                    heard(outcome)
            if left:
                loading.now_and_then()
    busy = None
    try:
        loading.done += store.load(spool, timeout=order.lock_timeout)
    except StoreError as error:
        busy = error
    return Harvest(run_id, tuple(outcomes), loading.done, busy, tuple(spool.damaged), stop.is_set())


def _at_once(
    read: Callable[[Source], list[Outcome]],
    sources: Sequence[Source],
    ended: SimpleQueue[_Event],
    stop: threading.Event,
) -> Generator[tuple[Outcome | list[Outcome], int]]:
    """Read each source in a thread: what that puts into `ended`, what it returns, and [] where neither comes.

    And how many are still being read.
    """
    with ThreadPoolExecutor(max_workers=max(1, min(WIDTH, len(sources))), thread_name_prefix="source") as pool:
        try:
            # Not concurrent.futures.wait, which looks at every other job at each that ends.
            for source in sources:
                pool.submit(read, source).add_done_callback(ended.put)
            left = len(sources)
            while left:
                try:
                    event = ended.get(timeout=_LOAD_EVERY)
                except Empty:
                    yield [], left
                    continue
                left -= isinstance(event, Future)
                yield event.result() if isinstance(event, Future) else event, left
        except BaseException:
            stop.set()  # or the pool would wait for reads that nobody wants any more
            raise


@dataclass(slots=True)
class _Loading:
    """Loads while others still read. `done`: what all loads have done."""

    store: Store
    spool: Spool
    done: Loaded = field(default_factory=Loaded)
    _next_at: float = field(default_factory=lambda: time.monotonic() + _LOAD_EVERY)

    def now_and_then(self) -> None:
        """Load, unless that was done a little while ago."""
        if (began := time.monotonic()) >= self._next_at:
            self.load()
            took = time.monotonic() - began
            self._next_at = began + took + max(_LOAD_EVERY, _LOAD_RARELY * took)

    def load(self) -> None:
        """Load; somebody holding the database now is no reason to wait."""
        with suppress(StoreError):
            self.done += self.store.load(self.spool, timeout=0)


def read_in_turn(
    settings: Settings,
    source: Source,
    order: Order,
    run_id: str,
    keeper: Bookkeeper,
    stop: Stop,
    clock: Callable[[], datetime],
    *,
    taken: Callable[[Turn], None] = lambda _: None,
    heard: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Read one source, unless somebody else is at it. Raises StoreError, SpoolError.

    `taken` is told of the turn, `heard` of each stream when it has ended, in whichever thread.
    """
    turn = take_turn(settings.spool, source.name)
    if isinstance(turn, Taken):
        return [Outcome(source.name, "", "under way", str(turn))]
    taken(turn)
    try:
        # Not before it is our turn: whoever had it has moved the cursors.
        books = keeper.books(timeout=order.lock_timeout, source=source.name)
        return SourceReader(settings, source, order, run_id, keeper.spool, books, stop, clock, heard).read()
    finally:
        turn.release()


def tell_abandoned(
    settings: Settings, source: Source, order: Order, run_id: str, keeper: Bookkeeper, clock: Callable[[], datetime]
) -> Outcome:
    """Note that a run hangs and was left behind; what it has sealed until now counts."""
    reader = SourceReader(settings, source, order, run_id, keeper.spool, Books(), threading.Event(), clock)
    return reader.tell("abandoned", "gave no sign of life and was left behind; read again later")
