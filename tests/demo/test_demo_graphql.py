"""What GraphQL tells of a world, by the demo's schema and by the published one."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from demo_asking import ask

from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.github_graphql import GraphQL
from harvester.demo.server import Servers
from harvester.demo.world import World

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
def github(world: World, sdl: str) -> GitHub:
    """The world's GitHub, by either schema."""
    return GitHub(world, graphql=GraphQL(world, sdl=sdl))


def test_everything_that_is_told_fits_the_schema(github: GitHub) -> None:
    answer = ask(github, EVERYTHING, **VARIABLES)
    assert "errors" not in answer  # a null or a type that the schema forbids would be one
    assert len(answer["data"]["lantern"]["issues"]["nodes"]) == 30


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


def test_walking_by_cursor_finds_the_whole_truth(world: World, github: GitHub) -> None:
    issues: list[Any] = []
    pulls: list[Any] = []
    for repo in world.maintained():
        cursors: dict[str, str | None] = {"issues": None, "pulls": None}
        while True:
            found = ask(github, WALK, owner=repo.owner.login, name=repo.name, **cursors)["data"]["repository"]
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


def test_levels_are_the_truth(world: World, github: GitHub) -> None:
    found = ask(github, EVERYTHING, **VARIABLES)["data"]["other"]
    levels = world.truth().levels
    stars = levels["stargazers"]["saltmarsh-dev/fieldguide"]
    assert found["stargazerCount"] == found["stargazers"]["totalCount"] == stars
    forks = sum(n for (name, _), n in world.truth().days["forks"].items() if name == "saltmarsh-dev/fieldguide")
    assert found["forks"]["totalCount"] == forks
    assert found["watchers"]["totalCount"] == levels["watchers"]["saltmarsh-dev/fieldguide"]


def test_bots_lose_their_suffix_and_ghosts_are_null(world: World, github: GitHub) -> None:
    thread = world.open_issue(world.repos[0], world.accounts["dependabot[bot]"])
    world.comment(thread, None)
    query = """query($n: Int!) { repository(owner: "wren-hollow", name: "lantern") { issue(number: $n) {
        author { __typename login } comments(first: 1) { nodes { author { login } } } } } }"""
    found = ask(github, query, n=thread.number)["data"]["repository"]["issue"]
    assert found["author"] == {"__typename": "Bot", "login": "dependabot"}
    assert found["comments"]["nodes"] == [{"author": None}]


def test_wide_ids_are_null_in_32_bits_and_whole_as_text(world: World, github: GitHub) -> None:
    query = """{ repository(owner: "wren-hollow", name: "lantern")
        { databaseId issues(first: 1) { nodes { databaseId fullDatabaseId } } } }"""
    found = ask(github, query)["data"]["repository"]
    assert found["databaseId"] == world.repos[0].id
    assert found["issues"]["nodes"][0]["databaseId"] is None
    assert int(found["issues"]["nodes"][0]["fullDatabaseId"]) > 2**31


def test_missing_repository_is_null_beside_the_others(github: GitHub) -> None:
    answer = ask(
        github,
        """{ a: repository(owner: "no", name: "where") { id }
             b: repository(owner: "wren-hollow", name: "pocketlog") { name } }""",
    )
    assert answer == {
        "data": {"a": None, "b": {"name": "pocketlog"}},
        "errors": [
            {
                "type": "NOT_FOUND",
                "path": ["a"],
                "locations": [{"line": 1, "column": 3}],
                "message": "Could not resolve to a Repository with the name 'no/where'.",
            }
        ],
    }


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("issue(number: 99999)", "Could not resolve to an Issue with the number of 99999."),
        ("pullRequest(number: 99999)", "Could not resolve to a PullRequest with the number of 99999."),
    ],
)
def test_missing_thread_is_null_in_its_repository(github: GitHub, field: str, message: str) -> None:
    answer = ask(github, f'{{ repository(owner: "wren-hollow", name: "lantern") {{ it: {field} {{ id }} }} }}')
    assert answer["data"] == {"repository": {"it": None}}
    assert [(e["type"], e["path"], e["message"]) for e in answer["errors"]] == [
        ("NOT_FOUND", ["repository", "it"], message)
    ]


def test_logins_are_found_by_kind_and_an_owner_that_is_nobody_is_null_without_an_error(github: GitHub) -> None:
    query = """{ user(login: "Saltmarsh-Dev") { id } organization(login: "Saltmarsh-Dev") { login }
        someone: repositoryOwner(login: "wren-hollow") { __typename }
        nobody: repositoryOwner(login: "no-one") { id } }"""
    answer = ask(github, query)
    assert answer["data"] == {
        "user": None,
        "organization": {"login": "saltmarsh-dev"},
        "someone": {"__typename": "User"},
        "nobody": None,
    }
    assert [(e["path"], e["message"]) for e in answer["errors"]] == [
        (["user"], "Could not resolve to a User with the login of 'Saltmarsh-Dev'.")
    ]


def test_old_name_is_followed_unless_told_not_to(github: GitHub) -> None:
    query = """{ old: repository(owner: "wren-hollow", name: "glowstick") { nameWithOwner }
                 strict: repository(owner: "wren-hollow", name: "glowstick", followRenames: false) { id } }"""
    assert ask(github, query)["data"] == {"old": {"nameWithOwner": "wren-hollow/lantern"}, "strict": None}


def test_nodes_by_id_follow_up_on_what_was_cut(world: World, github: GitHub) -> None:
    query = """query($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on PullRequest { number reviews(first: 1) {
        totalCount } } ... on Repository { name } } }"""
    pull = next(t for t in world.repos[0].threads.values() if t.pull)
    ids = [f"PR_kgDO{pull.pull.id:x}", f"R_kgDO{world.repos[1].id:x}", "R_kgDO1", "nonsense"]  # type: ignore[union-attr]
    answer = ask(github, query, ids=ids)
    assert [n and n["__typename"] for n in answer["data"]["nodes"]] == ["PullRequest", "Repository", None, None]
    assert [error["path"] for error in answer["errors"]] == [["nodes", 2], ["nodes", 3]]


def test_stargazers_are_counted_but_not_listed_to_outsiders(world: World) -> None:
    query = """{ repository(owner: "wren-hollow", name: "lantern")
        { stargazers(first: 9) { totalCount nodes { login } } } }"""
    answer = ask(GitHub(world, tokens={"demo": Token("amber-badger")}), query)
    assert answer["data"]["repository"]["stargazers"] == {"totalCount": len(world.repos[0].stars), "nodes": []}


def test_missing_right_nulls_the_repository_as_the_list_may_not_be_null(world: World, sdl: str) -> None:
    tokens = {"demo": Token("amber-badger", frozenset({"issues"}))}
    query = """{ repository(owner: "wren-hollow", name: "lantern") {
        pullRequests { totalCount } issues { totalCount } } viewer { login } }"""
    answer = ask(GitHub(world, tokens=tokens, graphql=GraphQL(world, sdl=sdl)), query)
    assert answer == {
        "data": {"repository": None, "viewer": {"login": "amber-badger"}},
        "errors": [
            {
                "type": "FORBIDDEN",
                "path": ["repository", "issues"],
                "extensions": {"saml_failure": False},
                "locations": [{"line": 2, "column": 37}],
                "message": "Resource not accessible by personal access token",
            }
        ],
    }


def test_what_was_told_once_is_told_the_same_however_it_is_packed(world: World, sdl: str) -> None:
    """Answers are kept field by field; a packing that was never asked for must not show it."""

    def told(github: GitHub, *names: str, key: str = "x") -> Any:
        asked = {f"{key}{n}": name.split("/") for n, name in enumerate(names)}
        heads = ", ".join(f"${each}: String!, ${each}_of: String!" for each in asked)
        fields = " ".join(f"{each}: repository(owner: ${each}_of, name: ${each}) {{ ...Told }}" for each in asked)
        text = f"query Q({heads}) {{ rateLimit {{ used }} {fields} }} fragment Told on Repository {{ name id }}"
        values = {each: name for each, (_, name) in asked.items()}
        answer = ask(github, text, **values, **{f"{each}_of": owner for each, (owner, _) in asked.items()})
        answer["data"].pop("rateLimit")
        return answer, list(answer["data"])

    names = [repo.full_name for repo in world.repos][:3]
    used = GitHub(world, graphql=GraphQL(world, sdl=sdl))
    told(used, *names)
    for chosen in (names[1:], [names[2], names[0]], [names[0], "no/where", names[1]], [names[1]], names):
        fresh = GitHub(world, graphql=GraphQL(world, sdl=sdl))
        assert told(used, *chosen, key="y") == told(fresh, *chosen, key="y")
    world.rename(world.repos[0], f"{world.repos[0].name}-next")
    fresh = GitHub(world, graphql=GraphQL(world, sdl=sdl))
    assert told(used, *names) == told(fresh, *names)


def test_body_that_is_no_query_is_400(servers: Servers, http: requests.Session) -> None:
    for body in (b"{", b"[]", b'{"query": 1}', b'{"query": "{ viewer { login } }", "variables": 1}'):
        assert http.post(f"{servers.github.url}/graphql", data=body).status_code == 400


def test_anonymous_queries_are_401(servers: Servers) -> None:
    with requests.Session() as anonymous:
        answer = anonymous.post(f"{servers.github.url}/graphql", json={"query": "{ viewer { login } }"})
    assert answer.status_code == 401


def test_include_and_skip_are_obeyed(github: GitHub) -> None:
    query = (
        "query($yes: Boolean!) { viewer { login @include(if: $yes) id @skip(if: $yes) ... @skip(if: $yes) { url } } }"
    )
    assert ask(github, query, yes=True)["data"] == {"viewer": {"login": "wren-hollow"}}


def test_enterprise_server_answers_under_api_graphql(servers: Servers, http: requests.Session) -> None:
    answer = http.post(f"{servers.github.url}/api/graphql", json={"query": "{ viewer { login } }"})
    assert answer.json() == {"data": {"viewer": {"login": "wren-hollow"}}}


def test_backward_paging_mirrors_forward_paging(github: GitHub) -> None:
    query = """query($first: Int, $after: String, $last: Int, $before: String) {
        repository(owner: "wren-hollow", name: "lantern") { issues(first: $first, after: $after, last: $last,
        before: $before) { nodes { number } pageInfo { startCursor endCursor hasPreviousPage } } } }"""
    one = ask(github, query, first=4)["data"]["repository"]["issues"]
    two = ask(github, query, first=4, after=one["pageInfo"]["endCursor"])["data"]["repository"]["issues"]
    back = ask(github, query, last=4, before=two["pageInfo"]["startCursor"])["data"]["repository"]["issues"]
    assert back["nodes"] == one["nodes"]
    assert not back["pageInfo"]["hasPreviousPage"]
    assert two["pageInfo"]["hasPreviousPage"]


def test_a_cursor_of_nobodys_is_refused_where_it_stands(github: GitHub) -> None:
    query = (
        """{ repository(owner: "wren-hollow", name: "lantern") { issues(first: 1, after: "?") { totalCount } } }"""
    )
    answer = ask(github, query)
    assert answer["data"] == {"repository": None}
    assert answer["errors"][0]["type"] == "INVALID_CURSOR_ARGUMENTS"


@pytest.mark.parametrize(
    ("query", "variables", "message"),
    [
        ("{ repository(owner: 1", {}, "Parse error"),
        ("query A { viewer { login } } query B { viewer { id } }", {}, "An operation name is required"),
        ("query($x: Boolean!) { viewer { login @skip(if: $x) } }", {}, "Variable $x of type Boolean! was provided"),
        (
            """query($by: IssueFilters) { repository(owner: "wren-hollow", name: "lantern") {
                issues(filterBy: $by) { totalCount } } }""",
            {"by": {"since": "yesterday"}},
            "Variable $by of type IssueFilters was provided invalid value",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_with_status_200_and_no_data(
    github: GitHub, query: str, variables: dict[str, Any], message: str
) -> None:
    answer = ask(github, query, **variables)
    assert message in answer["errors"][0]["message"]
    assert "data" not in answer


def test_one_of_several_operations_runs_by_its_name(github: GitHub) -> None:
    text = "query A { viewer { login } } query B { viewer { __typename } }"
    assert ask(github, text, operation="B") == {"data": {"viewer": {"__typename": "User"}}}
