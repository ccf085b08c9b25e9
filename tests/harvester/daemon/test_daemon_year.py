"""A year of virtual time: faults, kills, nights off, both clock changes; every slot served once, every fact there."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.errors import RateLimited, Unavailable
from tests.harvester.daemon.virtual_daemon import START, Killed, Life, VirtualDaemon, check_slots

DAY = timedelta(days=1)
SCHEDULES = [
    "30 1 * * *", "30 2 * * *", "0 3 * * *", "15 2 * * *", "@daily", "59 23 * * *", "45 1 * * 1-5",
    "0 12 1,15 * *", "0 6 * * 7", "30 2 13 * 5", "@weekly", "every 7d", "0 5 * * 3", "20 4 */4 * *", "0 */12 * * *",
    "0 22 * * tue,thu", "10 1 * * 6", "every 36h", "@monthly", "30 0-3 * * 0",
]  # fmt: skip


class Weather:
    """What goes wrong at a source: now and then, for a while, and once for a week."""

    def __init__(self, seed: int, kills: bool) -> None:
        self.chance, self.kills = random.Random(seed), kills
        self.outage = START + DAY * self.chance.randint(30, 300)
        self.happened: set[str] = set()

    def __call__(self, now: datetime) -> None:
        if self.outage <= now < self.outage + timedelta(days=7):
            self.happened.add("outage")
            raise Unavailable("down for a week")
        luck = self.chance.random()
        if luck < 0.01:
            self.happened.add("hiccup")
            raise Unavailable("502")
        if luck < 0.015:
            self.happened.add("limit")
            raise RateLimited("slow down", retry_at=now + timedelta(hours=self.chance.randint(1, 30)))
        if self.kills and luck < 0.017:
            self.happened.add("kill")
            raise Killed


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # what is killed closes no files
@pytest.mark.parametrize(
    ("zone", "first", "days", "schedules"),
    [
        pytest.param("America/New_York", 0, 365, SCHEDULES, id="a year, 20 sources", marks=pytest.mark.slow),
        pytest.param("America/New_York", 55, 30, SCHEDULES, id="weeks, 20 sources"),
        pytest.param("Australia/Lord_Howe", 85, 20, SCHEDULES[:4], id="half an hour, autumn there"),
        pytest.param("Australia/Lord_Howe", 265, 20, SCHEDULES[:4], id="half an hour, spring there"),
        pytest.param("Europe/London", 78, 20, SCHEDULES[:4], id="London's spring"),
        pytest.param("Europe/London", 288, 20, SCHEDULES[:4], id="London's autumn"),
    ],
)
def test_every_slot_is_served_once_and_the_totals_are_the_truth(
    tmp_path: Path, zone: str, first: int, days: int, schedules: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _handle: None)  # the power stays on: only processes die here
    weathers = [Weather(number, kills=number < 6) for number in range(len(schedules))]
    lives = {
        f"s{number}": (schedule, Life(timedelta(hours=3 + number), trouble=weathers[number]))
        for number, schedule in enumerate(schedules)
    }
    daemon = VirtualDaemon(tmp_path, lives, zone)
    daemon.now = START + DAY * first
    daemon.boot()
    chance, end = random.Random(2026), daemon.now + DAY * days
    restarts = 0
    while daemon.now < end:
        try:
            daemon.run(min(daemon.now + DAY * chance.uniform(0.5, 1.5), end))
        except Killed:
            restarts += 1
            daemon.boot()
            continue
        if chance.random() < 0.25:  # else somebody reads the database all day, and the spool keeps it
            daemon.load()
        if chance.random() < 0.06:
            restarts += 1
            daemon.now += timedelta(days=chance.choice((0, 0, 1, 4)), minutes=chance.randint(0, 600))
            daemon.boot()
    daemon.load()
    slots, caught_up = check_slots(daemon, daemon.now)
    daemon.check_truth()
    if days == 365:
        assert slots > 3_000
        assert caught_up > 50
        assert restarts > 20
        assert set().union(*(weather.happened for weather in weathers)) == {"outage", "hiccup", "limit", "kill"}


def test_the_nights_of_the_clock_change_have_one_run_each(tmp_path: Path) -> None:
    lives = {name: (line, Life()) for name, line in (("gap", "30 2 * * *"), ("overlap", "30 1 * * *"))}
    daemon = VirtualDaemon(tmp_path, lives, "America/New_York")
    for night in (datetime(2026, 3, 7, 12, tzinfo=UTC), datetime(2026, 10, 31, 12, tzinfo=UTC)):
        daemon.now = night
        daemon.boot()
        daemon.run(night + 2 * DAY)
    daemon.load()
    runs = daemon.ask(
        "SELECT source, scheduled_for FROM runs WHERE trigger = 'schedule' AND hour(scheduled_for) < 12 ORDER BY ALL"
    )
    assert [(name, f"{due:%m-%dT%H:%M}") for name, due in runs] == [
        ("gap", "03-08T07:30"),  # 02:30 does not exist: 03:30 daylight time
        ("gap", "03-09T06:30"),
        ("gap", "11-01T07:30"),
        ("gap", "11-02T07:30"),
        ("overlap", "03-08T06:30"),
        ("overlap", "03-09T05:30"),
        ("overlap", "11-01T05:30"),  # 01:30 comes twice: the first
        ("overlap", "11-02T06:30"),
    ]
