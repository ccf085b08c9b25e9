"""Who reads: how many at once, how long, and what becomes of those that hang."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from harvester.config import Source
from harvester.daemon.agenda import Slot
from harvester.daemon.crew import Bounds, Crew, Job, RunStop
from harvester.outcomes import Outcome
from harvester.spool import SpoolError
from harvester.store import StoreError
from harvester.turns import Turn, take_turn
from tests.harvester.daemon.virtual_daemon import START, Life, source

BOUNDS = Bounds(
    workers=2, per_host=1, deadline=timedelta(seconds=100), quiet=timedelta(seconds=10),
    silence=timedelta(seconds=50), grace=timedelta(seconds=5),
)  # fmt: skip


class Hall:
    """A crew whose jobs last until they are let go, and a clock that is put forward by hand."""

    def __init__(self, work: Callable[[Job], list[Outcome]] | None = None) -> None:
        self.time, self.let_go = 0.0, threading.Event()
        self.ended: queue.Queue[tuple[Job, list[Outcome]]] = queue.Queue()
        self.crew = Crew(work or self._work, lambda *told: self.ended.put(told), BOUNDS, lambda: self.time)

    def _work(self, job: Job) -> list[Outcome]:
        self.let_go.wait(30)
        return [Outcome(job.source.name, "issues", "ok")]

    def start(self, one: Source) -> Job:
        return self.crew.start(one, Slot(START, START), "schedule", f"run-{one.name}", START)


@pytest.fixture
def hall() -> Iterator[Hall]:
    made = Hall()
    yield made
    made.let_go.set()


def on_host(name: str, host: str) -> Source:
    one = source(name, "@hourly", Life())
    object.__setattr__(one.connector, "name", host)
    return one


def test_so_many_at_once_and_fewer_of_one_host(hall: Hall) -> None:
    first, same, other, third = (on_host(*each) for each in (("a", "x"), ("b", "x"), ("c", "y"), ("d", "z")))
    hall.start(first)
    assert (hall.crew.can_take(same), hall.crew.can_take(other)) == (False, True)
    hall.start(other)
    assert not hall.crew.can_take(third)
    hall.let_go.set()
    for _ in range(2):
        assert hall.crew.has_ended(hall.ended.get(timeout=10)[0])
    assert hall.crew.can_take(third)


def test_runs_that_hang_keep_no_other_from_its_turn_and_are_left_behind(hall: Hall, tmp_path: Path) -> None:
    hung = hall.start(on_host("a", "x"))
    turn = take_turn(tmp_path, "a")
    assert isinstance(turn, Turn)
    hung.turn = turn
    hall.start(on_host("b", "y"))
    hall.time = 11
    assert hall.crew.can_take(on_host("c", "x"))
    assert hall.crew.watch() == []
    hall.crew.jobs["b"].stop.is_set()  # a sign of life
    hall.time = 51
    assert hall.crew.watch() == [hung]
    assert list(hall.crew.jobs) == ["b"]
    assert isinstance(again := take_turn(tmp_path, "a"), Turn), "the turn of a hung run is free again"  # noqa: RUF018
    again.release()
    assert not hall.crew.hangs("a")
    assert not hall.crew.has_ended(hung)


def test_after_two_hung_runs_no_third_is_started(hall: Hall) -> None:
    for _ in range(2):
        hall.start(on_host("a", "x"))
        hall.time += 60
        hall.crew.watch()
    assert hall.crew.hangs("a")
    hall.let_go.set()
    for job in hall.crew.left_behind:
        assert job.thread is not None
        job.thread.join(10)
    assert not hall.crew.hangs("a")


def test_a_run_past_its_deadline_is_asked_to_end_and_has_a_moment_for_it(hall: Hall) -> None:
    job = hall.start(on_host("a", "x"))
    for hall.time in (40, 80, 101):
        job.stop.last_sign = hall.time
        assert hall.crew.watch() == []
    assert job.stop.is_asked
    hall.time = 107
    job.stop.last_sign = hall.time
    assert hall.crew.watch() == [job]


def test_waiting_politely_is_a_sign_of_life() -> None:
    time = [0.0]
    stop = RunStop(lambda: time[0], 0.0)
    waiting = threading.Thread(target=stop.wait, args=(30,))
    waiting.start()
    while not stop._waits:
        pass
    time[0] = 1000
    assert stop.silent_for() == 0
    stop.set()
    waiting.join(10)
    assert stop.silent_for() == 0


@pytest.mark.parametrize(
    ("error", "word"),
    [(SpoolError("full"), "spool failed"), (StoreError("busy"), "interrupted"), (KeyError("ours"), "defect")],
)
def test_what_a_run_raises_is_its_outcome(error: Exception, word: str, caplog: Any) -> None:
    def work(_job: Job) -> list[Outcome]:
        raise error

    hall = Hall(work)
    job = hall.start(on_host("a", "x"))
    ended, outcomes = hall.ended.get(timeout=10)
    assert (ended, [outcome.outcome for outcome in outcomes]) == (job, [word])
