from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import requests

from harvester.demo.life import build
from harvester.demo.server import Servers
from harvester.demo.things import Traffic
from harvester.demo.world import World

REPO = "/repos/{owner}/{repo}"
ANSWERS = {
    REPO: "",
    f"{REPO}/issues": "/issues?state=all&per_page=100",
    f"{REPO}/issues/comments": "/issues/comments?per_page=100",
    f"{REPO}/issues/{{issue_number}}": "/issues/{issue}",
    f"{REPO}/issues/{{issue_number}}/comments": "/issues/{issue}/comments",
    f"{REPO}/pulls": "/pulls?state=all&per_page=40",
    f"{REPO}/pulls/comments": "/pulls/comments?per_page=100",
    f"{REPO}/pulls/{{pull_number}}": "/pulls/{pull}",
    f"{REPO}/pulls/{{pull_number}}/reviews": "/pulls/{pull}/reviews",
    f"{REPO}/pulls/{{pull_number}}/comments": "/pulls/{pull}/comments",
    f"{REPO}/pulls/{{pull_number}}/commits": "/pulls/{pull}/commits",
    f"{REPO}/stargazers": "/stargazers?per_page=20",
    f"{REPO}/forks": "/forks?per_page=30",
    f"{REPO}/releases": "/releases",
    f"{REPO}/traffic/views": "/traffic/views",
    f"{REPO}/traffic/clones": "/traffic/clones",
    f"{REPO}/traffic/popular/referrers": "/traffic/popular/referrers",
    f"{REPO}/traffic/popular/paths": "/traffic/popular/paths",
}
ACCOUNTS = {
    "/user": "/user",
    "/user/repos": "/user/repos",
    "/users/{username}": "/users/wren-hollow",
    "/users/{username}/repos": "/users/wren-hollow/repos",
    "/orgs/{org}/repos": "/orgs/saltmarsh-dev/repos",
    "/rate_limit": "/rate_limit",
}


@pytest.fixture(scope="module")
def world() -> World:
    """Filled up once with what `numbers` says."""
    return build(date(2026, 11, 24))


@pytest.fixture(scope="module")
def numbers(world: World) -> dict[str, int]:
    """An issue and a pull request with everything on them: ghosts, bots, every state of review. Visits, releases."""
    repo, bot = world.repos[0], world.accounts["dependabot[bot]"]
    issue = world.open_issue(repo, None)
    world.comment(issue, None)
    world.comment(issue, bot)
    world.close(issue)
    pull = world.open_pull(repo, None)
    for state in ("APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"):
        world.review(pull, world.person, state, inline=1)  # type: ignore[arg-type]
    world.review(pull, None)
    world.review(pull, bot)
    world.close(pull, merged_by=world.person)
    world.visit(repo, world.now.date(), Traffic(views=9, visitors=4, clones=2, cloners=1))
    world.refer(repo, {"Google": 5}, {"": 7, "/issues": 2})
    world.release(repo, "v1.0", "tool.zip", "tool.whl")
    world.release(repo, "v2.0", draft=True)
    return {"issue": issue.number, "pull": pull.number}


@pytest.mark.parametrize("path", ANSWERS)
def test_repository_answers_fit_the_published_schema(
    servers: Servers,
    http: requests.Session,
    numbers: dict[str, int],
    openapi: Callable[[str, Any], list[str]],
    path: str,
) -> None:
    url = f"{servers.github.url}/repos/wren-hollow/lantern{ANSWERS[path].format(**numbers)}"
    answer = http.get(url)
    assert answer.status_code == 200
    assert answer.json()
    assert openapi(path, answer.json()) == []


@pytest.mark.parametrize("path", ACCOUNTS)
def test_account_answers_fit_the_published_schema(
    servers: Servers, http: requests.Session, openapi: Callable[[str, Any], list[str]], path: str
) -> None:
    answer = http.get(servers.github.url + ACCOUNTS[path])
    assert answer.status_code == 200
    assert openapi(path, answer.json()) == []


def test_a_fork_fits_the_published_schema_with_its_parent_and_source(
    servers: Servers, world: World, http: requests.Session, openapi: Callable[[str, Any], list[str]]
) -> None:
    fork = world.fork(world.repos[0].forks[0], world.person)
    answer = http.get(f"{servers.github.url}/repos/{fork.full_name}").json()
    assert openapi(REPO, answer) == []
    assert (answer["parent"]["id"], answer["source"]["id"]) == (world.repos[0].forks[0].id, world.repos[0].id)


def test_starred_at_answers_fit_the_published_schema(
    servers: Servers, http: requests.Session, openapi: Callable[[str, Any], list[str]]
) -> None:
    url = f"{servers.github.url}/repos/wren-hollow/lantern/stargazers"
    answer = http.get(url, headers={"Accept": "application/vnd.github.v3.star+json"})
    assert openapi(f"{REPO}/stargazers", answer.json()) == []


def test_the_check_itself_objects_to_a_wrong_answer(openapi: Callable[[str, Any], list[str]]) -> None:
    assert openapi(f"{REPO}/issues", [{"id": "1"}])
