"""What is known of a day after several reads have said something of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Batch, Coverage
from tests.harvester.store.building import Shelf, at, on

COUNTER, GAUGE, TOTAL = "post_comments", "stargazers", "post_reads"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def say(shelf: Shelf, moment: datetime, *spans: Coverage) -> None:
    """A read at that moment says so."""
    shelf.spool.clock = lambda: moment
    shelf.seal(Batch(coverage=spans))


def known(shelf: Shelf, metric: str) -> list[tuple[Any, ...]]:
    return shelf.ask(
        "SELECT day, state, share, reason FROM store.coverage WHERE metric = $metric ORDER BY day", metric=metric
    )


def test_of_the_same_said_twice_the_later_in_the_day_counts(shelf: Shelf) -> None:
    for hour in (18, 6):
        say(shelf, at(5, hour), Coverage(on(5), on(5)))
    shelf.load()
    assert known(shelf, TOTAL) == [(on(5), "measured", 0.75, "")]


def test_a_better_state_counts_more_than_a_later_hour(shelf: Shelf) -> None:
    say(shelf, at(5, 6), Coverage(on(5), on(5), reason="whole"))
    say(shelf, at(5, 18), Coverage(on(5), on(5), "partial", "some"))
    shelf.load()
    assert known(shelf, TOTAL) == [(on(5), "measured", 0.25, "whole")]


def test_of_two_equal_ones_the_last_counts(shelf: Shelf) -> None:
    for reason in ("first", "last"):
        say(shelf, at(7), Coverage(on(5), on(5), "partial", reason))
    shelf.load()
    assert known(shelf, TOTAL) == [(on(5), "partial", 1.0, "last")]


@pytest.mark.parametrize("state", ["partial", "missing"])
def test_only_a_whole_reading_tells_of_the_days_before_it(shelf: Shelf, state: Any) -> None:
    for day, said in ((2, "measured"), (5, state)):
        say(shelf, at(day + 1), Coverage(on(day), on(day), said))
        shelf.load()
    assert [(day, said) for day, said, _, _ in known(shelf, COUNTER)] == [(on(2), "measured"), (on(5), state)]


def test_a_total_of_days_is_not_known_between_two_that_were_read(shelf: Shelf) -> None:
    for day in (2, 5):
        say(shelf, at(day + 1), Coverage(on(day), on(day)))
        shelf.load()
    assert [day for day, *_ in known(shelf, TOTAL)] == [on(2), on(5)]
    assert [day for day, *_ in known(shelf, GAUGE)] == [on(2), on(3), on(4), on(5)]


def test_a_counter_shows_no_growth_on_the_first_day_on_which_it_was_read(shelf: Shelf) -> None:
    say(shelf, at(4), Coverage(on(1), on(1), "missing"), Coverage(on(2), on(3)))
    shelf.load()
    assert [share for _, _, share, _ in known(shelf, COUNTER)] == [0, 0, 1]
    assert [share for _, _, share, _ in known(shelf, GAUGE)] == [0, 1, 1]


def test_what_is_taken_back_is_so_though_it_was_known_better(shelf: Shelf) -> None:
    say(shelf, at(6), Coverage(on(2), on(5)))
    shelf.load()
    say(shelf, at(7), Coverage(on(3), on(3), "lost", "gone", takes_back=True), Coverage(on(4), on(4), "lost", "gone"))
    shelf.load()
    found = [(state, share) for _, state, share, _ in known(shelf, TOTAL)]
    assert found == [("measured", 1), ("lost", 0), ("measured", 1), ("measured", 1)]
