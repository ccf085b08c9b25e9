"""The report of a real database and spool, and what `harvest status` makes of it."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest

from connectors.base import Batch, Budget, Coverage, Kind, Metric, Observation, StreamSpec
from harvester.cli import run
from harvester.cli.status import _PATIENCE
from harvester.config import load
from harvester.daemon.state import DaemonState, Running, lock_path, state_path
from harvester.findings import findings
from harvester.spool import Finish, Read, Spool
from harvester.standing import Report, StreamStanding
from harvester.store import Store, StoreError
from harvester.survey import Survey, survey

NOW = datetime.now(UTC)  # the spool stamps its segments itself
TODAY = NOW.date()
DAY = timedelta(days=1)
VIEWS = Metric("traffic_views", Kind.DAILY, revise="max")
CONFIG = """
[source.work]
connector = "github"
repos = ["ada/engine"]

[source.blog]
connector = "feed"
url = "https://example.org/atom.xml"
schedule = "@daily"

[source.old]
connector = "talks"
enabled = false
"""


class Place:
    """A folder with a configuration, and runs of its sources whose times are told."""

    def __init__(self, folder: Path) -> None:
        (folder / "config.toml").write_text(CONFIG)
        self.settings = load(folder / "config.toml")
        self.spool = Spool(self.settings.spool)
        self.store = Store(self.settings.database, self.settings.timezone)

    def ran(
        self, source: str, stream: str, outcome: str = "ok", *, at: datetime = NOW, batch: Batch | None = None,
        succeeded: bool | None = None, load: bool = True, metrics: tuple[Metric, ...] = (VIEWS,), **more: Any,
    ) -> None:  # fmt: skip
        self.spool.prepare()
        read = Read(
            source=source, connector="fake", person="me", schedule="every 6h", config_hash="c", stream=stream,
            cursor_version=1, metrics=metrics, run_id=f"run-{at:%Y%m%dT%H%M%S}", trigger="now", started_at=at,
        )  # fmt: skip
        writer = self.spool.writer(read, {})
        if batch:
            writer.add(batch)
        good = outcome == "ok" if succeeded is None else succeeded
        writer.finish(Finish(finished_at=at, outcome=outcome, succeeded=good, **more))
        if load:
            self.store.load(self.spool, timeout=5)

    def survey(self, now: datetime = NOW) -> Report:
        return survey(self.settings, now)

    def stream(self, source: str, stream: str, now: datetime = NOW) -> StreamStanding:
        (one,) = [each for each in self.survey(now).sources if each.source == source]
        (found,) = [each for each in one.streams if each.stream == stream]
        return found

    @contextmanager
    def daemon(self, **more: Any) -> Iterator[None]:
        self.spool.prepare()
        with lock_path(self.settings.database).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(str(os.getpid()))
            file.flush()
            state = DaemonState(pid=os.getpid(), version="0.1.0", started_at=NOW - DAY, config="config.toml")
            replace(state, **more).write(state_path(self.settings))
            yield


def covered(first: date, last: date, state: Any = "measured") -> Batch:
    return Batch(coverage=[Coverage(first, last, state)])


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def status(place: Place, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    code = run(["status", "--config", str(place.settings.path), *options])
    told = capsys.readouterr()
    assert "defect" not in told.err
    return code, told.out + told.err


@cache
def database_of_all_well() -> bytes:
    """Made once: migrating takes a while."""
    with TemporaryDirectory() as folder:
        place = Place(Path(folder))
        make_all_well(place)
        return place.settings.database.read_bytes()


def all_well(place: Place) -> None:
    place.spool.prepare()
    place.settings.database.write_bytes(database_of_all_well())


def make_all_well(place: Place) -> None:
    facts = [Observation("traffic_views", "repo:1", str(TODAY - DAY), NOW - DAY, 3)]
    measured = [Coverage(TODAY - 20 * DAY, TODAY)]
    place.ran("work", "traffic", batch=Batch(facts, coverage=measured))
    place.ran("blog", "posts", batch=covered(TODAY - 20 * DAY, TODAY))


# -- what the store tells


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


# -- what a person is shown


def test_status_of_what_never_ran_says_so_and_what_is_at_risk(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = status(place, capsys)
    assert code == 3  # GitHub forgets
    assert said.count("never run") == 2
    assert "disabled" in said
    assert f"! work traffic: 13 days not read yet ({TODAY - 13 * DAY} to {TODAY - DAY})" in said
    assert "database: there is none yet" in said
    assert not place.settings.database.exists()


@pytest.mark.parametrize("content", [b"", b"of us, with nothing in it"])
def test_status_works_on_an_empty_database(place: Place, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    if content:
        duckdb.connect(str(place.settings.database)).close()
    else:
        place.settings.database.touch()
    code, said = status(place, capsys)
    assert code == 3
    assert said.count("never run") == 2


def test_status_when_all_is_well_calls_for_nobody(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    all_well(place)
    code, said = status(place, capsys)
    assert (code, "!" in said) == (0, False)
    assert "daemon: none runs" in said


def test_status_fits_eighty_columns(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    all_well(place)
    place.ran("work", "repository", "auth failed", message="refused")
    _, said = status(place, capsys, "-v")
    table = [line for line in said.splitlines() if line.startswith(" ")]
    assert len(table) > 10
    assert max(map(len, table)) <= 80
    for word in ("last success", "next due", "at risk", "lost", "keeps", "14 d", "1 of 2 failing"):
        assert word in said


def test_status_names_failures_with_their_reason(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    all_well(place)
    place.ran(
        "blog",
        "posts",
        "unavailable",
        message="example.org: \x1b[31m503 [red]now[/red]",
        at=NOW + timedelta(seconds=1),
    )
    code, said = status(place, capsys)
    assert code == 3
    assert "! blog posts: unavailable since" in said
    assert "[red]now[/red]" in said
    assert "\x1b[31m" not in said


def test_status_beside_a_reader_that_blocks_loads(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    all_well(place)
    blocked = {"blocked_since": NOW - timedelta(hours=1), "blocked_by": 4711, "blocked_command": "duckdb"}
    with place.daemon(**blocked, running=(Running("blog", "run-9", NOW),)):
        code, said = status(place, capsys)
    assert code == 4
    assert "! process 4711 (duckdb) has kept the database open since" in said
    assert "reads blog" in said


def test_what_a_dead_daemon_has_said_does_not_count(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    all_well(place)
    with place.daemon(blocked_since=NOW, config_error="line 3"):
        pass
    assert status(place, capsys)[0] == 0


def test_a_spool_that_waits_too_long_is_told(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    all_well(place)
    place.ran("work", "traffic", load=False)
    assert status(place, capsys)[0] == 0
    old = json.loads((path := next(iter(place.settings.spool.glob("*.ndjson")))).read_text().splitlines()[-1])
    old["end"]["observed_at"] = str((NOW - timedelta(minutes=11)).replace(tzinfo=None))
    path.write_text(json.dumps(old) + "\n")
    code, said = status(place, capsys)
    assert code == 4
    assert "! 1 segment has waited to be loaded since" in said


def test_broken_spool_files_are_told_and_break_nothing(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    all_well(place)
    for name, text in (("1", ""), ("2", "{}\n"), ("3", '{"end": {"format": 2}}\n'), ("4", "\xff")):
        (place.settings.spool / f"{name}.ndjson").write_text(text)
    (place.settings.spool / "5.ndjson").mkdir()
    code, said = status(place, capsys)
    assert code == 0
    assert "5 files" in said


def test_the_json_holds_everything(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.ran("work", "traffic", "auth failed", message="refused", batch=covered(TODAY - 13 * DAY, TODAY - 4 * DAY))
    place.ran("work", "traffic", "auth failed", at=NOW + timedelta(seconds=1), load=False)
    with place.daemon(started_at=NOW, running=(Running("blog", "run-9", NOW),)):
        code, text = status(place, capsys, "--json")
    told = json.loads(text)
    assert told["exit_code"] == code == 3
    assert told["spool"]["segments"] == 1
    assert told["disk"]["database"] > 0
    assert told["daemon"]["running"][0]["source"] == "blog"
    work, blog, old = told["sources"]
    assert (work["state"], blog["state"], old["state"]) == ("1 of 1 failing", "reading", "disabled")
    (traffic,) = work["streams"]
    assert (traffic["retention_days"], traffic["times"], len(traffic["at_risk"])) == (14, 2, 3)
    assert traffic["at_risk"][0]["day"] == str(TODAY - 3 * DAY)
    assert datetime.fromisoformat(traffic["at_risk"][0]["gone_at"]).utcoffset() == timedelta(0)
    assert [each["kind"] for each in told["findings"]] == ["failing"]
    assert blog["tolerance"] == 12 * 3600


@contextmanager
def kept_open(database: Path) -> Iterator[int]:
    """Another process has the database for itself, as DuckDB's own shell does; its process id."""
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process.pid
        process.communicate("")


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


def test_status_of_a_database_that_another_keeps(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    all_well(place)
    monkeypatch.setattr("harvester.cli.status._PATIENCE", 0.0)
    with kept_open(place.settings.database) as pid:
        code, said = status(place, capsys, "-v")
        as_json = json.loads(status(place, capsys, "--json")[1])
    assert code == as_json["exit_code"] == 4
    assert f"! {place.settings.database}: process {pid}" in said
    assert "unknown" in said
    assert "never run" not in said
    assert str(pid) in as_json["held"]


def test_status_waits_for_a_load_but_not_for_ever() -> None:
    assert 1 < _PATIENCE < 30


def test_streams_of_level_and_of_days_are_told_apart() -> None:
    """What the reports rest on: GitHub's traffic is the one thing of it that can be caught up on."""
    from connectors.github import SPECS

    caught_up = [
        spec.name for spec in SPECS if spec.retention_days and any(m.kind is not Kind.LEVEL for m in spec.metrics)
    ]
    assert caught_up == ["traffic"]
    assert isinstance(SPECS[0], StreamSpec)
