"""Which asks go into one request."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import pytest
from github_work import THING, get, query
from hypothesis import given
from hypothesis import strategies as st

from connectors.github.asks import CORE, GRAPHQL, Ask, Fields, Query, points_of
from connectors.github.credentials import Credential
from connectors.github.ledger import Ledger
from connectors.github.packing import LINGER, Load, Pending, Turn, next_load

OTHER = replace(THING, name="Other")


def turn() -> Turn:
    return Turn("task", (_ for _ in ()), [])  # type: ignore[arg-type]


def pending(ask: Ask, **more: object) -> Pending:
    return Pending(turn(), 0, ask, **more)  # type: ignore[arg-type]


def packed(waiting: deque[Pending], appetite: int = 400, now: float = 0.0) -> list[list[Ask]]:
    loads = []
    while (load := next_load(waiting, appetite, now)) is not None:
        loads.append([one.ask for one in load.pending])
    return loads


def names(loads: list[list[Ask]]) -> list[list[str]]:
    return [[ask.values["id"] for ask in load] for load in loads]  # type: ignore[union-attr]


def test_nothing_that_waits_is_nothing_to_send() -> None:
    assert next_load(deque(), 400, 0.0) is None


def test_queries_for_the_same_fields_go_together() -> None:
    assert names(packed(deque(pending(query(n)) for n in range(3)))) == [["X0", "X1", "X2"]]


def test_queries_for_other_fields_go_with_them() -> None:
    waiting = deque(pending(query(n, OTHER if n % 2 else THING)) for n in range(4))
    assert names(packed(waiting)) == [["X0", "X1", "X2", "X3"]]


def test_but_not_where_they_call_different_fragments_the_same() -> None:
    issue, pull = (replace(THING, fragments=f"fragment Thread on {kind} {{ id }}") for kind in ("Issue", "Pull"))
    waiting = deque(pending(query(n, (issue, THING, pull)[n % 3])) for n in range(6))
    assert names(packed(waiting)) == [["X0", "X1", "X3", "X4"], ["X2", "X5"]]


def test_a_rest_question_goes_alone() -> None:
    load = packed(deque([pending(get("/a")), pending(query()), pending(get("/b"))]))
    assert [len(one) for one in load] == [1, 1, 1]


def test_no_more_than_the_most_of_some_fields_share_a_query() -> None:
    few = replace(THING, most=2)
    assert [len(load) for load in packed(deque(pending(query(n, few)) for n in range(5)))] == [2, 2, 1]


def test_who_allows_few_beside_it_is_not_put_among_many() -> None:
    few = replace(THING, most=2)
    waiting = deque(pending(query(n, few if n in (2, 3) else THING)) for n in range(4))
    assert names(packed(waiting)) == [["X0", "X1"], ["X2", "X3"]]


def test_no_more_than_the_appetite_goes_into_a_query() -> None:
    waiting = deque(pending(query(n, weight=weight)) for n, weight in enumerate([50, 40, 30, 20]))
    assert names(packed(waiting, appetite=100)) == [["X0", "X1"], ["X2", "X3"]]


def test_a_light_one_fills_what_a_heavy_one_leaves() -> None:
    waiting = deque(pending(query(n, weight=weight)) for n, weight in enumerate([50, 60, 30]))
    assert names(packed(waiting, appetite=100)) == [["X0", "X2"], ["X1"]]


def test_one_that_is_heavier_than_the_appetite_goes_all_the_same() -> None:
    waiting = deque(pending(query(n, weight=900)) for n in range(2))
    assert names(packed(waiting, appetite=100)) == [["X0"], ["X1"]]


def test_one_that_is_to_wait_waits_and_holds_up_nobody() -> None:
    waiting = deque([pending(query(0), not_before=5.0), pending(query(1))])
    assert names(packed(waiting, now=4.9)) == [["X1"]]
    assert names(packed(waiting, now=5.0)) == [["X0"]]


def test_one_that_is_to_be_alone_shares_no_query() -> None:
    waiting = deque(pending(query(n), is_alone=n == 1) for n in range(3))
    assert names(packed(waiting)) == [["X0", "X2"], ["X1"]]


def test_those_refused_to_different_credentials_do_not_share_a_query() -> None:
    someone = Credential("env:A", "env:A", Ledger())
    waiting = deque(pending(query(n), without=frozenset({someone} if n == 1 else ())) for n in range(3))
    assert names(packed(waiting)) == [["X0", "X2"], ["X1"]]


@pytest.mark.parametrize(("ask", "bucket"), [(get(), CORE), (query(), GRAPHQL)])
def test_a_load_draws_on_its_own_allowance(ask: Ask, bucket: str) -> None:
    assert Load([pending(ask)]).bucket == bucket


def costing(connections: int) -> Fields:
    return replace(THING, connections=lambda _: connections)


def test_a_rest_question_is_a_point() -> None:
    assert Load([pending(get())]).points == 1


@pytest.mark.parametrize(
    ("connections", "points"), [(0, 1), (1, 1), (149, 1), (151, 2), (5101, 51), (50, 1), (250, 3), (450, 5)]
)
def test_a_query_is_a_hundredth_of_the_lists_it_walks(connections: int, points: int) -> None:
    """5,101 → 51 is the manual's example; a half is rounded up, to be on the safe side."""
    assert points_of([query(1, costing(connections))]) == points


def test_asks_that_share_a_query_are_rounded_together() -> None:
    assert Load([pending(query(n, costing(10))) for n in range(25)]).points == 3


asks = st.lists(
    st.tuples(st.integers(1, 150), st.sampled_from([THING, OTHER, None]), st.sampled_from([0.0, 9.0])), max_size=40
)


@given(asks, st.integers(1, 500))
def test_everything_is_sent_once_and_never_too_much_together(
    wanted: list[tuple[int, Fields | None, float]], appetite: int
) -> None:
    waiting = deque(
        pending(get(f"/{n}") if fields is None else query(n, fields, weight), not_before=later)
        for n, (weight, fields, later) in enumerate(wanted)
    )
    everything = [one.ask for one in waiting]
    loads = packed(waiting, appetite) + packed(waiting, appetite, now=9.0)
    assert not waiting
    assert sorted(map(id, (ask for load in loads for ask in load))) == sorted(map(id, everything))
    for load in loads:
        assert len(load) == 1 or sum(ask.weight for ask in load) <= appetite  # type: ignore[union-attr]
        assert len(load) == 1 or all(isinstance(ask, Query) for ask in load)


class TestCompany:
    """A small query waits for others while one is under way: what that answers may ask for more."""

    def taken(self, *waiting: Pending, now: float = 1.0, appetite: int = 400) -> list[Ask] | None:
        load = next_load(deque(waiting), appetite, now, is_asking=True)
        return load and [one.ask for one in load.pending]

    def test_a_small_one_waits_a_little(self) -> None:
        one = pending(query(weight=10), since=1.0)
        assert self.taken(one) is None
        assert self.taken(one, now=1.01 + LINGER) == [one.ask]

    def test_one_that_is_nearly_full_does_not(self) -> None:
        assert self.taken(pending(query(weight=10), since=1.0), appetite=12) is not None

    def test_nor_one_that_holds_as_many_as_it_may(self) -> None:
        few = replace(THING, most=1)
        load = next_load(deque([pending(query(1, few), since=1.0)]), 400, 1.0, is_asking=True)
        assert load is not None

    def test_nor_one_that_must_go_alone(self) -> None:
        assert self.taken(pending(query(), since=1.0, is_alone=True)) is not None

    def test_a_rest_question_passes_it(self) -> None:
        small, other, rest = pending(query(), since=1.0), pending(query(2, OTHER), since=1.0), pending(get("/a"))
        assert self.taken(small, other, rest) == [rest.ask]
