"""Everything that is asked of GraphQL, against GitHub's published schema and its published price."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import graphql
import pytest
from github_script import LISTS, Json, of_list
from github_work import ERRAND, access, visit

import connectors.github
from connectors.errors import Malformed
from connectors.github import queries
from connectors.github.asks import Fields, Query, points_of
from connectors.github.audit import ask_count
from connectors.github.gathering import OLDEST_FIRST, Gathering
from connectors.github.kinds import DISCUSSIONS, ISSUES, PULLS, Kind
from connectors.github.nested import WEIGHT
from connectors.github.packing import Pending, Turn, next_load
from connectors.github.queries import Nested, entries
from connectors.github.sheets import compose


def everything_in(value: Any, seen: dict[int, Any]) -> Iterator[Fields]:
    """The Fields that a value is, or holds. `seen`: by id, and kept, so that no id is given out again."""
    if id(value) in seen or isinstance(value, str | bytes):
        return
    seen[id(value)] = value
    if isinstance(value, Fields):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for one in dataclasses.fields(value):
            yield from everything_in(getattr(value, one.name, None), seen)
    elif isinstance(value, Mapping):
        yield from everything_in(list(value.values()), seen)
    elif isinstance(value, Iterable) and isinstance(value, Sequence | set | frozenset):
        for one in value:
            yield from everything_in(one, seen)


def all_fields() -> dict[str, Fields]:
    """Every Fields that any module of the connector holds, by its name and a number: none can be forgotten."""
    seen: dict[int, Any] = {}
    found: dict[str, Fields] = {}
    for module in pkgutil.iter_modules(connectors.github.__path__):
        held = vars(importlib.import_module(f"connectors.github.{module.name}"))
        for fields in everything_in(list(held.values()), seen):
            found[f"{fields.name}-{sum(name.startswith(f'{fields.name}-') for name in found)}"] = fields
    return found


FIELDS = all_fields()
EACH = pytest.mark.parametrize("name", FIELDS)
SIZES = (1, 7, 25, 50, 100)


@pytest.fixture(scope="module")
def schema(shared_data: Path) -> graphql.GraphQLSchema:
    text = (shared_data / "github_graphql" / "schema.graphql").read_text()
    return graphql.build_schema(text, assume_valid=True)  # it declares two fields twice


ORDER = {"field": "UPDATED_AT", "direction": "DESC"}
USUAL = {"Boolean!": True, "ID!": "X", "String!": "x", "String": None, "DateTime!": "2026-11-01T00:00:00Z"}


def values_for(fields: Fields, size: int) -> Json:
    """Values of the right type for every variable."""
    known = {**USUAL, "Int!": size}
    return {name: known.get(kind, ORDER) for name, kind in fields.types.items()}


def asks(fields: Fields, count: int, size: int = 50) -> list[Query]:
    return [Query(ERRAND, fields, values_for(fields, size)) for _ in range(count)]


def test_the_connector_has_more_than_a_handful_of_queries() -> None:
    names = {name.partition("-")[0] for name in FIELDS}
    assert {"Pulse", "PulseOfOwner", *LISTS, "Issue", "Pull", "Discussion", "Replies", "Assets"} <= names
    assert {"GivenSigns", "GivenReviews", "GivenIssues", "GivenPulls", "GivenComments"} <= names
    assert len(FIELDS) >= 25


def test_operations_that_differ_have_different_names() -> None:
    texts: dict[str, set[str]] = {}
    for fields in FIELDS.values():
        texts.setdefault(fields.name, set()).add(fields.body)
    # The pulse of a server without discussions is a pulse all the same.
    assert {name for name, bodies in texts.items() if len(bodies) > 1} == {"Pulse", "PulseOfOwner"}


@EACH
@pytest.mark.parametrize("count", [1, 2])
def test_every_query_is_valid_on_the_published_schema(schema: graphql.GraphQLSchema, name: str, count: int) -> None:
    text, _ = compose(asks(FIELDS[name], count))
    assert graphql.validate(schema, graphql.parse(text)) == []


@EACH
def test_every_value_that_is_sent_is_of_its_type(schema: graphql.GraphQLSchema, name: str) -> None:
    text, variables = compose(asks(FIELDS[name], 2))
    operation = graphql.parse(text).definitions[0]
    assert isinstance(operation, graphql.OperationDefinitionNode)
    coerced = graphql.execution.get_variable_values(schema, operation.variable_definitions or (), variables)
    assert not isinstance(coerced, list), coerced


class Price:
    """GitHub's rule: each list is fetched once for every entry that the lists around it may have.

    https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
    """

    def __init__(self, schema: graphql.GraphQLSchema, document: graphql.DocumentNode, variables: Json) -> None:
        self.variables = variables
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, graphql.FragmentDefinitionNode)
        }
        self.requests = self.nodes = 0
        operation = document.definitions[0]
        assert isinstance(operation, graphql.OperationDefinitionNode)
        assert schema.query_type
        self._walk(schema, schema.query_type, operation.selection_set, 1)

    def _walk(self, schema: graphql.GraphQLSchema, parent: Any, selections: Any, times: int) -> None:
        for node in selections.selections if selections else ():
            if isinstance(node, graphql.FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                self._walk(schema, schema.get_type(fragment.type_condition.name.value), fragment.selection_set, times)
            elif isinstance(node, graphql.InlineFragmentNode):
                inner = schema.get_type(node.type_condition.name.value) if node.type_condition else parent
                self._walk(schema, inner, node.selection_set, times)
            elif not node.name.value.startswith("__"):
                kind = graphql.get_named_type(parent.fields[node.name.value].type)
                inside = times
                if kind.name.endswith("Connection"):
                    self.requests += times
                    inside = times * self._first(node)
                    self.nodes += inside if self._shows_nodes(node) else 0
                self._walk(schema, kind, node.selection_set, inside)

    def _first(self, node: graphql.FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last"):
                return int(graphql.value_from_ast_untyped(argument.value, self.variables))
        return 1

    def _shows_nodes(self, node: graphql.FieldNode) -> bool:
        return any(getattr(one, "name", None) and one.name.value == "nodes" for one in node.selection_set.selections)

    @property
    def points(self) -> int:
        return max(1, int(self.requests / 100 + 0.5))


def price(schema: graphql.GraphQLSchema, wanted: Sequence[Query]) -> Price:
    text, variables = compose(wanted)
    return Price(schema, graphql.parse(text), variables)


@EACH
@pytest.mark.parametrize("size", SIZES)
def test_the_points_of_a_query_are_those_of_githubs_rule(schema: graphql.GraphQLSchema, name: str, size: int) -> None:
    fields = FIELDS[name]
    for count in sorted({1, min(2, fields.most), min(10, fields.most), fields.most}):
        wanted = asks(fields, count, size)
        assert points_of(wanted) == price(schema, wanted).points


@EACH
def test_the_lists_of_one_ask_are_counted_as_github_does(schema: graphql.GraphQLSchema, name: str) -> None:
    [ask] = asks(FIELDS[name], 1)
    assert ask.fields.connections(ask.values) == price(schema, [ask]).requests


def asks_of(kind: Kind) -> list[Query]:
    """What is asked for a kind of threads, at its heaviest."""
    gathering = Gathering(visit(), kind)
    one = Query(ERRAND, kind.one, {"id": "X"}, kind.weight)
    more = [Query(ERRAND, nested.more, {"id": "X", "after": "c"}, WEIGHT) for nested in nested_in(kind.nested)]
    # GitHub reckons with full pages, however few are left.
    count = ask_count(gathering, kind.counted_size, None, 1)
    return [gathering.ask(kind.size, None, OLDEST_FIRST), count, one, *more]


@pytest.mark.parametrize("kind", [ISSUES, PULLS, DISCUSSIONS], ids=lambda kind: kind.thing)
def test_no_query_may_come_to_half_a_million_nodes(schema: graphql.GraphQLSchema, kind: Kind) -> None:
    turn = Turn("task", (_ for _ in ()), [])  # type: ignore[arg-type]
    for ask in asks_of(kind):
        waiting = deque(Pending(turn, 0, ask) for _ in range(60))
        load = next_load(waiting, access().appetite, 0.0)
        assert load
        assert price(schema, [one.ask for one in load.pending]).nodes < 500_000  # type: ignore[misc]


@EACH
def test_no_list_is_asked_for_more_than_a_hundred_at_a_time(name: str) -> None:
    class Sizes(graphql.Visitor):
        def enter_argument(self, node: graphql.ArgumentNode, *_: Any) -> None:
            if node.name.value == "first" and isinstance(node.value, graphql.IntValueNode):
                assert 1 <= int(node.value.value) <= 100

    graphql.visit(graphql.parse(compose(asks(FIELDS[name], 1))[0]), Sizes())


def nested_in(value: Any) -> list[Nested]:
    return [one for each in value for one in (each, *nested_in(each.inside))]


def test_what_did_not_fit_is_asked_of_the_kind_of_thing_it_hangs_on() -> None:
    all_nested = nested_in(
        [*queries.ISSUE_NESTED, *queries.PULL_NESTED, *queries.DISCUSSION_NESTED, *queries.RELEASE_NESTED]
    )
    for nested in all_nested:
        assert f"{nested.name}(first: " in nested.more.body
        assert nested.more.types == {"id": "ID!", "after": "String!"}
    assert len({id(nested.more) for nested in all_nested}) == len(all_nested)


class TestEntries:
    def test_a_page_shows_its_entries_and_where_the_next_begins(self) -> None:
        assert entries(ERRAND, of_list({"x": 1}, after="c")) == ([{"x": 1}], "c")

    def test_the_last_page_has_no_next(self) -> None:
        said = {"nodes": [{"x": 1}], "pageInfo": {"hasNextPage": False, "endCursor": "c"}}
        assert entries(ERRAND, said) == ([{"x": 1}], None)

    def test_entries_that_cannot_be_seen_are_left_out(self) -> None:
        assert entries(ERRAND, of_list(None, {"x": 1}, "?")) == ([{"x": 1}], None)

    @pytest.mark.parametrize(
        "said",
        [
            None,
            {},
            [],
            {"nodes": []},
            {"nodes": None, "pageInfo": {"hasNextPage": False}},
            {"nodes": [], "pageInfo": None},
        ],
    )
    def test_a_list_of_another_shape_is_malformed(self, said: Any) -> None:
        with pytest.raises(Malformed, match="issues of ann/one: a GraphQL list without its pages"):
            entries(ERRAND, said)
