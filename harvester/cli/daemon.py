"""`harvest daemon`: the scheduler, in the foreground; systemd (--install), Docker or a terminal wraps it."""

from __future__ import annotations

import argparse
import os
import sys

from harvester import cycles

USAGE = 2
_LAST_LINES = 0.5


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT, then exit with 0. What keeps it from beginning is told as for every command."""
    if options.install:
        from harvester.cli import install

        return install.run(options)
    if stray := _install_only(options):
        sys.stderr.write(f"harvest: {stray} goes with --install\n")
        return USAGE
    from harvester.config import find_config, load
    from harvester.daemon.logs import set_up
    from harvester.daemon.service import serve
    from harvester.daemon.watched import WatchedConfig

    cycles.work()
    lines = set_up(as_json=options.log == "json", is_verbose=options.verbose, is_quiet=options.quiet)
    try:
        serve(WatchedConfig(find_config(options.config, os.environ), load))
    finally:
        lines.drain(_LAST_LINES)
    # Reads that did not end in time are still in their libraries, which do not bear the end of the interpreter.
    sys.stdout.flush()
    os._exit(0)


def _install_only(options: argparse.Namespace) -> str:
    """The first option given that means something only together with --install; else nothing."""
    given = {
        "--user": options.scope == "user",
        "--system": options.scope == "system",
        "--credentials": options.credentials is not None,
        "--print": options.print,
        "--yes": options.yes,
    }
    return next((option for option, is_given in given.items() if is_given), "")
