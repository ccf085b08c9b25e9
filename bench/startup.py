"""How long `harvest --help` takes, against an interpreter that does nothing.

    python bench/startup.py

Prints a Markdown table; docs/benchmarks.md keeps the figures with date and machine.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 25


def main() -> None:
    """Time both in turn, so that both meet the same machine."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "harvest --help": [str(Path(sys.executable).with_name("harvest")), "--help"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - started)
    base = statistics.median(times["python -c pass"])
    print("| command | median ms | × |\n|---|---|---|")
    for name, taken in times.items():
        middle = statistics.median(taken)
        print(f"| `{name}` | {middle * 1000:.0f} | {middle / base:.1f} |")


if __name__ == "__main__":
    main()
