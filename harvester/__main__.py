"""`harvest`, also as `python -m harvester`."""

from __future__ import annotations

import gc
import sys

# Almost all that is made is freed without being looked for, or stays: to look for cycles after every 700 objects, as
# Python does unless told, takes a twentieth of a harvest.
_LOOK_EVERY = 20_000


def main() -> int:
    """Run the command line with this process's arguments; the exit code."""
    gc.set_threshold(_LOOK_EVERY)
    from harvester.cli import run

    code = run(sys.argv[1:])
    # Else Python looks at everything once more, for cycles, before it ends: a tenth of a second.
    gc.freeze()
    return code


if __name__ == "__main__":
    sys.exit(main())
