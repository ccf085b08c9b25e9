"""`harvest status`: how each source stands, and what calls for somebody."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from harvester.cli import show

if TYPE_CHECKING:
    from rich.table import Table

    from harvester.config import Settings
    from harvester.findings import Finding
    from harvester.standing import Report, SourceStanding

# A load holds the database for moments; who holds it longer is named.
_PATIENCE = 5.0


def run(options: argparse.Namespace) -> int:
    """Tables of sources, what to do, and how the rest stands; the exit code says whether anything is to be done."""
    from harvester.findings import exit_code, findings
    from harvester.survey import survey

    settings = show.settings(options)
    report = survey(settings, timeout=_PATIENCE)
    found = findings(report)
    if options.json:
        show.write_json(_as_json(settings, report, found))
        return exit_code(found)
    out = show.console(options)
    if report.sources:
        out.print(_sources(report))
        if options.verbose:
            out.print(_streams(report))
    else:
        out.print("no source is configured; add one to the configuration")
    for finding in found:
        out.print(show.plain(f"! {finding.text}"), soft_wrap=True)
    for note in _notes(settings, report):
        out.print(show.plain(note), soft_wrap=True)
    return exit_code(found)


def _sources(report: Report) -> Table:
    right = ["rows", "at risk", "lost"]
    made = show.table(["source", "last success", "next due", *right, "state"], right=right)
    for source in report.sources:
        risk, lost = (max(counts, default=0) for counts in _counts(source))
        made.add_row(
            show.plain(source.source), _moment(source.last_success, report.now), _due(source, report.now),
            show.number(source.rows if source.is_known else None), str(risk or "–"), str(lost or "–"), source.state,
        )  # fmt: skip
    return made


def _counts(source: SourceStanding) -> tuple[list[int], list[int]]:
    """Days at risk and days lost, by stream; those of several streams are mostly the same days."""
    return [len(stream.at_risk) for stream in source.streams], [stream.days_lost for stream in source.streams]


def _due(source: SourceStanding, now: datetime) -> str:
    if not source.is_enabled:
        return "–"
    if source.paused_until is not None:
        return _moment(source.paused_until, now)
    if not source.is_known and source.next_due is None:
        return "–"
    return _moment(source.next_due, now) if source.next_due and source.next_due > now else "now"


def _moment(moment: datetime | None, now: datetime) -> str:
    """Short, so that names have room; the year where it could be doubted."""
    if moment is None:
        return "–"
    return f"{moment:%d %b %H:%M}" if abs(now - moment) < timedelta(days=300) else f"{moment:%Y-%m-%d}"


def _streams(report: Report) -> Table:
    made = show.table(["source", "stream", "last success", "keeps", "gone from", "last run"], right=["keeps"])
    for source in report.sources:
        for stream in source.streams:
            gone = _moment(stream.at_risk[0].gone_at if stream.at_risk else None, report.now)
            last_success = _moment(stream.last_success, report.now)
            keeps = f"{stream.retention_days} d" if stream.retention_days else "–"
            last = stream.outcome or ("never run" if source.is_known else "unknown")
            made.add_row(
                show.plain(source.source),
                show.plain(stream.stream),
                last_success,
                keeps,
                gone,
                last,
            )
    return made


def _notes(settings: Settings, report: Report) -> Iterator[str]:
    """What is good to know and calls for nobody."""
    from harvester.findings import counted, lead_of, risk, size, stamp

    for source in report.sources:
        for stream in source.streams:
            # Yesterday is at risk every night; what is urgent has been said.
            if len(stream.at_risk) > 1 and stream.at_risk[0].gone_at - report.now > lead_of(stream):
                yield f"{source.source} {stream.stream}: {risk(stream)}"
        if source.paused_until is not None:
            yield f"{source.source}: the service asked not to be called before {stamp(source.paused_until)}"
        refused = [stream.stream for stream in source.streams if not stream.is_permitted]
        if refused and not source.failing:
            yield f"{source.source}: not permitted, so not at risk either: {', '.join(refused)}"
        for left in source.quota:
            yield (
                f"{source.source}: {left.remaining} of {left.allowed} left of {left.bucket}"
                f" until {left.reset_at:%H:%M} UTC ({left.credential})"
            )
    waiting, disk, daemon = report.waiting, report.disk, report.daemon
    if waiting.oldest_at is not None:
        facts, bytes_held = counted(waiting.observations, "fact"), size(disk.spool or 0)
        yield (
            f"spool: {counted(waiting.segments, 'segment')} with {facts} ({bytes_held}) to be loaded,"
            f" the oldest since {stamp(waiting.oldest_at)}"
        )
    if disk.damaged:
        files = counted(disk.damaged, "file")
        yield f"spool: {files} in {settings.spool} no use; what was in them is read again, they may be removed"
    held = "there is none yet" if disk.database is None else size(disk.database)
    free = f", {size(disk.database_free)} free" if disk.database_free is not None else ""
    yield f"database: {held}{free} ({settings.database})"
    if daemon is None:
        yield "daemon: none runs"
    else:
        reading = f", reads {', '.join(each.source for each in daemon.running)}" if daemon.running else ""
        yield f"daemon: process {daemon.pid} since {stamp(daemon.started_at)}{reading}"
    yield "times are UTC"


def _as_json(settings: Settings, report: Report, found: list[Finding]) -> dict[str, Any]:
    from harvester.findings import exit_code

    whole = _plain(report)
    for source, row in zip(report.sources, whole["sources"], strict=True):
        row |= {"state": source.state, "failing": [stream.stream for stream in source.failing]}
        for stream, each in zip(source.streams, row["streams"], strict=True):
            each |= {"is_permitted": stream.is_permitted, "days_lost": stream.days_lost}
    return {
        "exit_code": exit_code(found),
        "config": str(settings.path),
        "database": str(settings.database),
        "spool": {"folder": str(settings.spool), **whole.pop("waiting")},
        "findings": _plain(found),
        **whole,
    }


def _plain(value: Any) -> Any:
    """Dataclasses as dictionaries, spans of time as seconds."""
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value.total_seconds() if isinstance(value, timedelta) else value
