"""The public views: the columns of the contract in their order, explained, empty and full."""

from __future__ import annotations

import pytest

from connectors.base import Batch, Coverage, Observation, Subject
from tests.harvester.store.building import Shelf, at, on

VIEWS = {
    "observations": "person source stream metric kind subject key occurred_at actor value attrs observed_at run_id",
    "revisions": "person source stream metric kind subject key occurred_at actor value attrs observed_at run_id",
    "daily": "person source metric subject day total actors",
    "totals": "person grain period ends_on source metric subject total actors coverage",
    "subjects": "source subject kind title url published_at stable_id former_names",
    "coverage": "source stream metric day state reason",
    "runs": "run_id source stream trigger scheduled_for started_at finished_at outcome stored revised requests points"
    " message",
    "sources": "source connector person schedule last_success next_due paused_until config_hash",
    "factors": "",
    "influence": "",
    "attribution": "",
    "curves": "params settings first_scored last_scored is_shown",
    "former_factors": "",
    "former_influence": "",
    "works": "person work title published_at metric total actors subjects",
    "work_suggestions": "person work other title reason statement",
}
FILLED = ("observations", "revisions", "daily", "totals", "subjects", "coverage", "runs", "sources")


@pytest.mark.parametrize("view", VIEWS)
def test_a_public_view_opens_on_an_empty_database(shelf: Shelf, view: str) -> None:
    assert shelf.ask(f"SELECT * FROM {view}") == []


@pytest.mark.parametrize("view", FILLED)
def test_a_public_view_shows_what_was_harvested(shelf: Shelf, view: str) -> None:
    shelf.harvest(
        Batch(
            [Observation("issues_opened", "repo:1", "1", at(3), actor="ann")],
            subjects=[Subject("repo:1", "me/engine", "repo")],
            coverage=[Coverage(on(3), on(3))],
        )
    )
    assert shelf.ask(f"SELECT * FROM {view}") != []


@pytest.mark.parametrize(("view", "columns"), [(view, columns) for view, columns in VIEWS.items() if columns])
def test_a_public_view_has_the_columns_of_the_contract(shelf: Shelf, view: str, columns: str) -> None:
    assert [row[0] for row in shelf.ask(f"DESCRIBE {view}")] == columns.split()


def test_every_public_view_and_column_is_explained(shelf: Shelf) -> None:
    mute = shelf.ask(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'main' AND NOT internal"
        f" AND comment IS NULL AND list_contains({list(VIEWS)}, table_name)"
    )
    assert mute == []
    explained = shelf.ask("SELECT view_name FROM duckdb_views() WHERE NOT internal AND comment IS NOT NULL")
    assert set(VIEWS) <= {name for (name,) in explained}


def test_times_are_naive_and_days_are_dates(shelf: Shelf) -> None:
    types = {(row[0], row[1]) for view in FILLED for row in shelf.ask(f"DESCRIBE {view}")}
    assert not [name for name, kind in types if "WITH TIME ZONE" in kind]
    assert ("day", "DATE") in types
    assert ("occurred_at", "TIMESTAMP") in types


def test_private_tables_stay_out_of_sight(shelf: Shelf) -> None:
    tables = shelf.ask(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' AND table_type <> 'VIEW'"
    )
    assert tables == []
