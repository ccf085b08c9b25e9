from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import graphql
import pytest
import requests

from harvester.demo.faults import VirtualClock
from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.github_limits import Limits
from harvester.demo.server import Servers, serve
from harvester.demo.world import World

Ask = Callable[..., Any]

ACTOR = "{ __typename login url ... on User { id databaseId name } ... on Bot { databaseId } }"
EVERYTHING = f"""
query Everything($owner: String!, $name: String = "lantern", $some: Int!, $since: DateTime) {{
  lantern: repository(owner: $owner, name: $name) {{
    ...Levels
    issues(first: $some, orderBy: {{field: UPDATED_AT, direction: DESC}}, filterBy: {{since: $since}}) {{
      totalCount
      pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
      edges {{ cursor node {{ number }} }}
      nodes {{
        __typename id databaseId fullDatabaseId number title body state stateReason closed createdAt updatedAt
        closedAt url locked authorAssociation
        author {ACTOR}
        repository {{ nameWithOwner }}
        comments(first: 20) {{
          totalCount
          pageInfo {{ hasNextPage endCursor }}
          nodes {{ id databaseId fullDatabaseId createdAt updatedAt body authorAssociation author {ACTOR} }}
        }}
      }}
    }}
    pullRequests(first: $some, orderBy: {{field: UPDATED_AT, direction: DESC}}, states: [OPEN, MERGED, CLOSED]) {{
      totalCount
      pageInfo {{ hasNextPage endCursor }}
      nodes {{
        id databaseId fullDatabaseId number title state isDraft merged mergedAt createdAt updatedAt closedAt
        totalCommentsCount author {ACTOR} mergedBy {ACTOR}
        comments(first: 20) {{ totalCount nodes {{ fullDatabaseId createdAt author {ACTOR} }} }}
        reviews(first: 20) {{
          totalCount
          pageInfo {{ hasNextPage endCursor }}
          nodes {{
            id fullDatabaseId state createdAt submittedAt updatedAt author {ACTOR} pullRequest {{ number }}
            comments(first: 20) {{
              totalCount
              nodes {{ id fullDatabaseId createdAt updatedAt path body author {ACTOR} }}
            }}
          }}
        }}
      }}
    }}
  }}
  other: repository(owner: "saltmarsh-dev", name: "fieldguide") {{ ...Levels }}
  viewer {{ login }}
  user(login: "wren-hollow") {{ repositories(first: 5) {{ totalCount nodes {{ nameWithOwner }} }} }}
  rateLimit {{ limit cost remaining used resetAt nodeCount }}
}}
fragment Levels on Repository {{
  id databaseId name nameWithOwner url description createdAt updatedAt pushedAt isPrivate isFork isArchived
  isDisabled isLocked visibility hasIssuesEnabled hasDiscussionsEnabled stargazerCount forkCount
  owner {{ __typename login id }}
  watchers {{ totalCount }}
  stargazers(last: 3) {{ totalCount edges {{ starredAt node {{ login }} }} }}
  forks {{ totalCount }}
}}
"""
VARIABLES = {"owner": "wren-hollow", "some": 30}


@pytest.fixture
def ask(servers: Servers, http: requests.Session) -> Ask:
    """Send a query; the answer's JSON."""

    def send(query: str, **variables: Any) -> Any:
        answer = http.post(f"{servers.github.url}/graphql", json={"query": query, "variables": variables})
        assert answer.status_code == 200
        return answer.json()

    return send


@pytest.fixture(scope="session")
def published(shared_data: Path) -> graphql.GraphQLSchema:
    text = (shared_data / "github_graphql" / "schema.graphql").read_text()
    return graphql.build_schema(text, assume_valid=True)


def test_answers_fit_the_published_schema(ask: Ask, published: graphql.GraphQLSchema) -> None:
    document = graphql.parse(EVERYTHING)
    assert graphql.validate(published, document) == []
    answer = ask(EVERYTHING, **VARIABLES)
    assert "errors" not in answer
    # The schema itself reads our answer: wrong types, enums and nulls would be errors.
    again = graphql.execute(
        published,
        document,
        root_value=answer["data"],
        variable_values=VARIABLES,
        field_resolver=lambda source, info, **_: source[info.path.key],
        type_resolver=lambda value, *_: value["__typename"],
    )
    assert again.errors is None
    assert again.data == answer["data"]


WALK = """
query($owner: String!, $name: String!, $issues: String, $pulls: String) {
  repository(owner: $owner, name: $name) {
    issues(first: 50, after: $issues) {
      pageInfo { hasNextPage endCursor }
      nodes { closedAt comments(first: 100) { totalCount nodes { createdAt } } }
    }
    pullRequests(first: 50, after: $pulls) {
      pageInfo { hasNextPage endCursor }
      nodes {
        mergedAt
        comments(first: 100) { totalCount nodes { createdAt } }
        reviews(first: 50) {
          totalCount
          nodes { submittedAt comments(first: 100) { totalCount nodes { createdAt } } }
        }
      }
    }
  }
}
"""


def test_walking_by_cursor_finds_the_whole_truth(world: World, ask: Ask) -> None:
    issues: list[Any] = []
    pulls: list[Any] = []
    for repo in world.repos:
        cursors: dict[str, str | None] = {"issues": None, "pulls": None}
        while True:
            found = ask(WALK, owner=repo.owner.login, name=repo.name, **cursors)["data"]["repository"]
            issues += found["issues"]["nodes"]
            pulls += found["pullRequests"]["nodes"]
            more = [found[part]["pageInfo"]["hasNextPage"] for part in ("issues", "pullRequests")]
            for part, name in (("issues", "issues"), ("pullRequests", "pulls")):
                cursors[name] = found[part]["pageInfo"]["endCursor"] or cursors[name]
            if not any(more):
                break
    reviews = [review for pull in pulls for review in pull["reviews"]["nodes"]]
    truth = world.truth()
    assert {
        "issues_opened": len(issues),
        "issues_closed": sum(1 for issue in issues if issue["closedAt"]),
        "issue_comments": sum(len(each["comments"]["nodes"]) for each in issues + pulls),
        "pulls_opened": len(pulls),
        "pulls_merged": sum(1 for pull in pulls if pull["mergedAt"]),
        "pull_reviews": sum(1 for review in reviews if review["submittedAt"]),
        "review_comments": sum(len(review["comments"]["nodes"]) for review in reviews),
    } == {
        metric: truth.total(metric)
        for metric in (
            "issues_opened", "issues_closed", "issue_comments", "pulls_opened", "pulls_merged", "pull_reviews",
            "review_comments",
        )
    }  # fmt: skip


def test_levels_are_the_truth(world: World, ask: Ask) -> None:
    found = ask(EVERYTHING, **VARIABLES)["data"]["other"]
    levels = world.truth().levels
    assert (
        found["stargazerCount"]
        == found["stargazers"]["totalCount"]
        == levels["stargazers"]["saltmarsh-dev/fieldguide"]
    )
    assert found["forkCount"] == levels["forks"]["saltmarsh-dev/fieldguide"]
    assert found["watchers"]["totalCount"] == levels["watchers"]["saltmarsh-dev/fieldguide"]


def test_bots_lose_their_suffix_and_ghosts_are_null(world: World, ask: Ask) -> None:
    thread = world.open_issue(world.repos[0], world.accounts["dependabot[bot]"])
    world.comment(thread, None)
    query = """query($n: Int!) { repository(owner: "wren-hollow", name: "lantern") { issue(number: $n) {
        author { __typename login } comments(first: 1) { nodes { author { login } } } } } }"""
    found = ask(query, n=thread.number)["data"]["repository"]["issue"]
    assert found["author"] == {"__typename": "Bot", "login": "dependabot"}
    assert found["comments"]["nodes"] == [{"author": None}]


def test_wide_ids_are_null_in_32_bits_and_whole_as_text(world: World, ask: Ask) -> None:
    query = """{ repository(owner: "wren-hollow", name: "lantern")
        { databaseId issues(first: 1) { nodes { databaseId fullDatabaseId } } } }"""
    found = ask(query)["data"]["repository"]
    assert found["databaseId"] == world.repos[0].id
    assert found["issues"]["nodes"][0]["databaseId"] is None
    assert int(found["issues"]["nodes"][0]["fullDatabaseId"]) > 2**31


def test_missing_repository_is_null_beside_the_others(ask: Ask) -> None:
    answer = ask(
        """{ a: repository(owner: "no", name: "where") { id }
             b: repository(owner: "wren-hollow", name: "pocketlog") { name } }"""
    )
    assert answer["data"] == {"a": None, "b": {"name": "pocketlog"}}
    assert [(e["type"], e["path"]) for e in answer["errors"]] == [("NOT_FOUND", ["a"])]


def test_old_name_is_followed_unless_told_not_to(ask: Ask) -> None:
    query = """{ old: repository(owner: "wren-hollow", name: "glowstick") { nameWithOwner }
                 strict: repository(owner: "wren-hollow", name: "glowstick", followRenames: false) { id } }"""
    answer = ask(query)
    assert answer["data"] == {"old": {"nameWithOwner": "wren-hollow/lantern"}, "strict": None}


def test_nodes_by_id_follow_up_on_what_was_cut(world: World, ask: Ask) -> None:
    query = """query($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on PullRequest { number reviews(first: 1) {
        totalCount } } ... on Repository { name } } }"""
    pull = next(t for t in world.repos[0].threads.values() if t.pull)
    ids = [f"PR_kgDO{pull.pull.id:x}", f"R_kgDO{world.repos[1].id:x}", "R_kgDO1"]  # type: ignore[union-attr]
    answer = ask(query, ids=ids)
    assert [n and n["__typename"] for n in answer["data"]["nodes"]] == ["PullRequest", "Repository", None]
    assert answer["errors"][0]["path"] == ["nodes", 2]


def test_stargazers_are_counted_but_not_listed_to_outsiders(world: World, http: requests.Session) -> None:
    tokens = {"demo": Token("amber-badger")}
    query = """{ repository(owner: "wren-hollow", name: "lantern")
        { stargazers(first: 9) { totalCount nodes { login } } } }"""
    with serve(world, github=GitHub(world, tokens=tokens)) as servers:
        answer = http.post(f"{servers.github.url}/graphql", json={"query": query}).json()
    found = answer["data"]["repository"]["stargazers"]
    assert found == {"totalCount": len(world.repos[0].stars), "nodes": []}


def test_missing_right_is_forbidden_where_it_is_needed(world: World, http: requests.Session) -> None:
    tokens = {"demo": Token("amber-badger", frozenset({"issues"}))}
    query = (
        '{ repository(owner: "wren-hollow", name: "lantern") { issues { totalCount } pullRequests { totalCount } } }'
    )
    with serve(world, github=GitHub(world, tokens=tokens)) as servers:
        answer = http.post(f"{servers.github.url}/graphql", json={"query": query}).json()
    assert answer["data"]["repository"]["issues"] is None
    assert answer["data"]["repository"]["pullRequests"]["totalCount"] > 0
    assert answer["errors"][0]["type"] == "FORBIDDEN"
    assert answer["errors"][0]["path"] == ["repository", "issues"]


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("{ repository(owner: 1", "Parse error"),
        ("{ viewer { salary } }", "Field 'salary' doesn't exist on type 'User'"),
        ("{ viewer { ...Missing } }", "Fragment Missing was used, but not defined"),
        ("{ viewer }", "must have selections"),
        ('{ repository(owner: "wren-hollow", name: "lantern") { issues { nodes { id } } } }', "`first` or `last`"),
        (
            '{ repository(owner: "wren-hollow", name: "lantern") { issues(first: 101) { totalCount } } }',
            "limit of 100",
        ),
        (
            """{ repository(owner: "wren-hollow", name: "lantern") { pullRequests(first: 100) { nodes {
                reviews(first: 100) { nodes { comments(first: 100) { totalCount } } } } } } }""",
            "1,010,100 possible nodes",
        ),
    ],
)
def test_bad_queries_are_refused_with_status_200(ask: Ask, query: str, complaint: str) -> None:
    answer = ask(query)
    assert complaint in answer["errors"][0]["message"]
    assert "data" not in answer


def test_body_that_is_no_query_is_400(servers: Servers, http: requests.Session) -> None:
    assert http.post(f"{servers.github.url}/graphql", data=b"{").status_code == 400


def test_anonymous_queries_are_401(servers: Servers) -> None:
    with requests.Session() as anonymous:
        assert (
            anonymous.post(f"{servers.github.url}/graphql", json={"query": "{ viewer { login } }"}).status_code == 401
        )


def test_include_and_skip_are_obeyed(ask: Ask) -> None:
    query = (
        "query($yes: Boolean!) { viewer { login @include(if: $yes) id @skip(if: $yes) ... @skip(if: $yes) { url } } }"
    )
    assert ask(query, yes=True)["data"] == {"viewer": {"login": "wren-hollow"}}


def test_points_follow_the_published_formula(world: World, ask: Ask) -> None:
    # 1 + 50 + 50 · 20 connections are 1,051 requests: 11 points.
    query = """{ repository(owner: "wren-hollow", name: "lantern") { pullRequests(first: 50) { nodes {
        reviews(first: 20) { nodes { comments(first: 5) { totalCount } } } } } } rateLimit { cost nodeCount } }"""
    assert ask(query)["data"]["rateLimit"] == {"cost": 11, "nodeCount": 50 + 1_000 + 5_000}


def test_exhausted_points_are_an_error_with_status_200(world: World, http: requests.Session) -> None:
    clock = VirtualClock(datetime(2026, 11, 24, tzinfo=UTC))
    github = GitHub(world, tokens={"demo": Token(world.person.login, graphql_limit=1)}, clock=clock)
    with serve(world, github=github) as servers:
        url, body = f"{servers.github.url}/graphql", {"query": "{ viewer { login } }"}
        assert "data" in http.post(url, json=body).json()
        refused = http.post(url, json=body)
        assert (refused.status_code, refused.json()["errors"][0]["type"]) == (200, "RATE_LIMITED")
        assert refused.headers["X-RateLimit-Remaining"] == "0"
        clock.advance(timedelta(hours=1))
        assert "data" in http.post(url, json=body).json()


def test_secondary_limit_counts_points_a_minute(world: World, http: requests.Session) -> None:
    limits = Limits(secondary=True, graphql_points_a_minute=1)
    with serve(world, github=GitHub(world, limits=limits)) as servers:
        url, body = f"{servers.github.url}/graphql", {"query": "{ viewer { login } }"}
        assert [http.post(url, json=body).status_code for _ in range(2)] == [200, 403]


def test_heavy_queries_time_out_with_a_502(world: World, http: requests.Session) -> None:
    github = GitHub(world)
    github.graphql.patience = 100
    query = """{ repository(owner: "wren-hollow", name: "lantern")
        { issues(first: %d) { totalCount } } }"""
    with serve(world, github=github) as servers:
        url = f"{servers.github.url}/graphql"
        assert http.post(url, json={"query": query % 100}).status_code == 200
        github.graphql.patience = 99
        assert http.post(url, json={"query": query % 100}).status_code == 502


def test_enterprise_server_answers_under_api_graphql(servers: Servers, http: requests.Session) -> None:
    answer = http.post(f"{servers.github.url}/api/graphql", json={"query": "{ viewer { login } }"})
    assert answer.json() == {"data": {"viewer": {"login": "wren-hollow"}}}


def test_backward_paging_mirrors_forward_paging(ask: Ask) -> None:
    query = """query($first: Int, $after: String, $last: Int, $before: String) {
        repository(owner: "wren-hollow", name: "lantern") { issues(first: $first, after: $after, last: $last,
        before: $before) { nodes { number } pageInfo { startCursor endCursor hasPreviousPage } } } }"""
    one = ask(query, first=4)["data"]["repository"]["issues"]
    two = ask(query, first=4, after=one["pageInfo"]["endCursor"])["data"]["repository"]["issues"]
    back = ask(query, last=4, before=two["pageInfo"]["startCursor"])["data"]["repository"]["issues"]
    assert back["nodes"] == one["nodes"]
    assert not back["pageInfo"]["hasPreviousPage"]
    assert two["pageInfo"]["hasPreviousPage"]
