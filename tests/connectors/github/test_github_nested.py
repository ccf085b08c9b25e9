"""The rest of the lists that hang on a node."""

from __future__ import annotations

from typing import Any

import pytest
from github_script import Json, of_list
from github_work import ERRAND, Driven, drive

from connectors.errors import Gone, Malformed, NotPermitted, Unavailable
from connectors.github.asks import Ask, Fields, Query
from connectors.github.nested import complete, nodes_of
from connectors.github.queries import Nested

MORE = Fields("MoreThings", "node(id: $id)", "id", {"id": "ID!", "after": "String!"}, lambda _: 1)
LEAVES = Fields("Leaves", "node(id: $id)", "id", {"id": "ID!", "after": "String!"}, lambda _: 1)
THINGS = (Nested("things", MORE),)
TREE = (Nested("branches", MORE, inside=(Nested("leaves", LEAVES),)),)


def node(name: str, *things: Any, after: str | None = None) -> Json:
    return {"id": name, "things": of_list(*things, after=after)}


def branch(name: str, *leaves: Any, after: str | None = None) -> Json:
    return {"id": name, "leaves": of_list(*({"n": leaf} for leaf in leaves), after=after)}


def of_pages(pages: dict[tuple[str, str], Json]) -> Any:
    """Answers by the node and where the page begins."""

    def answer(ask: Ask) -> Json:
        assert isinstance(ask, Query)
        return pages[ask.values["id"], ask.values["after"]]

    return answer


def asked(driven: Driven) -> list[list[tuple[str, str]]]:
    return [[(ask.values["id"], ask.values["after"]) for ask in asks] for asks in driven.rounds]  # type: ignore[union-attr]


def test_where_everything_came_nothing_is_asked() -> None:
    nodes = [node("a", {"n": 1}), node("b")]
    assert drive(complete(ERRAND, nodes, THINGS), of_pages({})).rounds == []


def test_the_rest_is_put_into_the_node_itself() -> None:
    nodes = [node("a", {"n": 1}, after="x")]
    drive(complete(ERRAND, nodes, THINGS), of_pages({("a", "x"): {"things": of_list({"n": 2})}}))
    assert nodes_of(nodes[0], "things") == [{"n": 1}, {"n": 2}]


def test_what_follows_of_several_nodes_is_asked_for_together_until_nothing_does() -> None:
    nodes = [node("a", {"n": 1}, after="x"), node("b", {"n": 2}), node("c", {"n": 3}, after="y")]
    pages = {
        ("a", "x"): {"things": of_list({"n": 4}, after="z")},
        ("c", "y"): {"things": of_list({"n": 5})},
        ("a", "z"): {"things": of_list({"n": 6})},
    }
    driven = drive(complete(ERRAND, nodes, THINGS), of_pages(pages))
    assert asked(driven) == [[("a", "x"), ("c", "y")], [("a", "z")]]
    assert [[one["n"] for one in nodes_of(each, "things")] for each in nodes] == [[1, 4, 6], [2], [3, 5]]


def test_lists_inside_lists_are_completed_those_that_came_later_too() -> None:
    root = {"id": "r", "branches": of_list(branch("a", 1, after="x"), after="more")}
    pages = {
        ("r", "more"): {"branches": of_list(branch("b", 2, after="y"), branch("c", 3))},
        ("a", "x"): {"leaves": of_list({"n": 4})},
        ("b", "y"): {"leaves": of_list({"n": 5})},
    }
    driven = drive(complete(ERRAND, [root], TREE), of_pages(pages))
    assert asked(driven) == [[("r", "more")], [("a", "x"), ("b", "y")]]
    leaves = [leaf["n"] for each in nodes_of(root, "branches") for leaf in nodes_of(each, "leaves")]
    assert leaves == [1, 4, 2, 5, 3]


def test_a_list_that_was_not_told_at_all_is_left_alone() -> None:
    nodes = [{"id": "a"}, {"id": "b", "things": None}]
    assert drive(complete(ERRAND, nodes, THINGS), of_pages({})).rounds == []
    assert [nodes_of(one, "things") for one in nodes] == [[], []]


def test_entries_that_cannot_be_seen_are_no_entries() -> None:
    assert nodes_of({"things": of_list(None, {"n": 1}, "?")}, "things") == [{"n": 1}]


@pytest.mark.parametrize("said", [{}, {"things": None}, {"things": {"nodes": []}}])
def test_a_next_page_of_another_shape_is_malformed(said: Json) -> None:
    driven = drive(complete(ERRAND, [node("a", after="x")], THINGS), of_pages({("a", "x"): said}))
    assert isinstance(driven.error, Malformed)


@pytest.mark.parametrize(("error", "kind"), [(NotPermitted("x"), NotPermitted), (Gone("x"), Unavailable)])
def test_a_next_page_that_cannot_be_had_is_the_failure_of_the_whole(error: Exception, kind: type) -> None:
    def answer(_: Ask) -> Json:
        raise error

    driven = drive(complete(ERRAND, [node("a", after="x")], THINGS), answer)
    assert type(driven.error) is kind  # a thread that was deleted says nothing of the repository
