"""What GitHub's GraphQL lists of issues, pull requests and discussions, and in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harvester.demo.github_ask import Ask, Asked, by_creation, by_update
from harvester.demo.github_connections import Slice
from harvester.demo.github_fields import state_of
from harvester.demo.things import Discussion, InlineComment, Remark, Review, Thread, pull_of

_BY_TIME = {"CREATED_AT": by_creation, "UPDATED_AT": by_update}
_THREAD_ORDERS = {**_BY_TIME, "COMMENTS": lambda thread: (len(thread.comments), thread.id)}


def threads_page(threads: Iterable[Thread], ask: Ask) -> Slice:
    """Issues or pull requests, by their states and by when they changed."""
    wanted = ask.arguments.get("filterBy") or {}
    states, since = ask.arguments.get("states") or wanted.get("states"), wanted.get("since")
    kept = (
        thread
        for thread in threads
        if (not states or state_of(thread) in states) and (since is None or thread.updated_at >= since)
    )
    return ask.sorted_page(kept, _THREAD_ORDERS, "CREATED_AT")


def discussions_page(discussions: Iterable[Discussion], ask: Ask) -> Slice:
    """Discussions, answered or not."""
    answered = ask.arguments.get("answered")
    kept = (each for each in discussions if answered in (None, each.answer is not None))
    return ask.sorted_page(kept, _BY_TIME, "UPDATED_AT")


def _comments(thread: Thread, ask: Ask) -> Slice:
    return ask.sorted_page(thread.comments, _BY_TIME, "CREATED_AT")


def _reviews(thread: Thread, ask: Ask) -> Slice:
    states, author = ask.arguments.get("states"), ask.arguments.get("author")
    told = (
        review
        for review in pull_of(thread).reviews
        if ask.asker.may_read(review)
        and (not states or review.state in states)
        and (author is None or (review.author is not None and review.author.login.lower() == author.lower()))
    )
    return ask.page(told, by_creation)


def _review_comments(review: Review, ask: Ask) -> Slice:
    return ask.page((said for said in pull_of(review.thread).inline if said.review is review), by_creation)


def _review_threads(thread: Thread, ask: Ask) -> Slice:
    """Comments on lines with their answers: each thread is the list of what was said in it."""
    threads: dict[int, list[InlineComment]] = {}
    for said in pull_of(thread).inline:
        if ask.asker.may_read(said.review):
            threads.setdefault(said.root, []).append(said)
    return ask.page(threads.values(), lambda told: (told[0].created_at, told[0].root))


def _thread_comments(told: list[InlineComment], ask: Ask) -> Slice:
    return ask.page(told, by_creation)


def _remarks(discussion: Discussion, ask: Ask) -> Slice:
    return ask.page(discussion.comments, by_creation)


def _replies(remark: Remark, ask: Ask) -> Slice:
    return ask.page(remark.replies, by_creation)


CONVERSATIONS: Mapping[str, Mapping[str, Asked]] = {
    "Issue": {"comments": _comments},
    "PullRequest": {"comments": _comments, "reviews": _reviews, "reviewThreads": _review_threads},
    "PullRequestReview": {"comments": _review_comments},
    "PullRequestReviewThread": {"comments": _thread_comments},
    "Discussion": {"comments": _remarks},
    "DiscussionComment": {"replies": _replies},
}
