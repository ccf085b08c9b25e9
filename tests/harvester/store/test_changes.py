"""The temporary tables in which a load is worked out."""

from __future__ import annotations

from contextlib import closing

import duckdb
import pytest

from harvester.store import changes


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_a_table_is_filled_with_all_rows_and_no_earlier_ones(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_ROWS_AT_ONCE", 2)
    wanted = [(f"segment {n}",) for n in range(count)]
    with closing(duckdb.connect()) as connection:
        changes.fill(connection, "loaded", [{"segment_id": "of an earlier load"}])
        changes.fill(connection, "loaded", [{"segment_id": name} for (name,) in wanted])
        assert connection.execute("FROM loaded ORDER BY ALL").fetchall() == wanted
