"""Issues, pull requests and what hangs on them, as REST and GraphQL tell them."""

from __future__ import annotations

from typing import Any

from github_script import Json, of_list

BOB = {"__typename": "User", "login": "bob"}


def issue(number: int, updated_at: str = "2026-02-01T00:00:00Z", **more: Any) -> Json:
    """An issue of the REST list."""
    return {
        "id": 1000 + number,
        "number": number,
        "created_at": "2026-02-01T00:00:00Z",
        "updated_at": updated_at,
        "closed_at": None,
        "state_reason": None,
        "user": {"login": "bob", "type": "User"},
        **more,
    }


def comment(number: int, updated_at: str = "2026-02-01T00:00:00Z", **more: Any) -> Json:
    """A comment of the REST list."""
    return {
        "id": number,
        "created_at": "2026-02-01T00:00:00Z",
        "updated_at": updated_at,
        "user": {"login": "bob", "type": "User"},
        "html_url": "https://github.com/ann/one/issues/7#issuecomment-1",
        "issue_url": "https://api.github.com/repos/ann/one/issues/7",
        "pull_request_url": "https://api.github.com/repos/ann/one/pulls/7",
        **more,
    }


def said(number: int, **more: Any) -> Json:
    """A comment as GraphQL tells it."""
    return {"fullDatabaseId": str(number), "createdAt": "2026-02-02T00:00:00Z", "author": BOB, **more}


def issue_node(number: int, *comments: Any, updated: str = "2026-02-01T00:00:00Z", **more: Any) -> Json:
    """An issue as GraphQL tells it."""
    return {
        "id": f"I_{number}",
        "number": number,
        "fullDatabaseId": str(1000 + number),
        "createdAt": "2026-02-01T00:00:00Z",
        "updatedAt": updated,
        "closedAt": None,
        "stateReason": None,
        "author": BOB,
        "comments": of_list(*comments),
        **more,
    }


def review(number: int, **more: Any) -> Json:
    """A review as GraphQL tells it."""
    submitted = {"submittedAt": "2026-03-01T00:00:00Z", "state": "APPROVED"}
    return {"fullDatabaseId": str(number), "author": BOB, **submitted, **more}


def line_thread(number: int, *comments: Any, after: str | None = None) -> Json:
    """A conversation on a line of a pull request."""
    return {"id": f"T_{number}", "comments": of_list(*comments, after=after)}


def pull_node(number: int, updated: str = "2026-03-01T00:00:00Z", **more: Any) -> Json:
    """A pull request as GraphQL tells it."""
    return {
        "id": f"PR_{number}",
        "number": number,
        "createdAt": "2026-02-01T00:00:00Z",
        "updatedAt": updated,
        "mergedAt": None,
        "totalCommentsCount": 0,
        "author": BOB,
        "comments": of_list(),
        "reviews": of_list(),
        "reviewThreads": of_list(),
        **more,
    }


def reply(number: int, **more: Any) -> Json:
    """A reply to a comment of a discussion."""
    told = {"id": f"DC_{number}", "databaseId": number, "createdAt": "2026-02-02T00:00:00Z", "deletedAt": None}
    return {**told, "author": BOB, **more}


def answer_of(number: int, *replies: Any, **more: Any) -> Json:
    """A comment of a discussion, with the replies to it."""
    return {**reply(number), "replies": of_list(*replies), **more}


def discussion_node(number: int, *comments: Any, **more: Any) -> Json:
    """A discussion as GraphQL tells it."""
    return {
        "id": f"D_{number}",
        "number": number,
        "createdAt": "2026-02-01T00:00:00Z",
        "updatedAt": "2026-02-01T00:00:00Z",
        "answerChosenAt": None,
        "author": BOB,
        "answer": None,
        "comments": of_list(*comments),
        **more,
    }
