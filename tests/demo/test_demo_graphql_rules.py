"""What is wrong with a query, in GitHub's words."""

from __future__ import annotations

from typing import Any

import graphql
import pytest

from harvester.demo.graphql_rules import complaints
from harvester.demo.graphql_schema import schema_of

REPO = 'repository(owner: "o", name: "n")'
CASES: list[tuple[str, str, dict[str, Any], list[str]]] = [
    (
        "{ viewer { salary } }",
        "Field 'salary' doesn't exist on type 'User'",
        {"code": "undefinedField", "typeName": "User", "fieldName": "salary"},
        ["query", "viewer", "salary"],
    ),
    (
        "query Q { a: REPO { ... on Repository { nope } } }",
        "Field 'nope' doesn't exist on type 'Repository'",
        {"code": "undefinedField", "typeName": "Repository", "fieldName": "nope"},
        ["query Q", "a", "... on Repository", "nope"],
    ),
    (
        "{ viewer { ...Part } } fragment Part on User { nope }",
        "Field 'nope' doesn't exist on type 'User'",
        {"code": "undefinedField", "typeName": "User", "fieldName": "nope"},
        ["fragment Part", "nope"],
    ),
    (
        '{ repository(owner: "o") { id } }',
        "Field 'repository' is missing required arguments: name",
        {"code": "missingRequiredArguments", "className": "Field", "name": "repository", "arguments": "name"},
        ["query", "repository"],
    ),
    (
        "{ repository { id } }",
        "Field 'repository' is missing required arguments: name, owner",
        {"code": "missingRequiredArguments", "className": "Field", "name": "repository", "arguments": "name, owner"},
        ["query", "repository"],
    ),
    (
        '{ REPO { issues(first: "x") { totalCount } } }',
        "Argument 'first' on Field 'issues' has an invalid value (\"x\"). Expected type 'Int'.",
        {"code": "argumentLiteralsIncompatible", "typeName": "Field", "argumentName": "first"},
        ["query", "repository", "issues", "first"],
    ),
    (
        '{ REPO { issues(filterBy: {since: "today"}) { totalCount } } }',
        "Argument 'since' on InputObject 'IssueFilters' has an invalid value (\"today\"). Expected type 'DateTime'.",
        {"code": "argumentLiteralsIncompatible", "typeName": "InputObject", "argumentName": "since"},
        ["query", "repository", "issues", "filterBy", "since"],
    ),
    (
        "{ REPO { issues(size: 1) { totalCount } } }",
        "Field 'issues' doesn't accept argument 'size'",
        {"code": "argumentNotAccepted", "name": "issues", "typeName": "Field", "argumentName": "size"},
        ["query", "repository", "issues", "size"],
    ),
    (
        "{ node(id: 1) }",
        "Field must have selections (field 'node' returns Node but has no selections. Did you mean 'node { ... }'?)",
        {"code": "selectionMismatch", "nodeName": "field 'node'"},
        ["query", "node"],
    ),
    (
        "{ viewer { login { x } } }",
        "Selections can't be made on scalars (field 'login' returns String)",
        {"code": "selectionMismatch", "nodeName": "field 'login'"},
        ["query", "viewer", "login"],
    ),
    (
        "query Q($x: Int) { viewer { login } }",
        "Variable $x is declared by Q but not used",
        {"code": "variableNotUsed", "variableName": "x"},
        ["query Q"],
    ),
    (
        "{ REPO { issues(first: $x) { totalCount } } }",
        "Variable $x is used by anonymous query but not declared",
        {"code": "variableNotDefined", "variableName": "x"},
        ["query", "repository", "issues", "first"],
    ),
    (
        'query($x: Int = "a") { REPO { issues(first: $x) { totalCount } } }',
        "Default value for $x doesn't match type Int",
        {"code": "defaultValueInvalidType", "variableName": "x", "typeName": "Int"},
        ["query"],
    ),
    (
        "{ viewer { ...Missing } }",
        "Fragment Missing was used, but not defined",
        {"code": "useAndDefineFragment", "fragmentName": "Missing"},
        ["query", "viewer"],
    ),
    (
        "{ viewer { login } } fragment Spare on User { login }",
        "Fragment Spare was defined, but not used",
        {"code": "useAndDefineFragment", "fragmentName": "Spare"},
        ["fragment Spare"],
    ),
]


@pytest.mark.parametrize(("query", "message", "extensions", "path"), CASES)
def test_what_does_not_fit_is_told_in_githubs_words(
    sdl: str, query: str, message: str, extensions: dict[str, Any], path: list[str]
) -> None:
    told = complaints(schema_of(sdl), graphql.parse(query.replace("REPO", REPO)))
    assert [(each["message"], each["extensions"], each["path"]) for each in told] == [(message, extensions, path)]
    assert all(set(each["locations"][0]) == {"line", "column"} for each in told)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("query($n: Int) { repository(owner: $n, name: $n) { id } }", "variablesInAllowedPosition"),
        ("{ viewer { ... on Repository { id } } }", "possibleFragmentSpreads"),
        ("{ viewer { ... on Nothing { id } } }", "knownTypeNames"),
        ("subscription { star }", "knownOperationTypes"),
    ],
)
def test_the_rest_is_told_with_its_rule_and_in_graphql_cores_words(query: str, code: str, sdl: str) -> None:
    told = complaints(schema_of(sdl), graphql.parse(query))
    assert code in [each["extensions"]["code"] for each in told]


def test_several_mistakes_are_told_together(sdl: str) -> None:
    told = complaints(schema_of(sdl), graphql.parse("query($x: Int) { viewer { a b } }"))
    assert [each["extensions"]["code"] for each in told] == ["undefinedField", "undefinedField", "variableNotUsed"]


def test_a_query_that_fits_draws_no_complaint(sdl: str) -> None:
    assert complaints(schema_of(sdl), graphql.parse("{ viewer { login } }")) == []
