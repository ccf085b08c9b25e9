"""What GitHub's GraphQL tells of a user's own doings, in whichever repositories whoever asks may see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from harvester.demo.github_ask import Ask, Asked, by_creation, by_update
from harvester.demo.github_connections import Slice
from harvester.demo.github_conversations import discussions_page, threads_page
from harvester.demo.graphql_failures import FieldFailed
from harvester.demo.things import Account, Repo, Review


@dataclass(frozen=True, slots=True)
class Span:
    """What a user contributed from `start` to `end`."""

    user: Account
    start: datetime
    end: datetime


def _visible(things: Iterable[Any], ask: Ask, right: str) -> Iterator[Any]:
    """Those in repositories that may be seen by this token: what is in others is passed over in silence."""
    return (thing for thing in things if _may_see(thing.repo, ask, right))


def _may_see(repo: Repo, ask: Ask, right: str) -> bool:
    is_on = {"issues": repo.has_issues, "discussions": repo.has_discussions}.get(right, True)
    return is_on and ask.asker.may_open(repo) and not ask.asker.lacks(right, repo)


def _issues(user: Account, ask: Ask) -> Slice:
    return threads_page(_visible(ask.world.index.by("I", user), ask, "issues"), ask)


def _pulls(user: Account, ask: Ask) -> Slice:
    return threads_page(_visible(ask.world.index.by("PR", user), ask, "pull_requests"), ask)


def _comments(user: Account, ask: Ask) -> Slice:
    said = list(ask.world.index.by("IC", user))
    on_issues = _visible((each for each in said if each.thread.pull is None), ask, "issues")
    on_pulls = _visible((each for each in said if each.thread.pull is not None), ask, "pull_requests")
    return ask.sorted_page(
        [*on_issues, *on_pulls], {"CREATED_AT": by_creation, "UPDATED_AT": by_update}, "CREATED_AT"
    )


def _discussions(user: Account, ask: Ask) -> Slice:
    return discussions_page(_visible(ask.world.index.by("D", user), ask, "discussions"), ask)


def _remarks(user: Account, ask: Ask) -> Slice:
    remarks = _visible(ask.world.index.by("DC", user), ask, "discussions")
    only_answers = ask.arguments["onlyAnswers"]
    return ask.page((r for r in remarks if not only_answers or r.discussion.answer is r), by_creation)


def _collection(user: Account, ask: Ask) -> Span:
    start, end = ask.arguments.get("from"), ask.arguments.get("to")
    if start is None:
        start = (end or ask.world.now) - timedelta(days=365)
    if end is None:
        end = max(start, min(_year_after(start), ask.world.now))
    if end > _year_after(start):
        # GitHub's error has no type that anybody wrote down.
        raise FieldFailed("", "The total time spanned by 'from' and 'to' must not exceed 1 year")
    return Span(user, start, end)


def _year_after(at: datetime) -> datetime:
    try:
        return at.replace(year=at.year + 1)
    except ValueError:  # the 29th of February
        return at.replace(year=at.year + 1, month=3, day=1)


def _newest_reviews(span: Span, ask: Ask) -> list[Review]:
    """The newest review that was submitted of each pull request, where it was in the span."""
    ask.context.labour((span.end - span.start).days)
    newest: dict[int, Review] = {}
    for review in _visible(ask.world.index.by("PRR", span.user), ask, "pull_requests"):
        if review.submitted_at is not None:
            known = newest.get(review.thread.id)
            if known is None or (known.submitted_at, known.id) < (review.submitted_at, review.id):
                newest[review.thread.id] = review
    return [each for each in newest.values() if each.submitted_at and span.start <= each.submitted_at <= span.end]


def _contributions(span: Span, ask: Ask) -> Slice:
    return ask.page(
        _newest_reviews(span, ask),
        lambda review: (review.submitted_at, review.id),
        down=ask.arguments["orderBy"]["direction"] == "DESC",
    )


def _years(span: Span, ask: Ask) -> list[int]:
    """The years in which there is anything, newest first, whatever the span."""
    kinds = ("I", "PR", "D", "PRR")
    done = (thing for kind in kinds for thing in ask.world.index.by(kind, span.user))
    return sorted({thing.created_at.year for thing in done if ask.asker.may_open(thing.repo)}, reverse=True)


ACTIVITY: Mapping[str, Mapping[str, Asked]] = {
    "User": {
        "issues": _issues,
        "pullRequests": _pulls,
        "issueComments": _comments,
        "repositoryDiscussions": _discussions,
        "repositoryDiscussionComments": _remarks,
        "contributionsCollection": _collection,
    },
    "ContributionsCollection": {
        "contributionYears": _years,
        "totalPullRequestReviewContributions": lambda span, ask: len(_newest_reviews(span, ask)),
        "pullRequestReviewContributions": _contributions,
    },
}
