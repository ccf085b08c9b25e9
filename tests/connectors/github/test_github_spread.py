"""Several tasks at a time: results as they come, failures sorted, nobody left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator

import pytest
from github_script import NOW

from connectors.errors import (
    AuthFailed,
    ConnectorError,
    Gone,
    Malformed,
    NotPermitted,
    RateLimited,
    Unavailable,
)
from connectors.github.failures import SwitchedOff
from connectors.github.gate import Stopped
from connectors.github.spread import OUTAGE, Ended, Tally, spread


def never() -> bool:
    return False


def count_to(task: int) -> Generator[int, None, None]:
    yield from range(task)


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "github"]


def test_every_result_comes_in_the_order_of_its_task_and_every_task_ends() -> None:
    told: dict[int, list[object]] = {task: [] for task in range(20)}
    for outcome in spread(range(20), count_to, 4, never):
        told[outcome.task].append(outcome.result)
    assert told == {task: [*range(task), Ended()] for task in range(20)}


def test_no_more_than_the_width_run_at_once() -> None:
    running, most, lock = [0], [0], threading.Lock()

    def work(_: int) -> Generator[int, None, None]:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.005)
        with lock:
            running[0] -= 1
        yield 1

    assert len(list(spread(range(30), work, 3, never))) == 60
    assert most[0] <= 3


def test_a_failure_ends_its_task_only() -> None:
    def work(task: int) -> Generator[int, None, None]:
        yield task
        if task == 2:
            raise Gone("gone")

    ends = {o.task: o.result.error for o in spread(range(4), work, 2, never) if isinstance(o.result, Ended)}
    assert [type(ends[task]) for task in range(4)] == [type(None), type(None), Gone, type(None)]


def test_a_defect_arrives_in_the_reading_thread() -> None:
    def work(_: int) -> Generator[int, None, None]:
        yield 1 // 0

    [outcome] = spread([1], work, 2, never)
    with pytest.raises(ZeroDivisionError):
        Tally().end(outcome.result)  # type: ignore[arg-type]


def test_closing_ends_the_workers_and_closes_what_they_read() -> None:
    closed: list[int] = []
    all_at_work = threading.Barrier(4)

    def work(task: int) -> Generator[int, None, None]:
        all_at_work.wait(10)
        try:
            while True:
                yield task
        finally:
            closed.append(task)

    outcomes = spread(range(50), work, 4, never)
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert workers() == []
    assert sorted(closed) == [0, 1, 2, 3]


def test_a_worker_that_hangs_keeps_nobody_waiting() -> None:
    hang = threading.Event()

    def work(task: int) -> Generator[int, None, None]:
        if task:
            hang.wait(30)
        yield task

    outcomes = spread([0, 1], work, 2, never)
    next(outcomes)
    started = time.monotonic()
    outcomes.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 3
    hang.set()
    for worker in workers():
        worker.join()


def test_stopping_is_noticed_while_nothing_comes() -> None:
    hang = threading.Event()

    def work(task: int) -> Generator[int, None, None]:
        hang.wait(30)
        yield task

    with pytest.raises(Stopped):
        list(spread([0, 1], work, 2, lambda: True))
    hang.set()
    for worker in workers():
        worker.join()


def test_nothing_to_do_is_done() -> None:
    assert list(spread([], count_to, 4, never)) == []


class TestTally:
    def test_failures_of_single_tasks_are_kept(self) -> None:
        tally = Tally()
        for error in (Gone("a"), None, NotPermitted("b"), Malformed("c"), Unavailable("d"), SwitchedOff("e")):
            tally.end(Ended(error))
        tally.finish()
        assert [problem.what for problem in tally.problems] == ["a", "b", "c", "d"]
        assert [problem.what for problem in tally.switched_off] == ["e"]

    @pytest.mark.parametrize("error", [AuthFailed("x"), RateLimited("x", retry_at=NOW), ValueError("ours")])
    def test_what_concerns_all_stops_the_walk(self, error: Exception) -> None:
        with pytest.raises(type(error)):
            Tally().end(Ended(error))

    def test_an_outage_is_so_many_in_a_row(self) -> None:
        tally = Tally()
        for error in [Unavailable("x"), None] * OUTAGE + [Unavailable("x")] * (OUTAGE - 1):
            tally.end(Ended(error))
        with pytest.raises(Unavailable):
            tally.end(Ended(Unavailable("x")))

    @pytest.mark.parametrize(
        ("errors", "first"),
        [
            ([Gone("x"), Malformed("x"), NotPermitted("x"), Unavailable("x")], Unavailable),
            ([Gone("x"), Malformed("x"), NotPermitted("x")], NotPermitted),
            ([Gone("x"), Gone("x")], Gone),
        ],
    )
    def test_where_all_failed_the_most_urgent_is_raised(
        self, errors: list[ConnectorError], first: type[ConnectorError]
    ) -> None:
        tally = Tally()
        for error in errors:
            tally.end(Ended(error))
        with pytest.raises(first):
            tally.finish()
