"""Read one source, stream by stream, into the spool; decide what each way to fail means for the rest of it."""

from __future__ import annotations

import logging
import random
import secrets
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from connectors.base import Batch, Budget, Context, Coverage, Meter, Reject, Stream, StreamSpec
from connectors.errors import (
    ConnectorError,
    Malformed,
    RateLimited,
    Unavailable,
)
from connectors.http import Http
from harvester.outcomes import PASSING, SERVED, Outcome, ends_source, verdict, word_for
from harvester.redact import redact
from harvester.sound import sound_part
from harvester.spool import Finish, Read, Spool, SpoolError, Writer

if TYPE_CHECKING:
    from harvester.config import Settings, Source
    from harvester.store import Books, Cursor

log = logging.getLogger(__name__)

_SHOWN_REJECTS = 3
_SHOWN_PROBLEMS = 5
_NO_STREAM = StreamSpec("", ())
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Stop(Protocol):
    """Asked between requests and in every wait."""

    def is_set(self) -> bool:
        """Whether to end."""
        ...

    def wait(self, timeout: float) -> bool:
        """Wait; True at once when asked to end."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a read is tried again within one harvest."""

    attempts: int = 3
    first_pause: timedelta = timedelta(seconds=1)
    longest_pause: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of a harvest. `full`: ignore cursors. `since`: backfill from this day.

    `scheduled_for`: the slot it serves, aware, where somebody has a schedule.
    """

    trigger: str = "now"
    scheduled_for: datetime | None = None
    full: bool = False
    since: date | None = None
    lock_timeout: float = 30.0
    patience: Patience = field(default_factory=Patience)


@dataclass(slots=True)
class _Tally:
    """What one stream has yielded so far."""

    observations: int = 0
    rejects: list[Reject] = field(default_factory=list)
    rejected: int = 0
    problems: list[ConnectorError] = field(default_factory=list)
    covered: bool = False


@dataclass(frozen=True, slots=True)
class SourceReader:
    """Reads one source for one run. `heard`: told of each stream when it has ended, in whichever thread."""

    settings: Settings
    source: Source
    order: Order
    run_id: str
    spool: Spool
    books: Books
    stop: Stop
    clock: Callable[[], datetime]
    heard: Callable[[Outcome], None] = lambda _: None

    def read(self) -> list[Outcome]:
        """Read every stream; what a source does is told in the outcomes, never raised."""
        paused_until = self.books.terms.paused.get(self.source.name)
        if paused_until and paused_until > self.clock():
            back = f"{paused_until:%Y-%m-%d %H:%M} UTC"
            return [
                Outcome(self.source.name, "", "rate limited", f"the service asked not to be called before {back}")
            ]
        context = open_context(self.settings, self.source, clock=self.clock, since=self.order.since, stop=self.stop)
        context.meter.budgets.update(self.books.terms.budgets)
        try:
            streams = list(self.source.connector.open(self.source.config, context))
        except Exception as error:  # noqa: BLE001 - a connector's failure stays its own
            return [self.tell(*verdict(self.source, error))]
        else:
            return self._read_all(streams, context)
        finally:
            context.http.close()

    def tell(self, word: str, message: str) -> Outcome:
        """Note how the run of the whole source has failed; it is told of as one of a stream without a name."""
        outcome = Outcome(self.source.name, "", word, message)
        now = self.clock()
        end = Finish(
            finished_at=now,
            outcome=outcome.outcome,
            succeeded=False,
            failed=True,
            message=outcome.message,
            next_due=self.source.schedule.next_after(now, self.settings.timezone),
        )
        with suppress(SpoolError):  # what could not be opened is in the outcome
            self.spool.writer(self.describe(_NO_STREAM, now), {}).finish(end)
        return outcome

    def describe(self, spec: StreamSpec, started_at: datetime) -> Read:
        """What the segments of a stream say of their read."""
        source, order = self.source, self.order
        return Read(
            source=source.name,
            connector=source.connector.name,
            person=source.person,
            schedule=str(source.schedule),
            config_hash=source.config_hash,
            stream=spec.name,
            cursor_version=spec.cursor_version,
            metrics=spec.metrics,
            run_id=self.run_id,
            trigger=order.trigger,
            started_at=started_at,
            scheduled_for=order.scheduled_for,
        )

    def _read_all(self, streams: list[Stream], context: Context) -> list[Outcome]:
        """The outcomes in the order of the streams. The first one alone: it finds out what would refuse them all."""
        cursors = self.books.cursors_of(self.source.name, [stream.spec.name for stream in streams])
        # A clock put back a little must not make the slot that is being served due again.
        began_at = max(self.clock(), self.order.scheduled_for or _LONG_AGO)
        course = _Course(self, context, cursors, began_at, len(streams))
        lanes: dict[str, list[Stream]] = {}
        for stream in streams[1:]:
            lanes.setdefault(stream.spec.lane, []).append(stream)
        course.run(streams[:1])
        here, *others = [*lanes.values()] or [[]]
        threads = [threading.Thread(target=course.run, args=(lane,), name=self.source.name) for lane in others]
        for thread in threads:
            thread.start()
        course.run(here)
        for thread in threads:
            thread.join()
        return [course.outcomes[stream.spec.name] for stream in streams]


@dataclass(frozen=True, slots=True)
class _Ending:
    """What the end of a stream says of its source; as in spool.Finish."""

    succeeded: bool
    served: datetime | None
    failed: bool


@dataclass(slots=True)
class _Course:
    """How the read of a source's streams goes. `left`: those that have not ended yet."""

    owner: SourceReader
    context: Context
    cursors: Mapping[str, Cursor]
    began_at: datetime
    left: int = 0
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    is_fine: bool = True
    has_read: bool = False
    has_served: bool = True
    _ended_by: Exception | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, lane: list[Stream]) -> None:
        """Read these streams one after the other."""
        source = self.owner.source
        for stream in lane:
            name = stream.spec.name
            if self.owner.stop.is_set():
                outcome = Outcome(source.name, name, "interrupted", "not read; the next run goes on here")
                self.end(outcome, None)
            elif self._ended_by:
                outcome = Outcome(source.name, name, *verdict(source, self._ended_by))
                self.end(replace(outcome, message="not read: see above"), None)
            else:
                _StreamReader(self.owner, self, stream, self.context, self.cursors[name]).read()
            self.owner.heard(self.outcomes[name])

    def end(self, outcome: Outcome, error: Exception | None) -> _Ending:
        """Take note of how a stream has ended; what that says of the source."""
        with self._lock:
            self.left -= 1
            self.outcomes[outcome.stream] = outcome
            self.is_fine = self.is_fine and not outcome.is_failure
            self.has_read = self.has_read or outcome.is_success
            self.has_served = self.has_served and outcome.outcome in SERVED
            if ends_source(error):
                self._ended_by = error
            is_last = not self.left
            return _Ending(
                succeeded=is_last and self.is_fine and self.has_read,
                served=self.began_at if is_last and self.has_served else None,
                failed=outcome.outcome not in SERVED | PASSING,
            )


@dataclass(slots=True)
class _StreamReader:
    owner: SourceReader
    course: _Course
    stream: Stream
    context: Context
    stored: Cursor
    tally: _Tally = field(default_factory=_Tally)

    def read(self) -> None:
        """Read it; how that went is told to the course. A source succeeds when the last of its streams ends."""
        owner, spec = self.owner, self.stream.spec
        writer = owner.spool.writer(owner.describe(spec, owner.clock()), self.stored.parts)
        error: Exception | None = None
        with self.context.meter.watch() as spent:
            try:
                self._attempts(writer)
            except Exception as caught:  # noqa: BLE001 - one stream's failure, whatever it is, must not stop the others
                error = caught
        word, message = verdict(owner.source, error) if error else self._success()
        tally = self.tally
        outcome = Outcome(
            owner.source.name, spec.name, word, message, tally.observations, tally.rejected, spent.requests
        )
        self._finish(writer, outcome, error, spent.points)

    def _attempts(self, writer: Writer) -> None:
        """Read to the end; after a passing failure go on from the last checkpoint, as often as patience allows."""
        order = self.owner.order
        start = start_of(self.owner.source, self.stream.spec, self.stored, full=order.full)
        patience = order.patience
        attempt = 0
        while True:
            reached = writer.progress
            try:
                self._drain(writer, start | reached)
            except (Unavailable, RateLimited) as error:
                # A read that gets on is not a read that fails again.
                attempt = 1 if writer.progress != reached else attempt + 1
                pause = self._pause(error, attempt)
                if attempt == patience.attempts or pause > patience.longest_pause:
                    raise
                log.info("%s: %s; trying again in %.0f s", self.owner.source.name, error, pause.total_seconds())
                if self.owner.stop.wait(pause.total_seconds()):
                    return
            else:
                return

    def _pause(self, error: Unavailable | RateLimited, attempt: int) -> timedelta:
        if isinstance(error, RateLimited):
            return max(error.retry_at - self.owner.clock(), timedelta(0))
        # Jitter, so that many sources behind one failing host do not come back in step.
        factor: float = 4 ** (attempt - 1) * random.uniform(0.5, 1)  # noqa: S311
        return self.owner.order.patience.first_pause * factor

    def _drain(self, writer: Writer, cursor: Mapping[str, Any]) -> None:
        batches = self.stream.read(cursor)
        # A generator's own clean-up must run now, not when the collector comes by.
        with closing(batches) if isinstance(batches, Generator) else nullcontext():
            for batch in batches:
                sound = sound_part(batch, self.stream.spec)
                self.tally.observations += len(sound.observations)
                self.tally.rejected += len(sound.rejects)
                self.tally.rejects += sound.rejects[: _SHOWN_REJECTS - len(self.tally.rejects)]
                self.tally.problems += [problem for problem in sound.problems if not self._is_known(problem)]
                self.tally.covered |= bool(sound.coverage)
                writer.add(sound)
                if self.owner.stop.is_set():
                    return

    def _is_known(self, problem: ConnectorError) -> bool:
        """A retry tells of the same missing repository again."""
        return str(problem) in map(str, self.tally.problems)

    def _success(self) -> tuple[str, str]:
        if self.owner.stop.is_set():
            return "interrupted", "cut off; the next run goes on from the last checkpoint"
        parts = [redact(str(problem)) for problem in self.tally.problems[:_SHOWN_PROBLEMS]]
        if (more := len(self.tally.problems) - _SHOWN_PROBLEMS) > 0:
            parts.append(f"and {more} more")
        word = word_for(self.tally.problems)
        if self.tally.rejected:
            shown = "; ".join(f"{reject.what}: {reject.why}" for reject in self.tally.rejects)
            parts.append(f"{self.tally.rejected} records could not be used ({redact(shown)})")
        return word, "; ".join(parts)

    def _finish(self, writer: Writer, outcome: Outcome, error: Exception | None, points: int) -> None:
        owner, ending = self.owner, self.course.end(outcome, error)
        now, today = owner.clock(), self.context.today()
        if error or outcome.outcome == "interrupted":
            span = Coverage(today, today, "missing", outcome.message[:300])
        elif self.tally.problems:
            span = Coverage(today, today, "partial", outcome.message[:300])
        else:
            span = Coverage(today, today)
        try:
            if error or not self.tally.covered:
                writer.add(Batch(coverage=[span]))
            writer.finish(
                Finish(
                    finished_at=now,
                    outcome=outcome.outcome,
                    succeeded=ending.succeeded,
                    served=ending.served,
                    failed=ending.failed,
                    message=outcome.message,
                    requests=outcome.requests,
                    points=points,
                    next_due=owner.source.schedule.next_after(ending.served or now, owner.settings.timezone),
                    paused_until=error.retry_at if isinstance(error, RateLimited) and not error.bucket else None,
                    budgets=self._budgets(),
                )
            )
        except SpoolError:
            # The first refusal is in the outcome; that the end could not be written either adds little.
            log.debug("%s: the end of the run could not be spooled", owner.source.name, exc_info=True)

    def _budgets(self) -> dict[tuple[str, str], Budget]:
        """Those that this run was told something of."""
        before = self.owner.books.terms.budgets
        return {key: left for key, left in self.context.meter.budgets.items() if before.get(key) != left}


def start_of(source: Source, spec: StreamSpec, stored: Cursor, *, full: bool) -> dict[str, Any]:
    """The cursor that a read of a stream starts from. Raises Malformed for one that newer code has left."""
    if full or stored.version < spec.cursor_version:
        return {}
    if stored.version > spec.cursor_version:
        raise Malformed(
            f"{source.name}: the cursor of {spec.name} has version {stored.version},"
            f" this harvester knows {spec.cursor_version}",
            remedy=f"upgrade harvester, or start over with `harvest now {source.name} --full`",
        )
    return dict(stored.parts)


def open_context(
    settings: Settings, source: Source, *, clock: Callable[[], datetime], stop: Stop, since: date | None = None
) -> Context:
    """What the source's connector is given; close its `http` when done."""
    meter = Meter()
    return Context(
        source=source.name,
        http=Http(allow_private=source.allow_private, timeout=source.timeout, meter=meter, clock=clock),
        clock=clock,
        timezone=settings.timezone,
        folder=settings.folder,
        since=since,
        allow_private=source.allow_private,
        timeout=source.timeout,
        meter=meter,
        is_stopping=stop.is_set,
        wait=stop.wait,
    )


def new_run_id(now: datetime) -> str:
    """Sorts by time, differs between processes of the same second."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
