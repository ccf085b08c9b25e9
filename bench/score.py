"""How long scoring takes: a thousand people, five years of weeks, five metrics each; goal: under two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "scoring"))

import test_scoring_scale as scale

import scoring

_REPEATS = 5


def main() -> None:
    """Print the median and the best of a few runs, and a plain loop of this machine to compare with."""
    totals = scale.thousand_people()
    taken = sorted(_seconds(lambda: scoring.score(totals)) for _ in range(_REPEATS))
    loop = min(_seconds(lambda: sum(range(20_000_000))) for _ in range(_REPEATS))
    print(f"scoring {scale.PEOPLE} people, {scale.WEEKS} weeks, {len(totals):,} totals:")
    print(f"median {taken[_REPEATS // 2]:.2f} s, best {taken[0]:.2f} s; sum(range(20_000_000)): {loop:.2f} s")


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
