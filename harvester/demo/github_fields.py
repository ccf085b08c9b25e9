"""What GitHub's GraphQL types say of the things of a demo world, where no argument is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harvester.demo.github_connections import CONNECTION, EDGE, PAGE_INFO
from harvester.demo.github_json import WEB, association, iso, node_id, prose
from harvester.demo.github_talk_json import web_of
from harvester.demo.things import Account, Comment, InlineComment, Repo, Review, Thread, pull_of

Plain = Callable[[Any], Any]
Fields = dict[str, Plain]

MOST_INT = 2**31 - 1


def type_of(thing: Any) -> str:
    """The name of a thing's type in the schema."""
    match thing:
        case Account():
            return thing.type
        case Thread():
            return "Issue" if thing.pull is None else "PullRequest"
        case InlineComment():
            return "PullRequestReviewComment"
        case Comment():
            return "IssueComment"
        case Review():
            return "PullRequestReview"
        case Repo():
            return "Repository"
    raise TypeError(f"no GraphQL type stands for {thing!r}")


def state_of(thread: Thread) -> str:
    """OPEN, CLOSED, or MERGED."""
    if thread.pull is not None and thread.pull.merged_at is not None:
        return "MERGED"
    return "OPEN" if thread.closed_at is None else "CLOSED"


def _login(account: Account) -> str:
    # GraphQL drops the suffix that REST writes: the type alone says it is a bot.
    return account.login.removesuffix("[bot]")


def _ids(kind: str, number: Callable[[Any], int] = lambda thing: thing.id) -> Fields:
    """The three ids; `databaseId` is null where 32 bits cannot hold it."""
    return {
        "id": lambda thing: node_id(kind, number(thing)),
        "databaseId": lambda thing: number(thing) if number(thing) <= MOST_INT else None,
        "fullDatabaseId": lambda thing: str(number(thing)),
    }


def _written(repo_of: Callable[[Any], Repo]) -> Fields:
    return {
        "author": lambda thing: thing.author,
        "authorAssociation": lambda thing: association(repo_of(thing), thing.author),
        "body": lambda thing: prose(thing.id),
        "createdAt": lambda thing: iso(thing.created_at),
        "updatedAt": lambda thing: iso(thing.updated_at),
    }


_THREAD: Fields = {
    **_written(lambda thread: thread.repo),
    "number": lambda thread: thread.number,
    "title": lambda thread: thread.title,
    "state": state_of,
    "closed": lambda thread: thread.closed_at is not None,
    "closedAt": lambda thread: iso(thread.closed_at),
    "locked": lambda _: False,
    "repository": lambda thread: thread.repo,
    "url": web_of,
}
_ACCOUNT: Fields = {
    "login": _login,
    "id": lambda account: node_id({"User": "U", "Bot": "BOT", "Organization": "O"}[account.type], account.id),
    "databaseId": lambda account: account.id,
    "url": lambda account: f"{WEB}/{_login(account)}",
    "resourcePath": lambda account: f"/{_login(account)}",
    "avatarUrl": lambda account: f"https://avatars.githubusercontent.com/u/{account.id}?v=4",
}
_SAID = _written(lambda said: said.thread.repo)

PLAIN: Mapping[str, Fields] = {
    "Repository": {
        **_ids("R"),
        "name": lambda repo: repo.name,
        "nameWithOwner": lambda repo: repo.full_name,
        "owner": lambda repo: repo.owner,
        "url": lambda repo: f"{WEB}/{repo.full_name}",
        "description": lambda repo: repo.description or None,
        "createdAt": lambda repo: iso(repo.created_at),
        "updatedAt": lambda repo: iso(repo.updated_at),
        "pushedAt": lambda repo: iso(repo.updated_at),
        "isPrivate": lambda repo: repo.access == "private",
        "visibility": lambda repo: "PRIVATE" if repo.access == "private" else "PUBLIC",
        **dict.fromkeys(("isFork", "isArchived", "isDisabled", "isLocked", "isEmpty"), lambda _: False),
        "hasIssuesEnabled": lambda repo: repo.has_issues,
        "hasDiscussionsEnabled": lambda _: False,
        "stargazerCount": lambda repo: len(repo.stars),
        "forkCount": lambda repo: len(repo.forks),
    },
    "User": {**_ACCOUNT, "name": lambda account: account.login},
    "Organization": {**_ACCOUNT, "name": lambda account: account.login},
    "Bot": _ACCOUNT,
    "Issue": {
        **_ids("I"),
        **_THREAD,
        "stateReason": lambda thread: thread.reason.upper() if thread.reason else None,
    },
    "PullRequest": {
        **_ids("PR", lambda thread: pull_of(thread).id),
        **_THREAD,
        "isDraft": lambda _: False,
        "merged": lambda thread: pull_of(thread).merged_at is not None,
        "mergedAt": lambda thread: iso(pull_of(thread).merged_at),
        "mergedBy": lambda thread: pull_of(thread).merged_by,
        "totalCommentsCount": lambda thread: len(thread.comments) + len(pull_of(thread).inline),
    },
    "IssueComment": {**_ids("IC"), **_SAID},
    "PullRequestReview": {
        **_ids("PRR"),
        **_SAID,
        "updatedAt": lambda review: iso(review.submitted_at or review.created_at),
        "state": lambda review: review.state,
        "submittedAt": lambda review: iso(review.submitted_at),
        "pullRequest": lambda review: review.thread,
    },
    "PullRequestReviewComment": {**_ids("PRRC"), **_SAID, "path": lambda _: "src/main.py"},
    "RateLimit": {
        name: (lambda rate, name=name: rate[name])  # type: ignore[misc]
        for name in ("limit", "cost", "remaining", "used", "nodeCount", "resetAt")
    },
    "PageInfo": PAGE_INFO,
}


def plain_field(kind: str, name: str) -> Plain | None:
    """How a field without arguments is answered; every connection and its edges by the same few."""
    if kind.endswith("Connection"):
        return CONNECTION.get(name)
    if kind.endswith("Edge"):
        return (lambda placed: iso(placed[0][0])) if name == "starredAt" else EDGE.get(name)
    return PLAIN.get(kind, {}).get(name)
