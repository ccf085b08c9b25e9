"""The clock rings once for each name, also for moments that have passed."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from harvester.schedule.alarm import Alarm

SOON, LATER = timedelta(milliseconds=50), timedelta(hours=1)


@pytest.fixture
def rung() -> queue.Queue[str]:
    return queue.Queue()


@pytest.fixture
def alarm(rung: queue.Queue[str]) -> Iterator[Alarm]:
    made = Alarm(rung.put)
    made.start()
    yield made
    made.stop()


def now() -> datetime:
    return datetime.now(UTC)


def test_it_rings_at_the_moment_and_once(alarm: Alarm, rung: queue.Queue[str]) -> None:
    moment = now() + SOON
    alarm.set("work", moment)
    assert rung.get(timeout=10) == "work"
    assert now() >= moment
    with pytest.raises(queue.Empty):
        rung.get(timeout=0.2)


def test_a_moment_long_past_rings_at_once(alarm: Alarm, rung: queue.Queue[str]) -> None:
    alarm.set("work", now() - timedelta(days=40))
    assert rung.get(timeout=10) == "work"


def test_the_newest_moment_of_a_name_is_the_only_one(alarm: Alarm, rung: queue.Queue[str]) -> None:
    alarm.set("work", now() + LATER)
    alarm.set("blog", now() + LATER)
    alarm.set("work", now() + SOON)
    assert rung.get(timeout=10) == "work"
    assert rung.empty()


def test_what_is_unset_does_not_ring(alarm: Alarm, rung: queue.Queue[str]) -> None:
    alarm.set("work", now() + SOON)
    alarm.unset("work")
    alarm.unset("never set")
    with pytest.raises(queue.Empty):
        rung.get(timeout=0.3)


def test_set_before_the_start_is_kept(rung: queue.Queue[str]) -> None:
    late = Alarm(rung.put)
    late.set("work", now() - LATER)
    late.start()
    try:
        assert rung.get(timeout=10) == "work"
    finally:
        late.stop()
