"""What is read without a token: GraphQL answers nobody then, and REST knows no lists of reviews or discussions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.base import Batch
from connectors.errors import NotPermitted
from connectors.github.asks import Asking, Get
from connectors.github.facts import Facts, Reader, entry, thread_of
from connectors.github.forks import fork_records, whole_listing
from connectors.github.planning import Forecast
from connectors.github.releases import downloads, is_fresh
from connectors.github.visit import Record, Visit
from connectors.github.walks import RestList, linked, newest_first, oldest_first


def issues(visit: Visit) -> Asking[Batch]:
    """Issues, and the comments on issues and pull requests, which are one list."""
    yield from oldest_first(RestList(visit, "/issues", "", _issue), state="all")
    yield from oldest_first(RestList(visit, "/issues/comments", "/comments", _comment))


def pulls(visit: Visit) -> Asking[Batch]:
    """Pull requests, and the comments on their lines."""
    yield from newest_first(RestList(visit, "/pulls", "", _pull))
    yield from oldest_first(RestList(visit, "/pulls/comments", "/comments", _review_comment))


def forks(visit: Visit) -> Asking[Batch]:
    """All that are listed."""
    items = yield from linked(visit, "/forks", sort="oldest")
    taken = visit.taking(fork_records(items))
    listings = [] if taken.rejects else [whole_listing(visit)]
    since = visit.context.since
    facts = [fact for fact in taken.facts if since is None or fact.occurred_at.date() >= since]
    part = {"": {"from": since.isoformat()} if since else {}}
    yield Batch(facts, taken.rejects, part, [visit.repository.subject], listings=[] if since else listings)


def releases(visit: Visit) -> Asking[Batch]:
    """How often each file of each release was downloaded until now."""
    if not is_fresh(visit):
        items = yield from linked(visit, "/releases")
        yield downloads(visit, items)
    yield Batch()


def forecast(lists: int) -> Forecast:
    """A request per list: how long they are, nothing tells."""
    return lambda visit: [[Get(visit.errand, visit.repository.path)]] * lists


def wants_token(visit: Visit) -> Asking[Batch]:
    """Raise NotPermitted: nothing of this can be asked for."""
    raise NotPermitted(
        f"{visit.errand.what} need a token, though one without any right: GitHub answers GraphQL to nobody else",
        remedy="set token",
    )
    yield  # an Asking that asks nothing


def _issue(item: Any) -> Iterator[Record]:
    yield "issue", item, Reader.issue, ()


def _pull(item: Any) -> Iterator[Record]:
    yield "pull request", item, Reader.pull, ()


def _comment(item: Any) -> Iterator[Record]:
    yield "comment", item, _read_comment, ()


def _review_comment(item: Any) -> Iterator[Record]:
    yield "review comment", item, _read_review_comment, ()


def _read_comment(reader: Reader, item: Any) -> Facts:
    on = "pull" if "/pull/" in str(entry(item).get("html_url")) else "issue"
    return reader.issue_comment(item, thread_of(item, "issue_url"), on)


def _read_review_comment(reader: Reader, item: Any) -> Facts:
    return reader.review_comment(item, thread_of(entry(item), "pull_request_url"))
