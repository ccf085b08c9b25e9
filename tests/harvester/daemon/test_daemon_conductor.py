"""What is read when, through clock jumps, reloads, full disks and sources that somebody else reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connectors.errors import AuthFailed, RateLimited
from harvester.turns import Turn, take_turn
from tests.harvester.daemon.virtual_daemon import START, Life, VirtualDaemon, source

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def hourly(tmp_path: Path) -> VirtualDaemon:
    return VirtualDaemon(tmp_path, {"work": ("0 * * * *", Life(every=timedelta(minutes=10)))})


def runs(daemon: VirtualDaemon) -> list[tuple[str, str, str]]:
    daemon.load()
    return [
        (f"{due:%dT%H:%M}", trigger, outcome)
        for due, trigger, outcome in daemon.ask("SELECT scheduled_for, trigger, outcome FROM runs ORDER BY run_id")
    ]


def raising(error: Exception, until: datetime) -> Callable[[datetime], None]:
    def trouble(now: datetime) -> None:
        if now < until:
            raise error

    return trouble


def test_a_clock_that_jumps_a_day_ahead_and_an_hour_back_doubles_no_slot(hourly: VirtualDaemon) -> None:
    hourly.run(START + 2.5 * HOUR)
    hourly.now += DAY
    hourly.conductor.look()  # the heartbeat sees it
    hourly.conductor.dispatch()
    hourly.run(hourly.now + HOUR)
    hourly.now -= HOUR
    hourly.conductor.look()
    hourly.conductor.dispatch()
    hourly.run(hourly.now + 2.6 * HOUR)
    served = runs(hourly)
    assert [due for due, *_ in served] == [
        "01T00:00",
        "01T01:00",
        "01T02:00",
        "01T03:00",
        "02T03:00",
        "02T04:00",
        "02T05:00",
    ]
    assert [trigger for _, trigger, _ in served] == ["schedule"] * 3 + ["catch-up"] + ["schedule"] * 3
    hourly.check_truth()


def test_a_suspend_runs_one_slot_late_and_says_so(hourly: VirtualDaemon) -> None:
    hourly.run(START + 1.5 * HOUR)
    hourly.now += timedelta(minutes=40)  # nothing rings while the machine sleeps
    hourly.run(hourly.now + HOUR)
    assert runs(hourly)[2:] == [("01T02:00", "catch-up", "ok"), ("01T03:00", "schedule", "ok")]


def test_a_pause_outlives_the_process(tmp_path: Path) -> None:
    until = START + 5 * HOUR
    life = Life(trouble=raising(RateLimited("slow", retry_at=until), START + HOUR))
    daemon = VirtualDaemon(tmp_path, {"work": ("0 * * * *", life)})
    daemon.run(START + 2 * HOUR)
    daemon.boot()
    daemon.run(until - timedelta(seconds=1))
    assert life.reads == 1
    daemon.run(until + timedelta(minutes=1))
    assert life.reads == 2


def test_failing_reads_come_ever_more_seldom_also_across_restarts(tmp_path: Path) -> None:
    life = Life(trouble=raising(AuthFailed("no"), START + 3 * DAY))
    daemon = VirtualDaemon(tmp_path, {"work": ("*/15 * * * *", life)})
    per_day = []
    for day in range(1, 4):
        before = life.reads
        daemon.run(START + DAY * day)
        per_day.append(life.reads - before)
        daemon.boot()
    assert 8 <= per_day[0] <= 14
    assert per_day[1:] in ([4, 4], [3, 4], [4, 3], [3, 3])
    daemon.run(START + 4 * DAY)
    assert [outcome for *_, outcome in runs(daemon)][-80:] == ["ok"] * 80


def test_what_another_process_reads_is_left_to_it_and_served_by_it(hourly: VirtualDaemon) -> None:
    turn = take_turn(hourly.settings.spool, "work")
    assert isinstance(turn, Turn)
    life = hourly.lives["work"][1]
    hourly.run(START + timedelta(seconds=40))
    assert life.reads == 0
    turn.release()
    hourly.run(START + timedelta(seconds=60))
    assert life.reads == 1


def test_a_reload_adds_drops_and_reschedules_and_forgets_no_slot(tmp_path: Path) -> None:
    daemon = VirtualDaemon(tmp_path, {"a": ("0 * * * *", Life()), "b": ("0 * * * *", Life())})
    daemon.run(START + 1.5 * HOUR)
    lives = {"a": ("30 * * * *", daemon.lives["a"][1]), "c": ("@daily", Life())}
    daemon.lives = {**daemon.lives, **lives}
    daemon.settings = replace(
        daemon.settings, sources=tuple(source(name, line, life) for name, (line, life) in lives.items())
    )
    daemon.conductor.adopt(daemon.settings)
    assert "b" not in daemon.alarm.moments
    daemon.run(START + 3 * HOUR)
    daemon.load()
    assert daemon.ask("SELECT source, strftime(scheduled_for, '%H:%M') FROM runs ORDER BY source, run_id") == [
        ("a", "00:00"), ("a", "01:00"), ("a", "01:30"), ("a", "02:30"),
        ("b", "00:00"), ("b", "01:00"), ("c", "01:30"),
    ]  # fmt: skip


def test_nothing_is_read_while_the_disk_is_full_and_all_of_it_afterwards(hourly: VirtualDaemon) -> None:
    has_room = [False]
    hourly.conductor.may_start = lambda: has_room[0]
    hourly.run(START + 2.5 * HOUR)
    assert hourly.lives["work"][1].reads == 0
    has_room[0] = True
    hourly.conductor.dispatch()
    hourly.run(START + 3.5 * HOUR)
    assert [due for due, *_ in runs(hourly)] == ["01T00:00", "01T03:00"]
    hourly.check_truth()


def test_a_spool_that_cannot_be_written_makes_reads_seldom_not_endless(hourly: VirtualDaemon) -> None:
    hourly.run(START + 0.5 * HOUR)
    spool = hourly.settings.spool
    spool.rename(spool.with_name("away"))
    spool.touch()
    before = hourly.lives["work"][1].reads
    hourly.run(START + 6 * HOUR)
    assert hourly.lives["work"][1].reads - before < 14
    spool.unlink()
    spool.with_name("away").rename(spool)
    hourly.run(START + 18 * HOUR)
    hourly.load()
    hourly.check_truth()
    assert runs(hourly)[-1][2] == "ok"
