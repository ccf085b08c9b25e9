"""Many tasks at a time: results as they come, and nobody left behind."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from github_script import World
from github_tasks import asking, conduct, count_to, errors, get, things_served, told
from github_work import query

from connectors.base import Secret
from connectors.errors import AuthFailed, Gone
from connectors.github.access import Stopped
from connectors.github.asks import Asking
from connectors.github.conductor import Conductor
from connectors.github.tally import Ended, Tally
from harvester.demo.exchange import Answer, Request, as_json


@pytest.fixture
def github() -> Iterator[World]:
    with things_served() as world:
        yield world


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "github"]


class TestRunning:
    def test_every_result_comes_in_the_order_of_its_task_and_every_task_ends(self, github: World) -> None:
        found = told(conduct(github, range(12), count_to))
        assert found == {task: [*(f"/things/{task}.{n}" for n in range(task)), Ended()] for task in range(12)}

    def test_nothing_to_do_is_done(self, github: World) -> None:
        assert list(conduct(github, [], count_to)) == []

    def test_several_asks_at_once_are_answered_in_their_order(self, github: World) -> None:
        github.service.latency = 0.01
        [(answers, _)] = told(conduct(github, [1], asking(lambda _: [get(n) for n in range(9)]))).values()
        assert [page.data["path"] for page in answers] == [f"/things/{n}" for n in range(9)]

    def test_asking_for_nothing_is_answered_with_nothing(self, github: World) -> None:
        assert told(conduct(github, ["x"], asking(lambda _: []))) == {"x": [(), Ended()]}

    def test_a_task_may_ask_for_rest_and_graphql_together(self, github: World) -> None:
        github.say_each("Thing", lambda values: {"id": values["id"]})
        [((page, node), _)] = told(conduct(github, [1], asking(lambda _: [get(1), query(2)]))).values()
        assert (page.data, node) == ({"path": "/things/1"}, {"id": "X2"})

    def test_queries_of_many_tasks_share_a_request(self, github: World) -> None:
        github.say_each("Thing", lambda values: {"id": values["id"]}, cost=3)
        found = told(conduct(github, range(20), asking(query)))
        assert {task: results[0][0]["id"] for task, results in found.items()} == {n: f"X{n}" for n in range(20)}
        assert len(github.script.queries("Thing")) == 1
        assert (github.meter.requests, github.meter.points) == (1, 3)

    @pytest.mark.parametrize("width", [1, 3, 8])
    def test_no_more_are_sent_at_once_than_are_wanted(self, github: World, width: int) -> None:
        github.config["concurrency"] = width
        github.service.latency = 0.01
        list(conduct(github, range(30), asking(get)))
        assert github.service.busiest <= width
        assert len(github.script.seen) == 30

    def test_tasks_are_asked_for_side_by_side(self, github: World) -> None:
        github.service.latency = 0.05
        started = time.monotonic()
        list(conduct(github, range(16), asking(get)))
        assert github.service.busiest > 1
        assert time.monotonic() - started < 16 * 0.05

    def test_no_more_workers_are_engaged_than_there_is_work(self, github: World) -> None:
        outcomes = conduct(github, [1], asking(get))
        next(outcomes)
        assert len(workers()) == 1
        list(outcomes)

    def test_results_come_before_all_tasks_are_through(self, github: World) -> None:
        hang = threading.Event()
        github.script.said["/things/1"] = lambda _: (hang.wait(10) and as_json({})) or as_json({})
        outcomes = conduct(github, [0, 1], asking(get))
        assert next(outcomes).task == 0
        hang.set()
        list(outcomes)

    def test_what_one_is_answered_reaches_no_other(self, github: World) -> None:
        github.say_each("Thing", lambda values: {"id": values["id"]})

        def work(task: int) -> Asking[Any]:
            for n in range(5):
                page, node = yield [get(f"{task}-{n}"), query(f"{task}-{n}")]
                assert (page.data["path"], node["id"]) == (f"/things/{task}-{n}", f"X{task}-{n}")
            yield task

        assert set(errors(conduct(github, range(15), work)).values()) == {None}


class TestEnding:
    def test_a_failure_ends_its_task_only(self, github: World) -> None:
        github.script.said["/things/2"] = as_json({}, 404)
        ends = errors(conduct(github, range(4), asking(get)))
        assert [type(ends[task]) for task in range(4)] == [type(None), type(None), Gone, type(None)]

    def test_a_work_may_catch_the_failure_of_what_it_asked(self, github: World) -> None:
        github.script.said["/things/1"] = as_json({}, 404)

        def work(task: int) -> Asking[Any]:
            try:
                yield [get(task)]
            except Gone:
                (page,) = yield [get("another")]
                yield page.data["path"]

        assert told(conduct(github, [1], work)) == {1: ["/things/another", Ended()]}

    def test_of_several_asks_one_failure_is_told_when_all_are_answered(self, github: World) -> None:
        github.script.said["/things/0"] = as_json({}, 404)
        github.service.latency = 0.01
        ends = errors(conduct(github, ["x"], asking(lambda _: [get(n) for n in range(12)])))
        assert isinstance(ends["x"], Gone)
        assert len(github.script.seen) == 12

    def test_a_defect_in_a_work_arrives_in_the_reading_thread(self, github: World) -> None:
        def work(_: int) -> Asking[Any]:
            yield 1 // 0

        [outcome] = conduct(github, [1], work)
        with pytest.raises(ZeroDivisionError):
            Tally().end(outcome.result)

    def test_a_defect_in_a_worker_arrives_in_the_reading_thread(self, github: World) -> None:
        github.token = None
        github.config["tokens"] = (Secret("env:T", lambda: str(1 // 0)),)
        with pytest.raises(ZeroDivisionError):
            list(conduct(github, [1], asking(get)))
        assert workers() == []

    def test_closing_ends_the_workers_and_closes_the_works(self, github: World) -> None:
        closed: list[int] = []

        def work(task: int) -> Asking[Any]:
            try:
                for n in itertools.count():
                    yield [get(f"{task}.{n}")]
                    yield n
            finally:
                closed.append(task)

        outcomes = conduct(github, range(20), work)
        next(outcomes)
        outcomes.close()  # type: ignore[attr-defined]
        assert workers() == []
        assert sorted(closed) == list(range(20))

    def test_a_worker_that_hangs_keeps_nobody_waiting(self, github: World) -> None:
        hang = threading.Event()
        github.script.said["/things/1"] = lambda _: (hang.wait(1.9) and as_json({})) or as_json({})
        outcomes = conduct(github, [0, 1], asking(get))
        next(outcomes)
        started = time.monotonic()
        outcomes.close()  # type: ignore[attr-defined]
        assert time.monotonic() - started < 1.5
        hang.set()
        for worker in workers():
            worker.join()

    def test_when_it_is_over_no_worker_is_left(self, github: World) -> None:
        list(conduct(github, range(9), asking(get)))
        assert workers() == []

    def test_a_later_run_goes_on_with_the_connections_that_are_open(self, github: World) -> None:
        access = github.access()
        for _ in range(3):
            list(Conductor[Any, Any](access).run([1], asking(get)))
        [clients] = access._idle.values()
        assert len(clients) == 1


class TestStopping:
    def test_it_is_noticed_within_a_second_while_nothing_comes(self, github: World) -> None:
        hang, asked = threading.Event(), threading.Event()

        def answer(_: Request) -> Answer:
            asked.set()
            hang.wait(1.9)
            return as_json({})

        github.script.said["/things/1"] = answer
        github.options["is_stopping"] = asked.is_set
        started = time.monotonic()
        with pytest.raises(Stopped):
            list(conduct(github, [1], asking(get)))
        assert time.monotonic() - started < 1.5
        hang.set()
        for worker in workers():
            worker.join()

    def test_a_run_that_is_to_end_sends_nothing(self, github: World) -> None:
        github.options["is_stopping"] = lambda: True
        with pytest.raises(Stopped):
            list(conduct(github, [1], asking(get)))
        assert github.script.seen == []

    def test_a_wait_that_is_broken_off_ends_it(self, github: World) -> None:
        github.options["wait"] = lambda _: True
        github.script.said["/things/1"] = as_json({}, 503)
        with pytest.raises(Stopped):
            list(conduct(github, [1], asking(get)))
        assert len(github.script.seen) == 1

    def test_works_are_closed_then_too(self, github: World) -> None:
        closed: list[int] = []
        github.options["is_stopping"] = lambda: len(github.script.seen) > 3

        def work(task: int) -> Asking[Any]:
            try:
                for n in itertools.count():
                    yield [get(f"{task}.{n}")]
            finally:
                closed.append(task)

        with pytest.raises(Stopped):
            list(conduct(github, range(3), work))
        assert sorted(closed) == [0, 1, 2]


def test_a_token_that_cannot_be_had_is_told_of_every_task(github: World) -> None:
    def reveal() -> str:
        raise AuthFailed("file:token: cannot read it")

    github.token = None
    github.config["tokens"] = (Secret("file:token", reveal),)
    ends = errors(conduct(github, range(3), asking(get)))
    assert {str(error) for error in ends.values()} == {"file:token: cannot read it"}
    assert github.script.seen == []
