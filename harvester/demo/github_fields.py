"""What GitHub's GraphQL types say of the things of a demo world, where no argument is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harvester.demo.github_connections import CONNECTION, EDGE, PAGE_INFO
from harvester.demo.github_json import WEB, association, download_url, iso, node_id, prose
from harvester.demo.github_talk_json import web_of
from harvester.demo.things import (
    Account,
    Comment,
    Discussion,
    InlineComment,
    Remark,
    Repo,
    Review,
    Thread,
    pull_of,
)

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
        case Discussion():
            return "Discussion"
        case Remark():
            return "DiscussionComment"
        case Repo():
            return "Repository"
    raise TypeError(f"no GraphQL type stands for {thing!r}")


def state_of(thread: Thread) -> str:
    """OPEN, CLOSED, or MERGED."""
    if thread.pull is not None and thread.pull.merged_at is not None:
        return "MERGED"
    return _open_or_closed(thread)


def _open_or_closed(thread: Thread) -> str:
    return "OPEN" if thread.closed_at is None else "CLOSED"


def _discussion_url(discussion: Discussion) -> str:
    return f"{WEB}/{discussion.repo.full_name}/discussions/{discussion.number}"


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


_WRITTEN: Fields = {
    "author": lambda thing: thing.author,
    "authorAssociation": lambda thing: association(thing.repo, thing.author),
    "body": lambda thing: prose(thing.id),
    "createdAt": lambda thing: iso(thing.created_at),
    "updatedAt": lambda thing: iso(thing.updated_at),
    "repository": lambda thing: thing.repo,
}
_THREAD: Fields = {
    **_WRITTEN,
    "number": lambda thread: thread.number,
    "title": lambda thread: thread.title,
    "closed": lambda thread: thread.closed_at is not None,
    "closedAt": lambda thread: iso(thread.closed_at),
    "locked": lambda _: False,
    "url": web_of,
}
_ACCOUNT: Fields = {
    "login": _login,
    "id": lambda account: node_id({"User": "U", "Bot": "BOT", "Organization": "O"}[account.type], account.id),
    "databaseId": lambda account: account.id,
    "createdAt": lambda account: iso(account.created_at),
    "url": lambda account: f"{WEB}/{_login(account)}",
    "resourcePath": lambda account: f"/{_login(account)}",
    "avatarUrl": lambda account: f"https://avatars.githubusercontent.com/u/{account.id}?v=4",
}
_REPOSITORY: Fields = {
    **_ids("R"),
    "name": lambda repo: repo.name,
    "nameWithOwner": lambda repo: repo.full_name,
    "owner": lambda repo: repo.owner,
    "url": lambda repo: f"{WEB}/{repo.full_name}",
    "description": lambda repo: repo.description or None,
    "createdAt": lambda repo: iso(repo.created_at),
    "updatedAt": lambda repo: iso(repo.updated_at),
    "pushedAt": lambda repo: iso(repo.pushed_at),
    "isPrivate": lambda repo: repo.access == "private",
    "visibility": lambda repo: "PRIVATE" if repo.access == "private" else "PUBLIC",
    "isFork": lambda repo: repo.parent is not None,
    "parent": lambda repo: repo.parent if repo.parent and repo.parent.access == "open" else None,
    **dict.fromkeys(("isArchived", "isDisabled", "isLocked", "isEmpty"), lambda _: False),
    "hasIssuesEnabled": lambda repo: repo.has_issues,
    "hasDiscussionsEnabled": lambda repo: repo.has_discussions,
    "stargazerCount": lambda repo: len(repo.stars),
    "forkCount": lambda repo: repo.network(),
}
_CONVERSATIONS: Mapping[str, Fields] = {
    # A pull request passes for an issue where one of its comments is asked for its issue.
    "Issue": {
        **_ids("I"),
        **_THREAD,
        "state": _open_or_closed,
        "stateReason": lambda thread: thread.reason.upper() if thread.reason and not thread.pull else None,
    },
    "PullRequest": {
        **_ids("PR", lambda thread: pull_of(thread).id),
        **_THREAD,
        "state": state_of,
        "isDraft": lambda _: False,
        "merged": lambda thread: pull_of(thread).merged_at is not None,
        "mergedAt": lambda thread: iso(pull_of(thread).merged_at),
        "mergedBy": lambda thread: pull_of(thread).merged_by,
        "totalCommentsCount": lambda thread: len(thread.comments) + len(pull_of(thread).told()),
    },
    "IssueComment": {
        **_ids("IC"),
        **_WRITTEN,
        "url": lambda said: f"{web_of(said.thread)}#issuecomment-{said.id}",
        "issue": lambda said: said.thread,
        "pullRequest": lambda said: said.thread if said.thread.pull else None,
    },
    "PullRequestReview": {
        **_ids("PRR"),
        **_WRITTEN,
        "updatedAt": lambda review: iso(review.submitted_at or review.created_at),
        "url": lambda review: f"{web_of(review.thread)}#pullrequestreview-{review.id}",
        "state": lambda review: review.state,
        "submittedAt": lambda review: iso(review.submitted_at),
        "pullRequest": lambda review: review.thread,
    },
    "PullRequestReviewComment": {
        **_ids("PRRC"),
        **_WRITTEN,
        "url": lambda said: f"{web_of(said.thread)}#discussion_r{said.id}",
        "path": lambda _: "src/main.py",
        "state": lambda said: "SUBMITTED" if said.review.submitted_at else "PENDING",
        "replyTo": lambda said: next(
            (each for each in pull_of(said.thread).inline if each.id == said.root != said.id), None
        ),
        "pullRequest": lambda said: said.thread,
        "pullRequestReview": lambda said: said.review,
    },
    # A review thread is its comments.
    "PullRequestReviewThread": {
        "id": lambda told: node_id("PRRT", told[0].root),
        "path": lambda _: "src/main.py",
        **dict.fromkeys(("isResolved", "isOutdated"), lambda _: False),
        "pullRequest": lambda told: told[0].thread,
        "repository": lambda told: told[0].repo,
    },
    "Discussion": {
        **_ids("D"),
        **_WRITTEN,
        "url": _discussion_url,
        "number": lambda discussion: discussion.number,
        "title": lambda discussion: discussion.title,
        **dict.fromkeys(("closed", "locked"), lambda _: False),
        "closedAt": lambda _: None,
        "isAnswered": lambda discussion: discussion.answer is not None,
        "answer": lambda discussion: discussion.answer,
        "answerChosenAt": lambda discussion: iso(discussion.answered_at),
    },
    "DiscussionComment": {
        **_ids("DC"),
        **_WRITTEN,
        "url": lambda remark: f"{_discussion_url(remark.discussion)}#discussioncomment-{remark.id}",
        "isAnswer": lambda remark: remark.discussion.answer is remark,
        "deletedAt": lambda remark: iso(remark.deleted_at),
        "discussion": lambda remark: remark.discussion,
        "replyTo": lambda remark: remark.reply_to,
    },
}

PLAIN: Mapping[str, Fields] = {
    "Repository": _REPOSITORY,
    # An App that asks for itself is a user called "…[bot]".
    "User": {
        **_ACCOUNT,
        **dict.fromkeys(("login", "name"), lambda account: account.login),
        "isSiteAdmin": lambda _: False,
    },
    "Organization": {**_ACCOUNT, "name": lambda account: account.login},
    "Bot": _ACCOUNT,
    **_CONVERSATIONS,
    "Release": {
        **_ids("RE"),
        "tagName": lambda release: release.tag,
        "name": lambda _: None,
        "isDraft": lambda release: release.published_at is None,
        "isPrerelease": lambda _: False,
        "createdAt": lambda release: iso(release.created_at),
        "publishedAt": lambda release: iso(release.published_at),
        "url": lambda release: f"{WEB}/{release.repo.full_name}/releases/tag/{release.tag}",
        "repository": lambda release: release.repo,
    },
    "ReleaseAsset": {
        "id": lambda asset: node_id("RA", asset.id),
        "name": lambda asset: asset.name,
        "downloadCount": lambda asset: asset.downloads,
        **dict.fromkeys(("createdAt", "updatedAt"), lambda asset: iso(asset.created_at)),
        **dict.fromkeys(("url", "downloadUrl"), download_url),
        "release": lambda asset: asset.release,
    },
    "ContributionsCollection": {
        "user": lambda span: span.user,
        "startedAt": lambda span: iso(span.start),
        "endedAt": lambda span: iso(span.end),
    },
    # Reviews are all the contributions there are here.
    "CreatedPullRequestReviewContribution": {
        "occurredAt": lambda review: iso(review.submitted_at),
        "isRestricted": lambda _: False,
        "user": lambda review: review.author,
        "pullRequestReview": lambda review: review,
        "pullRequest": lambda review: review.thread,
        "repository": lambda review: review.repo,
    },
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
