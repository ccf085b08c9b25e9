"""What reading many sources costs, beside a bare fetch of the same.

    python bench/sources.py [--rounds 3] [--case feeds --case memory --case year]

The services of the tests answer on loopback, each at an address of its own, in a process of their own, 50 ms an
answer. `harvest now` is run and watched as a whole, start-up and score and all; the bare fetch sends the same
requests, eight at once, and does nothing with the answers. Medians of the rounds.

feeds    100 feeds of 50 entries, harvested before and unchanged
memory   a feed of 5 MB beside a tiny one
year     50 sources of every kind, a year of each, for the first time

Prints Markdown; docs/benchmarks.md keeps the figures with date and machine.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])

from bench.source_parts.cases import CASES  # noqa: E402 - found by the line above


def main() -> None:
    """Run the chosen cases and print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=3, help="how often each is measured")
    options.add_argument("--case", action="append", choices=CASES, help="only these; may be repeated")
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-sources-"))
    print("| what | measured | bare fetch | goal | |\n|---|---|---|---|---|")
    try:
        for name, case in CASES.items():
            if name in (chosen.case or CASES):
                for line in case(folder / name, chosen.rounds):
                    met = {None: "", True: "met", False: "**not met**"}[line.is_met]
                    print(f"| {line.what} | {line.measured} | {line.bare} | {line.goal} | {met} |", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
