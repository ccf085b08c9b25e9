"""Walks through lists that change meanwhile: nothing is skipped, however they are cut short."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from github_script import World, comment
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.github.client import Client, Page
from connectors.github.failures import Errand
from connectors.github.walks import OVERLAP, Start, linked, newest_first, oldest_first, write
from harvester.demo.exchange import as_json

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ERRAND = Errand("comments", "ann/one")


def at(second: int) -> datetime:
    return BEGIN + timedelta(seconds=second)


@dataclass
class MovingList:
    """A list of GitHub's that is sorted anew for every request, while its entries change.

    `entries`: second of the last change by id. `changes`: what happens before each request, in turn.
    """

    entries: dict[int, int]
    size: int = 3
    changes: list[tuple[str, int]] = field(default_factory=list)
    second: int = 1000
    asked: list[str] = field(default_factory=list)
    order: Callable[[tuple[int, int]], Any] = lambda entry: (entry[1], entry[0])

    def page(self, _: Errand, path: str, **parameters: Any) -> Page:
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()} | parameters
        self.asked.append(str(query.get("since", "")) + f"#{query.get('page', 1)}")
        self._change()
        since = datetime.fromisoformat(query["since"]) if "since" in query else BEGIN
        down = query.get("direction") == "desc"
        rows = sorted(((i, s) for i, s in self.entries.items() if at(s) >= since), key=self.order, reverse=down)
        start = (int(query.get("page", 1)) - 1) * self.size
        items = [{"id": i, "updated_at": write(at(s))} for i, s in rows[start : start + self.size]]
        if start + self.size >= len(rows):
            return Page(items, None)
        kept = "&".join(f"{n}={v}" for n, v in query.items() if n != "page")
        return Page(items, f"/list?{kept}&page={start // self.size + 2}")

    def _change(self) -> None:
        if not self.changes:
            return
        what, which = self.changes.pop(0)
        self.second += 1
        if what == "new":
            self.entries[10_000 + self.second] = self.second
        elif what == "edit" and self.entries:
            self.entries[sorted(self.entries)[which % len(self.entries)]] = self.second

    def versions(self) -> set[tuple[int, str]]:
        return {(i, write(at(s))) for i, s in self.entries.items()}


def client(rows: MovingList) -> Client:
    return rows  # type: ignore[return-value]


def ascending(rows: MovingList, start: Start) -> Iterator[Any]:
    return oldest_first(client(rows), ERRAND, "/list", start)


def descending(rows: MovingList, start: Start) -> Iterator[Any]:
    return newest_first(linked(client(rows), ERRAND, "/list", sort="updated", direction="desc"), start)


def versions(items: Any) -> set[tuple[int, str]]:
    return {(item["id"], item["updated_at"]) for item in items}


WALKS = pytest.mark.parametrize("walk", [ascending, descending])
seconds = st.dictionaries(st.integers(1, 60), st.integers(0, 30), max_size=25)
happenings = st.lists(st.tuples(st.sampled_from(["new", "edit", "nothing"]), st.integers(0, 60)), max_size=12)


@WALKS
@given(entries=seconds, changes=happenings, size=st.integers(1, 4), steps=st.lists(st.integers(0, 6), max_size=3))
@settings(max_examples=200, deadline=None)
def test_nothing_is_skipped_whatever_moves_and_wherever_it_is_cut(
    walk: Callable[..., Iterator[Any]],
    entries: dict[int, int],
    changes: list[tuple[str, int]],
    size: int,
    steps: list[int],
) -> None:
    rows, met = MovingList(dict(entries), size, list(changes)), set[tuple[int, str]]()
    part: dict[str, str] | None = None

    def go(length: int | None) -> None:
        nonlocal part
        start, pending = Start.of(part, None), set[tuple[int, str]]()
        for step in islice(walk(rows, start), length):
            pending |= versions(step.items)
            if step.is_sure:  # what comes after the last checkpoint may be lost
                met.update(pending)
                part = start.part(step.mark)

    for length in steps:
        go(length)
    go(None)
    rows.changes.clear()
    go(None)
    assert rows.versions() <= met


@WALKS
def test_a_second_walk_asks_once_and_meets_only_the_newest(walk: Callable[..., Iterator[Any]]) -> None:
    rows = MovingList({n: n * 1000 for n in range(1, 8)})
    start = Start.of(None, None)
    *_, last = walk(rows, start)
    rows.asked.clear()
    steps = list(walk(rows, Start.of(start.part(last.mark), None)))
    assert len(rows.asked) == 1
    assert [item["id"] for step in steps for item in step.items] == [7]


def test_pages_are_asked_for_by_the_last_change_not_by_number() -> None:
    rows = MovingList({n: n * 10 for n in range(1, 8)})
    list(ascending(rows, Start()))
    assert rows.asked == ["#1", "2026-01-01T00:00:29Z#1", "2026-01-01T00:00:49Z#1"]


def test_a_second_that_fills_more_than_a_page_is_walked_by_links() -> None:
    rows = MovingList({**dict.fromkeys(range(1, 12), 5), 20: 50})
    steps = list(ascending(rows, Start()))
    assert {item["id"] for step in steps for item in step.items} == set(rows.entries)
    assert rows.asked[-1].startswith("2026-01-01T00:00:")


def test_a_list_out_of_order_is_not_sure_before_its_end() -> None:
    rows = MovingList({1: 50, 2: 10, 3: 40, 4: 20, 5: 30}, size=2, order=lambda entry: entry[0])
    *before, last = steps = list(ascending(rows, Start()))
    assert last.is_sure
    assert not any(step.is_sure for step in before)
    assert {item["id"] for step in steps for item in step.items} == {1, 2, 3, 4, 5}
    assert steps[-1].mark == at(50)


def test_a_descending_list_out_of_order_is_read_to_its_end() -> None:
    rows = MovingList({n: 1000 * n for n in range(1, 7)}, size=2, order=lambda entry: (entry[0] * 7) % 5)
    start = Start.of({"updated": write(at(6000))}, None)
    steps = list(descending(rows, start))
    assert [step.is_sure for step in steps] == [False, False, True]


def test_entries_repeated_by_the_overlap_of_pages_are_dropped() -> None:
    rows = MovingList({n: n * 10 for n in range(1, 8)})
    met = [item["id"] for step in ascending(rows, Start()) for item in step.items]
    assert met == [1, 2, 3, 4, 5, 6, 7]


def test_an_empty_list_ends_and_keeps_the_mark() -> None:
    start = Start.of({"updated": write(at(9))}, None)
    [step] = ascending(MovingList({}), start)
    assert (list(step.items), step.mark, step.is_sure) == ([], at(9), True)


def test_entries_without_a_date_neither_stop_nor_move_a_walk() -> None:
    rows = MovingList({1: 10})
    plain = rows.page

    def page(errand: Errand, path: str, **parameters: Any) -> Page:
        got = plain(errand, path, **parameters)
        return Page([None, {"id": 2}, *got.items, {"id": 3, "updated_at": "soon"}], got.next)

    rows.page = page  # type: ignore[method-assign]
    [step] = ascending(rows, Start())
    assert (len(step.items), step.mark) == (4, at(10))


class TestStart:
    def test_the_first_walk_begins_at_the_beginning(self) -> None:
        assert Start.of(None, None) == Start()
        assert Start().part(None) == {}

    def test_a_later_walk_begins_a_little_before_the_mark(self) -> None:
        start = Start.of({"updated": write(at(9))}, None)
        assert (start.walk_from, start.first_day) == (at(9) - OVERLAP, None)
        assert timedelta(minutes=5) <= OVERLAP

    def test_a_first_walk_since_a_day_leaves_out_what_is_older(self) -> None:
        start = Start.of(None, date(2026, 1, 1))
        assert start.walk_from == BEGIN
        assert start.leaves_out(BEGIN - timedelta(seconds=1))
        assert not start.leaves_out(BEGIN)
        assert start.part(at(9)) == {"updated": write(at(9)), "from": "2026-01-01"}

    def test_a_backfill_goes_back_and_lowers_the_first_day(self) -> None:
        start = Start.of({"updated": write(at(9)), "from": "2026-01-01"}, date(2025, 6, 1))
        assert start.walk_from == datetime(2025, 6, 1, tzinfo=UTC)
        assert start.first_day == date(2025, 6, 1)

    def test_a_backfill_never_raises_the_first_day_nor_begins_after_the_mark(self) -> None:
        known = {"updated": write(at(9)), "from": "2025-01-01"}
        start = Start.of(known, date(2027, 1, 1))
        assert (start.walk_from, start.first_day) == (at(9) - OVERLAP, date(2025, 1, 1))

    def test_what_is_complete_stays_complete(self) -> None:
        assert Start.of({"updated": write(at(9))}, date(2025, 6, 1)).first_day is None

    def test_a_repository_that_was_empty_is_walked_whole(self) -> None:
        assert Start.of({}, date(2027, 1, 1)) == Start()


def test_an_interrupted_backfill_does_not_jump_over_what_it_left() -> None:
    rows = MovingList({n: n * 10_000 for n in range(1, 10)})
    old = Start.of({"updated": write(at(90_000)), "from": "2026-01-02"}, date(2026, 1, 1))
    first = next(ascending(rows, old))
    part = old.part(first.mark)
    rest = {item["id"] for step in ascending(rows, Start.of(part, None)) for item in step.items}
    assert {item["id"] for item in first.items} | rest == set(rows.entries)


def test_a_first_page_is_asked_for_in_full_and_in_order(github: World) -> None:
    github.script.said["/repos/ann/one/issues/comments"] = as_json([comment(1)])
    assert github.read("issue_comments").keys("issue_comments") == ["1"]
    [asked] = github.script.paths("comments")
    assert asked == "/repos/ann/one/issues/comments?direction=asc&per_page=100&sort=updated"
