"""Sources, and what the store and the spool say of them, for the tests of reports and of who is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Connector, Context, Kind, Metric, StreamSpec
from harvester.config import Settings, Source
from harvester.daemon.state import DaemonState
from harvester.findings import Kind as What
from harvester.findings import findings
from harvester.schedule import parse
from harvester.spool import Segment
from harvester.standing import Report, SourceStanding, report
from tests.harvester import small_sources

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
VIEWS = StreamSpec("traffic", (Metric("traffic_views", Kind.DAILY),), retention_days=14)
POSTS = StreamSpec("posts", (Metric("posts_published", Kind.EVENT),))
NOTHING = DaemonState(pid=7, version="0.1.0", started_at=NOW - timedelta(days=2), config="config.toml")
GIB = 1024**3


def opens(_config: object, _context: Context) -> Sequence[Any]:
    raise AssertionError("a report opens no source")


def source(name: str = "work", *streams: StreamSpec, schedule: str = "every 6h", **more: Any) -> Source:
    connector = Connector("fake", small_sources.Nothing, opens, streams or (VIEWS, POSTS))
    return Source(
        name=name,
        connector=connector,
        config=small_sources.Nothing(),
        schedule=parse(schedule),
        config_hash="c",
        **more,
    )


def settings(*sources: Source, zone: str = "UTC") -> Settings:
    return replace(small_sources.settings(Path("/nowhere"), *sources), timezone=ZoneInfo(zone))


def ago(**span: float) -> datetime:
    """As the store keeps it: naive UTC."""
    return (NOW - timedelta(**span)).replace(tzinfo=None)


def ran(stream: str = "traffic", outcome: str = "ok", at: datetime | None = None, **more: Any) -> dict[str, Any]:
    at = at or ago(hours=1)
    good = at if outcome in ("ok", "partial") else None
    return {
        "stream": stream, "outcome": outcome, "message": "", "finished_at": at, "last_success": good, "since": at,
        "times": 1, **more,
    }  # fmt: skip


def days(
    first: date, last: date, state: str = "measured", *, whole: bool = True, stream: str = "traffic"
) -> dict[str, Any]:
    return {"stream": stream, "state": state, "is_whole": whole, "first_day": first, "last_day": last}


def on(day: int) -> date:
    return date(2026, 11, day)


ALL_READ = [days(on(1), on(23)), days(on(24), on(24), whole=False)]


def row(*streams: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "source": "work", "connector": "fake", "person": "me", "schedule": "every 6h", "last_success": ago(hours=1),
        "paused_until": None, "rows": 10, "streams": list(streams) or [ran()], "quota": [], "days": ALL_READ, **more,
    }  # fmt: skip


def told(one: Source, *rows: dict[str, Any], zone: str = "UTC", **more: Any) -> Report:
    return report(settings(one, zone=zone), rows, more.pop("waiting", ()), more.pop("now", NOW), **more)


def only(made: Report) -> SourceStanding:
    (standing,) = made.sources
    return standing


def kinds(made: Report) -> list[What]:
    return [finding.kind for finding in findings(made)]


def segment(*spans: dict[str, Any], at: datetime = NOW, stream: str = "traffic", **finish: Any) -> Segment:
    end = {
        "finished_at": str(at.replace(tzinfo=None)),
        "succeeded": False,
        "message": "",
        "paused_until": None,
        **finish,
    }
    return Segment(
        path=Path("/nowhere/1.ndjson"), id="1", read={"source": "work", "stream": stream},
        rows=7, subjects=2, listings=1, series=(), observed_at=at.replace(tzinfo=None), base={}, checkpoint={},
        coverage=spans, finish=end if finish else None,
    )  # fmt: skip


def span(first: date, last: date, state: str = "measured", metrics: list[str] | None = None) -> dict[str, Any]:
    return {"first_day": str(first), "last_day": str(last), "state": state, "reason": "", "metrics": metrics}
