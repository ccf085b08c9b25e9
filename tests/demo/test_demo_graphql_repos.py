"""Repositories in GraphQL: who may do what, forks, releases, owners; and that REST says the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from demo_asking import ask, get

from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.github_graphql import GraphQL
from harvester.demo.things import Repo
from harvester.demo.world import World

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TOKENS = {"demo": Token("wren-hollow"), "other": Token("amber-badger")}


@pytest.fixture
def world(bare_world: World) -> World:
    """Nothing has happened yet."""
    return bare_world


@pytest.fixture
def github(world: World, sdl: str) -> GitHub:
    return GitHub(world, tokens=TOKENS, graphql=GraphQL(world, sdl=sdl))


@pytest.fixture
def repo(world: World) -> Repo:
    return world.create(world.person, "fresh", "New.", NOON - timedelta(days=9))


@pytest.fixture
def foreign(world: World) -> Repo:
    return next(repo for repo in world.repos if not repo.maintained)


def about(github: GitHub, repo: Repo, fields: str, **more: Any) -> Any:
    """What is said of a repository, where nothing fails."""
    query = f'{{ repository(owner: "{repo.owner.login}", name: "{repo.name}") {{ {fields} }} }}'
    answer = ask(github, query, **more)
    assert "errors" not in answer
    return answer["data"]["repository"]


def rest(github: GitHub, path: str, **more: str) -> Any:
    answer = get(github, path, **more)
    assert answer.status == 200
    return json.loads(answer.body)


def test_every_plain_field_is_told(world: World, github: GitHub, repo: Repo) -> None:
    assert about(
        github,
        repo,
        """name nameWithOwner url description createdAt pushedAt isPrivate isFork isArchived isDisabled isLocked
        isEmpty visibility hasIssuesEnabled hasDiscussionsEnabled stargazerCount forkCount parent { id } databaseId
        owner { __typename login }""",
    ) == {
        "name": "fresh",
        "nameWithOwner": "wren-hollow/fresh",
        "url": "https://github.com/wren-hollow/fresh",
        "description": "New.",
        "createdAt": "2026-11-11T12:00:00Z",
        "pushedAt": "2026-11-11T12:00:00Z",
        **dict.fromkeys(
            ("isPrivate", "isFork", "isArchived", "isDisabled", "isLocked", "isEmpty", "hasDiscussionsEnabled"), False
        ),
        "visibility": "PUBLIC",
        "hasIssuesEnabled": True,
        "stargazerCount": 0,
        "forkCount": 0,
        "parent": None,
        "databaseId": repo.id,
        "owner": {"__typename": "User", "login": "wren-hollow"},
    }


def test_a_star_given_or_taken_updates_the_repository_and_both_apis_agree(
    world: World, github: GitHub, repo: Repo
) -> None:
    def updated() -> set[str]:
        return {about(github, repo, "updatedAt")["updatedAt"], rest(github, f"/repos/{repo.full_name}")["updated_at"]}

    mark = world.star(repo, at=NOON)
    assert updated() == {"2026-11-20T12:00:00Z"}
    world.unstar(repo, mark, NOON + timedelta(hours=1))
    assert updated() == {"2026-11-20T13:00:00Z"}


def test_a_merge_is_a_push(world: World, github: GitHub, repo: Repo) -> None:
    world.close(world.open_pull(repo, None, at=NOON), NOON, merged_by=world.person)
    assert about(github, repo, "pushedAt")["pushedAt"] == "2026-11-20T12:00:00Z"
    assert rest(github, f"/repos/{repo.full_name}")["pushed_at"] == "2026-11-20T12:00:00Z"


def test_permission_is_admin_at_home_and_read_elsewhere(github: GitHub, repo: Repo, foreign: Repo) -> None:
    told = [
        about(github, where, "viewerPermission", token=token)["viewerPermission"]
        for where in (repo, foreign)
        for token in ("demo", "other")
    ]
    assert told == ["ADMIN", "READ", "READ", "READ"]


def test_a_foreign_repository_is_closed_where_push_access_is_needed(
    world: World, github: GitHub, foreign: Repo
) -> None:
    world.star(foreign)
    world.release(foreign, "v1", draft=True)
    path = f"/repos/{foreign.full_name}"
    refused = get(github, f"{path}/traffic/views")
    assert (refused.status, json.loads(refused.body)["message"]) == (403, "Must have push access to repository")
    assert refused.headers["X-Accepted-GitHub-Permissions"] == "administration=read"
    assert rest(github, f"{path}/releases") == []
    assert get(github, f"{path}/stargazers").status == 404
    assert about(github, foreign, "releases(first: 1) { totalCount } stargazers(first: 1) { nodes { login } }") == {
        "releases": {"totalCount": 0},
        "stargazers": {"nodes": []},
    }


def test_forks_are_repositories_of_their_owners_listed_in_order_of_creation(
    world: World, github: GitHub, repo: Repo
) -> None:
    made = [world.fork(repo, world.accounts[f"{who}-badger"], NOON + timedelta(hours=n))
            for n, who in enumerate(("amber", "brisk", "calm"))]  # fmt: skip
    world.fork(made[0], world.accounts["dusty-badger"])
    node = "databaseId createdAt nameWithOwner isFork owner { login __typename } parent { nameWithOwner }"
    order = "orderBy: {field: CREATED_AT, direction: DESC}"
    told = about(
        github,
        repo,
        f"forkCount forks(first: 2, {order}) {{ totalCount pageInfo {{ endCursor }} nodes {{ {node} }} }}",
    )
    assert told["forkCount"] == 4
    assert told["forks"]["totalCount"] == 3
    assert told["forks"]["nodes"][0] == {
        "databaseId": made[2].id,
        "createdAt": "2026-11-20T14:00:00Z",
        "nameWithOwner": "calm-badger/fresh",
        "isFork": True,
        "owner": {"login": "calm-badger", "__typename": "User"},
        "parent": {"nameWithOwner": "wren-hollow/fresh"},
    }
    cursor = told["forks"]["pageInfo"]["endCursor"]
    rest_of_it = about(github, repo, f'forks(first: 2, after: "{cursor}", {order}) {{ nodes {{ databaseId }} }}')
    assert rest_of_it["forks"]["nodes"] == [{"databaseId": made[0].id}]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [("", "cba"), ("?sort=newest", "cba"), ("?sort=oldest", "abc"), ("?sort=stargazers", "bca")],
)
def test_rest_lists_forks_as_documented(world: World, github: GitHub, repo: Repo, sort: str, expected: str) -> None:
    forks = {who[0]: world.fork(repo, world.accounts[f"{who}-badger"], NOON + timedelta(hours=n))
             for n, who in enumerate(("amber", "brisk", "calm"))}  # fmt: skip
    world.star(forks["b"])
    told = rest(github, f"/repos/{repo.full_name}/forks{sort}")
    assert "".join(fork["owner"]["login"][0] for fork in told) == expected
    assert all(fork["fork"] for fork in told)
    assert get(github, f"/repos/{repo.full_name}/forks?sort=size").status == 422


def test_a_deleted_fork_is_neither_listed_nor_found(world: World, github: GitHub, repo: Repo) -> None:
    fork = world.fork(repo, world.accounts["amber-badger"])
    assert rest(github, f"/repos/{fork.full_name}")["source"]["full_name"] == repo.full_name
    world.unfork(fork)
    assert rest(github, f"/repos/{repo.full_name}/forks") == []
    assert about(github, repo, "forkCount forks(first: 1) { totalCount }") == {
        "forkCount": 0,
        "forks": {"totalCount": 0},
    }
    assert get(github, f"/repos/{fork.full_name}").status == 404


def test_releases_and_their_files_have_one_id_in_both_apis(world: World, github: GitHub, repo: Repo) -> None:
    release = world.release(repo, "v1", "tool.zip", "tool.whl", at=NOON)
    world.download(release.assets[1], 7)
    world.release(repo, "v2", draft=True, at=NOON + timedelta(hours=1))
    node = """id databaseId tagName isDraft createdAt publishedAt releaseAssets(first: 9) { totalCount
        pageInfo { hasNextPage } nodes { id name downloadCount createdAt url downloadUrl } }"""
    order = "orderBy: {field: CREATED_AT, direction: DESC}"
    told = about(github, repo, f"releases(first: 9, {order}) {{ totalCount nodes {{ {node} }} }}")["releases"]
    said = rest(github, f"/repos/{repo.full_name}/releases")
    assert [each["id"] for each in told["nodes"]] == [each["node_id"] for each in said]
    assert [(each["tagName"], each["isDraft"], each["publishedAt"]) for each in told["nodes"]] == [
        ("v2", True, None),
        ("v1", False, "2026-11-20T12:00:00Z"),
    ]
    files = told["nodes"][1]["releaseAssets"]
    assert (files["totalCount"], files["pageInfo"]) == (2, {"hasNextPage": False})
    assert [(f["id"], f["name"], f["downloadCount"], f["downloadUrl"]) for f in files["nodes"]] == [
        (f["node_id"], f["name"], f["download_count"], f["browser_download_url"]) for f in said[1]["assets"]
    ]
    one = about(
        github, repo, 'releases(last: 2) { nodes { releaseAssets(first: 1, name: "tool.whl") { totalCount } } }'
    )
    assert [node["releaseAssets"]["totalCount"] for node in one["releases"]["nodes"]] == [1, 0]


def test_stargazers_come_in_the_order_of_their_stars(world: World, github: GitHub, repo: Repo) -> None:
    for n, who in enumerate(("brisk", "amber")):
        world.star(repo, world.accounts[f"{who}-badger"], NOON + timedelta(hours=n))
    edges = "edges { starredAt node { login } }"
    newest = "orderBy: {field: STARRED_AT, direction: DESC}"
    told = about(
        github, repo, f"up: stargazers(first: 5) {{ {edges} }} down: stargazers(first: 1, {newest}) {{ {edges} }}"
    )
    assert [edge["node"]["login"] for edge in told["up"]["edges"]] == ["brisk-badger", "amber-badger"]
    assert told["down"]["edges"] == [{"starredAt": "2026-11-20T13:00:00Z", "node": {"login": "amber-badger"}}]


OWNED = """query($login: String!, $fork: Boolean, $privacy: RepositoryPrivacy, $of: [RepositoryAffiliation]) {
    repositoryOwner(login: $login) { repositories(first: 100, isFork: $fork, privacy: $privacy,
        ownerAffiliations: $of, orderBy: {field: NAME, direction: ASC}) { nodes { nameWithOwner } } } }"""


def owned(github: GitHub, token: str = "demo", **variables: Any) -> list[str]:
    found = ask(github, OWNED, token=token, **{"login": "wren-hollow", "of": ["OWNER"], **variables})
    return [node["nameWithOwner"] for node in found["data"]["repositoryOwner"]["repositories"]["nodes"]]


def test_an_owners_repositories_are_told_by_kind_and_to_whom_they_are_for(
    world: World, github: GitHub, repo: Repo, foreign: Repo
) -> None:
    world.restrict(repo, "private")
    world.fork(foreign, world.person)
    fork, own = f"wren-hollow/{foreign.name}", ["wren-hollow/lantern", "wren-hollow/pocketlog"]
    assert owned(github) == sorted([fork, "wren-hollow/fresh", *own])
    assert owned(github, fork=False) == ["wren-hollow/fresh", *own]
    assert owned(github, fork=True) == [fork]
    assert owned(github, privacy="PRIVATE") == ["wren-hollow/fresh"]
    assert owned(github, "other", fork=False) == own
    assert owned(github, of=["ORGANIZATION_MEMBER"]) == ["saltmarsh-dev/fieldguide"]
    assert owned(github, login="saltmarsh-dev") == ["saltmarsh-dev/fieldguide"]


@pytest.mark.parametrize("field", ["CREATED_AT", "UPDATED_AT", "PUSHED_AT", "NAME", "STARGAZERS"])
def test_owned_repositories_page_by_cursor_in_every_order(world: World, github: GitHub, field: str) -> None:
    query = """query($by: RepositoryOrderField!, $after: String) { viewer { repositories(first: 1, after: $after,
        orderBy: {field: $by, direction: DESC}) { pageInfo { hasNextPage endCursor } nodes { name } } } }"""
    seen, after = [], None
    for _ in range(2):
        page = ask(github, query, by=field, after=after)["data"]["viewer"]["repositories"]
        seen += [node["name"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert sorted(seen) == ["lantern", "pocketlog"]
    assert not page["pageInfo"]["hasNextPage"]


def test_a_cursor_of_another_order_is_no_cursor(github: GitHub, repo: Repo) -> None:
    query = """query($by: RepositoryOrderField!, $after: String) { viewer { repositories(first: 1, after: $after,
        orderBy: {field: $by, direction: DESC}) { pageInfo { endCursor } } } }"""
    cursor = ask(github, query, by="NAME")["data"]["viewer"]["repositories"]["pageInfo"]["endCursor"]
    answer = ask(github, query, by="CREATED_AT", after=cursor)
    assert answer["errors"][0]["type"] == "INVALID_CURSOR_ARGUMENTS"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/user/repos", ["saltmarsh-dev/fieldguide", "wren-hollow/lantern", "wren-hollow/pocketlog"]),
        ("/users/wren-hollow/repos", ["wren-hollow/lantern", "wren-hollow/pocketlog"]),
        ("/users/wren-hollow/repos?direction=desc", ["wren-hollow/pocketlog", "wren-hollow/lantern"]),
        ("/users/wren-hollow/repos?sort=created", ["wren-hollow/pocketlog", "wren-hollow/lantern"]),
        ("/orgs/saltmarsh-dev/repos", ["saltmarsh-dev/fieldguide"]),
    ],
)
def test_rest_lists_the_repositories_of_an_owner(github: GitHub, path: str, expected: list[str]) -> None:
    assert [repo["full_name"] for repo in rest(github, path)] == expected
