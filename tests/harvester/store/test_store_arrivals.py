"""However many rows a score has, a reader sees the old score or the new one, whatever is killed when."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from harvester.store import Curve, arrivals
from harvester.store.scores import TABLES
from scoring.result import ATTRIBUTION, FACTORS, INFLUENCE
from tests.harvester.store.building import Shelf

CURVE = Curve("p", "{}", datetime(2026, 11, 28, tzinfo=UTC))
KILLED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo
from harvester.store import Curve, Store
from harvester.store import arrivals
from tests.harvester.store.test_store_arrivals import CURVE, part

store = Store(Path(sys.argv[1]), ZoneInfo("UTC"))

arrivals.MANY = 1000

def parts():
    yield part("new 1", arrivals.MANY)
    yield part("new 2", arrivals.MANY)
    os.kill(os.getpid(), 9)

store.replace(parts(), CURVE, timeout=5)
"""
SWAPPED = """
import os, sys
from pathlib import Path
from harvester.store.changes import Change
from harvester.store.connection import attached, open_bench
from harvester.store.load import keep

path = Path(sys.argv[1])
bench = open_bench(path, threads=1)
with attached(bench, path, timeout=5):
    bench.execute("CREATE TABLE store.coming_factors AS FROM store.factors LIMIT 0")
    bench.execute("INSERT INTO store.coming_factors (person, model) SELECT 'new', range::VARCHAR FROM range(3000)")
    keep(bench, [Change("factors", instead="coming_factors")])
    os.kill(os.getpid(), 9)  # what is committed lies in the log
"""


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows are many here."""
    monkeypatch.setattr(arrivals, "MANY", 1000)


def part(person: str, rows: int) -> dict[str, dict[str, Any]]:
    """So many rows of a person for each table."""
    return {
        name: {
            column: np.full(rows, person, dtype=object) if dtype == "str" else np.zeros(rows, dtype=dtype)
            for column, dtype in columns.items()
        }
        for name, columns in zip(TABLES, (FACTORS, INFLUENCE, ATTRIBUTION), strict=True)
    }


def shown(shelf: Shelf) -> list[list[tuple[Any, ...]]]:
    """How many rows of whom there are, by table."""
    return [shelf.ask(f"SELECT person, count(*) FROM {name} GROUP BY ALL ORDER BY ALL") for name in TABLES]


def aside(shelf: Shelf) -> list[tuple[Any, ...]]:
    return shelf.ask("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'coming%' ORDER BY ALL")


def killed(script: str, shelf: Shelf) -> None:
    command = [sys.executable, "-c", script, str(shelf.store.path)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL


def test_a_score_of_many_rows_is_shown_at_once(shelf: Shelf) -> None:
    shelf.store.replace([part("old", 10)], CURVE, timeout=5)
    seen = []

    def parts() -> Iterator[dict[str, dict[str, Any]]]:
        for number in range(3):
            yield part(f"new {number}", arrivals.MANY // 2)
            seen.append((shown(shelf), len(aside(shelf))))

    shelf.store.replace(parts(), CURVE, timeout=5)

    assert seen == [([[("old", 10)]] * 3, 3)] * 3
    assert shown(shelf) == [[(f"new {number}", arrivals.MANY // 2) for number in range(3)]] * 3
    assert aside(shelf) == []


def test_texts_and_nulls_arrive_as_they_were(shelf: Shelf) -> None:
    told = part("ann", 4)
    told["attribution"]["metric"] = np.array(["reads", "", "naïve, 'quoted'", "reads"], dtype=object)
    told["attribution"]["log_effect"] = np.array([0.1, np.nan, -0.0, 5e-324])
    shelf.store.replace([told], CURVE, timeout=5)

    rows = shelf.ask("SELECT metric, log_effect FROM attribution")
    assert [metric for metric, _ in rows] == ["reads", "", "naïve, 'quoted'", "reads"]
    assert [str(effect) for _, effect in rows] == ["0.1", "None", "-0.0", "5e-324"]


def test_a_score_that_is_killed_leaves_the_old_one_and_the_next_cleans_up(shelf: Shelf) -> None:
    shelf.store.replace([part("old", 10)], CURVE, timeout=5)
    killed(KILLED, shelf)
    assert len(aside(shelf)) == 3
    assert shown(shelf) == [[("old", 10)]] * 3

    shelf.store.replace([part("newer", 5)], CURVE, timeout=5)
    assert shown(shelf) == [[("newer", 5)]] * 3
    assert aside(shelf) == []


def test_a_score_that_fails_is_not_mixed_with_the_next(shelf: Shelf) -> None:
    def failing() -> Iterator[dict[str, dict[str, Any]]]:
        yield part("failed", arrivals.MANY)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shelf.store.replace(failing(), CURVE, timeout=5)
    shelf.store.replace([part("new", arrivals.MANY)], CURVE, timeout=5)
    assert shown(shelf) == [[("new", arrivals.MANY)]] * 3


def test_a_table_that_took_the_place_of_another_outlives_a_kill(shelf: Shelf) -> None:
    shelf.store.replace([part("old", 10)], CURVE, timeout=5)
    killed(SWAPPED, shelf)

    assert shown(shelf) == [[("new", 3000)], [("old", 10)], [("old", 10)]]
    shelf.store.replace([part("newer", 5)], CURVE, timeout=5)
    assert shown(shelf) == [[("newer", 5)]] * 3
