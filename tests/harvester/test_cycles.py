"""How often Python looks for cycles is decided by whoever the process belongs to."""

from __future__ import annotations

import subprocess
import sys

REPORT = "print(gc.get_threshold()[0], gc.get_freeze_count() > 0)"


def told(script: str) -> list[str]:
    code = f"import gc; from harvester import cycles; {script}"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_a_process_that_is_not_ours_is_left_alone() -> None:
    assert told(f"{REPORT}; cycles.work(); {REPORT}") == ["700 False"] * 2


def test_one_of_ours_looks_seldom_then_sometimes_and_not_at_what_it_began_with() -> None:
    assert told(f"cycles.begin(); {REPORT}; cycles.work(); {REPORT}") == ["200000 False", "20000 True"]


def test_the_end_leaves_everything_alone() -> None:
    assert told(f"cycles.begin(); cycles.end(); {REPORT}") == ["200000 True"]
