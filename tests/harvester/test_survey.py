"""The report of a real database and spool."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from connectors.base import Batch, Budget, Coverage, Kind, Metric, Observation, StreamSpec
from harvester.findings import findings
from harvester.spool import Read
from harvester.store import StoreError
from harvester.survey import Survey
from tests.harvester.surveyed import DAY, NOW, TODAY, VIEWS, Place, all_well, covered, kept_open


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_was_read_is_not_at_risk_and_what_was_not_is(place: Place) -> None:
    place.ran("work", "traffic", batch=covered(TODAY - 20 * DAY, TODAY - 4 * DAY))
    assert [each.day for each in place.stream("work", "traffic").at_risk] == [TODAY - n * DAY for n in (3, 2, 1)]


def test_the_days_are_those_of_the_least_known_metric(place: Place) -> None:
    both = (VIEWS, Metric("traffic_clones", Kind.DAILY))
    spans = [
        Coverage(TODAY - 20 * DAY, TODAY),
        Coverage(TODAY - 2 * DAY, TODAY, "missing", metrics=("traffic_clones",)),
    ]
    one = [Coverage(TODAY - 20 * DAY, TODAY - 3 * DAY), replace(spans[0], metrics=("traffic_views",)), spans[1]]
    place.ran("work", "traffic", "unavailable", batch=Batch(coverage=one), metrics=both)
    assert [each.day for each in place.stream("work", "traffic").at_risk] == [TODAY - 2 * DAY, TODAY - DAY]


def test_days_that_were_missed_beyond_the_memory_are_lost(place: Place) -> None:
    place.ran("work", "traffic", at=NOW - 30 * DAY, batch=covered(TODAY - 40 * DAY, TODAY - 30 * DAY))
    place.ran("work", "traffic", batch=covered(TODAY - 13 * DAY, TODAY))
    stream = place.stream("work", "traffic")
    assert [(span.first_day, span.last_day) for span in stream.lost] == [(TODAY - 29 * DAY, TODAY - 14 * DAY)]
    assert stream.days_lost == 16


def test_a_streak_of_failures_is_counted_from_its_first(place: Place) -> None:
    for hours, outcome in ((50, "unavailable"), (40, "ok"), (30, "partial"), (20, "interrupted"), (10, "malformed")):
        place.ran("work", "traffic", outcome, at=NOW - timedelta(hours=hours), message=f"it was {outcome}")
    stream = place.stream("work", "traffic")
    assert (stream.outcome, stream.times, stream.message) == ("malformed", 2, "it was malformed")
    assert stream.since == (NOW - timedelta(hours=30))
    assert stream.last_success == NOW - timedelta(hours=30)


def test_an_interrupted_run_is_no_failure(place: Place) -> None:
    place.ran("work", "traffic", at=NOW - timedelta(hours=2))
    place.ran("work", "traffic", "interrupted", at=NOW - timedelta(hours=1))
    assert place.stream("work", "traffic").outcome == "ok"


def test_a_run_that_has_not_ended_yet_is_no_failure(place: Place) -> None:
    """The first segment of a long read is loaded, its last one is not written yet."""
    place.ran("work", "traffic", at=NOW - timedelta(hours=2))
    read = Read(
        source="work", connector="fake", person="me", schedule="every 6h", config_hash="c", stream="traffic",
        cursor_version=1, metrics=(VIEWS,), run_id="run-2", trigger="now", started_at=NOW,
    )  # fmt: skip
    writer = place.spool.writer(read, {})
    writer._limit = 0
    assert writer.add(Batch([Observation("traffic_views", "a", str(TODAY), NOW)], checkpoint={"page": 1}))
    place.store.load(place.spool, timeout=5)
    assert place.stream("work", "traffic").outcome == "ok"
    assert place.survey().sources[0].failing == ()


def test_quota_is_told_with_its_source(place: Place) -> None:
    left = {("env:TOKEN", "core"): Budget(5000, 12, NOW.replace(microsecond=0) + timedelta(minutes=30))}
    place.ran("work", "traffic", budgets=left)
    work, blog, _ = place.survey().sources
    assert [(each.bucket, each.remaining, each.allowed) for each in work.quota] == [("core", 12, 5000)]
    assert blog.quota == ()


def test_sizes_are_measured(place: Place) -> None:
    all_well(place)
    place.ran("work", "traffic", load=False)
    disk = place.survey().disk
    assert disk.database == place.settings.database.stat().st_size
    assert disk.spool == sum(path.stat().st_size for path in place.settings.spool.glob("*.ndjson"))
    assert disk.database_free
    assert disk.spool_free


def test_a_survey_leaves_database_and_spool_as_they_are(place: Place) -> None:
    all_well(place)
    (place.settings.spool / "1.ndjson").write_text("torn")
    (place.settings.spool / "2.damaged").write_text("torn")
    before = {path: path.stat().st_mtime_ns for path in place.settings.folder.rglob("*")}
    assert place.survey().disk.damaged == 2
    assert {path: path.stat().st_mtime_ns for path in place.settings.folder.rglob("*")} == before


def test_an_older_schema_says_what_to_do(place: Place) -> None:
    all_well(place)
    with duckdb.connect(str(place.settings.database)) as connection:
        connection.execute("UPDATE store.meta SET value = '1' WHERE name = 'schema'")
        connection.execute("DROP TABLE store.budgets")
    with pytest.raises(StoreError, match="earlier version"):
        place.survey()


def test_a_database_that_another_keeps_is_told_with_what_was_known_of_it(place: Place) -> None:
    all_well(place)
    looking, fresh = Survey(place.settings), Survey(place.settings)
    looking.take(NOW)
    with kept_open(place.settings.database) as pid:
        place.ran("blog", "posts", "auth failed", at=NOW + timedelta(seconds=1), load=False)
        known, unknown = looking.take(NOW, timeout=0), fresh.take(NOW, timeout=0)
    assert f"process {pid}" in known.held
    work, blog, _ = known.sources
    assert (work.state, work.rows, blog.state) == ("ok", 1, "1 of 1 failing")
    assert [finding.kind for finding in findings(known)] == ["blocked", "failing"]
    work, blog, _ = unknown.sources
    assert (work.state, blog.state) == ("unknown", "1 of 1 failing")
    # Nothing is at risk or overdue only because nobody could be asked.
    assert [finding.kind for finding in findings(unknown)] == ["blocked", "failing"]
    assert looking.take(NOW).held == ""


def test_streams_of_level_and_of_days_are_told_apart() -> None:
    """What the reports rest on: GitHub's traffic is the one thing of it that can be caught up on."""
    from connectors.github import SPECS

    caught_up = [
        spec.name for spec in SPECS if spec.retention_days and any(m.kind is not Kind.LEVEL for m in spec.metrics)
    ]
    assert caught_up == ["traffic"]
    assert isinstance(SPECS[0], StreamSpec)
