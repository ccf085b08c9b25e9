"""A total or a reading that was entered by mistake leaves nothing behind, neither a zero nor a measured day."""

from __future__ import annotations

from connectors.base import Batch, Coverage, Observation
from tests.harvester.store.building import Shelf, at, on

RETRACTED = {"retracted": True}


def told(metric: str, day: int, value: float, **attrs: bool) -> Observation:
    return Observation(metric, "post", str(on(day)), at(day), value, attrs=attrs)


def days(shelf: Shelf) -> dict[int, float]:
    return {day.day: total for day, total in shelf.ask("SELECT day, total FROM daily ORDER BY day")}


def test_a_daily_total_taken_back_is_no_total_of_zero(shelf):
    shelf.harvest(Batch([told("post_reads", 3, 10), told("post_reads", 4, 20)]))
    done = shelf.harvest(Batch([told("post_reads", 3, 0, **RETRACTED)]))

    assert (done.stored, done.revised) == (0, 1)
    assert days(shelf) == {4: 20}
    assert shelf.ask("SELECT sum(total) FROM totals WHERE grain = 'month'") == [(20,)]


def test_where_only_more_revises_taking_back_still_does(shelf):
    shelf.harvest(Batch([told("traffic_views", 3, 10)]))
    shelf.harvest(Batch([told("traffic_views", 3, 0, **RETRACTED)]))

    assert days(shelf) == {}


def test_a_reading_of_a_counter_taken_back_is_no_reset(shelf):
    shelf.harvest(
        Batch([told("post_comments", 3, 100), told("post_comments", 5, 900), told("post_comments", 7, 104)])
    )
    shelf.harvest(Batch([told("post_comments", 5, 0, **RETRACTED)]))

    assert days(shelf) == {4: 1, 5: 1, 6: 1, 7: 1}


def test_a_gauge_taken_back_leaves_the_reading_before_it(shelf):
    shelf.harvest(Batch([told("stargazers", 3, 100), told("stargazers", 5, 900)]))
    shelf.harvest(Batch([told("stargazers", 5, 0, **RETRACTED)]))

    assert days(shelf) == {3: 100}
    assert shelf.ask("SELECT total FROM totals WHERE grain = 'month' AND subject IS NOT NULL") == [(100,)]


def test_what_was_taken_back_may_be_told_again(shelf):
    shelf.harvest(Batch([told("post_reads", 3, 10)]))
    shelf.harvest(Batch([told("post_reads", 3, 0, **RETRACTED)]))
    shelf.harvest(Batch([told("post_reads", 3, 12)]))

    assert days(shelf) == {3: 12}
    assert shelf.ask("SELECT value FROM revisions ORDER BY observed_at, value") == [(10,), (0,), (12,)]


def state(shelf: Shelf, day: int) -> tuple[str, str] | None:
    rows = shelf.ask("SELECT state, reason FROM coverage WHERE metric = 'post_reads' AND day = $day", day=on(day))
    return rows[0] if rows else None


def test_a_day_that_is_taken_back_is_measured_no_longer(shelf):
    shelf.harvest(Batch([told("post_reads", 3, 10)], coverage=[Coverage(on(3), on(4))]))
    taken = Coverage(on(3), on(3), "missing", "taken back", ("post_reads",), takes_back=True)
    shelf.harvest(Batch([told("post_reads", 3, 0, **RETRACTED)], coverage=[taken]))

    assert state(shelf, 3) == ("missing", "taken back")
    assert state(shelf, 4) == ("measured", "")


def test_a_day_that_somebody_else_still_tells_of_stays_measured(shelf):
    shelf.harvest(Batch([told("post_reads", 3, 10)], coverage=[Coverage(on(3), on(3))]))
    taken = Coverage(on(3), on(3), "missing", "taken back", ("post_reads",), takes_back=True)
    shelf.harvest(Batch(coverage=[taken, Coverage(on(3), on(3), metrics=("post_reads",))]))

    assert state(shelf, 3) == ("measured", "")


def test_without_taking_back_nothing_becomes_less_known(shelf):
    shelf.harvest(Batch([told("post_reads", 3, 10)], coverage=[Coverage(on(3), on(3))]))
    shelf.harvest(Batch(coverage=[Coverage(on(3), on(3), "missing", "an outage", ("post_reads",))]))

    assert state(shelf, 3) == ("measured", "")
