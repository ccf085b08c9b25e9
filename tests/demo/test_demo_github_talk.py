"""What REST says in issues, pull requests and comments, where tools stumble."""

from __future__ import annotations

import json
from typing import Any

from harvester.demo.github import GitHub
from harvester.demo.world import World
from tests.demo.demo_asking import get


def test_a_ghost_is_null_in_reviews_and_on_lines_and_an_account_called_ghost_elsewhere(world: World) -> None:
    repo, github = world.repos[0], GitHub(world)
    issue, pull = world.open_issue(repo, None), world.open_pull(repo, None)
    world.comment(issue, None)
    world.review(pull, None, inline=1)

    def told(path: str) -> Any:
        return json.loads(get(github, f"/repos/{repo.full_name}{path}").body)

    for one in (
        told(f"/issues/{issue.number}"),
        told(f"/issues/{issue.number}/comments")[0],
        told(f"/issues/{pull.number}"),
        told(f"/pulls/{pull.number}"),
        next(each for each in told("/pulls?per_page=100") if each["number"] == pull.number),
    ):
        assert (one["user"]["login"], one["user"]["id"]) == ("ghost", 10137)
    assert told(f"/pulls/{pull.number}/reviews")[0]["user"] is None
    assert told(f"/pulls/{pull.number}/comments")[0]["user"] is None


def test_reactions_are_counted_where_they_can_be_given(world: World) -> None:
    repo, github = world.repos[0], GitHub(world)
    issue = world.open_issue(repo, None)
    world.comment(issue, None)
    issue_url = f"/repos/{repo.full_name}/issues/{issue.number}"
    said = json.loads(get(github, issue_url).body), json.loads(get(github, f"{issue_url}/comments").body)[0]
    for one in said:
        assert one["reactions"]["url"] == f"{one['url']}/reactions"
        assert one["reactions"]["total_count"] == one["reactions"]["+1"] == 0
