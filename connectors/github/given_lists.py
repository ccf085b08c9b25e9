"""The lists that GitHub keeps of what somebody did, wherever it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from connectors.github.asks import Fields, Json
from connectors.github.facts import Facts, Reader
from connectors.github.nested import nodes_of
from connectors.github.queries import ACTOR, COMMENT, INFO, NEWEST_UPDATE

USER = "user(login: $login)"
REPOSITORY = "repository { databaseId nameWithOwner url description createdAt owner { login } }"

Deed = tuple[Json, str, Json, Callable[..., Facts], tuple[Any, ...]]
"""The repository, what was done, the object, which method of Reader reads it, and what that is told beside it."""


@dataclass(frozen=True, slots=True)
class GivenList:
    """`name`: in the cursor. `page`: asks for it; `is_ordered`: by the last change. `deeds`: what an entry holds."""

    name: str
    connection: str
    page: Fields
    deeds: Callable[[Json], Iterator[Deed]]
    is_ordered: bool = True


def _page(name: str, connection: str, nodes: str, order: str | None = None) -> Fields:
    ordered = ", orderBy: $order" if order else ""
    return Fields(
        name,
        USER,
        f"{connection}(first: $first, after: $after{ordered}) {{ totalCount {INFO} nodes {{ {nodes} }} }}",
        {"login": "String!", "first": "Int!", "after": "String", **({"order": order} if order else {})},
        lambda _: 1,
        most=1,
    )


def _issue(node: Json) -> Iterator[Deed]:
    yield node.get("repository") or {}, "issue", node, Reader.issue, ()


def _pull(node: Json) -> Iterator[Deed]:
    yield node.get("repository") or {}, "pull request", node, Reader.pull, ()


def _comment(node: Json) -> Iterator[Deed]:
    pull = node.get("pullRequest")
    thread = pull or node.get("issue") or {}
    about = (thread.get("number"), "pull" if pull else "issue")
    yield node.get("repository") or {}, "comment", node, Reader.issue_comment, about


def _discussion_comment(node: Json) -> Iterator[Deed]:
    discussion = node.get("discussion") or {}
    repository = discussion.get("repository") or {}
    yield repository, "discussion comment", node, Reader.discussion_comment, (discussion.get("number"),)
    if node.get("isAnswer"):
        yield repository, "answer", node, Reader.answer, (discussion,)


LISTS = (
    GivenList(
        "issues",
        "issues",
        _page(
            "GivenIssues",
            "issues",
            f"number fullDatabaseId createdAt updatedAt closedAt stateReason {ACTOR} {REPOSITORY}",
            "IssueOrder",
        ),
        _issue,
    ),
    GivenList(
        "pulls",
        "pullRequests",
        _page(
            "GivenPulls", "pullRequests", f"number createdAt updatedAt mergedAt {ACTOR} {REPOSITORY}", "IssueOrder"
        ),
        _pull,
    ),
    GivenList(
        "comments",
        "issueComments",
        _page(
            "GivenComments",
            "issueComments",
            f"updatedAt {COMMENT} issue {{ number }} pullRequest {{ number }} {REPOSITORY}",
            "IssueCommentOrder",
        ),
        _comment,
    ),
    GivenList(
        "discussions",
        "repositoryDiscussionComments",
        _page(
            "GivenDiscussionComments",
            "repositoryDiscussionComments",
            f"id databaseId createdAt updatedAt deletedAt isAnswer {ACTOR}"
            f" discussion {{ number answerChosenAt {REPOSITORY} }}",
        ),
        _discussion_comment,
        is_ordered=False,
    ),
)

SIGNS = Fields(
    "GivenSigns",
    USER,
    f"""
    createdAt
    issues({NEWEST_UPDATE}) {{ totalCount nodes {{ updatedAt }} }}
    pullRequests({NEWEST_UPDATE}) {{ totalCount nodes {{ updatedAt }} }}
    issueComments({NEWEST_UPDATE}) {{ totalCount nodes {{ updatedAt }} }}
    repositoryDiscussionComments(first: 1) {{ totalCount }}
    answers: repositoryDiscussionComments(first: 1, onlyAnswers: true) {{ totalCount }}
    contributionsCollection(from: $from) @include(if: $reviews) {{
      contributionYears
      totalPullRequestReviewContributions
    }}
    """,
    {"login": "String!", "from": "DateTime!", "reviews": "Boolean!"},
    lambda _: 5,
    most=1,
)
# Shows the newest review only of each pull request; the pull request knows the others.
REVIEWS = Fields(
    "GivenReviews",
    USER,
    f"""
    contributionsCollection(from: $from, to: $to) {{
      pullRequestReviewContributions(first: $first, after: $after) {{
        totalCount
        {INFO}
        nodes {{
          pullRequest {{
            number
            {REPOSITORY}
            reviews(first: 50, author: $login) {{ nodes {{ fullDatabaseId state submittedAt {ACTOR} }} }}
          }}
        }}
      }}
    }}
    """,
    {"login": "String!", "from": "DateTime!", "to": "DateTime!", "first": "Int!", "after": "String"},
    lambda values: 1 + int(values["first"]),
    most=4,
)


def reviews_of(node: Json) -> Iterator[Deed]:
    """The reviews of a pull request that somebody reviewed."""
    pull = node.get("pullRequest") or {}
    for review in nodes_of(pull, "reviews"):
        yield pull.get("repository") or {}, "review", review, Reader.review, (pull.get("number"),)
