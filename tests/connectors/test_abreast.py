"""Several questions at once: in their order, not too many, and none more when the run is to end."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest
from loopback import NOW, door, reply, serving

from connectors.abreast import AT_ONCE, abreast
from connectors.base import Context, Meter
from connectors.errors import Unavailable
from connectors.wire import Deadline


def context(**more) -> Context:
    return Context(**{"source": "mine", "http": None, "clock": lambda: NOW, **more})


class Desk:
    """Answers a number with its square, the later questions first; notes how many it had at once."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.most = 0
        self._under_way = 0
        self._lock = threading.Lock()
        self._full = threading.Barrier(AT_ONCE)

    def ask(self, number: int) -> int:
        with self._lock:
            self.asked.append(number)
            self._under_way += 1
            self.most = max(self.most, self._under_way)
        if number < AT_ONCE:
            self._full.wait(10)
        with self._lock:
            self._under_way -= 1
        if number == 13:
            raise ValueError("unlucky")
        return number * number


def test_as_many_as_the_door_lets_through_are_asked_at_once_and_answered_in_order():
    desk = Desk()
    answers = [(number, answer.result()) for number, answer in abreast(context(), range(12), desk.ask)]
    assert answers == [(number, number * number) for number in range(12)]
    assert desk.most == AT_ONCE


def test_what_one_question_raises_is_that_ones():
    found = {}
    for number, answer in abreast(context(), (12, 13, 14), Desk().ask):
        try:
            found[number] = answer.result()
        except ValueError as error:
            found[number] = str(error)
    assert found == {12: 144, 13: "unlucky", 14: 196}


def test_nothing_more_is_asked_when_the_run_is_to_end():
    desk, stop = Desk(), threading.Event()
    for number, answer in abreast(context(is_stopping=stop.is_set), range(1000), desk.ask):
        answer.result()
        if number == 5:
            stop.set()
    assert len(desk.asked) <= 5 + 2 + AT_ONCE


def test_nothing_more_is_asked_when_the_reader_has_enough():
    desk = Desk()
    with closing(abreast(context(), range(1000), desk.ask)) as answers:
        next(answers)
    assert len(desk.asked) <= 2 + AT_ONCE


def test_requests_count_for_whoever_watches_and_one_that_fails_leaves_the_others_alone():
    meter = Meter()
    with (
        serving(lambda connection, request: connection.sendall(reply(503 if "/3 " in request else 200))) as server,
        door(meter=meter) as http,
        meter.watch() as spent,
    ):
        asked = abreast(context(), range(6), lambda number: http.fetch(f"{server.url}/{number}"))
        statuses = []
        for number, answer in asked:
            if number == 3:
                with pytest.raises(Unavailable):
                    answer.result()
            else:
                statuses.append(answer.result().status)
    assert statuses == [200] * 5
    assert (spent.requests, meter.requests) == (6, 6)


def test_the_exchange_of_one_thread_does_not_prolong_that_of_another():
    now = [0.0]
    deadline = Deadline(5, 10, lambda: now[0])
    now[0] = 8.0
    other = threading.Thread(target=deadline.restart)
    other.start()
    other.join()
    assert deadline.next_wait() == 2.0
