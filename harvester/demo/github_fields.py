"""What GitHub's GraphQL types say of the things of a demo world, where no argument is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harvester.demo.github_connections import CONNECTION, EDGE, PAGE_INFO
from harvester.demo.github_json import WEB, association, iso, node_id, prose
from harvester.demo.graphql_run import Node, Plain
from harvester.demo.things import Account, Repo, Review, Thread, pull_of

MOST_INT = 2**31 - 1


def account_node(account: Account) -> Node:
    """An account as the type it is."""
    return Node(account.type, account)


def _author(account: Account | None) -> Node | None:
    return None if account is None else account_node(account)


def _login(node: Node) -> str:
    # GraphQL drops the suffix that REST writes: the type alone says it is a bot.
    return str(node.value.login).removesuffix("[bot]")


def state_of(thread: Thread) -> str:
    """OPEN, CLOSED, or MERGED."""
    if thread.pull is not None and thread.pull.merged_at is not None:
        return "MERGED"
    return "OPEN" if thread.closed_at is None else "CLOSED"


def _ids(kind: str, number: Callable[[Any], int] = lambda thing: thing.id) -> dict[str, Plain]:
    """The three ids; `databaseId` is null where 32 bits cannot hold it."""
    return {
        "id": lambda n: node_id(kind, number(n.value)),
        "databaseId": lambda n: number(n.value) if number(n.value) <= MOST_INT else None,
        "fullDatabaseId": lambda n: str(number(n.value)),
    }


def _written(repo_of: Callable[[Node], Repo]) -> dict[str, Plain]:
    return {
        "author": lambda n: _author(n.value.author),
        "authorAssociation": lambda n: association(repo_of(n), n.value.author),
        "body": lambda n: prose(n.value.id),
        "createdAt": lambda n: iso(n.value.created_at),
        "updatedAt": lambda n: iso(getattr(n.value, "updated_at", n.value.created_at)),
    }


_THREAD: dict[str, Plain] = {
    **_written(lambda n: n.home),
    "number": lambda n: n.value.number,
    "title": lambda n: n.value.title,
    "state": lambda n: state_of(n.value),
    "closed": lambda n: n.value.closed_at is not None,
    "closedAt": lambda n: iso(n.value.closed_at),
    "locked": lambda _: False,
    "repository": lambda n: Node("Repository", n.home),
    "url": lambda n: f"{WEB}/{n.home.full_name}/{'pull' if n.value.pull else 'issues'}/{n.value.number}",
}
_ACCOUNT: dict[str, Plain] = {
    "login": _login,
    "id": lambda n: node_id({"User": "U", "Bot": "BOT", "Organization": "O"}[n.type], n.value.id),
    "databaseId": lambda n: n.value.id,
    "url": lambda n: f"{WEB}/{_login(n)}",
    "resourcePath": lambda n: f"/{_login(n)}",
    "avatarUrl": lambda n: f"https://avatars.githubusercontent.com/u/{n.value.id}?v=4",
}


def _submitted(review: Review) -> str | None:
    return iso(review.submitted_at)


PLAIN: Mapping[str, Mapping[str, Plain]] = {
    "Repository": {
        **_ids("R"),
        "name": lambda n: n.value.name,
        "nameWithOwner": lambda n: n.value.full_name,
        "owner": lambda n: account_node(n.value.owner),
        "url": lambda n: f"{WEB}/{n.value.full_name}",
        "description": lambda n: n.value.description or None,
        "createdAt": lambda n: iso(n.value.created_at),
        "updatedAt": lambda n: iso(n.value.updated_at),
        "pushedAt": lambda n: iso(n.value.updated_at),
        "isPrivate": lambda n: n.value.access == "private",
        "visibility": lambda n: "PRIVATE" if n.value.access == "private" else "PUBLIC",
        **dict.fromkeys(("isFork", "isArchived", "isDisabled", "isLocked", "isEmpty"), lambda _: False),
        "hasIssuesEnabled": lambda n: n.value.has_issues,
        "hasDiscussionsEnabled": lambda _: False,
        "stargazerCount": lambda n: len(n.value.stars),
        "forkCount": lambda n: len(n.value.forks),
    },
    "User": {**_ACCOUNT, "name": lambda n: n.value.login},
    "Organization": {**_ACCOUNT, "name": lambda n: n.value.login},
    "Bot": _ACCOUNT,
    "Issue": {
        **_ids("I"),
        **_THREAD,
        "stateReason": lambda n: n.value.reason.upper() if n.value.reason else None,
    },
    "PullRequest": {
        **_ids("PR", lambda thread: pull_of(thread).id),
        **_THREAD,
        "isDraft": lambda _: False,
        "merged": lambda n: pull_of(n.value).merged_at is not None,
        "mergedAt": lambda n: iso(pull_of(n.value).merged_at),
        "mergedBy": lambda n: _author(pull_of(n.value).merged_by),
        "totalCommentsCount": lambda n: len(n.value.comments) + len(pull_of(n.value).inline),
    },
    "IssueComment": {**_ids("IC"), **_written(lambda n: n.home)},
    "PullRequestReview": {
        **_ids("PRR"),
        **_written(lambda n: n.home[0]),
        "state": lambda n: n.value.state,
        "submittedAt": lambda n: _submitted(n.value),
        "pullRequest": lambda n: Node("PullRequest", n.home[1], n.home[0]),
    },
    "PullRequestReviewComment": {**_ids("PRRC"), **_written(lambda n: n.home), "path": lambda _: "src/main.py"},
    "RateLimit": {
        name: (lambda n, name=name: n.value[name])  # type: ignore[misc]
        for name in ("limit", "cost", "remaining", "used", "nodeCount", "resetAt")
    },
    "PageInfo": PAGE_INFO,
    "StargazerEdge": {**EDGE, "starredAt": lambda n: iso(n.value[0][0])},
    **{
        f"{kind}{part}": fields
        for kind in (
            "Repository", "Issue", "PullRequest", "IssueComment", "PullRequestReview",
            "PullRequestReviewComment", "User", "Stargazer",
        )
        for part, fields in (("Connection", CONNECTION), ("Edge", EDGE))
        if (kind, part) != ("Stargazer", "Edge")
    },
}  # fmt: skip
