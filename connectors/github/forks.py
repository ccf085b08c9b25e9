"""Forks by the day they were made. Dependents, which GitHub's pages show beside them, have no API."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil
from typing import Any

from connectors.base import Batch, Listing
from connectors.github.asks import Answer, Ask, Asking, Json, Query
from connectors.github.facts import Reader, instant
from connectors.github.failures import TooMuch
from connectors.github.planning import Rounds
from connectors.github.queries import FORKS, entries
from connectors.github.visit import OVERLAP, Record, Visit, write

PAGE = 100
ONE_DAY = 1_000  # forks that are listed again every day, ten points of GitHub's; twice as many every other day
MANY = 10 * ONE_DAY
FIRST_LOOK = 10
OLDEST_FIRST = {"field": "CREATED_AT", "direction": "ASC"}
NEWEST_FIRST = {"field": "CREATED_AT", "direction": "DESC"}


@dataclass(slots=True)
class _Known:
    """`count`: forks that are known; `gap`: by how many GitHub's total exceeds what it lists. `newest`: as GitHub
    writes it. `after`: where the first walk goes on. `listed_on`: when all were last listed. `is_settled`: whether
    the newest was made a while before it was read: in the same second one may be made and another one be deleted."""

    count: int = 0
    gap: int = 0
    newest: str = ""
    after: str | None = None
    is_whole: bool = False
    first_day: date | None = None
    listed_on: date | None = None
    is_settled: bool = True

    @classmethod
    def of(cls, visit: Visit) -> _Known:
        part, since = visit.part, visit.context.since
        if part is None or "count" not in part:  # never read, or without a token
            return cls(first_day=since)
        first = date.fromisoformat(part["from"]) if part.get("from") else None
        if since is not None and first is not None and since < first:
            return cls(first_day=since)
        listed = date.fromisoformat(part["listed"]) if part.get("listed") else None
        return cls(
            part["count"], part["gap"], part["newest"], part["after"], part["whole"], first, listed, part["settled"]
        )

    def is_due(self, total: int, today: date) -> bool:
        """Whether all are to be listed: GitHub counts others than are known, or a day has passed per 1,000.

        A fork of a fork that is deleted becomes one of its parent's, so an equal total is not enough. Of very many
        some are deleted all the time, so that another total is no reason.
        """
        if self.first_day is not None:
            return False
        wait = timedelta(days=max(1, ceil(self.count / ONE_DAY)))
        is_time = self.count > 0 and (self.listed_on is None or today - self.listed_on >= wait)
        is_other = self.count + self.gap != total or not self.is_settled
        return is_time or (is_other and self.count <= MANY)

    def part(self, visit: Visit) -> dict[str, Any]:
        is_settled = not self.newest or instant(self.newest) < visit.repository.read_at - OVERLAP
        return {
            "": {
                "count": self.count, "gap": self.gap, "newest": self.newest, "after": self.after,
                "whole": self.is_whole, "from": self.first_day.isoformat() if self.first_day else None,
                "listed": self.listed_on.isoformat() if self.listed_on else None, "settled": is_settled,
            }
        }  # fmt: skip

    def add(self, nodes: Iterable[Json]) -> None:
        for node in nodes:
            made_at = _made_at(node)
            self.count += made_at > self.newest
            self.newest = max(self.newest, made_at)


def forks(visit: Visit) -> Asking[Batch]:
    """The new ones; where GitHub's total is not what is known then, or it is time, all, to see which are gone."""
    known, sign = _Known.of(visit), visit.sign("forks")
    if not known.is_whole:
        yield from _by_age(visit, known)
    elif sign.newest is not None and (not known.newest or sign.newest > instant(known.newest)):
        yield from _newer(visit, known)
    if known.is_due(sign.total, visit.context.clock().date()):
        yield from _again(visit, known)
    yield Batch()


def forecast(visit: Visit) -> Rounds:
    """A request per 100 at first, one where there are new ones later."""
    known, sign = _Known.of(visit), visit.repository.signs["forks"]
    if not known.is_whole:
        pages = max(1, ceil((sign.total - known.count) / PAGE))
        return [[_ask(visit, _first_page(visit, known), None, OLDEST_FIRST)] for _ in range(pages)]
    is_news = sign.newest is not None and (not known.newest or sign.newest > instant(known.newest))
    rounds = [[_ask(visit, FIRST_LOOK, None, NEWEST_FIRST)]] if is_news else []
    pages = ceil(sign.total / PAGE) if known.is_due(sign.total, visit.context.clock().date()) else 0
    return [*rounds, *([_ask(visit, PAGE, None, OLDEST_FIRST)] for _ in range(pages))]


def _by_age(visit: Visit, known: _Known) -> Asking[Batch]:
    """The first walk: every page is a checkpoint."""
    while not known.is_whole:
        nodes, known.after, total = yield from _page(visit, _first_page(visit, known), known.after, OLDEST_FIRST)
        known.count += len(nodes)
        known.newest = max([known.newest, *map(_made_at, nodes)])
        known.is_whole, known.gap = known.after is None, total - known.count
        known.listed_on = visit.context.clock().date()
        yield replace(_batch(visit, nodes, known), checkpoint=known.part(visit))


def _first_page(visit: Visit, known: _Known) -> int:
    """Not more than there are: what few ask for, several repositories ask for together."""
    return PAGE if known.after is not None else min(PAGE, max(1, visit.repository.signs["forks"].total))


def _newer(visit: Visit, known: _Known) -> Asking[Batch]:
    """Newest first, back to the newest that is known; only the end is sure of anything."""
    begins = write(instant(known.newest) - OVERLAP) if known.newest else ""
    found: list[Json] = []
    after: str | None = None
    first = FIRST_LOOK
    while True:
        nodes, after, _ = yield from _page(visit, first, after, NEWEST_FIRST)
        wanted = [node for node in nodes if not (made_at := _made_at(node)) or made_at >= begins]
        found += wanted
        if after is None or len(wanted) < len(nodes):
            known.add(reversed(found))
            yield replace(_batch(visit, found, known), checkpoint=known.part(visit))
            return
        first = PAGE


def _again(visit: Visit, known: _Known) -> Asking[Batch]:
    """All of them in one batch: what is stored and not in it has vanished."""
    found: list[Json] = []
    after: str | None = None
    while True:
        nodes, after, total = yield from _page(visit, PAGE, after, OLDEST_FIRST)
        found += nodes
        if after is None:
            break
    known.count, known.gap, known.listed_on = len(found), total - len(found), visit.context.clock().date()
    batch = _batch(visit, found, known)
    listings = [] if batch.rejects else [whole_listing(visit)]
    yield replace(batch, listings=listings, checkpoint=known.part(visit))


def _made_at(node: Json) -> str:
    """When it was made, as GitHub writes it; "" where that cannot be used."""
    try:
        return write(instant(node.get("createdAt")))
    except ValueError:
        return ""


def _ask(visit: Visit, first: int, after: str | None, order: Json) -> Query:
    values = {"id": visit.repository.node, "first": first, "after": after, "order": order}
    return Query(visit.errand, FORKS, values, first // 4)


def _page(
    visit: Visit, first: int, after: str | None, order: Json
) -> Generator[list[Ask] | Any, list[Answer], tuple[list[Json], str | None, int]]:
    while True:
        try:
            (data,) = yield [_ask(visit, first, after, order)]
        except TooMuch:
            if first == 1:
                raise
            first //= 2
            continue
        nodes, following = entries(visit.errand, data.get("forks"))
        return nodes, following, int(data["forks"].get("totalCount") or 0)


def _batch(visit: Visit, items: Iterable[Any], known: _Known) -> Batch:
    taken = visit.taking(fork_records(items))
    facts = [fact for fact in taken.facts if known.first_day is None or fact.occurred_at.date() >= known.first_day]
    return Batch(facts, taken.rejects, subjects=[visit.repository.subject])


def fork_records(items: Iterable[Any]) -> Iterator[Record]:
    """Forks to be read, of REST or GraphQL."""
    return (("fork", item, Reader.fork, ()) for item in items)


def whole_listing(visit: Visit) -> Listing:
    """That all forks of the repository are told."""
    return Listing("forks", visit.subject, cause="the fork is gone")
