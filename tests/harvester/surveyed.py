"""A folder with a configuration, and a database and a spool of what its sources have done, for tests of reports."""

from __future__ import annotations

import fcntl
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

from connectors.base import Batch, Coverage, Kind, Metric, Observation
from harvester.config import load
from harvester.daemon.state import DaemonState, lock_path, state_path
from harvester.spool import Finish, Read, Spool
from harvester.standing import Report, StreamStanding
from harvester.store import Store
from harvester.survey import survey

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
