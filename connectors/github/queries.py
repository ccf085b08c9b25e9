"""What is asked of GitHub's GraphQL API, and what it costs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from connectors.errors import Malformed
from connectors.github.asks import Fields, Json, Values
from connectors.github.failures import Errand

ACTOR = "author { __typename login }"
INFO = "pageInfo { hasNextPage endCursor }"
COMMENT = f"fullDatabaseId createdAt {ACTOR}"
REPLY = f"id databaseId createdAt deletedAt {ACTOR}"

# How many of what hangs on a thread come with it; the rest is asked for where there is more. Each list inside a
# list is paid for by its possible entries, so the outer ones are short.
COMMENTS = 50
REVIEWS = 50
THREADS = 5
THREAD_COMMENTS = 20
ANSWERS = 20
REPLIES = 10

NODE = "node(id: $id)"
ID = {"id": "ID!"}
AFTER = {"id": "ID!", "after": "String!"}
PAGED = {"id": "ID!", "first": "Int!", "after": "String"}


def _once(_: Values) -> int:
    return 1


@dataclass(frozen=True, slots=True)
class Nested:
    """A list inside a node. `more`: asks for what follows, by the node's id; `inside`: lists in its entries."""

    name: str
    more: Fields
    inside: tuple[Nested, ...] = ()


def _more(name: str, on: str, body: str, connections: int = 1) -> Fields:
    return Fields(name, NODE, f"id {body}", AFTER, lambda _: connections, on=on)


ISSUE = f"""
fragment Thread on Issue {{
  id number fullDatabaseId createdAt updatedAt closedAt stateReason {ACTOR}
  comments(first: {COMMENTS}) {{ totalCount {INFO} nodes {{ {COMMENT} }} }}
}}
"""
PULL = f"""
fragment Thread on PullRequest {{
  id number createdAt updatedAt mergedAt totalCommentsCount {ACTOR}
  comments(first: {COMMENTS}) {{ totalCount {INFO} nodes {{ {COMMENT} }} }}
  reviews(first: {REVIEWS}) {{ totalCount {INFO} nodes {{ fullDatabaseId state submittedAt {ACTOR} }} }}
  reviewThreads(first: {THREADS}) {{
    totalCount
    {INFO}
    nodes {{ id comments(first: {THREAD_COMMENTS}) {{ totalCount {INFO} nodes {{ state {COMMENT} }} }} }}
  }}
}}
"""
DISCUSSION = f"""
fragment Thread on Discussion {{
  id number createdAt updatedAt answerChosenAt {ACTOR}
  answer {{ id {ACTOR} }}
  comments(first: {ANSWERS}) {{
    totalCount
    {INFO}
    nodes {{ {REPLY} replies(first: {REPLIES}) {{ totalCount {INFO} nodes {{ {REPLY} }} }} }}
  }}
}}
"""

ISSUE_NESTED = (
    Nested(
        "comments",
        _more("IssueComments", "Issue", f"comments(first: 100, after: $after) {{ {INFO} nodes {{ {COMMENT} }} }}"),
    ),
)
PULL_NESTED = (
    Nested(
        "comments",
        _more(
            "PullComments", "PullRequest", f"comments(first: 100, after: $after) {{ {INFO} nodes {{ {COMMENT} }} }}"
        ),
    ),
    Nested(
        "reviews",
        _more(
            "PullReviews",
            "PullRequest",
            f"reviews(first: 100, after: $after) {{ {INFO} nodes {{ fullDatabaseId state submittedAt {ACTOR} }} }}",
        ),
    ),
    Nested(
        "reviewThreads",
        _more(
            "PullThreads",
            "PullRequest",
            f"reviewThreads(first: 50, after: $after) {{ {INFO} nodes {{ id"
            f" comments(first: {THREAD_COMMENTS}) {{ totalCount {INFO} nodes {{ state {COMMENT} }} }} }} }}",
            connections=51,
        ),
        inside=(
            Nested(
                "comments",
                _more(
                    "ThreadComments",
                    "PullRequestReviewThread",
                    f"comments(first: 100, after: $after) {{ {INFO} nodes {{ state {COMMENT} }} }}",
                ),
            ),
        ),
    ),
)
DISCUSSION_NESTED = (
    Nested(
        "comments",
        _more(
            "DiscussionComments",
            "Discussion",
            f"comments(first: 50, after: $after) {{ {INFO} nodes {{ {REPLY}"
            f" replies(first: {REPLIES}) {{ totalCount {INFO} nodes {{ {REPLY} }} }} }} }}",
            connections=51,
        ),
        inside=(
            Nested(
                "replies",
                _more(
                    "Replies",
                    "DiscussionComment",
                    f"replies(first: 100, after: $after) {{ {INFO} nodes {{ {REPLY} }} }}",
                ),
            ),
        ),
    ),
)


def threads(name: str, connection: str, order: str, fragment: str, lists: int) -> Fields:
    """A page of a repository's issues, pull requests or discussions. `lists`: those that each of them has."""
    return Fields(
        name,
        NODE,
        f"databaseId {connection}(first: $first, after: $after, orderBy: $order)"
        f" {{ totalCount {INFO} nodes {{ ...Thread }} }}",
        {**PAGED, "order": order},
        lambda values: 1 + int(values["first"]) * lists,
        on="Repository",
        fragments=fragment,
    )


def one_thread(name: str, on: str, fragment: str, lists: int) -> Fields:
    """One of them, by its id."""
    return Fields(name, NODE, "...Thread", ID, lambda _: lists, on=on, fragments=fragment)


def counts(name: str, connection: str, order: str, counted: str, lists: int) -> Fields:
    """A page of what hangs on each of them, counted, oldest first."""
    return Fields(
        name,
        NODE,
        f"databaseId {connection}(first: $first, after: $after, orderBy: $order)"
        f" {{ totalCount {INFO} nodes {{ id number createdAt {counted} }} }}",
        {**PAGED, "order": order},
        lambda values: 1 + int(values["first"]) * lists,
        on="Repository",
    )


FORKS = Fields(
    "Forks",
    NODE,
    "databaseId forks(first: $first, after: $after, orderBy: $order)"
    f" {{ totalCount {INFO} nodes {{ databaseId createdAt owner {{ __typename login }} }} }}",
    {**PAGED, "order": "RepositoryOrder!"},
    _once,
    on="Repository",
)

ASSETS = f"{INFO} nodes {{ id name downloadCount createdAt url }}"
RELEASES = Fields(
    "Releases",
    NODE,
    "databaseId releases(first: $first, after: $after, orderBy: {field: CREATED_AT, direction: DESC})"
    f" {{ {INFO} nodes {{ id tagName isDraft releaseAssets(first: 30) {{ {ASSETS} }} }} }}",
    PAGED,
    lambda values: 1 + int(values["first"]),
    on="Repository",
)
RELEASE_NESTED = (
    Nested(
        "releaseAssets",
        _more("Assets", "Release", f"releaseAssets(first: 100, after: $after) {{ {ASSETS} }}"),
    ),
)

NEWEST_UPDATE = "first: 1, orderBy: {field: UPDATED_AT, direction: DESC}"
DISCUSSIONS = (
    "hasDiscussionsEnabled"
    f" discussions({NEWEST_UPDATE}) @include(if: $discussions) {{ totalCount nodes {{ updatedAt }} }}"
)
PULSE = f"""
  id databaseId nameWithOwner createdAt updatedAt url description isFork viewerPermission hasIssuesEnabled
  stargazerCount
  watchers {{ totalCount }}
  forks(first: 1, orderBy: {{field: CREATED_AT, direction: DESC}}) {{ totalCount nodes {{ createdAt }} }}
  issues({NEWEST_UPDATE}) @include(if: $issues) {{ totalCount nodes {{ updatedAt }} }}
  pullRequests({NEWEST_UPDATE}) @include(if: $pulls) {{ totalCount nodes {{ updatedAt }} }}
  releases(first: 1, orderBy: {{field: CREATED_AT, direction: DESC}}) @include(if: $releases) {{ totalCount }}
"""
PULSE_LISTS = 5  # and one more with discussions
PULSES_A_QUERY = 50


def _flags(body: str) -> dict[str, str]:
    """The switches of the lists that may be left out."""
    return dict.fromkeys(re.findall(r"@include\(if: \$(\w+)\)", body), "Boolean!")


def pulse_of_one(optional: str) -> Fields:
    """The pulse of the repository that is called so now, or was before."""
    return Fields(
        "Pulse",
        "repository(owner: $owner, name: $name)",
        PULSE + optional,
        {"owner": "String!", "name": "String!", **_flags(PULSE + optional)},
        lambda _: PULSE_LISTS + bool(optional),
        most=PULSES_A_QUERY,
    )


def pulse_of_owner(optional: str) -> Fields:
    """The pulses of an owner's public repositories that are no forks, a page at a time."""
    return Fields(
        "PulseOfOwner",
        "repositoryOwner(login: $owner)",
        f"repositories(first: $first, after: $after, isFork: false, privacy: PUBLIC, ownerAffiliations: [OWNER],"
        f" orderBy: {{field: NAME, direction: ASC}}) {{ {INFO} nodes {{ {PULSE}{optional} }} }}",
        {"owner": "String!", "first": "Int!", "after": "String", **_flags(PULSE + optional)},
        lambda values: 1 + int(values["first"]) * (PULSE_LISTS + bool(optional)),
        most=1,
    )


def entries(errand: Errand, said: Any) -> tuple[list[Json], str | None]:
    """What a page of a list shows, and where the following one begins. Raises Malformed."""
    following = goes_on_at(errand, said)
    return [node for node in said["nodes"] if isinstance(node, dict)], following


def goes_on_at(errand: Errand, said: Any) -> str | None:
    """Where the page after this one of a list begins. Raises Malformed."""
    try:
        iter(said["nodes"])
        info = said["pageInfo"]
        return str(info["endCursor"]) if info["hasNextPage"] else None
    except (KeyError, TypeError) as error:
        raise Malformed(f"{errand.whole}: a GraphQL list without its pages", subject=errand.subject) from error
