"""How much of a week and of a month is known, whatever the order in which its days became known."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from connectors.base import Batch, Coverage
from tests.harvester.store.building import METRICS, Shelf

# Weeks begin on Mondays: the one from 28 September ends in October.
SPANS = (
    Coverage(date(2026, 8, 20), date(2026, 9, 10)),
    Coverage(date(2026, 9, 28), date(2026, 9, 29)),
    Coverage(date(2026, 10, 2), date(2026, 10, 5)),
    Coverage(date(2026, 10, 30), date(2026, 10, 31), metrics=("issues_opened",)),
)
COUNTED = METRICS[:3]  # between two readings of a level growth is known, which depends on their order
SEPTEMBERS, OCTOBERS = Coverage(date(2026, 9, 30), date(2026, 9, 30)), Coverage(date(2026, 10, 1), date(2026, 10, 1))


def periods(shelf: Shelf) -> list[tuple[Any, ...]]:
    return shelf.ask("SELECT metric, grain, period, ends_on, coverage FROM store.period_coverage ORDER BY ALL")


def test_days_that_become_known_one_after_the_other_count_as_those_known_at_once(tmp_path: Path) -> None:
    for name in ("at-once", "in-turn"):
        (tmp_path / name).mkdir()
    at_once, in_turn = (Shelf(tmp_path / name, metrics=COUNTED) for name in ("at-once", "in-turn"))
    at_once.harvest(Batch(coverage=[*SPANS, OCTOBERS, SEPTEMBERS]))
    for span in (*SPANS, OCTOBERS, SEPTEMBERS):
        in_turn.harvest(Batch(coverage=[span]))
    assert periods(in_turn) == periods(at_once)


def test_a_day_between_known_ones_completes_the_periods_it_is_in(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.harvest(Batch(coverage=[*SPANS, SEPTEMBERS]))
    shelf.harvest(Batch(coverage=[OCTOBERS]))
    found = {(grain, period): share for metric, grain, period, _, share in periods(shelf) if metric == "post_reads"}
    assert found["week", date(2026, 9, 28)] == 1
    assert found["month", date(2026, 10, 1)] == 5 / 31
    assert found["month", date(2026, 9, 1)] == 13 / 30
