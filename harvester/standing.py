"""How every source and stream stands: what is known from the ledger, the spool and the daemon, put together.

Pure: it is given what others have looked up. harvester/survey.py looks it up, harvester/findings.py says what of it
calls for somebody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connectors.base import Kind, StreamSpec
from harvester.retention import DayAtRisk, Known, Span, at_risk, lost, memory_of
from harvester.schedule import Schedule
from harvester.waiting import Ended, Unloaded, unloaded

if TYPE_CHECKING:
    from harvester.config import Settings, Source
    from harvester.daemon.state import DaemonState
    from harvester.spool import Segment

LEAST_TOLERANCE = timedelta(hours=1)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes, as they were measured; None where they could not be. `damaged`: files of the spool that are no use."""

    database: int | None = None
    database_free: int | None = None
    spool: int | None = None
    spool_free: int | None = None
    damaged: int = 0


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of an allowance until it is renewed, as the service last said."""

    credential: str
    bucket: str
    remaining: int
    allowed: int
    reset_at: datetime
    read_at: datetime


@dataclass(frozen=True, slots=True)
class StreamStanding:
    """One stream. `outcome`: of its last run, None before that; `since`, `times`: it has ended that way, well,
    refused or failing, since then and so often in a row. `at_risk`: only where the service forgets.
    """

    stream: str
    retention_days: int | None = None
    outcome: str | None = None
    message: str = ""
    finished_at: datetime | None = None
    last_success: datetime | None = None
    since: datetime | None = None
    times: int = 0
    at_risk: tuple[DayAtRisk, ...] = ()
    lost: tuple[Span, ...] = ()

    @property
    def is_permitted(self) -> bool:
        """Whether it may be read, as far as is known."""
        return self.outcome != "not permitted"

    @property
    def is_failing(self) -> bool:
        """Whether its last run ended in a way that calls for somebody."""
        return self.outcome not in (None, "ok", "not permitted")

    @property
    def days_lost(self) -> int:
        """How many days are gone for good."""
        return sum(span.days for span in self.lost)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStanding:
    """One source. `next_due`: its schedule after its last success, None before that. `overdue_by`: how far past that
    it is; None within `tolerance`, and where it is paused or disabled. `running_since`: the daemon reads it now.
    `is_known`: the database could be asked; else only what waits in the spool is told.
    """

    source: str
    connector: str
    person: str
    schedule: str
    is_enabled: bool
    last_success: datetime | None
    next_due: datetime | None
    tolerance: timedelta
    overdue_by: timedelta | None
    paused_until: datetime | None
    running_since: datetime | None
    is_abandoned: bool
    rows: int
    quota: tuple[Quota, ...]
    streams: tuple[StreamStanding, ...]
    is_known: bool = True

    @property
    def has_run(self) -> bool:
        """Whether any run of it is known."""
        return self.last_success is not None or any(stream.finished_at for stream in self.streams)

    @property
    def failing(self) -> tuple[StreamStanding, ...]:
        """Streams that call for somebody; refused ones too, where the source may not read a single one."""
        streams = [stream for stream in self.streams if stream.outcome is not None]
        if self.paused_until is not None:
            # It does what it was asked to: wait.
            streams = [stream for stream in streams if stream.outcome != "rate limited"]
        if not any(stream.is_permitted for stream in streams):
            return tuple(streams)
        return tuple(stream for stream in streams if stream.is_failing)

    @property
    def state(self) -> str:
        """In a word."""
        if not self.is_enabled:
            return "disabled"
        if self.is_abandoned:
            return "hanging"
        if self.failing:
            return f"{len(self.failing)} of {len(self.streams)} failing"
        if self.overdue_by is not None:
            return "overdue"
        if self.paused_until is not None:
            return "paused"
        if self.running_since is not None:
            return "reading"
        if self.has_run:
            return "ok"
        return "never run" if self.is_known else "unknown"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What lies in the spool and is not in the database yet."""

    segments: int = 0
    observations: int = 0
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """How everything stands at the moment `now`. `held`: why the database could not be asked, naming who holds it."""

    now: datetime
    sources: tuple[SourceStanding, ...]
    held: str = ""
    waiting: Waiting = field(default_factory=Waiting)
    disk: Disk = field(default_factory=Disk)
    daemon: DaemonState | None = None


def report(
    settings: Settings,
    stored: Sequence[Mapping[str, Any]] | None,
    waiting: Sequence[Segment],
    now: datetime,
    daemon: DaemonState | None = None,
    disk: Disk | None = None,
    held: str = "",
) -> Report:
    """How the configured sources stand. `stored`: of store.standing(), None where that is not known; `waiting`: of
    Spool.peek(); `now`: aware, UTC.

    What waits in the spool has been read, so it counts as read.
    """
    rows = None if stored is None else {row["source"]: row for row in stored}
    read = unloaded(waiting)

    def standing(source: Source) -> SourceStanding:
        row = None if rows is None else rows.get(source.name, {})
        return _source(settings, source, row, read.get(source.name, Unloaded()), now, daemon)

    return Report(
        now,
        tuple(map(standing, settings.sources)),
        held,
        Waiting(
            len(waiting),
            sum(segment.rows - segment.subjects - segment.listings for segment in waiting),
            min((aware(segment.observed_at) for segment in waiting), default=None),
        ),
        disk or Disk(),
        daemon,
    )


def forgetful(sources: Sequence[Source]) -> list[tuple[str, str]]:
    """The (source, stream) whose days can be lost."""
    return [
        (source.name, spec.name)
        for source in sources
        for spec in source.connector.streams
        if spec.retention_days is not None and any(metric.kind is not Kind.LEVEL for metric in spec.metrics)
    ]


def aware(moment: datetime) -> datetime:
    """A moment of the store or the spool, which keep naive UTC."""
    return moment.replace(tzinfo=UTC)


def _source(
    settings: Settings,
    source: Source,
    stored: Mapping[str, Any] | None,
    read: Unloaded,
    now: datetime,
    daemon: DaemonState | None,
) -> SourceStanding:
    row = stored or {}
    streams = _streams(settings, source, stored, read, now)
    last_success = _latest(row.get("last_success"), read.last_success)
    told_paused = read.paused_until if read.has_ended else row.get("paused_until")
    paused_until = aware(told_paused) if told_paused is not None and aware(told_paused) > now else None
    served = _latest(row.get("served"), read.served) or last_success
    next_due, tolerance = _due(source.schedule, settings.timezone, served, now)
    running = next((each.since for each in daemon.running if each.source == source.name), None) if daemon else None
    # What has never succeeded was due when the daemon began to look after it; without one nobody knows.
    due = next_due or (daemon.started_at if daemon and stored is not None else None)
    late = now - due if due and source.enabled and paused_until is None else timedelta(0)
    return SourceStanding(
        source=source.name,
        connector=source.connector.name,
        person=source.person,
        schedule=str(source.schedule),
        is_enabled=source.enabled,
        last_success=last_success,
        next_due=next_due,
        tolerance=tolerance,
        overdue_by=late if late > tolerance else None,
        paused_until=paused_until,
        running_since=running,
        is_abandoned=bool(daemon and source.name in daemon.abandoned),
        rows=row.get("rows", 0),
        quota=tuple(
            Quota(**{**left, "reset_at": aware(left["reset_at"]), "read_at": aware(left["read_at"])})
            for left in row.get("quota", ())
            if aware(left["reset_at"]) > now
        ),
        streams=streams,
        is_known=stored is not None,
    )


def _due(
    schedule: Schedule, zone: ZoneInfo, served: datetime | None, now: datetime
) -> tuple[datetime | None, timedelta]:
    """When a source is due next, None before a slot was served, and how late it may be before that is worth a word:
    half the interval after its slot, an hour at least.
    """
    if served is not None and served <= now:
        slot, interval = _slot_after(schedule, zone, served)
        return slot, max(LEAST_TOLERANCE, interval / 2)
    # A success in the future is a clock that was wrong once: due now.
    _, interval = _slot_after(schedule, zone, now)
    return now if served else None, max(LEAST_TOLERANCE, interval / 2)


@lru_cache(maxsize=4096)
def _slot_after(schedule: Schedule, zone: ZoneInfo, moment: datetime) -> tuple[datetime, timedelta]:
    """The slot after a moment, and how long it is from there to the next one.

    Kept, because a thousand crontab lines take a second and the answer only changes with a success.
    """
    slot = schedule.next_after(moment, zone)
    return slot, schedule.next_after(slot, zone) - slot


def _streams(
    settings: Settings, source: Source, stored: Mapping[str, Any] | None, read: Unloaded, now: datetime
) -> tuple[StreamStanding, ...]:
    """Those that have run; before the first run all that the connector has, as nobody knows which are asked for."""
    row = stored or {}
    runs = {each["stream"]: each for each in row.get("streams", ())}
    specs = [spec for spec in source.connector.streams if spec.name in runs or spec.name in read.ended]
    found = []
    for spec in specs or source.connector.streams:
        bare = StreamStanding(spec.name, spec.retention_days)
        standing = _ran(bare, runs.get(spec.name), read.ended.get(spec.name, ()))
        if stored is not None:
            days = [
                Known(Span(each["first_day"], each["last_day"]), each["state"], each["is_whole"])
                for each in row.get("days", ())
                if each["stream"] == spec.name
            ]
            standing = _with_days(settings, source, standing, spec, days, read, now)
        found.append(standing)
    return (*_as_a_whole(runs, read, found), *found)


def _as_a_whole(
    runs: Mapping[str, Mapping[str, Any]], read: Unloaded, streams: Sequence[StreamStanding]
) -> tuple[StreamStanding, ...]:
    """How it went where the source could not even be opened, or hung: a stream without a name, until one is read."""
    whole = _ran(StreamStanding("", None), runs.get(""), read.ended.get("", ()))
    later = [stream.finished_at for stream in streams if stream.finished_at]
    return (whole,) if whole.finished_at and whole.finished_at > max(later, default=LONG_AGO) else ()


def _ran(standing: StreamStanding, run: Mapping[str, Any] | None, ended: Sequence[Ended]) -> StreamStanding:
    """With what is known of its runs, stored first and then those that wait to be."""
    if run is not None:
        standing = replace(
            standing,
            outcome=run["outcome"],
            message=run["message"] or "",
            finished_at=aware(run["finished_at"]),
            last_success=_latest(run["last_success"]),
            since=aware(run["since"]),
            times=run["times"],
        )
    for end in ended:
        finished_at = aware(end.finished_at)
        if standing.finished_at is not None and finished_at <= standing.finished_at:
            continue  # loaded, and not yet removed from the spool
        goes_on = standing.outcome is not None and manner(end.outcome) == manner(standing.outcome)
        standing = replace(
            standing,
            outcome=end.outcome,
            message=end.message,
            finished_at=finished_at,
            last_success=finished_at if end.outcome in ("ok", "partial") else standing.last_success,
            since=standing.since if goes_on else finished_at,
            times=standing.times + 1 if goes_on else 1,
        )
    return standing


def manner(outcome: str) -> str:
    """Well, refused or failing: what a streak of runs has in common; as in queries/status.sql."""
    return {"ok": "fine", "not permitted": "refused"}.get(outcome, "failing")


def _with_days(
    settings: Settings,
    source: Source,
    standing: StreamStanding,
    spec: StreamSpec,
    days: list[Known],
    read: Unloaded,
    now: datetime,
) -> StreamStanding:
    if not standing.is_permitted or (spec.retention_days is None and not days):
        return standing
    memory = memory_of(spec, settings.timezone, now)
    if memory is None:
        return replace(standing, lost=tuple(each.span for each in days if each.state == "lost"))
    days += read.known(spec, memory)
    settled_at = standing.finished_at if standing.outcome == "ok" else None
    risky = at_risk(memory, days, settled_at) if source.enabled else ()
    return replace(standing, at_risk=risky, lost=lost(memory, days))


def _latest(*moments: datetime | None) -> datetime | None:
    return max((aware(moment) for moment in moments if moment is not None), default=None)
