"""Ctrl-C, SIGTERM and readers that have seen enough."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from harvester.demo import faults
from tests.e2e.running import Field, field_of, small_world


def wait_for_requests(field: Field, count: int) -> None:
    until = time.monotonic() + 20
    while len(field.servers.github.log) < count:
        assert time.monotonic() < until, "the harvest did not get on"
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_harvest_stores_what_it_fetched(tmp_path: Path, number: signal.Signals) -> None:
    with field_of(small_world(), tmp_path / "farm", latency=0.1) as farm:
        harvest = farm.start("now")
        wait_for_requests(farm, 4)
        harvest.send_signal(number)
        _, said = harvest.communicate(timeout=20)
        assert harvest.returncode == 130
        assert "ending at the next page" in said
        assert "interrupted" in said
        assert "Traceback" not in said
        assert farm.waiting() == []
        assert farm.ask("SELECT count(*) > 0 FROM observations WHERE source = 'talks'") == [(True,)]
        assert farm.now().returncode == 0
        farm.check_truth()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_wait_ends_at_once_with_everything_stored(farm: Field, number: signal.Signals) -> None:
    farm.configure(only="work")
    limit = faults.secondary_limit(429, retry_after=50)
    for repo in farm.world.repos:
        farm.world.enable_discussions(repo)
        farm.world.open_discussion(repo, farm.world.person)
    farm.servers.github.faults.inject(limit, "query Discussions")
    harvest = farm.start("now")
    until = time.monotonic() + 20
    while not farm.servers.github.faults.hits:
        assert time.monotonic() < until
        time.sleep(0.01)
    time.sleep(1.0)  # what was under way is answered by now
    began = time.monotonic()
    harvest.send_signal(number)
    _, said = harvest.communicate(timeout=20)
    ended_in = time.monotonic() - began
    assert harvest.returncode == 130
    assert "Traceback" not in said
    assert farm.waiting() == []
    # Issues are read before discussions.
    opened = sum(farm.world.truth().days["issues_opened"].values())
    assert farm.ask("SELECT count(*) FROM observations WHERE metric = 'issues_opened'") == [(opened,)]
    # To load and score is part of any harvest; the wait itself has a second, whatever the machine.
    began = time.monotonic()
    assert farm.now().returncode == 0
    assert ended_in < 1 + (time.monotonic() - began)


def test_a_second_interrupt_ends_a_harvest_that_hangs(farm: Field) -> None:
    farm.servers.blog.faults.inject(faults.wire("silence"))
    harvest = farm.start("now")
    wait_for_requests(farm, 8)
    time.sleep(0.5)
    harvest.send_signal(signal.SIGINT)
    time.sleep(0.5)
    began = time.monotonic()
    harvest.send_signal(signal.SIGINT)
    harvest.communicate(timeout=25)
    assert harvest.returncode == 130
    assert time.monotonic() - began < 3
    assert farm.now().returncode == 0
    farm.check_truth()


@pytest.mark.parametrize(
    "command",
    [["sql", "SELECT * FROM range(5000)"], ["sql", "--format", "csv", "SELECT * FROM range(1000000)"],
     ["connectors"]],
)  # fmt: skip
def test_a_reader_that_stops_reading_is_no_failure(farm: Field, command: list[str]) -> None:
    farm.make_database("talks", "readers")
    process = subprocess.Popen(
        farm.command(*command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=farm.environment()
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(20), said) == (0, b"")
