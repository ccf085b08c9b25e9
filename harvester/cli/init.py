"""`harvest init`: a configuration to start from."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from harvester.cli import show


def run(options: argparse.Namespace) -> int:
    """Write config.toml where --config, $HARVEST_CONFIG or the current folder says; never overwrite."""
    from harvester.cli.questions import ask
    from harvester.config import template, write_config

    show.talk(options)
    path = Path(options.config or os.environ.get("HARVEST_CONFIG") or "config.toml")
    if path.exists():
        sys.stderr.write(f"harvest: {path} exists and stays as it is; move it away to start anew\n")
        return 2
    answers = ask() if sys.stdin.isatty() and sys.stderr.isatty() else {}
    write_config(path, template(answers))
    sys.stdout.write(f"{path}\n")
    if not options.quiet:
        sys.stderr.write(f"wrote {path}; add your sources to it, then run: harvest check && harvest now\n")
    return 0
