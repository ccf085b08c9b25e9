"""What is remembered of a repository's threads, as parts of a cursor."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from github_script import NOW
from hypothesis import given
from hypothesis import strategies as st

from connectors.github.memory import CHUNK, Memory
from connectors.github.visit import OVERLAP

BEGIN = datetime(2015, 1, 1, tzinfo=UTC)
instants = st.integers(0, 400_000_000).map(lambda second: BEGIN + timedelta(seconds=second))
days = st.dates(date(2015, 1, 1), date(2027, 1, 1))
marks = st.dictionaries(st.integers(1, 1000), st.text("0123456789 ", min_size=1, max_size=6), max_size=30)
memories = st.builds(
    Memory,
    until=st.none() | instants,
    seen_at=st.none() | instants,
    after=st.none() | st.text(min_size=1, max_size=20),
    is_whole=st.booleans(),
    first_day=st.none() | days,
    counted_on=st.none() | days,
    gap=st.integers(-3, 9),
)


def stored(parts: dict[str, Any]) -> dict[str, Any]:
    """Parts as they come back from the store."""
    told: dict[str, Any] = json.loads(json.dumps(parts))
    return told


@given(memories, marks)
def test_what_is_remembered_survives_the_store(memory: Memory, threads: dict[int, str]) -> None:
    for number, mark in threads.items():
        memory.mark(number, mark)
    parts = stored(memory.checkpoint())
    assert Memory.of(parts) == memory
    assert Memory.of(parts).checkpoint() == {"": parts[""]}


changes = st.lists(st.tuples(st.integers(1, 450), st.none() | st.text("abc", min_size=1, max_size=2)), max_size=12)


@given(st.lists(changes, max_size=5))
def test_checkpoints_add_up_to_what_is_known(visits: list[list[tuple[int, str | None]]]) -> None:
    parts: dict[str, Any] = {}
    known: dict[int, str] = {}
    for visit in visits:
        memory = Memory.of(parts)
        for number, mark in visit:
            if mark is None:
                memory.forget([number])
                known.pop(number, None)
            else:
                memory.mark(number, mark)
                known[number] = mark
            if number % 3 == 0:
                parts |= stored(memory.checkpoint())
        parts |= stored(memory.checkpoint())
        assert Memory.of(parts).marks == known


def test_nothing_is_known_at_first() -> None:
    memory = Memory.of({})
    assert (memory.is_whole, memory.until, memory.after, memory.marks, memory.gap) == (False, None, None, {}, 0)


def test_only_the_chunks_that_changed_are_told() -> None:
    memory = Memory()
    for number in (1, CHUNK - 1, CHUNK, 5 * CHUNK):
        memory.mark(number, "0")
    assert set(memory.checkpoint()) == {"", "/0", "/1", "/5"}
    assert set(memory.checkpoint()) == {""}
    memory.mark(CHUNK, "1")
    assert memory.checkpoint()["/1"] == {str(CHUNK): "1"}


def test_a_mark_that_is_the_same_changes_nothing() -> None:
    memory = Memory()
    memory.mark(1, "0")
    memory.checkpoint()
    memory.mark(1, "0")
    assert set(memory.checkpoint()) == {""}


def test_a_chunk_that_is_empty_now_is_told_as_empty() -> None:
    memory = Memory.of({"/0": {"1": "0"}})
    memory.forget([1, 2])
    assert memory.checkpoint()["/0"] == {}


def test_forgetting_what_is_not_known_changes_nothing() -> None:
    memory = Memory()
    memory.forget([1, 2])
    assert set(memory.checkpoint()) == {""}


def test_a_part_is_about_a_kilobyte_however_many_threads_there_are() -> None:
    memory = Memory()
    for number in range(5000):
        memory.mark(number, "12 3")
    assert max(len(json.dumps(part)) for part in memory.checkpoint().values()) < 3000


def test_parts_of_other_ways_to_read_are_not_taken_for_threads() -> None:
    memory = Memory.of({"": {"updated": "2026-01-01T00:00:00Z"}, "/comments": {"updated": "2026-01-01T00:00:00Z"}})
    assert (memory.marks, memory.is_whole) == ({}, False)


class TestSettled:
    def test_an_empty_list_is_settled(self) -> None:
        assert Memory().is_settled

    def test_a_change_long_before_the_signs_were_taken_is_settled(self) -> None:
        assert Memory(until=NOW - OVERLAP, seen_at=NOW).is_settled

    def test_a_change_just_before_may_have_a_neighbour_that_was_not_seen(self) -> None:
        assert not Memory(until=NOW - OVERLAP + timedelta(seconds=1), seen_at=NOW).is_settled
        assert not Memory(until=NOW - timedelta(days=1)).is_settled
