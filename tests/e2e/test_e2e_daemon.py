"""The daemon as a process of its own, beside readers, harvests, reloads and whatever else a day brings."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.running import KEY, Field, field_of, small_world
from tests.e2e.test_e2e_kill import check_whole, stir
from tests.e2e.test_e2e_readers import held

PATIENCE = 60
POLLS = """
import sys, time, harvester
asked = 0
while not sys.stdin.closed and asked < 100_000:
    with harvester.connect(sys.argv[1]) as connection:
        connection.execute("SELECT count(*), sum(total) FROM totals").fetchall()
    asked += 1
    print(asked, flush=True)
    time.sleep(0.02)
"""


class Daemon:
    """`harvest daemon`, running; what it says is in a file."""

    def __init__(self, field: Field, *arguments: str, **more: object) -> None:
        self.field, self.log = field, field.folder / f"daemon-{time.monotonic_ns()}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                field.command("daemon", *arguments), stderr=log, env=field.environment(), **more,  # type: ignore[call-overload]
            )  # fmt: skip

    def said(self) -> str:
        text = self.log.read_text()
        assert KEY not in text
        assert "Traceback" not in text, text
        assert "defect" not in text, text
        return text

    def wait_for(self, what: str, times: int = 1) -> None:
        until(lambda: self.said().count(what) >= times, lambda: f"{what!r} not in:\n{self.said()}")

    def end(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Ask it to end; the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(15) == 0, self.said()
        return time.monotonic() - began

    def state(self) -> dict[str, object]:
        return dict(json.loads((self.field.spool / ".daemon.json").read_text()))


def until(happens: Callable[[], bool], else_tell: Callable[[], str] = lambda: "it did not happen") -> None:
    give_up_at = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < give_up_at, else_tell()
        time.sleep(0.05)


@contextmanager
def daemon_of(field: Field, *arguments: str, **more: object) -> Iterator[Daemon]:
    daemon = Daemon(field, *arguments, **more)
    try:
        yield daemon
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()


def often(field: Field) -> None:
    """Every source each minute."""
    field.configure(**{name: f'{text}\nschedule = "every 1m"' for name, text in field.sections.items()})


@pytest.mark.parametrize(
    "seconds", [pytest.param(6, id="seconds"), pytest.param(300, id="5 minutes", marks=pytest.mark.slow)]
)
@pytest.mark.timeout(600)
def test_beside_a_reader_and_harvests_nothing_goes_wrong(tmp_path: Path, seconds: int) -> None:
    with field_of(small_world(days=60), tmp_path / "farm") as farm:
        often(farm)
        farm.make_database()
        reader = subprocess.Popen(
            [sys.executable, "-c", POLLS, str(farm.config)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=farm.environment(),
        )  # fmt: skip
        with daemon_of(farm) as daemon:
            daemon.wait_for(" ended, ", 3)
            began, harvests = time.monotonic(), 0
            ends_at = began + seconds
            while time.monotonic() < ends_at or not harvests:
                stir(farm.world)
                done = farm.now()
                assert done.returncode == 0, farm.said(done)
                harvests += 1
                time.sleep(max(0, min(began + 20 * harvests, ends_at) - time.monotonic()))
            assert daemon.end() < 10
            told = daemon.said()
        reader.terminate()
        asked, complaint = reader.communicate()
        assert (complaint, len(asked.split()) > 20) == ("", True)
        assert told.count(" warning ") == told.count(" error ") == 0, told
        assert farm.now().returncode == 0
        check_whole(farm)
        if seconds > 100:
            assert harvests > 10
            runs = farm.ask(
                "SELECT min(n) FROM (SELECT count(*) AS n FROM runs WHERE trigger = 'schedule' GROUP BY source)"
            )
            assert runs[0][0] >= 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_within_ten_seconds_in_the_middle_of_reads(tmp_path: Path, number: signal.Signals) -> None:
    with field_of(small_world(), tmp_path / "farm", latency=0.2) as farm:
        with daemon_of(farm) as daemon:
            until(lambda: len(farm.servers.github.log) > 3)
            assert daemon.end(number) < 10
            daemon.said()
        assert farm.now().returncode == 0
        check_whole(farm)


def test_a_second_one_says_who_serves_the_database(farm: Field) -> None:
    farm.configure(only="talks")
    with daemon_of(farm) as daemon:
        daemon.wait_for("serving")
        second = farm.run("daemon")
        assert second.returncode == 4
        assert f"process id {daemon.process.pid}" in farm.said(second)
        daemon.end()
    with daemon_of(farm) as third:
        third.wait_for("serving")
        third.end()


def test_a_changed_configuration_is_taken_over_and_a_broken_one_is_not(farm: Field) -> None:
    farm.configure(only="talks")
    with daemon_of(farm, "--log", "json") as daemon:
        daemon.wait_for("talks: run")
        farm.config.write_text("[harvest\n")
        daemon.wait_for("stays in use")
        until(lambda: "config.toml" in str(daemon.state()["config_error"]))
        farm.configure(talks=farm.sections["talks"])
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("readers: run")
        until(lambda: daemon.state()["config_error"] is None)
        daemon.end()
        lines = [json.loads(line) for line in daemon.said().splitlines()]
        assert {line["level"] for line in lines} <= {"info", "warning"}
    assert farm.now().returncode == 0
    farm.check_truth()


def test_a_key_that_vanishes_and_returns(farm: Field) -> None:
    farm.configure(only="work")
    key = farm.folder / "key"
    key.rename(farm.folder / "gone")
    with daemon_of(farm) as daemon:
        daemon.wait_for("auth failed")
        until(
            lambda: (
                farm.database.exists()
                and farm.ask("SELECT count(*) FROM runs WHERE outcome = 'auth failed'") != [(0,)]
            )
        )
        (farm.folder / "gone").rename(key)
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: farm.ask("SELECT count(*) FROM runs WHERE outcome = 'ok'")[0][0] > 3)
        daemon.end()
    assert farm.ask("SELECT failures FROM store.sources") == [(0,)]


def test_a_reader_that_stays_is_named_and_the_spool_drains_when_it_goes(farm: Field) -> None:
    farm.make_database()
    with daemon_of(farm) as daemon, held(farm.database) as reader:
        daemon.wait_for(" ended, ", 3)
        until(lambda: daemon.state()["blocked_by"] == reader)
        assert any(name.endswith(".ndjson") for name in farm.waiting())
        daemon.wait_for(f"process {reader}")
        time.sleep(1)
        assert daemon.said().count("loads wait") == 1
    with daemon_of(farm) as daemon:
        until(lambda: not any(name.endswith(".ndjson") for name in farm.waiting()))
        daemon.end()
    check_whole(farm)


def test_a_full_disk_keeps_everything_and_is_survived(farm: Field) -> None:
    farm.make_database()
    # Room for what is fetched, but not for the pages of the database that it belongs into.
    small = (600_000, resource.RLIM_INFINITY)
    with daemon_of(farm, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, small)) as daemon:
        daemon.wait_for("disk is full")
        assert any(name.endswith(".ndjson") for name in farm.waiting())
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        until(lambda: not any(name.endswith(".ndjson") for name in farm.waiting()))
        daemon.end()
    check_whole(farm)


def test_a_log_that_nobody_reads_holds_nothing_up(farm: Field) -> None:
    farm.configure(**{name: f'{text}\nschedule = "every 1m"' for name, text in farm.sections.items()})
    process = subprocess.Popen(
        farm.command("daemon", "-v"), stderr=subprocess.PIPE, env=farm.environment(), pipesize=4096
    )
    try:
        until(lambda: farm.database.exists() and len(farm.ask("SELECT DISTINCT source FROM runs")) == 4)
        process.terminate()
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.communicate()
    check_whole(farm)


def test_copies_for_readers_are_kept_beside(farm: Field) -> None:
    farm.configure(harvest='publish = "copy.duckdb"\nexport = "files"')
    with daemon_of(farm) as daemon:
        daemon.wait_for(" ended, ", 4)
        copy = farm.folder / "copy.duckdb"
        until(lambda: copy.exists() and (farm.folder / "files" / "totals.parquet").exists())
        with held(copy):
            daemon.end()
    from harvester.store.connection import open_reader

    with open_reader(copy) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM totals").fetchall() == [(True,)]
    check_whole(farm)
