"""The demo's small schema against the one that GitHub publishes."""

from __future__ import annotations

from typing import Any

import graphql
import pytest
from demo_asking import ask

from harvester.demo.github import GitHub
from harvester.demo.github_asked import ASKED
from harvester.demo.github_fields import plain_field
from harvester.demo.github_graphql import GraphQL
from harvester.demo.graphql_schema import schema_of, small_sdl
from harvester.demo.world import World

SMALL = schema_of(small_sdl())
TYPES = {name: kind for name, kind in SMALL.type_map.items() if not name.startswith("__")}
WITH_FIELDS = graphql.GraphQLObjectType | graphql.GraphQLInterfaceType


@pytest.fixture
def world(still_world: World) -> World:
    """Nothing here changes the world."""
    return still_world


@pytest.fixture(scope="session")
def published(published_sdl: str) -> graphql.GraphQLSchema:
    return schema_of(published_sdl)


def signature(field: Any) -> tuple[str, dict[str, tuple[str, str]]]:
    """A field's type, and its arguments' types and defaults."""
    arguments = {
        name: (str(arg.type), graphql.print_ast(arg.ast_node.default_value) if arg.ast_node.default_value else "")
        for name, arg in field.args.items()
    }
    return str(field.type), arguments


@pytest.mark.parametrize("name", TYPES)
def test_every_type_of_the_small_schema_is_part_of_the_published_one(
    published: graphql.GraphQLSchema, name: str
) -> None:
    ours, theirs = TYPES[name], published.type_map[name]
    assert type(ours) is type(theirs)
    if isinstance(ours, WITH_FIELDS):
        assert {each.name for each in ours.interfaces} <= {each.name for each in theirs.interfaces}
        for field, definition in ours.fields.items():
            (ours_is, ours_takes), (theirs_is, theirs_takes) = map(signature, (definition, theirs.fields[field]))
            assert (field, ours_is) == (field, theirs_is)
            assert ours_takes.items() <= theirs_takes.items()
            assert all(arg in ours_takes for arg, (kind, _) in theirs_takes.items() if kind.endswith("!"))
    elif isinstance(ours, graphql.GraphQLInputObjectType):
        assert {f: str(d.type) for f, d in ours.fields.items()}.items() <= {
            f: str(d.type) for f, d in theirs.fields.items()
        }.items()
    elif isinstance(ours, graphql.GraphQLEnumType):
        assert set(ours.values) <= set(theirs.values)
    elif isinstance(ours, graphql.GraphQLUnionType):
        assert {each.name for each in ours.types} <= {each.name for each in theirs.types}


def test_every_field_of_the_small_schema_has_a_resolver() -> None:
    lacking = [
        f"{name}.{field}"
        for name, kind in TYPES.items()
        if isinstance(kind, graphql.GraphQLObjectType)
        for field in kind.fields
        if plain_field(name, field) is None and field not in ASKED.get(name, {})
    ]
    assert lacking == []


def test_the_small_schema_is_a_valid_one() -> None:
    assert graphql.validate_schema(graphql.build_schema(small_sdl())) == []


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ viewer { isHireable } }", {}),
        ('{ repository(owner: "wren-hollow", name: "lantern") { issues(labels: ["x"]) { totalCount } } }', {}),
        (
            """query($by: IssueFilters) { repository(owner: "wren-hollow", name: "lantern") {
                issues(filterBy: $by) { totalCount } } }""",
            {"by": {"assignee": "amber-badger"}},
        ),
    ],
    ids=["field", "argument", "variable"],
)
def test_what_github_knows_and_the_demo_does_not_is_an_error_never_a_null(
    world: World, published_sdl: str, query: str, variables: dict[str, Any]
) -> None:
    answer = ask(GitHub(world, graphql=GraphQL(world, sdl=published_sdl)), query, **variables)
    assert [error["type"] for error in answer["errors"]] == ["NOT_ANSWERED_BY_THE_DEMO"]
    assert "data" not in answer


def test_an_enterprise_server_of_yesterday_lacks_a_field_for_the_whole_query(world: World) -> None:
    github = GitHub(world, graphql=GraphQL(world, without={"Repository.forkCount"}))
    query = 'query Levels { repository(owner: "wren-hollow", name: "lantern") { name } }'
    old = ask(github, query.replace("{ name }", "{ name forkCount }"))
    assert old == {
        "errors": [
            {
                "path": ["query Levels", "repository", "forkCount"],
                "extensions": {"code": "undefinedField", "typeName": "Repository", "fieldName": "forkCount"},
                "locations": [{"line": 1, "column": 73}],
                "message": "Field 'forkCount' doesn't exist on type 'Repository'",
            }
        ]
    }
    assert ask(github, query) == {"data": {"repository": {"name": "lantern"}}}


def test_a_field_that_no_schema_has_cannot_be_left_out() -> None:
    with pytest.raises(ValueError, match=r"Repository\.salary"):
        schema_of(small_sdl(), frozenset({"Repository.salary"}))


def test_introspection_tells_what_is_there(world: World) -> None:
    query = '{ __type(name: "Repository") { fields { name } } }'
    told = ask(GitHub(world, graphql=GraphQL(world, without={"Repository.forkCount"})), query)["data"]["__type"][
        "fields"
    ]
    assert {"name": "stargazerCount"} in told
    assert {"name": "forkCount"} not in told
