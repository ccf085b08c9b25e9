"""A feed is not asked before its time, whoever harvests, and the ledger stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from harvester.config import load
from harvester.demo import faults
from harvester.outcomes import Outcome
from harvester.pipeline import harvest
from harvester.reading import Order
from tests.e2e.running import Field, field_of, small_world, today

NOON = datetime.combine(today(), time(12), UTC)
HOUR = timedelta(hours=1)


def reader_of(field: Field) -> Callable[..., Outcome]:
    """Harvests the blog alone, at any time; a process of its own each time, as far as the feed can tell."""
    field.configure(only="blog")

    def read(at: datetime, *, full: bool = False) -> Outcome:
        settings = load(field.config)
        (outcome,) = harvest(settings, settings.select(), Order(full=full), clock=lambda: at).outcomes
        return outcome

    return read


def ledger(field: Field) -> list[list[tuple[object, ...]]]:
    """What is known of facts and of days."""
    return [field.ask(f"FROM {view} ORDER BY ALL") for view in ("coverage", "observations", "subjects")]


def test_before_its_time_nothing_is_asked_nor_changed_and_the_run_is_ok(tmp_path: Path) -> None:
    with field_of(small_world(days=30), tmp_path) as field:
        read = reader_of(field)
        first = read(NOON)
        assert (first.outcome, first.requests) == ("ok", 1)
        known = ledger(field)
        early = read(NOON + HOUR / 2)
        assert (early.outcome, early.observations, early.requests) == ("ok", 0, 0)
        assert ledger(field) == known


def test_a_day_on_which_the_answer_holds_is_neither_missing_nor_measured_until_the_next_answer(
    tmp_path: Path,
) -> None:
    with field_of(small_world(days=30), tmp_path) as field:
        read = reader_of(field)
        evening = NOON + 11.75 * HOUR
        read(evening)
        known = ledger(field)
        assert read(evening + HOUR / 2).requests == 0  # tomorrow; the demo's feed says an hour
        assert ledger(field) == known
        assert read(evening + HOUR / 2, full=True).requests == 1
        states = field.ask(f"SELECT DISTINCT state FROM coverage WHERE day > '{NOON:%Y-%m-%d}'")
        assert states == [("measured",)]


def test_a_feed_that_is_gone_is_told_of_without_being_asked(tmp_path: Path) -> None:
    with field_of(small_world(days=30), tmp_path) as field:
        read = reader_of(field)
        assert read(NOON).outcome == "ok"
        field.servers.blog.faults.inject(faults.status(410))
        told = [read(NOON + hours * HOUR) for hours in (2, 3, 100, 200)]
        assert [(each.outcome, each.requests) for each in told] == [("gone", 1), ("gone", 0), ("gone", 0), ("ok", 1)]
        assert "410" in told[1].message
