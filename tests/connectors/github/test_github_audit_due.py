"""When threads are counted: at once where the total is another, else as often as it is cheap."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from github_script import NOW
from github_small import DAY

from connectors.github.audit import POINTS_A_DAY, is_due
from connectors.github.kinds import DISCUSSIONS, ISSUES, PULLS, Kind
from connectors.github.memory import Memory

KINDS = pytest.mark.parametrize("kind", [ISSUES, PULLS, DISCUSSIONS], ids=lambda kind: kind.thing)
TODAY = NOW.date()


def known(count: int, *, ago: int | None = 0, **more: Any) -> Memory:
    """So many threads, last counted so many days ago."""
    counted_on = None if ago is None else TODAY - ago * DAY
    return Memory(is_whole=True, counted_on=counted_on, marks=dict.fromkeys(range(count), "0"), **more)


class TestWhen:
    def test_a_total_that_is_not_what_is_known_is_looked_into_at_once(self) -> None:
        assert is_due(known(5), ISSUES, 4, NOW)
        assert is_due(known(5), ISSUES, 6, NOW)
        assert not is_due(known(5), ISSUES, 5, NOW)

    def test_what_github_counts_and_never_lists_is_allowed_for(self) -> None:
        assert not is_due(known(5, gap=2), ISSUES, 7, NOW)
        assert is_due(known(5, gap=2), ISSUES, 5, NOW)

    def test_once_a_day_all_are_counted_whatever_the_total(self) -> None:
        assert is_due(known(5, ago=1), ISSUES, 5, NOW)
        assert is_due(known(5, ago=None), ISSUES, 5, NOW)

    def test_before_the_first_walk_is_over_nothing_is_counted(self) -> None:
        assert not is_due(Memory(), ISSUES, 5, NOW)

    def test_where_there_is_nothing_there_is_nothing_to_count(self) -> None:
        assert not is_due(known(0, ago=9), ISSUES, 0, NOW)

    def test_not_where_it_would_take_much_of_an_hours_points(self) -> None:
        assert is_due(known(9_000, ago=9_999), DISCUSSIONS, 8_999, NOW)
        assert not is_due(known(10_000, ago=9_999), DISCUSSIONS, 9_999, NOW)

    def test_what_was_left_out_as_too_old_is_no_difference(self) -> None:
        memory = known(2, first_day=date(2026, 11, 1))
        assert not is_due(memory, ISSUES, 500, NOW)
        memory.counted_on = TODAY - DAY
        assert is_due(memory, ISSUES, 500, NOW)

    @KINDS
    @pytest.mark.parametrize("count", [100, 3_000, 9_000])
    def test_a_large_repository_is_counted_as_often_as_ten_points_a_day_allow(self, kind: Kind, count: int) -> None:
        pages = -(-count // kind.counted_size)
        points = pages * kind.counted.connections({"first": kind.counted_size}) / 100
        days = next(ago for ago in range(2000) if is_due(known(count, ago=ago), kind, count, NOW))
        assert points <= days * POINTS_A_DAY
        assert days == 1 or points > (days - 1) * POINTS_A_DAY
