"""Any order of reading, any batching, any repetition, any crash point: the same tables."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Batch, Observation
from harvester.spool import Segment
from harvester.store.connection import open_writer
from harvester.store.load import load
from tests.harvester.store.building import Shelf, at, on


@st.composite
def histories(draw: st.DrawFn) -> list[Observation]:
    """Facts of which each identity has one value: what a source says at one moment."""
    days = st.integers(1, 20)
    events = draw(st.lists(st.tuples(st.integers(0, 30), days, st.sampled_from(["ann", "bob", None])), max_size=25))
    levels = draw(st.lists(st.tuples(st.sampled_from(["post:1", "post:2"]), days, st.integers(0, 50)), max_size=25))
    totals = draw(st.lists(st.tuples(days, st.integers(0, 9)), max_size=15))
    facts = {
        ("e", number): Observation("issues_opened", f"repo:{number % 3}", str(number), at(day), actor=actor)
        for number, day, actor in events
    }
    facts |= {
        (subject, day): Observation("post_comments", subject, on(day).isoformat(), at(day), float(value))
        for subject, day, value in levels
    }
    facts |= {
        ("d", day): Observation("post_reads", "post:1", on(day).isoformat(), at(day), float(value))
        for day, value in totals
    }
    return list(facts.values())


def expected(facts: list[Observation]) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        shelf.harvest(Batch(facts))
        return dict(shelf.tables())


@settings(max_examples=6, deadline=None)
@given(facts=histories(), seed=st.integers(0, 2**32))
def test_order_batching_and_repetition_change_nothing(facts: list[Observation], seed: int) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        for _ in range(2):
            shuffled = chance.sample(facts, len(facts))
            while shuffled:
                size = chance.randint(1, len(shuffled))
                batch, shuffled = shuffled[:size], shuffled[size:]
                shelf.seal(Batch(batch + chance.sample(batch, len(batch) // 2)), finish=True)
                if chance.random() < 0.5:
                    shelf.load()
        shelf.load()
        assert dict(shelf.tables()) == expected(facts)


class Dies(Exception):
    """The process is gone."""


@settings(max_examples=10, deadline=None)
@given(facts=histories(), seed=st.integers(0, 2**32))
def test_a_crash_at_any_statement_or_removal_changes_nothing(facts: list[Observation], seed: int) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        for start in range(0, max(1, len(facts)), 7):
            shelf.seal(Batch(facts[start : start + 7], checkpoint={"at": start}))
            crash(shelf, shelf.spool.sealed(), at_statement=chance.randint(1, 60))
        shelf.load()
        assert dict(shelf.tables()) == expected(facts)
        assert shelf.ask("SELECT coalesce(sum(stored), 0), coalesce(sum(revised), 0) FROM runs") == [(len(facts), 0)]


def crash(shelf: Shelf, segments: list[Segment], *, at_statement: int) -> None:
    """Load, and die at the n-th statement; past the last one, die between the commit and the removal of the files."""
    connection = open_writer(shelf.store.path, timeout=1)
    with pytest.raises(Dies):  # noqa: PT012 - both ways to die end the same
        load(DyingConnection(connection, at_statement), segments, shelf.zone)  # type: ignore[arg-type]
        raise Dies
    connection.close()


class DyingConnection:
    """A connection whose process is killed at the n-th statement."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, at_statement: int) -> None:
        self.connection, self.left = connection, at_statement

    def __getattr__(self, name: str) -> object:
        return getattr(self.connection, name)

    def execute(self, *arguments: object) -> object:
        self.left -= 1
        if self.left == 0:
            raise Dies
        return self.connection.execute(*arguments)  # type: ignore[arg-type]
