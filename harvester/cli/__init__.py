"""The command line: parse, run one command, turn every failure into a message and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from harvester.cli.parser import build

_MODULES = {"import": "import_file", "what-if": "what_if"}  # what is no name of Python's
DEFECT, USAGE, BUSY, INTERRUPTED = 1, 2, 4, 130


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code of architecture A1. Never raises but SystemExit from the parser."""
    parser = build()
    options = parser.parse_args(arguments)
    if options.version:
        from importlib.metadata import version

        sys.stdout.write(f"harvest {version('harvester')}\n")
        return 0
    if options.command is None:
        parser.print_help()
        return USAGE
    try:
        code: int = import_module(f"harvester.cli.{_MODULES.get(options.command, options.command)}").run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # `harvest sql … | head`: the reader has seen enough. Nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last door before the user
        return _failure(error, is_verbose=options.verbose)
    return code


def _failure(error: Exception, *, is_verbose: bool) -> int:
    from harvester.config import ConfigError
    from harvester.daemon.health import EndpointError
    from harvester.redact import redact
    from harvester.spool import SpoolError
    from harvester.store.errors import Busy, StoreError

    if isinstance(error, Busy):
        return _say(redact(str(error)), BUSY)
    if isinstance(error, (ConfigError, EndpointError, StoreError, SpoolError)):
        return _say(redact(str(error)), USAGE)
    if is_verbose:
        import traceback

        sys.stderr.write(redact("".join(traceback.format_exception(error))))
    what = redact(f"a defect of ours: {type(error).__name__}: {error}")
    return _say(f"{what}; please report it{'' if is_verbose else ' (with -v it shows where)'}", DEFECT)


def _say(message: str, code: int) -> int:
    sys.stderr.write(f"harvest: {message}\n")
    return code
