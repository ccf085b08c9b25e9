"""Which days a forgetful service still tells, and which are gone, counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Kind, Metric, StreamSpec
from harvester.retention import Known, Memory, Span, at_risk, lost, memory_of

UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FORTNIGHT = Memory(14, UTC_ZONE, NOW)


def on(day: int, month: int = 11) -> date:
    return date(2026, month, day)


def known(first: date, last: date, state: str = "measured", *, whole: bool = True) -> Known:
    return Known(Span(first, last), state, whole)


def days(memory: Memory, *told: Known, settled_at: datetime | None = None) -> list[date]:
    return [each.day for each in at_risk(memory, told, settled_at)]


def test_a_fortnight_is_today_and_the_thirteen_days_before() -> None:
    assert FORTNIGHT.oldest == on(11)
    assert days(FORTNIGHT) == [on(day) for day in range(11, 24)]


def test_a_day_is_gone_when_its_successor_by_the_retention_begins() -> None:
    first = at_risk(FORTNIGHT, (), None)[0]
    assert first.gone_at == datetime(2026, 11, 25, tzinfo=UTC)
    before = Memory(14, UTC_ZONE, first.gone_at - timedelta(microseconds=1))
    assert first.day in days(before)
    assert first.day not in days(Memory(14, UTC_ZONE, first.gone_at))


def test_days_read_whole_are_safe_and_the_running_one_is_not_yet_at_risk() -> None:
    assert days(FORTNIGHT, known(on(1), on(23))) == []


def test_a_day_read_before_its_end_is_at_risk_for_the_rest_of_it() -> None:
    assert days(FORTNIGHT, known(on(1), on(20)), known(on(21), on(21), whole=False)) == [on(21), on(22), on(23)]


def test_nothing_is_at_risk_before_the_first_day_that_is_known() -> None:
    """A repository of three days has no fortnight."""
    assert days(FORTNIGHT, known(on(21), on(22))) == [on(23)]


def test_what_was_only_tried_does_not_shorten_the_window() -> None:
    assert len(days(FORTNIGHT, known(on(23), on(24), "missing", whole=False))) == 13


@pytest.mark.parametrize("state", ["partial", "missing"])
def test_what_a_later_read_could_not_better_is_not_at_risk(state: str) -> None:
    told = known(on(1), on(19)), known(on(20), on(20), state), known(on(21), on(23))
    assert days(FORTNIGHT, *told) == [on(20)]
    assert days(FORTNIGHT, *told, settled_at=datetime(2026, 11, 20, 23, tzinfo=UTC)) == [on(20)]
    assert days(FORTNIGHT, *told, settled_at=datetime(2026, 11, 21, tzinfo=UTC)) == []


def test_a_read_that_ended_well_does_not_vouch_for_days_it_does_not_speak_of() -> None:
    assert days(FORTNIGHT, known(on(1), on(20)), settled_at=NOW) == [on(21), on(22), on(23)]


def test_midnights_are_those_of_the_service() -> None:
    there = Memory(14, ZoneInfo("America/Los_Angeles"), datetime(2026, 11, 24, 7, tzinfo=UTC))
    assert there.today == on(23)
    assert there.gone_at(on(10)) == datetime(2026, 11, 24, 8, tzinfo=UTC)
    # Clocks change on the first of November.
    assert there.gone_at(on(17, 10)) == datetime(2026, 10, 31, 7, tzinfo=UTC)


def test_days_lost_are_those_between_what_is_known_that_are_out_of_reach() -> None:
    told = (
        known(on(1, 10), on(5, 10)),
        known(on(9, 10), on(31, 10)),
        known(on(2), on(4)),
        known(on(6), on(6), "missing"),
    )
    assert lost(FORTNIGHT, told) == (Span(on(6, 10), on(8, 10)), Span(on(1), on(1)), Span(on(5), on(10)))


def test_no_day_is_lost_that_can_still_be_read() -> None:
    assert lost(FORTNIGHT, [known(on(1), on(10))]) == ()


def test_a_day_that_was_read_in_part_is_not_lost() -> None:
    assert lost(
        FORTNIGHT, [known(on(1), on(3)), known(on(4), on(4), whole=False), known(on(5), on(9), "partial")]
    ) == (Span(on(10), on(10)),)


def test_what_could_never_be_read_is_lost_from_what_there_was_at_the_first_try() -> None:
    tried = known(on(10), on(24), "missing", whole=False)
    assert lost(FORTNIGHT, [tried]) == (Span(on(28, 10), on(10)),)


def test_what_was_never_tried_has_lost_nothing() -> None:
    assert lost(FORTNIGHT, []) == ()


def test_days_that_the_connector_calls_lost_are_lost_and_not_at_risk() -> None:
    told = known(on(1), on(19)), known(on(20), on(21), "lost", whole=False), known(on(22), on(23))
    assert days(FORTNIGHT, *told) == []
    assert lost(FORTNIGHT, told) == (Span(on(20), on(21)),)


@pytest.mark.parametrize(
    ("metrics", "retention", "expected"),
    [
        ((Metric("traffic_views", Kind.DAILY),), None, None),
        ((Metric("stargazers", Kind.LEVEL),), 1, None),
        ((Metric("traffic_views", Kind.DAILY, tz="America/New_York"),), 14, (14, "America/New_York")),
        ((Metric("likes", Kind.LEVEL), Metric("forks", Kind.EVENT)), 90, (90, "Asia/Tokyo")),
    ],
)
def test_only_what_can_be_caught_up_on_can_be_at_risk(
    metrics: tuple[Metric, ...], retention: int | None, expected: tuple[int, str] | None
) -> None:
    found = memory_of(StreamSpec("s", metrics, retention_days=retention), ZoneInfo("Asia/Tokyo"), NOW)
    assert (found and (found.days, found.zone.key)) == expected


@given(
    st.lists(st.tuples(st.integers(-60, 0), st.integers(0, 9), st.sampled_from(["measured", "missing"])), max_size=8),
    st.integers(1, 40),
)
def test_every_day_is_known_at_risk_or_lost_and_only_one_of_them(
    told: list[tuple[int, int, str]], retention: int
) -> None:
    memory = Memory(retention, UTC_ZONE, NOW)
    spans = [
        known(memory.today + timedelta(first), memory.today + timedelta(min(first + more, 0)), state)
        for first, more, state in told
    ]
    held = {
        each.span.first_day + timedelta(n)
        for each in spans
        if each.state == "measured"
        for n in range(each.span.days)
    }
    gone = [span.first_day + timedelta(n) for span in lost(memory, spans) for n in range(span.days)]
    risky = days(memory, *spans)
    assert len(gone) == len(set(gone))
    assert not held & set(gone)
    assert not held & set(risky)
    assert all(day < memory.oldest for day in gone)
    assert all(memory.oldest <= day < memory.today for day in risky)
    if held:
        since = {min(held) + timedelta(n) for n in range((memory.today - min(held)).days)}
        assert since - held == set(gone) | set(risky)
