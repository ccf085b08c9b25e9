"""`harvest`, also as `python -m harvester`."""

from __future__ import annotations

import os
import sys

from harvester import cycles


def main() -> int:
    """Run the command line with this process's arguments; the exit code."""
    # Nothing here multiplies matrices: NumPy's threads for that would only spin for a while after its import.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    cycles.begin()
    from harvester.cli import run

    code = run(sys.argv[1:])
    cycles.end()
    return code


if __name__ == "__main__":
    sys.exit(main())
