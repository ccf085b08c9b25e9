"""When a source is read next, from what the ledger says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from harvester.daemon.agenda import LONGEST_PAUSE, Slot, back_off, host_of, next_slot, spreads
from harvester.schedule import parse
from harvester.store import SourceRecord
from tests.harvester.daemon.virtual_daemon import Life, source

ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 11, 24, 12, 20, tzinfo=UTC)
HOURLY = source("work", "0 * * * *", Life())


def naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def ago(**span: int) -> datetime:
    return naive(NOW - timedelta(**span))


def test_the_slot_after_the_one_that_was_served_comes_next() -> None:
    slot = next_slot(HOURLY, SourceRecord(served=ago(minutes=20)), NOW, ZONE)
    assert slot == Slot(datetime(2026, 11, 24, 13, tzinfo=UTC), datetime(2026, 11, 24, 13, tzinfo=UTC))
    assert slot.trigger(HOURLY.schedule, slot.start_at, ZONE) == "schedule"


def test_missed_slots_are_due_once_and_marked() -> None:
    slot = next_slot(HOURLY, SourceRecord(served=ago(days=3)), NOW, ZONE)
    assert slot.start_at <= NOW
    assert slot.trigger(HOURLY.schedule, NOW, ZONE) == "catch-up"


@pytest.mark.parametrize(("late", "trigger"), [(5, "schedule"), (50, "schedule"), (70, "catch-up")])
def test_a_slot_taken_up_long_after_its_time_was_missed(late: int, trigger: str) -> None:
    slot = next_slot(HOURLY, SourceRecord(served=ago(minutes=20)), NOW, ZONE)
    assert slot.trigger(HOURLY.schedule, slot.start_at + timedelta(seconds=late), ZONE) == trigger


def test_a_retry_within_its_slot_is_no_catch_up() -> None:
    record = SourceRecord(served=ago(hours=1, minutes=20), failures=3, ended_at=ago(minutes=1))
    slot = next_slot(HOURLY, record, NOW, ZONE)
    assert NOW + timedelta(minutes=2) < slot.start_at < NOW + timedelta(minutes=6)
    assert slot.trigger(HOURLY.schedule, slot.start_at, ZONE) == "schedule"


def test_pauses_grow_to_a_bound_and_differ_by_name() -> None:
    pauses = [back_off("work", failures) for failures in range(1, 40)]
    assert pauses == sorted(pauses)
    assert timedelta(minutes=1) <= pauses[0] <= timedelta(seconds=72)
    assert LONGEST_PAUSE <= pauses[-1] <= 1.2 * LONGEST_PAUSE
    assert len({back_off(f"s{number}", 5) for number in range(50)}) == 50


def test_a_service_that_asked_for_a_pause_is_left_alone() -> None:
    until = NOW + timedelta(hours=5)
    slot = next_slot(HOURLY, SourceRecord(served=ago(hours=3), paused_until=naive(until)), NOW, ZONE)
    assert slot.start_at == until


def test_an_end_in_the_future_keeps_nobody_waiting_for_it() -> None:
    record = SourceRecord(failures=1, ended_at=naive(NOW + timedelta(days=400)))
    assert next_slot(HOURLY, record, NOW, ZONE).start_at < NOW + timedelta(minutes=2)


def test_a_source_never_read_is_due_now() -> None:
    assert next_slot(HOURLY, SourceRecord(), NOW, ZONE) == Slot(NOW, NOW)


def test_sources_of_one_host_start_apart_and_a_lone_one_on_time() -> None:
    lone, *crowd = [source(f"s{number}", "@hourly", Life()) for number in range(21)]
    for each in crowd:
        object.__setattr__(each.connector, "name", "one host")
    later = spreads([lone, *crowd])
    assert later["s0"] == timedelta(0)
    assert len({later[each.name] for each in crowd}) == len(crowd)
    assert max(later.values()) <= timedelta(seconds=40)


def test_a_host_is_told_by_the_address_without_who_asks() -> None:
    class Config:
        url = "https://me:secret@Example.org:8443/feed.xml"

    one = source("s", "@daily", Life())
    object.__setattr__(one, "config", Config())
    assert host_of(one) == "example.org:8443"
    assert host_of(HOURLY) == "host-of-work"


def test_day_of_month_or_day_of_week_as_crontab_means_it() -> None:
    schedule = parse("0 9 13 * 5")
    assert schedule.next_after(datetime(2026, 11, 7, tzinfo=UTC), ZONE) == datetime(2026, 11, 13, 9, tzinfo=UTC)
    assert schedule.next_after(datetime(2026, 11, 13, 9, tzinfo=UTC), ZONE) == datetime(2026, 11, 20, 9, tzinfo=UTC)
