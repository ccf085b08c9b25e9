"""Schedules against an independent reading of crontab(5), minute by minute, and where clocks change."""

from __future__ import annotations

import itertools
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harvester.schedule import parse

NEW_YORK = ZoneInfo("America/New_York")  # an hour at 02:00
LONDON = ZoneInfo("Europe/London")  # an hour at 01:00 UTC
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # half an hour at 02:00
HAVANA = ZoneInfo("America/Havana")  # an hour at midnight
UTC_ZONE = ZoneInfo("UTC")
ZONES = [UTC_ZONE, NEW_YORK, LONDON, LORD_HOWE, HAVANA]
SPANS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def runs(text: str, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Every time in (start, end] that the schedule names."""
    schedule, found, moment = parse(text), [], start
    while (moment := schedule.next_after(moment, zone)) <= end:
        found.append(moment)
    return found


def walls(times: list[datetime], zone: ZoneInfo) -> list[str]:
    return [f"{time.astimezone(zone):%d %H:%M}" for time in times]


# An independent crontab matcher, as the manual page puts it: does this minute match these fields?


@cache
def values_of(field: str, low: int, high: int) -> set[int]:
    matching: set[int] = set()
    for item in field.split(","):
        span, _, step = item.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        matching |= {n for n in range(int(first), int(last or first) + 1) if (n - int(first)) % int(step or 1) == 0}
    return matching


def cron_matches(line: str, wall: datetime) -> bool:
    fields = line.split()
    minute, hour, day, month, weekday = (
        number in values_of(field, low, high)
        for field, number, (low, high) in zip(
            fields, (wall.minute, wall.hour, wall.day, wall.month, wall.isoweekday() % 7), SPANS, strict=True
        )
    )
    if wall.isoweekday() == 7:
        weekday = weekday or 7 in values_of(fields[4], 0, 7)
    either = fields[2][0] != "*" and fields[4][0] != "*"
    return minute and hour and month and ((day or weekday) if either else (day and weekday))


def brute_force(line: str, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Minute by minute: what the wall clock shows, plus the skipped slots, minus the repeats that do not count."""
    every_hour = values_of(line.split()[1], 0, 23) == set(range(24))
    early = start - timedelta(hours=2)  # a jump of the clock just before the span still delays slots into it
    minutes = [early + timedelta(minutes=n) for n in range(int((end - early).total_seconds() // 60) + 1)]
    shown = [(minute, minute.astimezone(zone)) for minute in minutes]
    found = {
        minute
        for minute, local in shown
        if cron_matches(line, local.replace(tzinfo=None)) and (every_hour or local.fold == 0)
    }
    for (_, before), (instant, after) in itertools.pairwise(shown):
        jump = after.utcoffset() - before.utcoffset()
        for n in range(int(jump.total_seconds() // 60)):
            if cron_matches(line, after.replace(tzinfo=None) - jump + timedelta(minutes=n)):
                found.add(instant + timedelta(minutes=n))
    return sorted(instant for instant in found if start < instant <= end)


def names_a_day(line: str) -> bool:
    """Not so "* * 30 2 *", which is refused (tested below): each day of a leap year is looked at."""
    return any(cron_matches(f"* * {line.split(maxsplit=2)[2]}", at("2024-01-01") + timedelta(n)) for n in range(366))


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    step = st.integers(1, high - low)
    item = st.one_of(
        number.map(str),
        span,
        st.builds(lambda s, n: f"{s}/{n}", span.filter(lambda s: len(set(s.split("-"))) == 2), step),
        st.builds(lambda n: f"*/{n}", step),
    )
    return st.one_of(st.just("*"), st.lists(item, min_size=1, max_size=3).map(",".join))


LINES = st.tuples(*(field(low, high) for low, high in SPANS)).map(" ".join)
STARTS = st.sampled_from(
    [
        at("2026-03-08T00:00"),  # New York and Havana spring
        at("2026-11-01T00:00"),  # and autumn
        at("2026-03-29T00:00"),  # London
        at("2026-10-25T00:00"),
        at("2026-04-04T10:00"),  # Lord Howe autumn
        at("2026-10-03T10:00"),  # and spring
        at("2024-02-28T00:00"),
        at("2026-12-31T00:00"),
    ]
)


@settings(max_examples=60, deadline=None)
@given(line=LINES, zone=st.sampled_from(ZONES), start=STARTS, offset=st.integers(0, 1440))
def test_next_times_are_those_of_a_minute_by_minute_matcher(line, zone, start, offset):
    assume(names_a_day(line))
    begin = start + timedelta(minutes=offset)
    end = begin + timedelta(days=2)
    expected = brute_force(line, zone, begin, end)
    # From several places in the span, so that an answer does not lean on the one before it.
    for moment in (begin, begin + timedelta(hours=3), begin + timedelta(hours=26, minutes=31)):
        later = [time for time in expected if time > moment]
        found = parse(line).next_after(moment, zone)
        assert found == later[0] if later else found > end
    dozen = expected[:12]
    assert not dozen or runs(line, zone, begin, dozen[-1]) == dozen


@pytest.mark.parametrize(
    ("slot", "zone", "around", "expected"),
    [
        ("30 2 * * *", NEW_YORK, "2026-03-08", ["07 02:30", "08 03:30", "09 02:30"]),
        ("30 1 * * *", NEW_YORK, "2026-11-01", ["31 01:30", "01 01:30", "02 01:30"]),
        ("30 1 * * *", LONDON, "2026-03-29", ["28 01:30", "29 02:30", "30 01:30"]),
        ("30 1 * * *", LONDON, "2026-10-25", ["24 01:30", "25 01:30", "26 01:30"]),
        ("15 2 * * *", LORD_HOWE, "2026-10-04", ["03 02:15", "04 02:45", "05 02:15"]),
        ("45 1 * * *", LORD_HOWE, "2026-04-05", ["04 01:45", "05 01:45", "06 01:45"]),
        ("@daily", HAVANA, "2026-11-01", ["31 00:00", "01 00:00", "02 00:00"]),
        ("@daily", HAVANA, "2026-03-08", ["07 00:00", "08 01:00", "09 00:00"]),
    ],
)
def test_nightly_slot_runs_exactly_once_where_clocks_change(slot, zone, around, expected):
    noon = at(f"{around}T12:00").replace(tzinfo=zone)
    start = (noon - timedelta(days=1, hours=12, minutes=1)).astimezone(UTC)
    end = (noon + timedelta(days=1)).astimezone(UTC)

    assert walls(runs(slot, zone, start, end), zone) == expected


def test_repeated_nightly_slot_is_the_first_of_the_two():
    assert parse("30 1 * * *").next_after(at("2026-11-01T00:00"), NEW_YORK) == at("2026-11-01T05:30")


@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01"])
@pytest.mark.parametrize(("line", "step"), [("@hourly", 60), ("*/30 * * * *", 30)])
def test_hourly_and_half_hourly_keep_their_pace_where_clocks_change(line, step, day):
    times = runs(line, NEW_YORK, at(f"{day}T00:00"), at(f"{day}T12:00"))

    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {timedelta(minutes=step)}
    assert len(times) == 12 * 60 // step


def test_half_hourly_keeps_its_pace_on_lord_howe():
    for day in ("2026-04-04", "2026-10-03"):
        times = runs("*/30 * * * *", LORD_HOWE, at(f"{day}T10:00"), at(f"{day}T22:00"))
        assert {later - earlier for earlier, later in itertools.pairwise(times)} == {timedelta(minutes=30)}


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@Daily", "0 0 * * *"),
        ("0 0 * * 7", "0 0 * * 0"),
        ("0 0 * * SUN", "0 0 * * 0"),
        ("0 0 * * mon-fri", "0 0 * * 1-5"),
        ("0 0 * * 5-7", "0 0 * * 0,5,6"),
        ("0 0 * * fri-sun", "0 0 * * 5-7"),
        ("0 0 1 jan,Mar *", "0 0 1 1,3 *"),
        ("  0   0 * *\t* ", "0 0 * * *"),
        ("0-10/5 * * * *", "0,5,10 * * * *"),
    ],
)
def test_spelling_means_the_same(line, same):
    assert parse(line).rule == parse(same).rule


def test_weekday_zero_is_sunday_not_monday():
    assert f"{parse('0 0 * * 0').next_after(at('2026-11-25T00:00'), UTC_ZONE):%a %d}" == "Sun 29"


def test_weekdays_are_monday_to_friday():
    week = runs("0 9 * * 1-5", UTC_ZONE, at("2026-11-22T00:00"), at("2026-11-29T00:00"))

    assert [f"{time:%a}" for time in week] == ["Mon", "Tue", "Wed", "Thu", "Fri"]


def test_two_restricted_day_fields_mean_either():
    days = runs("0 0 1 * 1", UTC_ZONE, at("2026-11-28T12:00"), at("2026-12-08T00:00"))

    assert [f"{time:%a %d}" for time in days] == ["Mon 30", "Tue 01", "Mon 07"]


def test_day_field_that_starts_with_a_star_means_both():
    days = runs("0 0 */2 * 1", UTC_ZONE, at("2026-11-01T00:00"), at("2026-11-30T00:00"))

    assert [time.day for time in days] == [9, 23]


def test_leap_day_waits_for_its_year():
    assert parse("0 0 29 2 *").next_after(at("2096-03-01T00:00"), UTC_ZONE) == at("2104-02-29T00:00")


@pytest.mark.parametrize(
    ("line", "span"),
    [
        ("every 6h", timedelta(hours=6)),
        ("every 15m", timedelta(minutes=15)),
        ("every 2d", timedelta(days=2)),
        ("Every 1 w", timedelta(weeks=1)),
    ],
)
def test_interval_counts_from_the_moment_given(line, span):
    moment = at("2026-10-31T23:17:05")

    assert parse(line).next_after(moment, NEW_YORK) == moment + span


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("61 * * * *", r"minute: '61' is out of range; allowed are 0-59"),
        ("* 24 * * *", r"hour: '24' is out of range; allowed are 0-23"),
        ("* * 0 * *", r"day of month: '0' is out of range; allowed are 1-31"),
        ("* * * 13 *", r"month: '13' is out of range; allowed are 1-12, jan-dec"),
        ("* * * * 8", r"day of week: '8' is out of range; allowed are 0-7, sun-sat"),
        ("* * * * monday", r"day of week: 'monday' is out of range; allowed are 0-7, sun-sat"),
        ("mon * * * *", r"minute: 'mon' is out of range"),
        ("* * L * *", r"day of month: 'L' is out of range"),
        ("* * ? * *", r"day of month: '\?' is not understood"),
        ("* * * * 1#2", r"day of week: '1#2' is not understood"),
        ("1,,2 * * * *", r"minute: '' is not understood"),
        ("-5 * * * *", r"minute: '-5' is not understood"),
        ("5/15 * * * *", r"minute: the step in '5/15' needs a range, as in \*/15 or 5-59/15"),
        ("*/0 * * * *", r"minute: the step of '\*/0' must be 1-59"),
        ("*/90 * * * *", r"minute: the step of '\*/90' must be 1-59; .* 'every 90m'"),
        ("* 22-2 * * *", r"hour: the range '22-2' runs backwards"),
        ("٣ * * * *", r"minute: '٣' is not understood"),
        ("* * * *", r"five fields \(minute, hour, day of month, month, day of week\), got 4"),
        ("0 0 0 * * *", r"five fields .* got 6"),
        ("", r"five fields .* got 0"),
        ("0 0 30 2 *", r"day of month '30' never comes in month '2'"),
        ("0 0 31 4,6,9,nov *", r"day of month '31' never comes"),
        ("@reboot", r"unknown nickname @reboot: allowed are @hourly, @daily"),
        ("@dayly", r"did you mean @daily\?"),
        ("every 6", r"interval 'every 6': write a whole number and m, h, d or w, as in 'every 6h'"),
        ("every 0m", r"interval 'every 0m': allowed are 1m to 366d"),
        ("every 999999d", r"allowed are 1m to 366d"),
        ("every 1.5h", r"write a whole number"),
        ("hourly", r"five fields .* a nickname \(\"@daily\"\)"),
    ],
)
def test_bad_schedule_names_the_field_and_what_is_allowed(line, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse(line)


def test_impossible_date_is_fine_when_a_weekday_will_do():
    assert parse("0 0 30 2 1").next_after(at("2026-02-01T12:00"), UTC_ZONE) == at("2026-02-02T00:00")


def test_source_that_never_succeeded_is_due_now():
    now = at("2026-11-24T10:00")

    assert parse("@yearly").due(None, now, UTC_ZONE) == now


def test_missed_slots_are_due_once_and_at_once():
    schedule, now = parse("0 * * * *"), at("2026-11-24T10:20")

    assert schedule.due(at("2026-11-20T00:00"), now, UTC_ZONE) <= now
    assert schedule.due(now, now, UTC_ZONE) == at("2026-11-24T11:00")


def test_success_in_the_future_does_not_stop_the_source():
    now = at("2026-11-24T10:00")

    assert parse("@daily").due(at("2035-01-01T00:00"), now, UTC_ZONE) == now


def test_a_clock_put_back_an_hour_repeats_no_slot():
    schedule, served = parse("0 * * * *"), at("2026-11-24T10:00")

    assert schedule.due(served, at("2026-11-24T09:00"), UTC_ZONE) == at("2026-11-24T11:00")


def test_local_moment_is_refused():
    with pytest.raises(ValueError, match="must be UTC"):
        parse("@daily").next_after(datetime(2026, 11, 24, tzinfo=NEW_YORK), NEW_YORK)


def test_apscheduler_is_not_imported_before_a_crontab_line_is_used():
    script = (
        "import sys, harvester.schedule as s; s.parse('0 0 * * *');"
        "print([name for name in sys.modules if name.split('.')[0] in ('apscheduler', 'tzlocal')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
