"""What the daemon has done and how everything stands, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from harvester.standing import Report, SourceStanding

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# A load holds the database for less than a tenth of a second, or something is the matter.
_LOAD_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Counts what it is told; safe to use from several threads. A registry of its own: nothing global."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._registry = own = CollectorRegistry()
        self._runs = Counter(
            "harvester_runs", "Reads of a stream that ended, by outcome", ("source", "outcome"), registry=own
        )
        self._requests = Counter("harvester_requests", "Requests sent", ("source",), registry=own)
        self._seconds = Counter("harvester_run_seconds", "Time that reads took", ("source",), registry=own)
        self._stored = Counter("harvester_observations_stored", "New facts stored", registry=own)
        self._revised = Counter("harvester_observations_revised", "Facts replaced by newer revisions", registry=own)
        self._loads = Histogram(
            "harvester_load_seconds", "How long loads held the database", registry=own, buckets=_LOAD_BUCKETS
        )
        self._standing = _Standing(clock)
        own.register(self._standing)

    def run_ended(self, source: str, outcome: str, requests: int, seconds: float) -> None:
        """The read of a stream ended."""
        self._runs.labels(source, outcome).inc()
        self._requests.labels(source).inc(max(0, requests))
        self._seconds.labels(source).inc(max(0.0, seconds))

    def loaded(self, stored: int, revised: int, seconds: float) -> None:
        """A load was committed."""
        self._stored.inc(max(0, stored))
        self._revised.inc(max(0, revised))
        self._loads.observe(max(0.0, seconds))

    def update(self, report: Report) -> None:
        """How everything stands from now on; what the report does not name any more is gone."""
        self._standing.report = report

    def render(self) -> bytes:
        """All of it in Prometheus' text format, CONTENT_TYPE."""
        return generate_latest(self._registry)


class _Standing(Collector):
    """The gauges, read off the newest report at each scrape: whole, or not there before the first."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.report: Report | None = None
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        report = self.report
        if report is None:
            return
        yield from _of_sources(report.sources, self._clock())
        yield from _of_streams(report.sources)
        waiting, disk, daemon = report.waiting, report.disk, report.daemon
        yield _gauge("harvester_spool_segments", "Segments that wait to be loaded", waiting.segments)
        yield _gauge("harvester_spool_bytes", "Bytes of the spool", disk.spool)
        since = daemon.blocked_since if daemon else None
        blocked = (self._clock() - since).total_seconds() if since else 0
        yield _gauge(
            "harvester_loads_blocked_seconds", "How long another process has kept loads out", max(0, blocked)
        )
        yield _gauge("harvester_database_bytes", "Size of the database", disk.database)
        free = GaugeMetricFamily("harvester_disk_free_bytes", "Free bytes", labels=("folder",))
        for folder, count in (("database", disk.database_free), ("spool", disk.spool_free)):
            if count is not None:
                free.add_metric((folder,), count)
        yield free


def _gauge(name: str, text: str, value: float | None) -> Metric:
    """One number; none where it is not known, which is not 0."""
    family = GaugeMetricFamily(name, text)
    if value is not None:
        family.add_metric((), value)
    return family


def _of_sources(sources: tuple[SourceStanding, ...], now: datetime) -> Iterator[Metric]:
    lag = GaugeMetricFamily("harvester_lag_seconds", "How far a source is past its due time", labels=("source",))
    overdue = GaugeMetricFamily("harvester_overdue", "1 where that is beyond its tolerance", labels=("source",))
    success = GaugeMetricFamily(
        "harvester_last_success_timestamp_seconds", "When a source last succeeded", labels=("source",)
    )
    quota = GaugeMetricFamily(
        "harvester_quota_left", "What is left of an allowance until it is renewed", labels=("credential", "bucket")
    )
    left: dict[tuple[str, str], tuple[datetime, int]] = {}
    for source in sources:
        lag.add_metric((source.source,), _lag(source, now).total_seconds())
        overdue.add_metric((source.source,), source.overdue_by is not None)
        if source.last_success is not None:
            success.add_metric((source.source,), source.last_success.timestamp())
        for each in source.quota:
            # Sources that share a credential share what is left of it: what was said last holds.
            key = each.credential, each.bucket
            left[key] = max(left.get(key, (each.read_at, each.remaining)), (each.read_at, each.remaining))
    for key, (_, remaining) in left.items():
        quota.add_metric(key, remaining)
    yield from (lag, overdue, success, quota)


def _lag(source: SourceStanding, now: datetime) -> timedelta:
    if not source.is_enabled or source.paused_until is not None:
        return timedelta(0)
    if source.next_due is None:
        return source.overdue_by or timedelta(0)
    return max(timedelta(0), now - source.next_due)


def _of_streams(sources: tuple[SourceStanding, ...]) -> Iterator[Metric]:
    labels = ("source", "stream")
    risk = GaugeMetricFamily("harvester_days_at_risk", "Ended days not read that can still be", labels=labels)
    lost = GaugeMetricFamily("harvester_days_lost", "Days that are gone for good", labels=labels)
    for source in sources:
        for stream in source.streams:
            if stream.retention_days is not None or stream.lost:
                risk.add_metric((source.source, stream.stream), len(stream.at_risk))
                lost.add_metric((source.source, stream.stream), stream.days_lost)
    yield from (risk, lost)
