"""The three kinds of threads: how each is asked for, what hangs on it, and which facts it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from connectors.github import queries
from connectors.github.asks import Fields, Json
from connectors.github.facts import Reader
from connectors.github.nested import nodes_of
from connectors.github.queries import Nested
from connectors.github.visit import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`thing`: as the signs call it. `size`: threads on a page. `weight`: nodes that come with each, about.

    `metrics`: what is counted, each with what its facts say they are on. `records`: the objects of a thread.
    `mark`: what it looks like; when this changes and nothing else does, something has vanished. `lists`: that a
    counted page walks for each.
    """

    thing: str
    connection: str
    page: Fields
    one: Fields
    counted: Fields
    nested: tuple[Nested, ...]
    metrics: Mapping[str, str | None]
    records: Callable[[Json], Iterator[Record]]
    mark: Callable[[Json], str]
    counted_size: int = 100
    size: int = 100
    weight: int = 4


def _total(node: Json, name: str) -> int:
    return int((node.get(name) or {}).get("totalCount") or 0)


def _issue_records(node: Json) -> Iterator[Record]:
    number = node.get("number")
    yield "issue", node, Reader.issue, ()
    for said in nodes_of(node, "comments"):
        yield "comment", said, Reader.issue_comment, (number, "issue")


def _pull_records(node: Json) -> Iterator[Record]:
    number = node.get("number")
    yield "pull request", node, Reader.pull, ()
    for said in nodes_of(node, "comments"):
        yield "comment", said, Reader.issue_comment, (number, "pull")
    for review in nodes_of(node, "reviews"):
        yield "review", review, Reader.review, (number,)
    for thread in nodes_of(node, "reviewThreads"):
        for said in nodes_of(thread, "comments"):
            yield "review comment", said, Reader.review_comment, (number,)


def _discussion_records(node: Json) -> Iterator[Record]:
    number = node.get("number")
    yield "discussion", node, Reader.discussion, ()
    for said in nodes_of(node, "comments"):
        yield "discussion comment", said, Reader.discussion_comment, (number,)
        for reply in nodes_of(said, "replies"):
            yield "discussion comment", reply, Reader.discussion_comment, (number,)


def _issue_mark(node: Json) -> str:
    return str(_total(node, "comments"))


def _pull_mark(node: Json) -> str:
    # Read whole, the reviews themselves tell which are dismissed; counted, GitHub does.
    counted = node.get("dismissed")
    dismissed = (
        int(counted["totalCount"])
        if counted is not None
        else sum(1 for review in nodes_of(node, "reviews") if review.get("state") == "DISMISSED")
    )
    return f"{node.get('totalCommentsCount') or 0} {_total(node, 'reviews')} {dismissed}"


def _discussion_mark(node: Json) -> str:
    # Of the first comments only: those are what counting sees.
    first = nodes_of(node, "comments")[: queries.ANSWERS]
    replies = sum(_total(said, "replies") for said in first)
    deleted = sum(1 for said in first if said.get("deletedAt") is not None)
    answer = f"{(node.get('answer') or {}).get('id')} {node.get('answerChosenAt')}"
    return f"{_total(node, 'comments')} {replies} {deleted} {answer}"


ISSUES = Kind(
    thing="issues",
    connection="issues",
    page=queries.threads("Issues", "issues", "IssueOrder", queries.ISSUE, lists=1),
    one=queries.one_thread("Issue", "Issue", queries.ISSUE, lists=1),
    counted=queries.counts("CountedIssues", "issues", "IssueOrder", "comments { totalCount }", lists=1),
    nested=queries.ISSUE_NESTED,
    metrics={"issues_opened": None, "issues_closed": None, "issue_comments": "issue"},
    records=_issue_records,
    mark=_issue_mark,
)
PULLS = Kind(
    thing="pulls",
    connection="pullRequests",
    page=queries.threads("Pulls", "pullRequests", "IssueOrder", queries.PULL, lists=3 + queries.THREADS),
    one=queries.one_thread("Pull", "PullRequest", queries.PULL, lists=3 + queries.THREADS),
    counted=queries.counts(
        "CountedPulls",
        "pullRequests",
        "IssueOrder",
        "totalCommentsCount reviews { totalCount } dismissed: reviews(states: [DISMISSED]) { totalCount }",
        lists=2,
    ),
    nested=queries.PULL_NESTED,
    metrics={
        "pulls_opened": None,
        "pulls_merged": None,
        "issue_comments": "pull",
        "pull_reviews": None,
        "review_comments": None,
    },
    records=_pull_records,
    mark=_pull_mark,
    weight=6,
)
DISCUSSIONS = Kind(
    thing="discussions",
    connection="discussions",
    page=queries.threads("Discussions", "discussions", "DiscussionOrder", queries.DISCUSSION, 1 + queries.ANSWERS),
    one=queries.one_thread("Discussion", "Discussion", queries.DISCUSSION, 1 + queries.ANSWERS),
    counted=queries.counts(
        "CountedDiscussions",
        "discussions",
        "DiscussionOrder",
        "answerChosenAt answer { id }"
        f" comments(first: {queries.ANSWERS}) {{ totalCount nodes {{ deletedAt replies {{ totalCount }} }} }}",
        lists=1 + queries.ANSWERS,
    ),
    nested=queries.DISCUSSION_NESTED,
    metrics={"discussions_opened": None, "discussion_comments": None, "answers": None},
    records=_discussion_records,
    mark=_discussion_mark,
    counted_size=25,
    size=25,
    weight=6,
)
