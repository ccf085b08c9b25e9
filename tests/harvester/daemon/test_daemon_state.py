"""What the daemon says of itself reaches those who ask while it lives, and nobody afterwards."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from harvester import redact
from harvester.daemon.state import DaemonState, Running, current, holder, lock_path, read, state_path
from tests.harvester.small_sources import settings

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
STATE = DaemonState(
    pid=os.getpid(), version="0.1.0", started_at=NOW, config="/home/ada/config.toml",
    running=(Running("work", "20261124T120000-ab12cd", NOW),), blocked_since=NOW, blocked_by=4711,
    blocked_command="duckdb", last_load_at=NOW, last_score_at=None, abandoned=("blog",),
    config_error="line 3: unknown key",
)  # fmt: skip


@contextmanager
def alive(lock: Path, pid: int = os.getpid()) -> Iterator[None]:
    """Hold the lock as a daemon of this PID does."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(f"{pid}\n")
        file.flush()
        yield


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".daemon.json"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "harvest.duckdb.daemon.lock"


def test_what_was_written_is_read(path: Path, lock: Path) -> None:
    STATE.write(path)
    with alive(lock):
        assert read(path, lock) == STATE


def test_every_field_has_its_place_in_the_file(path: Path) -> None:
    STATE.write(path)
    assert {"format", *DaemonState.__slots__} == set(json.loads(path.read_text()))


def test_a_daemon_is_found_through_its_configuration(tmp_path: Path) -> None:
    configured = settings(tmp_path)
    configured.spool.mkdir()
    STATE.write(state_path(configured))
    assert current(configured) is None
    with alive(lock_path(configured.database)):
        assert current(configured) == STATE
    assert state_path(configured).parent == configured.spool


def test_times_of_any_zone_come_back_in_utc(path: Path, lock: Path) -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5)))
    replace(STATE, started_at=there).write(path)
    with alive(lock):
        told = read(path, lock)
    assert told is not None
    assert told.started_at == NOW
    assert told.started_at.utcoffset() == timedelta(0)


def test_a_daemon_that_is_no_more_says_nothing(path: Path, lock: Path) -> None:
    STATE.write(path)
    assert read(path, lock) is None
    with alive(lock):
        pass
    assert read(path, lock) is None  # the file is there, nobody holds it


def test_a_state_that_an_earlier_daemon_left_is_not_the_new_ones(path: Path, lock: Path) -> None:
    replace(STATE, pid=1).write(path)
    with alive(lock):
        assert read(path, lock) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", '{"format": 1}', '{"format": 2, "pid": 1}', '{"pid": 1}', "\x00\xff",
        '{"format": 1, "pid": "x"}',
    ],
)  # fmt: skip
def test_a_torn_or_foreign_file_is_none(path: Path, lock: Path, text: str) -> None:
    path.write_bytes(text.encode("latin-1"))
    with alive(lock):
        assert read(path, lock) is None


@pytest.mark.parametrize("field", sorted(set(DaemonState.__slots__)))
def test_a_file_without_a_field_is_none_not_half_a_state(path: Path, lock: Path, field: str) -> None:
    STATE.write(path)
    said = json.loads(path.read_text())
    del said[field]
    path.write_text(json.dumps(said))
    with alive(lock):
        assert read(path, lock) is None


def test_a_missing_file_is_none(path: Path, lock: Path) -> None:
    with alive(lock):
        assert read(path, lock) is None


def test_a_lock_without_a_pid_yet_is_nobodys(tmp_path: Path, lock: Path) -> None:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert holder(lock) is None


def test_asking_leaves_the_lock_free(lock: Path) -> None:
    with alive(lock):
        pass
    assert holder(lock) is None
    with lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_file_is_whole_at_every_moment(path: Path, lock: Path) -> None:
    """A reader beside a writer sees the old one or the new one."""
    states = [replace(STATE, config_error="x" * (1 + 9000 * (number % 2))) for number in range(2)]
    states[0].write(path)
    done = threading.Event()

    def write() -> None:
        for number in range(60):
            states[number % 2].write(path)
        done.set()

    with alive(lock):
        writer = threading.Thread(target=write)
        writer.start()
        seen = []
        while not done.is_set():
            seen.append(read(path, lock))
        writer.join()
    assert seen
    assert all(each in states for each in seen)


def test_the_file_is_readable_for_all_and_nothing_is_left_beside_it(path: Path) -> None:
    before = os.umask(0o077)
    try:
        STATE.write(path)
        STATE.write(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_folder_that_refuses_leaves_the_old_file(path: Path) -> None:
    STATE.write(path)
    before = path.read_text()
    with pytest.raises(OSError, match="No such file"):
        STATE.write(path.parent / "gone" / path.name)
    assert path.read_text() == before


def test_secrets_are_masked(path: Path) -> None:
    redact.register("zq7Kx-91vbTn-44hWq")
    replace(STATE, config_error="token zq7Kx-91vbTn-44hWq", abandoned=("zq7Kx-91vbTn-44hWq",)).write(path)
    assert "zq7Kx" not in path.read_text()
