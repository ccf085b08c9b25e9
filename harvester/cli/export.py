"""`harvest export`: every public view as a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from harvester.cli import show


def run(options: argparse.Namespace) -> int:
    """Write the files and name them."""
    from harvester.store.publish import export

    settings = show.settings(options)
    out = show.console(options)
    for path, rows in export(settings.database, Path(options.folder), options.format, timeout=30):
        out.print(f"{show.plain(path)}: {rows} rows", soft_wrap=True)
    return 0
