"""Our GitHub harvest against the bare fetch of the same, and against the tools that people use today.

    python bench/github.py [--repos 10] [--quick] [--no-peers] [--case first --case later …] [--envs FOLDER]

A world of repositories is served on loopback by a process of its own, 50 ms an answer. Each tool is run and
watched as a whole, start-up and all:

first     a harvest into an empty folder
again     once more at once: nothing has changed
later     a day later: new stars, issues and reviews, and one of everything that leaves hardly a trace
thousand  ours alone: 1,000 small repositories with every limit of GitHub enforced, and a stranger's token: to read
          traffic would take more requests than an hour has; then nothing changed
cpu       ours alone: CPU per observation, from the socket to the sealed segment

"wrong rows": records that a faultless tool would hold after all runs so far and this one lacks, holds too much or
holds as they once were, of the kinds that it claims to read. Peers are installed from PyPI into environments of
their own, kept in --envs. Prints Markdown; docs/benchmarks.md keeps the figures with date and machine.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

# Instead of bench/: as `github` this file would pass for PyGithub.
sys.path[0] = str(Path(__file__).parents[1])

from bench.github_parts.cases import AHEAD, Results, cpu, race, thousand  # noqa: E402 - found by the line above
from bench.github_parts.report import report  # noqa: E402
from bench.github_parts.world import Size  # noqa: E402

FULL = Size(repos=10, stars=500, issues=200, pulls=60, days=730)
QUICK = Size(repos=3, stars=60, issues=30, pulls=8, days=150)
CROWD = Size(repos=1000, stars=20, issues=16, pulls=5, days=190)
QUICK_CROWD = replace(CROWD, repos=60)
CASES = (*AHEAD, "thousand", "cpu")


def main() -> None:
    """Run the chosen cases and print the tables."""
    options = arguments()
    cases = [case for case in CASES if case in (options.case or CASES)]
    size = QUICK if options.quick else FULL
    size = replace(size, repos=max(2, options.repos or size.repos))
    folder = Path(tempfile.mkdtemp(prefix="bench-github-"))
    envs = Path(options.envs or Path(tempfile.gettempdir()) / "bench-github-envs") if options.peers else None
    try:
        races = [case for case in cases if case in AHEAD]
        results = race(size, folder, envs, races, say) if races else Results()
        if "thousand" in cases:
            crowd = thousand(QUICK_CROWD if options.quick else CROWD, folder, say)
            results.found += crowd.found
            results.notes += crowd.notes
        if "cpu" in cases:
            say("cpu")
            results.cpu = cpu(size, folder)
    finally:
        shutil.rmtree(folder)
    print(report(results, size, is_full=size == FULL))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repos", type=int, help="repositories of the first three cases: 10 unless told, 2 at least")
    parser.add_argument("--quick", action="store_true", help="small worlds, to see that it runs; no goals then")
    parser.add_argument(
        "--peers", action=argparse.BooleanOptionalAction, default=True, help="run the other tools, too"
    )
    parser.add_argument(
        "--case",
        action="append",
        choices=CASES,
        help="only these; may be repeated. An earlier one is run for a later one",
    )
    parser.add_argument(
        "--envs", help="where the peers' environments are kept; the folder for temporary files unless told"
    )
    return parser.parse_args()


def say(what: str) -> None:
    """Tell on stderr what is going on."""
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
