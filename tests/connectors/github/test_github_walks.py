"""Walks through REST lists that change meanwhile: nothing is skipped, however they are cut short."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from github_script import World
from github_things import comment
from github_work import Driven, access, steps, visit
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Batch, Observation
from connectors.github.asks import Ask, Asking, Get, Page
from connectors.github.facts import entry, instant
from connectors.github.visit import OVERLAP, Record, write
from connectors.github.walks import RestList, Start, linked, newest_first, oldest_first
from harvester.demo.exchange import as_json

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

Walk = Callable[[RestList], Asking[Batch]]


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

    def answer(self, ask: Ask) -> Page:
        assert isinstance(ask, Get)
        query = {name: values[0] for name, values in parse_qs(urlsplit(ask.path).query).items()}
        query |= {name: str(value) for name, value in ask.parameters.items()}
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


def met(_: Any, item: Any) -> Iterator[Observation]:
    """Each version of an entry is a fact of its own here."""
    moment = instant(entry(item).get("updated_at"))
    yield Observation("met", "repo:1", f"{item['id']} {item['updated_at']}", moment)


def records(item: Any) -> Iterator[Record]:
    yield "entry", item, met, ()


def versions(batch: Batch) -> set[tuple[int, str]]:
    return {(int(key[0]), key[1]) for o in batch.observations if (key := o.key.split(" "))}


def ids(*batches: Batch) -> list[int]:
    return [number for batch in batches for number, _ in sorted(versions(batch), key=lambda v: (v[1], v[0]))]


def read(part: dict[str, Any] | None = None, since: date | None = None) -> RestList:
    parts = {} if part is None else {"": part}
    return RestList(visit(parts, way=access(since=since)), "/list", "", records)


def batches(walk: Walk, rows: MovingList, part: dict[str, Any] | None = None) -> list[Batch]:
    return list(steps(walk(read(part)), rows.answer))


def is_sure(batch: Batch) -> bool:
    return batch.checkpoint is not None


def part_of(batch: Batch) -> dict[str, Any]:
    assert batch.checkpoint is not None
    part: dict[str, Any] = batch.checkpoint[""]
    return part


WALKS = pytest.mark.parametrize("walk", [oldest_first, newest_first])
seconds = st.dictionaries(st.integers(1, 60), st.integers(0, 30), max_size=25)
happenings = st.lists(st.tuples(st.sampled_from(["new", "edit", "nothing"]), st.integers(0, 60)), max_size=12)


@WALKS
@given(entries=seconds, changes=happenings, size=st.integers(1, 4), lengths=st.lists(st.integers(0, 6), max_size=3))
@settings(max_examples=200, deadline=None)
def test_nothing_is_skipped_whatever_moves_and_wherever_it_is_cut(
    walk: Walk, entries: dict[int, int], changes: list[tuple[str, int]], size: int, lengths: list[int]
) -> None:
    rows, seen = MovingList(dict(entries), size, list(changes)), set[tuple[int, str]]()
    part: dict[str, Any] | None = None

    def go(length: int | None) -> None:
        nonlocal part
        pending = set[tuple[int, str]]()
        for number, batch in enumerate(steps(walk(read(part)), rows.answer)):
            if number == length:
                return
            pending |= versions(batch)
            if is_sure(batch):  # what comes after the last checkpoint may be lost
                seen.update(pending)
                part = part_of(batch)

    for length in lengths:
        go(length)
    go(None)
    rows.changes.clear()
    go(None)
    assert rows.versions() <= seen


@WALKS
def test_a_second_walk_asks_once_and_meets_only_the_newest(walk: Walk) -> None:
    rows = MovingList({n: n * 1000 for n in range(1, 8)})
    *_, last = batches(walk, rows)
    rows.asked.clear()
    assert ids(*batches(walk, rows, part_of(last))) == [7]
    assert len(rows.asked) == 1


def test_pages_are_asked_for_by_the_last_change_not_by_number() -> None:
    rows = MovingList({n: n * 10 for n in range(1, 8)})
    batches(oldest_first, rows)
    assert rows.asked == ["#1", "2026-01-01T00:00:29Z#1", "2026-01-01T00:00:49Z#1"]


def test_a_second_that_fills_more_than_a_page_is_walked_by_links() -> None:
    rows = MovingList({**dict.fromkeys(range(1, 12), 5), 20: 50})
    assert set(ids(*batches(oldest_first, rows))) == set(rows.entries)
    assert rows.asked[-1].startswith("2026-01-01T00:00:")


def test_a_list_out_of_order_is_not_sure_before_its_end() -> None:
    rows = MovingList({1: 50, 2: 10, 3: 40, 4: 20, 5: 30}, size=2, order=lambda entry: entry[0])
    *before, last = found = batches(oldest_first, rows)
    assert is_sure(last)
    assert not any(is_sure(batch) for batch in before)
    assert set(ids(*found)) == {1, 2, 3, 4, 5}
    assert part_of(last) == {"updated": write(at(50))}


def test_a_descending_list_out_of_order_is_read_to_its_end() -> None:
    rows = MovingList({n: 1000 * n for n in range(1, 7)}, size=2, order=lambda entry: (entry[0] * 7) % 5)
    found = batches(newest_first, rows, {"updated": write(at(6000))})
    assert [is_sure(batch) for batch in found] == [False, False, True]


def test_entries_repeated_by_the_overlap_of_pages_are_dropped() -> None:
    rows = MovingList({n: n * 10 for n in range(1, 8)})
    assert ids(*batches(oldest_first, rows)) == [1, 2, 3, 4, 5, 6, 7]


def test_an_empty_list_ends_and_keeps_the_mark() -> None:
    [batch] = batches(oldest_first, MovingList({}), {"updated": write(at(9))})
    assert (list(batch.observations), part_of(batch)) == ([], {"updated": write(at(9))})


def test_entries_without_a_date_neither_stop_nor_move_a_walk() -> None:
    rows = MovingList({1: 10})

    def answer(ask: Ask) -> Page:
        page = rows.answer(ask)
        return Page([None, {"id": 2}, *page.items, {"id": 3, "updated_at": "soon"}], page.next)

    [batch] = steps(oldest_first(read()), answer)
    assert (ids(batch), len(batch.rejects), part_of(batch)) == ([1], 3, {"updated": write(at(10))})


def test_linked_lists_are_read_to_their_end_and_told_whole() -> None:
    rows = MovingList({n: n for n in range(1, 8)})
    driven = Driven()

    def work() -> Asking[list[Any]]:
        items = yield from linked(visit(), "/list", sort="oldest")
        yield tuple(items)  # type: ignore[misc]

    [items] = steps(work(), rows.answer, driven)
    assert [item["id"] for item in items] == [1, 2, 3, 4, 5, 6, 7]
    first = driven.asked[0]
    assert isinstance(first, Get)
    assert (first.path, dict(first.parameters)) == ("/repos/ann/one/list", {"per_page": 100, "sort": "oldest"})


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

    def test_a_part_that_was_left_with_a_token_is_walked_whole(self) -> None:
        left = {"whole": True, "until": write(at(9)), "seen": write(at(10))}
        assert Start.of(left, None) == Start()


def test_an_interrupted_backfill_does_not_jump_over_what_it_left() -> None:
    rows = MovingList({n: n * 10_000 for n in range(1, 10)})
    known = {"updated": write(at(90_000)), "from": "2026-01-02"}
    first = next(steps(oldest_first(read(known, date(2026, 1, 1))), rows.answer))
    rest = batches(oldest_first, rows, part_of(first))
    assert set(ids(first, *rest)) == set(rows.entries)


def test_a_retraction_is_told_whenever_it_was_opened() -> None:
    def reopened(_: Any, item: Any) -> Iterator[Observation]:
        yield Observation("closed", "repo:1", str(item["id"]), at(-9), value=0)
        yield Observation("opened", "repo:1", str(item["id"]), at(-9))

    way = access(since=date(2026, 1, 1))
    found = RestList(visit(way=way), "/list", "", lambda item: [("entry", item, reopened, ())])
    [batch] = steps(oldest_first(found), MovingList({1: 10}).answer)
    assert [o.metric for o in batch.observations] == ["closed"]


def test_a_first_page_is_asked_for_in_full_and_in_order(github: World) -> None:
    github.token = None
    github.script.said["/repos/ann/one/issues/comments"] = as_json([comment(1)])
    assert github.read("issues").keys("issue_comments") == ["1"]
    [asked] = github.script.paths("comments")
    assert asked == "/repos/ann/one/issues/comments?direction=asc&per_page=100&sort=updated"
