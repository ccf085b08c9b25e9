"""Several asks on one sheet, and the answer taken apart again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import graphql
from github_work import THING, query
from hypothesis import given
from hypothesis import strategies as st

from connectors.github.asks import Fields
from connectors.github.sheets import compose, take_apart

LIST = Fields(
    "List",
    "node(id: $id)",
    "things(first: $first, after: $after) { ...Thing }",
    {"id": "ID!", "first": "Int!", "after": "String"},
    lambda _: 1,
    on="Repository",
    fragments="fragment Thing on Thing { id }",
)


def parsed(text: str) -> graphql.OperationDefinitionNode:
    operation = graphql.parse(text).definitions[0]
    assert isinstance(operation, graphql.OperationDefinitionNode)
    return operation


def words(text: str) -> list[str]:
    return text.split()


class TestComposition:
    def test_each_ask_has_a_name_and_variables_of_its_own(self) -> None:
        text, variables = compose([query(n, LIST, first=n, after=None) for n in (1, 2)])
        assert variables == {
            "id_0": "X1",
            "first_0": 1,
            "after_0": None,
            "id_1": "X2",
            "first_1": 2,
            "after_1": None,
        }
        fields = [field for field in parsed(text).selection_set.selections if isinstance(field, graphql.FieldNode)]
        assert [field.alias.value for field in fields if field.alias] == ["a0", "a1"]

    def test_what_it_costs_and_what_it_is_are_asked_too(self) -> None:
        text, _ = compose([query()])
        assert "rateLimit { cost limit remaining resetAt }" in text
        assert "a0: node(id: $id_0) { __typename ... on Repository { id } }" in text

    def test_every_variable_is_declared_once_with_its_type(self) -> None:
        text, variables = compose([query(n, LIST, first=1, after=None) for n in range(3)])
        declared = {
            one.variable.name.value: graphql.print_ast(one.type) for one in parsed(text).variable_definitions or ()
        }
        assert declared.keys() == variables.keys()
        assert (declared["first_2"], declared["after_0"]) == ("Int!", "String")

    def test_a_fragment_is_told_once(self) -> None:
        text, _ = compose([query(n, LIST, first=1, after=None) for n in range(3)])
        assert text.count("fragment Thing on Thing") == 1

    def test_without_a_type_the_fields_are_asked_of_what_is_found(self) -> None:
        plain = replace(THING, on=None)
        assert "a0: node(id: $id_0) { __typename id }" in compose([query(1, plain)])[0]

    def test_a_name_that_begins_like_another_is_told_from_it(self) -> None:
        longer = replace(THING, body="x(a: $id_long, b: $id)", types={"id": "ID!", "id_long": "ID!"})
        text, _ = compose([query(1, longer, id_long="y")])
        assert "x(a: $id_long_0, b: $id_0)" in text

    @given(st.lists(st.text(max_size=20), min_size=1, max_size=3))
    def test_no_value_is_ever_part_of_the_text(self, values: list[str]) -> None:
        marked = [f'"}} {value} §{number}' for number, value in enumerate(values)]
        text, variables = compose([query(1, THING) for _ in marked])
        told, said = compose([replace(query(1, THING), values={"id": value}) for value in marked])
        assert told == text
        assert list(said.values()) == marked
        assert variables.keys() == said.keys()

    def test_the_same_number_of_asks_has_the_same_text(self) -> None:
        assert compose([query(1), query(2)])[0] == compose([query(3), query(4)])[0]


class TestTakingApart:
    def take(self, count: int, data: dict[str, Any], *errors: Any) -> list[tuple[Any, list[Any]]]:
        return take_apart([query(n) for n in range(count)], data, errors)

    def test_each_ask_gets_what_was_said_under_its_name(self) -> None:
        assert self.take(2, {"a0": {"x": 1}, "a1": {"x": 2}}) == [({"x": 1}, []), ({"x": 2}, [])]

    def test_an_error_concerns_the_ask_it_names(self) -> None:
        error = {"type": "NOT_FOUND", "path": ["a1", "issues"]}
        assert self.take(2, {"a0": {"x": 1}, "a1": None}, error) == [({"x": 1}, []), (None, [error])]

    def test_an_error_of_no_ask_in_particular_concerns_all(self) -> None:
        for error in ({"message": "timeout"}, {"path": []}, {"path": ["rateLimit"]}, {"path": "a0"}):
            assert self.take(2, {"a0": {}, "a1": {}}, error) == [({}, [error]), ({}, [error])]

    def test_an_error_that_is_none_concerns_all(self) -> None:
        assert self.take(1, {"a0": {}}, "nonsense") == [({}, [{}])]

    def test_an_ask_that_was_not_answered_got_nothing(self) -> None:
        assert self.take(2, {"a0": {}}) == [({}, []), (None, [])]

    def test_the_first_is_not_taken_for_the_eleventh(self) -> None:
        parts = self.take(12, {}, {"type": "X", "path": ["a1"]})
        assert [bool(errors) for _, errors in parts] == [False, True, *[False] * 10]
