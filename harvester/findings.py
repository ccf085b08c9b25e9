"""What of a report calls for somebody, said once for all who tell it: status, /healthz and the alerts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from harvester.redact import redact
from harvester.retention import Span

if TYPE_CHECKING:
    from harvester.standing import Report, SourceStanding, StreamStanding

SOON = timedelta(days=3)
STUCK_AFTER = timedelta(minutes=10)
MIB = 1024 * 1024
LEAST_FREE = 500 * MIB
WELL, CALLS, BLOCKED = 0, 3, 4
_SHOWN = 300


class Kind(StrEnum):
    """What is the matter; the order is that of urgency."""

    BLOCKED = "blocked"
    STUCK = "stuck"
    CONFIG = "config"
    DISK = "disk"
    AT_RISK = "at risk"
    LOST = "lost"
    FAILING = "failing"
    HANGING = "hanging"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that calls for somebody: what happened to what, and what to do.

    `source`, `stream`: empty where it concerns them all. `since`: when it began, where that is known. `times`: how
    many runs in a row have failed. `is_refused`: the credentials were.
    """

    kind: Kind
    text: str
    source: str = ""
    stream: str = ""
    since: datetime | None = None
    times: int = 0
    is_refused: bool = False


def findings(report: Report) -> list[Finding]:
    """Everything that calls for somebody, the most urgent first."""
    found = [*_of_all(report)]
    for source in report.sources:
        if source.is_enabled:
            found += _of_source(source, report.now, is_alone=report.daemon is None)
    order = list(Kind)
    return sorted(found, key=lambda finding: order.index(finding.kind))


def exit_code(found: Iterable[Finding]) -> int:
    """0: all well; 3: something calls for somebody; 4: what is fetched does not get into the database."""
    kinds = {finding.kind for finding in found}
    if kinds & {Kind.BLOCKED, Kind.STUCK}:
        return BLOCKED
    return CALLS if kinds else WELL


def _of_all(report: Report) -> Iterator[Finding]:
    daemon, waiting, disk = report.daemon, report.waiting, report.disk
    if daemon and daemon.blocked_since:
        who = f"process {daemon.blocked_by}" if daemon.blocked_by else "another process"
        who += f" ({daemon.blocked_command})" if daemon.blocked_command else ""
        yield Finding(
            Kind.BLOCKED,
            f"{who} has kept the database open since {stamp(daemon.blocked_since)}, so nothing can be loaded;"
            " close it, what is fetched waits in the spool",
            since=daemon.blocked_since,
        )
    elif report.held:
        yield Finding(Kind.BLOCKED, report.held)
    elif waiting.oldest_at and report.now - waiting.oldest_at > STUCK_AFTER:
        remedy = "see the daemon's log" if daemon else "run `harvest now`, or start the daemon"
        what = "segment has" if waiting.segments == 1 else "segments have"
        yield Finding(
            Kind.STUCK,
            f"{waiting.segments} {what} waited to be loaded since {stamp(waiting.oldest_at)}; {remedy}",
            since=waiting.oldest_at,
        )
    if daemon and daemon.config_error:
        yield Finding(
            Kind.CONFIG,
            f"the configuration was not taken over, the one before it is in use: {_short(daemon.config_error)}",
        )
    needed = max(LEAST_FREE, 2 * (disk.database or 0))
    for what, free in (("database", disk.database_free), ("spool", disk.spool_free)):
        if free is not None and free < needed:
            yield Finding(
                Kind.DISK,
                f"{size(free)} are free where the {what} lies, {size(needed)} should be; free some space",
            )
            break  # mostly the same disk


def _of_source(source: SourceStanding, now: datetime, *, is_alone: bool) -> Iterator[Finding]:
    name = source.source
    if source.is_abandoned:
        yield Finding(Kind.HANGING, f"{name}: its read hangs and was given up; see the daemon's log", name)
    if source.failing:
        yield _failure(source)
    if source.overdue_by is not None:
        was = f"was due {stamp(source.next_due)}" if source.next_due else "has never succeeded"
        elsewhere = "start the daemon" if is_alone else "see the daemon's log"
        remedy = "" if source.failing else f"; run `harvest now {name}`, or {elsewhere}"
        yield Finding(Kind.OVERDUE, f"{name}: {was}{remedy}", name, since=source.next_due)
    for stream in source.streams:
        if stream.at_risk and stream.at_risk[0].gone_at - now <= lead_of(stream):
            text = f"{name} {stream.stream}: {risk(stream)}; run `harvest now {name}`"
            yield Finding(Kind.AT_RISK, text, name, stream.stream)
        if stream.lost and _is_fresh(stream, now):
            days = f"{counted(stream.days_lost, 'day')} lost for good, last {_days(stream.lost[-1])}"
            why = f"; harvest more often than every {stream.retention_days} days" if stream.retention_days else ""
            yield Finding(Kind.LOST, f"{name} {stream.stream}: {days}{why}", name, stream.stream)


def _failure(source: SourceStanding) -> Finding:
    """All failing streams of a source in one sentence: mostly they fail of the same."""
    worst = max(source.failing, key=lambda stream: stream.times)
    since = min((stream.since for stream in source.failing if stream.since), default=None)
    names = ", ".join(stream.stream for stream in source.failing)
    why = f": {_short(worst.message)}" if worst.message else ""
    often = f", {worst.times} times in a row" if worst.times > 1 else ""
    when = f" since {stamp(since)}" if since else ""
    return Finding(
        Kind.FAILING,
        f"{f'{source.source} {_short(names)}'.rstrip()}: {worst.outcome}{when}{often}{why}",
        source.source,
        since=since,
        times=worst.times,
        is_refused=any(stream.outcome in ("auth failed", "not permitted") for stream in source.failing),
    )


def lead_of(stream: StreamStanding) -> timedelta:
    """How long before a day is gone it is worth a word: of a short memory, yesterday is about to be every night."""
    return min(SOON, timedelta(days=stream.retention_days or 0) / 4)


def risk(stream: StreamStanding) -> str:
    """Which days of a stream are at risk, and from when on they are gone."""
    first, last = stream.at_risk[0], stream.at_risk[-1]
    days = _days(Span(first.day, last.day))
    return (
        f"{counted(len(stream.at_risk), 'day')} not read yet ({days}), gone for good from {stamp(first.gone_at)} on"
    )


def _is_fresh(stream: StreamStanding, now: datetime) -> bool:
    """Whether the last day that was lost went within the last days."""
    gone_on = stream.lost[-1].last_day + timedelta(days=stream.retention_days or 1)
    return (now.date() - gone_on) < SOON


def _days(span: Span) -> str:
    return f"{span.first_day}" if span.days == 1 else f"{span.first_day} to {span.last_day}"


def _short(text: str) -> str:
    """A message of elsewhere on one line, secrets masked."""
    line = " ".join(redact(text).split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def stamp(moment: datetime) -> str:
    """A moment as messages show it."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def counted(number: int, what: str) -> str:
    """1 day, 2 days."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def size(count: int) -> str:
    """Bytes for people."""
    for limit, unit in ((1024 * MIB, "GiB"), (MIB, "MiB"), (1024, "KiB")):
        if count >= limit:
            return f"{count / limit:.1f} {unit}"
    return f"{count} B"
