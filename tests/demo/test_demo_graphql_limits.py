"""What GraphQL refuses for its size or its number, and what it remembers meanwhile."""

from __future__ import annotations

import json
from typing import Any

import pytest
from demo_asking import ask, send

from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.github_graphql import GraphQL
from harvester.demo.world import World

REPO = 'repository(owner: "wren-hollow", name: "lantern")'
VIEWER = "{ viewer { login } }"


@pytest.mark.parametrize(
    ("query", "kind", "complaint"),
    [
        ("{ REPO { issues { nodes { id } } } }", "MISSING_PAGINATION_BOUNDARIES", "`first` or `last`"),
        ("{ REPO { issues { ...Part } } } fragment Part on IssueConnection { edges { cursor } }",
         "MISSING_PAGINATION_BOUNDARIES", "`issues` connection"),
        ("{ REPO { issues(first: 101) { totalCount } } }", "EXCESSIVE_PAGINATION", "`first` limit of 100"),
        ("{ REPO { issues(last: 101) { totalCount } } }", "EXCESSIVE_PAGINATION", "`last` limit of 100"),
        ("query($n: Int = 0) { REPO { issues(first: $n) { totalCount } } }", "EXCESSIVE_PAGINATION", "Requesting 0"),
        ("""{ REPO { pullRequests(first: 100) { nodes {
                reviews(first: 100) { nodes { comments(first: 100) { totalCount } } } } } } }""",
         "MAX_NODE_LIMIT_EXCEEDED", "1,010,100 possible nodes"),
    ],
)  # fmt: skip
def test_queries_of_a_wrong_size_are_refused_whole(world: World, query: str, kind: str, complaint: str) -> None:
    answer = ask(GitHub(world), query.replace("REPO", REPO))
    assert complaint in answer["errors"][0]["message"]
    assert answer["errors"][0]["type"] == kind
    assert "data" not in answer


@pytest.mark.parametrize(
    ("query", "cost", "nodes"),
    [
        # 1 + 50 + 50 · 20 connections are 1,051 requests: 11 points.
        ("""{ REPO { pullRequests(first: 50) { nodes { reviews(first: 20) { nodes {
            comments(first: 5) { totalCount } } } } } } rateLimit { cost nodeCount } }""", 11, 50 + 1_000 + 5_000),
        ("{ REPO { issues { totalCount } stargazers { totalCount } } rateLimit { cost nodeCount } }", 1, 0),
        ("{ REPO { issues(first: 9) @include(if: false) { totalCount } } rateLimit { cost nodeCount } }", 1, 0),
        ("""{ REPO { ...Part } rateLimit { cost nodeCount } }
            fragment Part on Repository { issues(first: 100) { nodes { comments(first: 100) { totalCount } } } }""",
         1, 100 + 10_000),
        ("""{ nodes(ids: ["R_1", "R_2", "R_3"]) { ... on Repository { issues(first: 7) { totalCount } } }
            rateLimit { cost nodeCount } }""", 1, 21),
    ],
)  # fmt: skip
def test_points_and_nodes_follow_the_published_formula(world: World, query: str, cost: int, nodes: int) -> None:
    answer = ask(GitHub(world), query.replace("REPO", REPO))
    assert answer["data"]["rateLimit"] == {"cost": cost, "nodeCount": nodes}


def test_a_query_that_is_refused_costs_a_point_too(world: World) -> None:
    github = GitHub(world)
    assert "errors" in ask(github, "{ viewer { salary } }")
    assert send(github, VIEWER).headers["X-RateLimit-Used"] == "2"


@pytest.mark.parametrize("late", [502, 504])
def test_queries_beyond_the_patience_time_out(world: World, late: int) -> None:
    github = GitHub(world, graphql=GraphQL(world, patience=100, late=late))
    query = f"{{ {REPO} {{ issues(first: 100) {{ totalCount }} }} }}"
    assert send(github, query).status == 200
    github.graphql.patience = 99
    answer = send(github, query)
    assert answer.status == late
    assert "message" in json.dumps(json.loads(answer.body))


def test_beyond_the_appetite_further_connections_fail_and_the_rest_is_told(world: World, sdl: str) -> None:
    query = f"""{{ {REPO} {{ name issues(first: 3) {{ nodes {{ number comments(first: 9) {{ totalCount }} }} }} }}
        viewer {{ login }} }}"""
    whole = ask(GitHub(world, graphql=GraphQL(world, sdl=sdl)), query)
    cut = ask(GitHub(world, graphql=GraphQL(world, sdl=sdl, appetite=3)), query)
    assert "errors" not in whole
    assert cut["data"] == {
        "repository": {"name": "lantern", "issues": {"nodes": [None] * 3}},
        "viewer": {"login": "wren-hollow"},
    }
    assert cut["errors"][2] == {
        "type": "RESOURCE_LIMITS_EXCEEDED",
        "path": ["repository", "issues", "nodes", 2, "comments"],
        "locations": cut["errors"][2]["locations"],
        "message": "Resource limits for this query exceeded.",
    }


def test_an_appetite_that_a_field_of_the_top_exhausts_nulls_what_must_not_be_null(world: World) -> None:
    github = GitHub(world, graphql=GraphQL(world, appetite=0))
    assert ask(github, f"{{ {REPO} {{ issues {{ totalCount }} }} }}")["data"] == {"repository": None}


def test_a_repeated_answer_is_the_same_but_for_the_account(world: World) -> None:
    github = GitHub(world)
    query = f"{{ account: rateLimit {{ remaining used }} {REPO} {{ name }} rateLimit {{ remaining }} }}"
    first, second = ask(github, query), ask(github, query)
    assert list(second["data"]) == ["account", "repository", "rateLimit"]
    assert first["data"]["account"] == {"remaining": 4_999, "used": 1}
    assert second["data"]["account"] == {"remaining": 4_998, "used": 2}
    assert second["data"]["rateLimit"] == {"remaining": 4_998}
    assert second["data"]["repository"] == first["data"]["repository"]


def test_an_account_inside_a_fragment_is_true_as_well(world: World) -> None:
    github = GitHub(world)
    query = "{ ...Part viewer { login } } fragment Part on Query { rateLimit { used } }"
    assert [ask(github, query)["data"]["rateLimit"]["used"] for _ in range(3)] == [1, 2, 3]


def test_answers_are_remembered_until_the_world_changes_and_for_one_token(world: World) -> None:
    tokens = {"demo": Token(world.person.login), "other": Token("amber-badger")}
    github = GitHub(world, tokens=tokens)
    query = (
        "query($n: String!) { " + REPO.replace('"lantern"', "$n") + " { stargazers(first: 1) { nodes { login } } } }"
    )

    def said(name: str, token: str = "demo") -> Any:
        return ask(github, query, n=name, token=token)["data"]["repository"]["stargazers"]["nodes"]

    before = said("lantern")
    assert said("pocketlog") != before
    assert said("lantern", "other") == []
    world.unstar(world.repos[0], world.repos[0].stars[0])
    assert said("lantern") != before
