"""`harvest`, also as `python -m harvester`."""

from __future__ import annotations

import sys

from harvester import cycles


def main() -> int:
    """Run the command line with this process's arguments; the exit code."""
    cycles.begin()
    from harvester.cli import run

    code = run(sys.argv[1:])
    cycles.end()
    return code


if __name__ == "__main__":
    sys.exit(main())
