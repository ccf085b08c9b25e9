"""What Prometheus is told, parsed as Prometheus parses it."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from harvester.daemon.metrics import Metrics
from harvester.standing import Disk
from tests.harvester.reported import NOTHING, NOW, POSTS, ago, days, on, ran, row, segment, source, told

PAGE = (Path(__file__).parents[3] / "docs" / "monitoring.md").read_text(encoding="utf-8")


def samples(metrics: Metrics) -> dict[str, float]:
    """Every sample by its name and labels as they are written."""
    return {
        sample.name + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
    }


def metrics(at: datetime = NOW) -> Metrics:
    return Metrics(lambda: at)


def test_runs_are_counted_by_source_and_outcome() -> None:
    made = metrics()
    for source_, outcome, requests in (
        ("work", "ok", 3),
        ("work", "ok", 2),
        ("work", "auth failed", 1),
        ("blog", "ok", 1),
    ):
        made.run_ended(source_, outcome, requests, 1.5)
    found = samples(made)
    assert found["harvester_runs_total outcome=ok source=work"] == 2
    assert found["harvester_runs_total outcome=auth failed source=work"] == 1
    assert found["harvester_requests_total source=work"] == 6
    assert found["harvester_run_seconds_total source=blog"] == 1.5


def test_loads_are_counted_and_timed() -> None:
    made = metrics()
    made.loaded(10, 2, 0.03)
    made.loaded(5, 0, 20)
    found = samples(made)
    assert found["harvester_observations_stored_total"] == 15
    assert found["harvester_observations_revised_total"] == 2
    assert found["harvester_load_seconds_count"] == 2
    assert found["harvester_load_seconds_bucket le=0.05"] == 1
    assert found["harvester_load_seconds_bucket le=0.025"] == 0


def test_a_clock_that_jumps_back_does_not_break_a_counter() -> None:
    made = metrics()
    made.run_ended("work", "ok", -1, -5.0)
    made.loaded(0, 0, -1.0)
    assert samples(made)["harvester_run_seconds_total source=work"] == 0


def test_before_the_first_report_nothing_is_made_up() -> None:
    assert not [name for name in samples(metrics()) if "spool" in name or "lag" in name]


def test_how_everything_stands_is_told() -> None:
    left = {"credential": "env:T", "bucket": "core", "remaining": 12, "allowed": 5000, "read_at": ago(hours=1)}
    stored = row(
        ran(),
        ran("posts"),
        quota=[{**left, "reset_at": ago(hours=-1)}],
        days=[days(on(1), on(8)), days(on(13), on(20))],
    )
    daemon = replace(NOTHING, blocked_since=NOW - timedelta(minutes=5))
    disk = Disk(database=1000, database_free=5000, spool=70, spool_free=None)
    made = metrics(NOW + timedelta(hours=6))
    made.update(told(source(), stored, waiting=[segment(stream="posts")], daemon=daemon, disk=disk))
    found = samples(made)
    assert found["harvester_lag_seconds source=work"] == 3600
    assert found["harvester_overdue source=work"] == 0
    assert found["harvester_last_success_timestamp_seconds source=work"] == (NOW - timedelta(hours=1)).timestamp()
    assert found["harvester_quota_left bucket=core credential=env:T"] == 12
    assert found["harvester_days_at_risk source=work stream=traffic"] == 5
    assert found["harvester_days_lost source=work stream=traffic"] == 2
    assert "harvester_days_at_risk source=work stream=posts" not in found
    assert (found["harvester_spool_segments"], found["harvester_spool_bytes"]) == (1, 70)
    assert found["harvester_loads_blocked_seconds"] == 6 * 3600 + 300
    assert found["harvester_database_bytes"] == 1000
    assert found["harvester_disk_free_bytes folder=database"] == 5000
    assert "harvester_disk_free_bytes folder=spool" not in found


def test_what_is_not_known_is_absent_and_not_zero() -> None:
    made = metrics()
    made.update(told(source("blog", POSTS)))
    found = samples(made)
    assert "harvester_last_success_timestamp_seconds source=blog" not in found
    assert "harvester_database_bytes" not in found
    assert found["harvester_loads_blocked_seconds"] == 0


@pytest.mark.parametrize("more", [{"enabled": False}, {}])
def test_who_is_disabled_or_paused_lags_behind_nothing(more: dict[str, bool]) -> None:
    made = metrics()
    made.update(told(source(**more), row(last_success=ago(days=3), paused_until=ago(hours=-1))))
    assert samples(made)["harvester_lag_seconds source=work"] == 0


def test_a_source_that_is_configured_no_more_is_gone() -> None:
    made = metrics()
    made.update(told(source(), row()))
    made.update(told(source("blog", POSTS)))
    assert not [name for name in samples(made) if "lag" in name and "work" in name]


def test_quota_of_a_shared_credential_is_what_was_said_last() -> None:
    left = {"credential": "env:T", "bucket": "core", "allowed": 5000, "reset_at": ago(hours=-1)}
    old, new = (
        {**left, "remaining": 5, "read_at": ago(hours=1)},
        {**left, "remaining": 900, "read_at": ago(minutes=1)},
    )
    made = metrics()
    made.update(told(source(), row(quota=[new, old])))
    assert samples(made)["harvester_quota_left bucket=core credential=env:T"] == 900


def test_nothing_global_is_touched_and_two_do_not_meet() -> None:
    one, other = metrics(), metrics()
    one.loaded(1, 0, 0.1)
    assert samples(other)["harvester_observations_stored_total"] == 0
    assert not [family.name for family in REGISTRY.collect() if family.name.startswith("harvester")]


def test_many_threads_lose_no_count() -> None:
    made = metrics()

    def count() -> None:
        for _ in range(200):
            made.run_ended("work", "ok", 1, 0.0)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    made.update(told(source(), row()))
    samples(made)
    for thread in threads:
        thread.join()
    assert samples(made)["harvester_runs_total outcome=ok source=work"] == 800


def test_every_metric_is_documented_with_its_type_and_no_other() -> None:
    documented = {
        name: kind
        for cell, kind in re.findall(r"^\| (`harvester_.*?) \| (\w+) \|", PAGE, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", cell)
    }
    made = metrics()
    made.run_ended("work", "ok", 1, 1)
    made.loaded(1, 1, 1)
    made.update(told(source(), row()))
    families = {
        family.name + ("_total" if family.type == "counter" else ""): family.type
        for family in text_string_to_metric_families(made.render().decode())
        if not family.name.endswith("_created")
    }
    assert documented == families
