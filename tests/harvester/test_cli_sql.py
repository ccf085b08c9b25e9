"""`harvest sql`: questions, and nothing but questions."""

from __future__ import annotations

import io
import json
from pathlib import Path

import duckdb
import pytest

from connectors.base import Batch, Observation
from harvester.store.query import QueryError, copy, select
from tests.harvester.store.building import Shelf, at


@pytest.fixture
def database(tmp_path: Path) -> Path:
    shelf = Shelf(tmp_path)
    shelf.harvest(
        Batch(
            [Observation("issues_opened", "repo:1", "1", at(3)), Observation("issues_opened", "repo:1", "2", at(3))]
        )
    )
    return shelf.store.path


FORBIDDEN = [
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_csv('{secret}')",
    "FROM '{secret}'",
    "SELECT * FROM glob('{folder}/*')",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "COPY (SELECT 1) TO '{folder}/spool/out.csv'",
    "EXPORT DATABASE '{folder}/out'",
    "ATTACH '{folder}/other.duckdb'",
    "ATTACH '{database}' AS again; DELETE FROM again.store.observations",
    "ATTACH '{database}' AS again (READ_WRITE); DELETE FROM again.store.observations",
    "CREATE TABLE mine (n INTEGER)",
    "DELETE FROM store.observations",
    "DROP VIEW totals",
    "UPDATE store.meta SET value = '9'",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "SET memory_limit = '100GB'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SELECT * FROM read_parquet('https://example.org/x.parquet')",
    "SELECT 1; COPY (SELECT 1) TO '{folder}/out.csv'",
    "SELECT 1) TO '{folder}/out.csv' (FORMAT csv); --",
    "SELECT 1) TO '{folder}/out.csv' (FORMAT csv) --",
]


@pytest.mark.parametrize("query", FORBIDDEN)
@pytest.mark.parametrize("form", ["table", "csv"])
def test_a_query_can_neither_write_nor_leave_the_database(database: Path, query: str, form: str) -> None:
    secret = database.parent / "secret.txt"
    secret.write_text("sesame")
    before = sorted(path.name for path in database.parent.rglob("*"))
    text = query.format(secret=secret, folder=database.parent, database=database)
    with pytest.raises(QueryError) as refused:
        select(database, text) if form == "table" else copy(database, text, form)
    assert "sesame" not in str(refused.value)
    assert sorted(path.name for path in database.parent.rglob("*")) == before
    assert select(database, "SELECT count(*) FROM observations")[1] == [(2,)]


QUERIES = [
    "SELECT count(*) AS n FROM observations",
    "SELECT count(*) AS n FROM observations;\n",
    "SELECT 2 AS n -- two",
]


@pytest.mark.parametrize("query", QUERIES)
def test_an_answer_is_the_same_in_every_format(database: Path, query: str) -> None:
    assert select(database, query) == (["n"], [(2,)])
    assert copy(database, query, "csv") == b"n\n2\n"
    assert json.loads(copy(database, query, "json")) == [{"n": 2}]
    target = database.parent / "answer.parquet"
    target.write_bytes(copy(database, query, "parquet"))
    assert duckdb.sql(f"FROM '{target}'").fetchall() == [(2,)]


@pytest.mark.parametrize("query", ["SELEC 1", "FROM nowhere", "SELECT 1; SELECT 2", "SELECT $x"])
def test_a_query_that_cannot_be_answered_says_why(database: Path, query: str) -> None:
    with pytest.raises(QueryError) as refused:
        copy(database, query, "csv")
    assert str(refused.value)


def test_a_database_is_as_it_was_after_a_question(database: Path) -> None:
    before = database.read_bytes()
    copy(database, "FROM totals", "json")
    assert database.read_bytes() == before


def test_nothing_of_the_answer_is_left_in_temporary_folders(
    database: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    assert io.BytesIO(copy(database, "SELECT 1 AS n", "csv")).read() == b"n\n1\n"
    assert list(scratch.iterdir()) == []
