"""Scores on their way into the store: a few in temporary tables, many in tables beside those that are shown.

What is written beside is shown by giving it the name of the other: readers are kept out for moments, however much it
is, and never see half of a score.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harvester.store.changes import ALL, Change

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt

    Words = tuple[npt.NDArray[np.int64], Sequence[str]]
    Columns = Mapping[str, npt.NDArray[Any] | Words]

# Rows that are written in one go. Of more, DuckDB would write some to disk and read them again, which takes longest
# of all; the fewer, the more often it rewrites the last rows of the table.
MANY = 250_000


@dataclass(slots=True)
class Arrivals:
    """Rows for tables of the store, as they come. `whole`: those of which all that is there gives way to them."""

    bench: duckdb.DuckDBPyConnection
    whole: frozenset[str]
    waiting: dict[str, int] = field(default_factory=dict)
    aside: set[str] = field(default_factory=set)

    def take(self, tables: Mapping[str, Columns]) -> None:
        """Add rows to those that wait for the named tables; arrays are named as the columns are.

        Texts are arrays of them, or pairs: codes, and the texts that they number from 0 on.
        """
        for name, arrays in tables.items():
            # Numbers for texts: of each object DuckDB's client asks pandas whether it is null, and copies it.
            texts = {
                column: each if isinstance(each, tuple) else _numbered(each)
                for column, each in arrays.items()
                if isinstance(each, tuple) or each.dtype.kind in "OU"
            }
            given = {**arrays, **{column: places for column, (places, _) in texts.items()}}
            rows = len(next(iter(given.values())))
            chosen = ", ".join(
                f'from_json(${each}, \'["VARCHAR"]\')["{each}"::INTEGER + 1] AS "{each}"'
                if each in texts
                else f'"{each}"'
                for each in arrays
            )
            how = f"INSERT INTO new_{name} BY NAME" if name in self.waiting else f"CREATE TEMP TABLE new_{name} AS"
            self.bench.register("arrays", given)
            self.bench.execute(
                f"{how} SELECT {chosen} FROM arrays",  # noqa: S608 - names of ours
                # As JSON: of each text in a list the client asks what type it is, which takes five times as long.
                {column: json.dumps(list(map(str, words))) for column, (_, words) in texts.items()} or None,
            )
            self.bench.unregister("arrays")
            self.waiting[name] = self.waiting.get(name, 0) + rows

    @property
    def are_many(self) -> bool:
        """Whether so many rows wait for tables that give way that they are better put aside."""
        return sum(rows for name, rows in self.waiting.items() if name in self.whole) > MANY

    def put_aside(self) -> None:
        """Write the rows that wait for tables that give way beside these. Part of a transaction."""
        for name in self.whole & self.waiting.keys():
            if name not in self.aside:
                self.bench.execute(f"CREATE OR REPLACE TABLE store.coming_{name} AS FROM store.{name} LIMIT 0")
            self.bench.execute(f"INSERT INTO store.coming_{name} BY NAME FROM new_{name}")

    def are_aside(self) -> None:
        """What `put_aside` wrote is committed."""
        for name in self.whole & self.waiting.keys():
            self.bench.execute(f"DROP TABLE temp.new_{name}")
            del self.waiting[name]
            self.aside.add(name)

    def changes(self, gone: Mapping[str, str]) -> list[Change]:
        """What brings all of them into their tables. `gone`: which rows leave the tables that do not give way."""
        names = sorted(self.aside | self.waiting.keys())
        return [
            Change(name, instead=f"coming_{name}")
            if name in self.aside
            else Change(name, rows=f"new_{name}", gone=ALL if name in self.whole else gone.get(name, ""))
            for name in names
        ]


def forget(bench: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Drop what a score that was killed had put aside for these tables. Part of a transaction."""
    for name in names:
        bench.execute(f"DROP TABLE IF EXISTS store.coming_{name}")


class _Places(dict[str, int]):
    """Numbers what it is asked for, as it comes. For loops that C makes."""

    def __missing__(self, text: str) -> int:
        self[text] = place = len(self)
        return place


def _numbered(texts: npt.NDArray[Any]) -> Words:
    """For each text its place among the distinct ones."""
    import numpy as np

    places = _Places()
    found = np.fromiter(map(places.__getitem__, texts.tolist()), dtype=np.int64, count=len(texts))
    return found, list(places)
