"""One reader of a source at a time, whatever process or thread it is in."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from connectors.base import Batch
from harvester.outcomes import failed_sources
from harvester.pipeline import harvest
from harvester.reading import Order
from harvester.spool import SpoolError
from harvester.turns import Taken, Turn, take_turn
from tests.harvester.small_sources import Scripted, settings, source


def test_a_turn_is_taken_until_it_is_released(tmp_path: Path) -> None:
    turn = take_turn(tmp_path, "work")
    assert isinstance(turn, Turn)
    assert take_turn(tmp_path, "work") == Taken(os.getpid())
    other = take_turn(tmp_path, "blog")
    assert isinstance(other, Turn)
    other.release()
    turn.release()
    turn.release()
    again = take_turn(tmp_path, "work")
    assert isinstance(again, Turn)
    again.release()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_no_turn_behind(tmp_path: Path) -> None:
    script = f"""
import sys, time
from pathlib import Path
from harvester.turns import take_turn
turn = take_turn(Path({str(tmp_path)!r}), "work")
print("taken", flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "taken\n"
        taken = take_turn(tmp_path, "work")
        assert taken == Taken(holder.pid)
        assert str(holder.pid) in str(taken)
        holder.kill()
        holder.wait()
        turn = take_turn(tmp_path, "work")
    assert isinstance(turn, Turn)
    turn.release()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SpoolError, match="file"):
        take_turn(tmp_path / "file", "work")


def test_what_is_under_way_is_not_read_again_and_fails_nothing(tmp_path: Path) -> None:
    began, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        began.set()
        assert go_on.wait(20)

    slow = Scripted([[wait, Batch()]])
    one = settings(tmp_path, source(slow))
    first = threading.Thread(target=harvest, args=(one, one.sources, Order()))
    first.start()
    assert began.wait(20)
    second = harvest(one, one.sources, Order())
    go_on.set()
    first.join()
    (outcome,) = second.outcomes
    assert (outcome.outcome, outcome.is_failure) == ("under way", False)
    assert str(os.getpid()) in outcome.message
    assert failed_sources(second.outcomes) == []
    assert len(slow.started) == 1


def test_many_threads_have_it_one_at_a_time(tmp_path: Path) -> None:
    inside, had, most = [0], [0], [0]

    def work() -> None:
        mine = 0
        while mine < 10:
            turn = take_turn(tmp_path, "work")
            if isinstance(turn, Turn):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                mine += 1
                had[0] += 1
                inside[0] -= 1
                turn.release()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert had == [80]
