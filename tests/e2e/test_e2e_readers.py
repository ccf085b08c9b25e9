"""Other processes at the same database: a reader that stays, readers that come and go, a second harvest."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.running import Field, command

STAYS = """
import sys, duckdb
held = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read")
print("open", flush=True)
sys.stdin.read()
"""
POLLS = """
import sys, harvester
seen = []
for _ in range(200):
    with harvester.connect(sys.argv[1]) as connection:
        seen.append(connection.execute("SELECT count(*) FROM observations").fetchone()[0])
assert seen == sorted(seen), seen
print(seen[-1])
"""


@contextmanager
def held(path: Path, how: str = "read") -> Iterator[int]:
    """Another process keeps the database open; its process id."""
    process = subprocess.Popen(
        [sys.executable, "-c", STAYS, str(path), how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process.pid
    finally:
        process.communicate("")


def test_a_reader_that_stays_makes_the_load_wait_in_the_spool(farm: Field) -> None:
    farm.make_database()
    with held(farm.database) as reader:
        waits = farm.now("--lock-timeout", "0.5")
        assert waits.returncode == 4
        assert f"process {reader}" in farm.said(waits)
        assert "safe in" in waits.stderr
        assert any(name.endswith(".ndjson") for name in farm.waiting())
        assert farm.now("--lock-timeout", "0.2").returncode == 4
    done = farm.now()
    assert (done.returncode, farm.waiting()) == (0, [])
    farm.check_truth()


def test_a_reader_that_closes_in_time_is_waited_for(farm: Field) -> None:
    farm.make_database()
    with held(farm.database):
        harvest = farm.start("now", "--lock-timeout", "30")
        assert harvest.stderr is not None
        for _ in range(10):  # the streams are read; only the load still waits
            assert ": ok" in harvest.stderr.readline()
    harvest.communicate(timeout=30)
    assert harvest.returncode == 0
    farm.check_truth()


def test_a_writer_that_stays_makes_every_command_say_who_it_is(farm: Field) -> None:
    farm.make_database()
    with held(farm.database, "write") as writer:
        done = farm.now("--lock-timeout", "0.5")
    assert done.returncode == 4
    assert f"process {writer}" in farm.said(done)
    assert farm.now().returncode == 0
    farm.check_truth()


def test_polling_beside_harvests_never_fails(farm: Field) -> None:
    farm.make_database()
    poller = subprocess.Popen(
        [sys.executable, "-c", POLLS, str(farm.config)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=farm.environment(),
    )  # fmt: skip
    codes = [farm.now("--full").returncode for _ in range(5)]
    counted, complaints = poller.communicate(timeout=60)
    assert (poller.returncode, complaints) == (0, "")
    assert codes == [0] * 5
    assert int(counted) <= farm.ask("SELECT count(*) FROM observations")[0][0]
    farm.check_truth()


def test_two_harvests_at_once_store_every_fact_once(farm: Field) -> None:
    both = [farm.start("now"), farm.start("now")]
    for harvest in both:
        harvest.communicate(timeout=60)
    assert [harvest.returncode for harvest in both] == [0, 0]
    assert farm.now().returncode == 0
    assert farm.waiting() == []
    farm.check_truth()


def test_commands_that_read_work_beside_a_reader(farm: Field, capsys: pytest.CaptureFixture[str]) -> None:
    farm.make_database()
    with held(farm.database):
        # 3: GitHub's traffic has never been read, and its oldest day is about to be gone.
        for arguments, code in ((["status"], 3), (["score"], 0), (["sql", "SELECT 1"], 0)):
            assert command(farm, capsys, *arguments).code == code
