"""The caches of scoring: of whom they no longer hold, and how new rows take the place of old ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import duckdb

from harvester.store import sql
from harvester.store.changes import count, fill
from harvester.store.metatable import get_meta, set_meta

TABLES = ("factors", "influence", "attribution")
_SCORED = "scored"


def unscored(connection: duckdb.DuckDBPyConnection, params: str, today: date) -> dict[str, date] | None:
    """Of whom the kept scores do not hold, and from which day on; None: nothing of them does.

    That is so when they were made with other parameters, when rows are gone, and before the first score.
    """
    if get_meta(connection, _SCORED) != _record(connection, params):
        return None
    return dict(connection.execute(sql.text("queries/unscored"), {"today": today}).fetchall())


def everybody(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """All people whom a source counts for."""
    return [
        person
        for (person,) in connection.execute("SELECT DISTINCT person FROM store.sources ORDER BY ALL").fetchall()
    ]


def outdated(connection: duckdb.DuckDBPyConnection, since: Mapping[str, date]) -> dict[str, str]:
    """By table, the temporary table with the numbers of the rows that those of the temporary tables new_… replace.

    They hold for as long as nobody writes. `since`: as `unscored` tells it, and as it was given to scoring.
    """
    fill(connection, "unscored", [{"person": person, "since": day} for person, day in since.items()])
    connection.execute(sql.text("queries/stale"))
    for name in TABLES:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE old_{name} AS SELECT t.rowid AS id FROM store.{name} AS t"  # noqa: S608 - names of ours
            " JOIN stale AS s ON t.person = s.person AND t.grain = s.grain AND t.period >= s.period"
        )
    return {name: f"old_{name}" for name in TABLES}


def remember(connection: duckdb.DuckDBPyConnection, params: str) -> None:
    """Note that the kept scores hold as they are, with these parameters. Part of the transaction that keeps them."""
    connection.execute("DELETE FROM store.unscored")
    set_meta(connection, _SCORED, _record(connection, params))


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Note that the kept scores do not hold. Part of a transaction."""
    set_meta(connection, _SCORED, "")


def _record(connection: duckdb.DuckDBPyConnection, params: str) -> str:
    """The parameters, and how many rows there are: caches may be emptied by anybody, at any time."""
    rows = [count(connection, f"SELECT count(*) FROM store.{name}") for name in TABLES]  # noqa: S608 - names of ours
    return " ".join(map(str, [params, *rows]))
