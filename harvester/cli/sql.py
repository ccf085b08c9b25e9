"""`harvest sql`: read-only questions to the database."""

from __future__ import annotations

import argparse
import sys

from harvester.cli import show


def run(options: argparse.Namespace) -> int:
    """Answer one query in the wanted format; a query that cannot be answered is a usage error."""
    from harvester.store.query import QueryError, copy, select

    settings = show.settings(options)
    query = options.query if options.query is not None else sys.stdin.read()
    try:
        if options.format in ("csv", "json", "parquet"):
            sys.stdout.flush()
            sys.stdout.buffer.write(copy(settings.database, query, options.format))
            return 0
        names, rows = select(settings.database, query)
    except QueryError as error:
        sys.stderr.write(f"harvest: {error}\n")
        return 2
    made = show.table(names)
    for row in rows:
        made.add_row(*("" if cell is None else show.plain(cell) for cell in row))
    show.console(options).print(made)
    return 0
