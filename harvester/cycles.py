"""When Python looks for objects that hold each other and nobody else: after every 700 new ones unless it is told.

Almost all that is made here is freed without being looked for, or stays.
"""

from __future__ import annotations

import gc

_WHILE_STARTING, _WHILE_WORKING = 200_000, 20_000


def begin() -> None:
    """Hardly ever while modules are imported: what they make stays, and each look goes over all of it."""
    gc.set_threshold(_WHILE_STARTING)


def work() -> None:
    """Sometimes, among what is made from now on; in a process that is not ours from the beginning, as before."""
    if gc.get_threshold()[0] == _WHILE_STARTING:
        gc.freeze()
        gc.set_threshold(_WHILE_WORKING)


def end() -> None:
    """Not once more when the process ends, which takes a tenth of a second."""
    gc.freeze()
