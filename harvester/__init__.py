"""harvester: signals of sharing in tech, harvested into DuckDB and turned into one honest influence score."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

__all__ = ["connect"]


def connect(config: str | Path | None = None, *, timeout: float = 30.0) -> duckdb.DuckDBPyConnection:
    """A read-only DuckDB connection to the configured database; retries while a load holds the file.

    `config`: the configuration file, else found as every command finds it. `timeout`: seconds of patience. Close the
    connection when you are done: while it is open, loads wait in the spool.
    Raises harvester.config.ConfigError, harvester.store.StoreError (no database yet) or its subclass Busy.
    """
    # Imported here: `import harvester` and `harvest --help` cost nothing.
    import os

    from harvester.config import find_config, load
    from harvester.store import open_reader

    settings = load(find_config(str(config) if config else None, os.environ))
    return open_reader(settings.database, timeout=timeout)
