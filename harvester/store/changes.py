"""What a load is about to do, worked out beforehand in temporary tables: which rows leave which table, which come.

Working it out takes a look at much, and no lock that keeps readers out; doing it takes moments.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

_SHAPES = {
    "segment": (
        "path VARCHAR, source VARCHAR, stream VARCHAR, run_id VARCHAR, observed_at TIMESTAMP, position INTEGER"
    ),
    "named": "position INTEGER, metric VARCHAR, subject VARCHAR",
    "span": (
        "source VARCHAR, stream VARCHAR, read_at TIMESTAMP, position INTEGER, first_day DATE, last_day DATE,"
        " state VARCHAR, reason VARCHAR, metrics VARCHAR[], takes_back BOOLEAN"
    ),
    "metric": "source VARCHAR, stream VARCHAR, metric VARCHAR, kind VARCHAR, revise VARCHAR, gauge BOOLEAN",
    "restated": "source VARCHAR, stream VARCHAR",
    "declared": "source VARCHAR, stream VARCHAR, metric VARCHAR, kind VARCHAR, revise VARCHAR, gauge BOOLEAN",
    "source": (
        "source VARCHAR, connector VARCHAR, person VARCHAR, schedule VARCHAR, config_hash VARCHAR,"
        " last_success TIMESTAMP, next_due TIMESTAMP, paused_until TIMESTAMP, served TIMESTAMP, failures INTEGER,"
        " failing_since TIMESTAMP, failed_run VARCHAR, ended_at TIMESTAMP"
    ),
    "moved": "source VARCHAR, stream VARCHAR, part VARCHAR, value VARCHAR, version INTEGER",
    "run": (
        "run_id VARCHAR, source VARCHAR, stream VARCHAR, trigger VARCHAR, scheduled_for TIMESTAMP,"
        " started_at TIMESTAMP, finished_at TIMESTAMP, outcome VARCHAR, stored BIGINT, revised BIGINT,"
        " requests BIGINT, points BIGINT, message VARCHAR"
    ),
    "budget": (
        "source VARCHAR, credential VARCHAR, bucket VARCHAR, allowed BIGINT, remaining BIGINT, reset_at TIMESTAMP,"
        " read_at TIMESTAMP"
    ),
    "unscored": "person VARCHAR, since DATE",
    "loaded": "segment_id VARCHAR",
    "forgotten": "segment_id VARCHAR",
}

_ROWS_AT_ONCE = 2000

ALL = "*"


@dataclass(frozen=True, slots=True)
class Change:
    """Of `table`, the rows that `gone` names in the columns `by` leave; then those of `rows` come.

    `gone` and `rows` are temporary tables or views, or empty; `rows` has the table's column names. `gone` may be ALL.
    `instead`: a table of the store that takes the place of this one.
    """

    table: str
    rows: str = ""
    gone: str = ""
    by: tuple[str, ...] = ()
    instead: str = ""

    def found(self, connection: duckdb.DuckDBPyConnection) -> Change:
        """The same, with the rows that leave looked up, so that no table is searched while readers are kept out.

        Their numbers hold for as long as nobody writes.
        """
        if not self.by:
            return self
        ids, same = f"{self.gone}_of_{self.table}", " AND ".join(f"t.{each} = g.{each}" for each in self.by)
        some = count(
            connection,
            f"CREATE OR REPLACE TEMP TABLE {ids} AS SELECT t.rowid AS id FROM store.{self.table} AS t"  # noqa: S608 - names of ours
            f" SEMI JOIN {self.gone} AS g ON {same}",
        )
        return Change(self.table, self.rows, ids if some else "")

    def make(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Do it to a change whose rows are found, within the caller's transaction."""
        if self.instead:
            connection.execute(f"DROP TABLE store.{self.table}")
            connection.execute(f"ALTER TABLE store.{self.instead} RENAME TO {self.table}")
        if self.gone == ALL:
            connection.execute(f"DELETE FROM store.{self.table}")  # noqa: S608 - a name of ours
        elif self.gone:
            connection.execute(f"DELETE FROM store.{self.table} WHERE rowid IN (SELECT id FROM {self.gone})")  # noqa: S608 - names of ours
        if self.rows:
            connection.execute(f"INSERT INTO store.{self.table} BY NAME FROM {self.rows}")


def fill(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    """A temporary table from a few rows, by JSON parameters: executemany is a statement a row.

    Without rows it is there, too. DuckDB takes ten times as much memory to take a parameter apart as it is long: so
    many rows at a time.
    """
    columns = _SHAPES[table]
    names = ", ".join(column.split()[0] for column in columns.split(", "))
    shape = json.dumps([{column.split()[0]: column.split()[1] for column in columns.split(", ")}])
    how = f"CREATE OR REPLACE TEMP TABLE {table} AS"
    for start in range(0, len(rows) or 1, _ROWS_AT_ONCE):
        connection.execute(
            f"{how} SELECT {names} FROM (SELECT unnest(from_json($rows, $shape), recursive := true))",  # noqa: S608 - names from the table above
            {"rows": json.dumps(rows[start : start + _ROWS_AT_ONCE], default=str), "shape": shape},
        )
        how = f"INSERT INTO {table}"


def blank(connection: duckdb.DuckDBPyConnection, names: Iterable[str], like: str) -> None:
    """Temporary tables without rows, with the columns of a table of the store."""
    for name in names:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM store.{like} LIMIT 0")


def count(connection: duckdb.DuckDBPyConnection, statement: str, values: Mapping[str, object] | None = None) -> int:
    """Run a statement that makes a table or changes rows; of how many."""
    row = connection.execute(statement, values).fetchone()
    return int(row[0]) if row else 0
