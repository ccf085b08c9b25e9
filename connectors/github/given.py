"""What the person does in other people's repositories: issues, comments, pull requests, reviews and answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from connectors.base import Batch, Cost, Coverage, Cursor, Observation, Reject, StreamSpec, Subject
from connectors.errors import NotPermitted
from connectors.github.access import Access, Stopped
from connectors.github.asks import Asking, Json, Query
from connectors.github.conductor import Conductor
from connectors.github.facts import People, Reader, count_of, instant
from connectors.github.failures import Errand, TooMuch
from connectors.github.gathering import Asks, changed_at, is_since
from connectors.github.given_lists import LISTS, REVIEWS, SIGNS, Deed, GivenList, reviews_of
from connectors.github.planning import Rounds, costs_of
from connectors.github.pulse import Pulse
from connectors.github.queries import entries
from connectors.github.tally import Ended, Tally
from connectors.github.visit import OVERLAP, write

OLDEST_FIRST = {"field": "UPDATED_AT", "direction": "ASC"}
NEWEST_FIRST = {"field": "UPDATED_AT", "direction": "DESC"}
FIRST_LOOK, PAGE = 20, 100
# GitHub walks all that somebody did in a span: since July 2026 a year of a busy account is too much for one query.
SPAN = timedelta(days=90)
SHORTEST_SPAN = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Signs:
    """What shows whether somebody did anything: totals and newest changes by list, and reviews since a day.

    `years`: in which anything was done at all, None where that is not told.
    """

    born_at: datetime
    years: frozenset[int] | None
    lists: Mapping[str, tuple[int, datetime | None]]
    answers: int
    reviews_from: date
    reviews: int | None


@dataclass(frozen=True, slots=True)
class Span:
    """Reviews of some days: `ends_at` exclusive."""

    begins_at: datetime
    ends_at: datetime


Task = GivenList | Span


@dataclass(frozen=True, slots=True)
class GivenStream:
    """Reads what `user` did, and leaves out what was done in the repositories of the source, or the person's own."""

    spec: StreamSpec
    access: Access
    pulse: Pulse

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield what is new since cursor, list by list."""
        if self.access.config.is_anonymous:
            raise NotPermitted("what you do elsewhere takes a token to ask for", remedy="set token")
        tally, earliest = Tally(), None
        try:
            errand = _Errand.of(self, cursor)
            signs = errand.look()
            conductor: Conductor[Task, Batch] = Conductor(self.access)
            tasks: list[Task] = [*LISTS, *errand.spans(signs)]
            for outcome in conductor.run(tasks, lambda task: errand.work(task, signs)):
                if isinstance(outcome.result, Ended):
                    if not tally.end(outcome.result):
                        yield Batch(problems=tally.problems[-1:])
                else:
                    earliest = _earliest(outcome.result, earliest)
                    yield outcome.result
            tally.finish()
        except Stopped:
            return
        yield from errand.conclude(signs, tally, earliest)

    def plan(self, cursor: Cursor) -> Sequence[Cost]:
        """What a read from `cursor` would ask now. Asks for the signs, reads nothing."""
        if self.access.config.is_anonymous:
            return []
        errand = _Errand.of(self, cursor)
        signs = errand.look()
        first: Rounds = [[errand.ask_signs(with_reviews=True)]]
        tasks: list[Task] = [*LISTS, *errand.spans(signs)]
        return costs_of([first, *(errand.foresee(task, signs) for task in tasks)], self.access.appetite)


@dataclass(frozen=True, slots=True)
class _Errand:
    """One read, while it lasts."""

    stream: GivenStream
    cursor: Cursor
    login: str
    reader: Reader
    ours: frozenset[int]
    errand: Errand

    @classmethod
    def of(cls, stream: GivenStream, cursor: Cursor) -> _Errand:
        config, context = stream.access.config, stream.access.context
        login = str(config.user)
        people = People.of(login, config.bots, own="given")
        ours = frozenset(repository.id for repository in stream.pulse.take().repositories)
        errand = Errand("activity", login, stream.spec.permission)
        return cls(stream, cursor, login, Reader("", people, context.clock()), ours, errand)

    def look(self) -> Signs:
        """The signs as they are now."""
        tally = Tally()
        conductor: Conductor[str, Signs] = Conductor(self.stream.access)
        found: list[Signs] = []
        for outcome in conductor.run([self.login], lambda _: self._look()):
            if isinstance(outcome.result, Ended):
                tally.end(outcome.result)
            else:
                found.append(outcome.result)
        tally.finish()
        return found[0]

    def ask_signs(self, *, with_reviews: bool) -> Query:
        """For everything that shows whether there is news."""
        values = {"login": self.login, "from": _midnight(self._reviews_from()), "reviews": with_reviews}
        return Query(self.errand, SIGNS, values)

    def work(self, task: Task, signs: Signs) -> Asking[Batch]:
        """Read one list, or the reviews of one span."""
        if isinstance(task, Span):
            return self._reviews(task)
        return self._list(task, signs)

    def spans(self, signs: Signs) -> list[Span]:
        """The days whose reviews are to be read: none where their number has not changed."""
        part, now = self._part("reviews"), self.stream.access.context.clock()
        since = self.stream.access.context.since
        is_same_month = part.get("from") == signs.reviews_from.isoformat()
        if since is None and is_same_month and signs.reviews is not None and part.get("count") == signs.reviews:
            return []
        begins = signs.born_at if not part and since is None else _at(since or signs.reviews_from)
        edges = [begins]
        while edges[-1] < now:
            edges.append(min(edges[-1] + SPAN, now))
        years = signs.years
        return [Span(a, b) for a, b in pairwise(edges) if years is None or {a.year, b.year} & years]

    def foresee(self, task: Task, signs: Signs) -> Rounds:
        """What reading it asks, as far as the signs tell."""
        if isinstance(task, Span):
            return [[self._ask_reviews(task, None)]]
        part, total = self._part(task.name), signs.lists[task.name][0]
        if not part and total == 0:
            return []
        if not part.get("whole"):
            return [[self._ask(task, PAGE, None, OLDEST_FIRST)] for _ in range(max(1, -(-total // PAGE)))]
        return [[self._ask(task, FIRST_LOOK, None, NEWEST_FIRST)]] if self._is_news(task, part, signs) else []

    def conclude(self, signs: Signs, tally: Tally, earliest: date | None) -> Iterator[Batch]:
        """What is known now, about which days: since the last whole read, at first since the first thing given."""
        context = self.stream.access.context
        today = context.clock().date()
        if tally.problems:
            reason = "; ".join(problem.what for problem in tally.problems)
            yield Batch(coverage=[Coverage(today, today, "partial", reason)])
            return
        before = self._part("whole").get("on")
        firsts = [before] if before else [self._part(one.name).get("first") for one in LISTS]
        days = [date.fromisoformat(day) for day in firsts if day]
        begins = min(day for day in (*days, None if before else earliest, context.since, today) if day is not None)
        month = today.replace(day=1)
        count = signs.reviews if signs.reviews_from == month else None
        login = self.login.lower()
        done = {"login": login, "from": month.isoformat(), "count": count}
        checkpoint = {"reviews": done, "whole": {"login": login, "on": today.isoformat()}}
        yield Batch(checkpoint=checkpoint, coverage=[Coverage(begins, today)])

    def _part(self, name: str) -> dict[str, Any]:
        """A part of the cursor, unless it is of another person."""
        part = dict(self.cursor.get(name) or {})
        return part if part.get("login") == self.login.lower() else {}

    def _look(self) -> Asking[Signs]:
        try:
            (data,) = yield [self.ask_signs(with_reviews=True)]
        except TooMuch:  # of a busy account even the count of a month may be
            (data,) = yield [self.ask_signs(with_reviews=False)]
        lists = {one.name: _sign(data.get(one.connection) or {}) for one in LISTS}
        counted = data.get("contributionsCollection")
        reviews = counted["totalPullRequestReviewContributions"] if isinstance(counted, dict) else None
        years = frozenset(counted["contributionYears"]) if isinstance(counted, dict) else None
        answers = (data.get("answers") or {}).get("totalCount") or 0
        yield Signs(instant(data["createdAt"]), years, lists, answers, self._reviews_from(), reviews)

    def _reviews_from(self) -> date:
        part = self._part("reviews")
        if "from" in part:
            return date.fromisoformat(part["from"])
        return self.stream.access.context.clock().date().replace(day=1)

    def _list(self, task: GivenList, signs: Signs) -> Asking[Batch]:
        part = self._part(task.name)
        since = self.stream.access.context.since
        if not part and signs.lists[task.name][0] == 0:
            pass  # there has never been anything
        elif not part.get("whole") and since is None:
            yield from self._whole_list(task, part, signs)
        elif since is not None or self._is_news(task, part, signs):
            if task.is_ordered:
                yield from self._newest(task, part, signs, since)
            else:
                yield from self._whole_list(task, {}, signs)
        yield Batch()

    def _is_news(self, task: GivenList, part: Mapping[str, Any], signs: Signs) -> bool:
        total, newest = signs.lists[task.name]
        if not task.is_ordered:
            return (part.get("total"), part.get("answers")) != (total, signs.answers)
        if newest is None:
            return False
        until = instant(part["until"]) if part.get("until") else None
        return until is None or newest > until or until > instant(part["seen"]) - OVERLAP

    def _whole_list(self, task: GivenList, part: dict[str, Any], signs: Signs) -> Asking[Batch]:
        """All of it. An entry that changes meanwhile moves to the end and is met there; each page is a checkpoint.

        A list that ends before GitHub's total is read once more by the next run: some may be hidden, or were lost.
        """
        total, newest = signs.lists[task.name]
        if "seen" not in part:
            seen = write(self.stream.access.context.clock())
            part |= {"login": self.login.lower(), "seen": seen, "until": newest and write(newest)}
        while True:
            nodes, after = yield from self._page(task, PAGE, part.get("after"), OLDEST_FIRST)
            count = part.get("count", 0) + len(nodes)
            is_whole = after is None and (count >= total or part.get("short", False))
            is_short = part.get("short", False) or (after is None and not is_whole)
            counted = {"count": 0 if after is None else count, "short": is_short}
            part |= {"after": after, "whole": is_whole, "total": total, "answers": signs.answers, **counted}
            batch = self._batch(deed for node in nodes for deed in task.deeds(node))
            first = _earliest(batch, date.fromisoformat(part["first"]) if part.get("first") else None)
            part["first"] = first and first.isoformat()
            yield replace(batch, checkpoint={task.name: dict(part)})
            if after is None:
                return

    def _newest(self, task: GivenList, part: dict[str, Any], signs: Signs, since: date | None) -> Asking[Batch]:
        """Newest first, back to what is known; only the end is sure of anything."""
        begins = _at(since) if since is not None else instant(part["until"]) - OVERLAP if part.get("until") else None
        after: str | None = None
        first = FIRST_LOOK
        while True:
            nodes, after = yield from self._page(task, first, after, NEWEST_FIRST)
            wanted = [node for node in nodes if is_since(node, begins)]
            batch = self._batch(deed for node in wanted for deed in task.deeds(node))
            if after is None or len(wanted) < len(nodes):
                newest = signs.lists[task.name][1]
                seen = write(self.stream.access.context.clock())
                until = newest and write(newest)
                done = {**part, "login": self.login.lower(), "until": until, "seen": seen, "whole": True}
                yield replace(batch, checkpoint={task.name: done})
                return
            yield batch
            first = PAGE

    def _ask(self, task: GivenList, first: int, after: str | None, order: Json) -> Query:
        values: dict[str, Any] = {"login": self.login, "first": first, "after": after}
        return Query(self.errand, task.page, {**values, "order": order} if task.is_ordered else values, first)

    def _page(self, task: GivenList, first: int, after: str | None, order: Json) -> Asks:
        while True:
            try:
                (data,) = yield [self._ask(task, first, after, order)]
            except TooMuch:
                if first == 1:
                    raise
                first //= 2
                continue
            return entries(self.errand, data.get(task.connection))

    def _ask_reviews(self, span: Span, after: str | None) -> Query:
        ends = {"from": write(span.begins_at), "to": write(span.ends_at)}
        return Query(self.errand, REVIEWS, {"login": self.login, **ends, "first": 50, "after": after}, 100)

    def _reviews(self, span: Span) -> Asking[Batch]:
        after: str | None = None
        while True:
            try:
                (data,) = yield [self._ask_reviews(span, after)]
            except TooMuch:
                half = (span.ends_at - span.begins_at) / 2
                if half < SHORTEST_SPAN:
                    raise
                yield from self._reviews(Span(span.begins_at, span.begins_at + half))
                yield from self._reviews(Span(span.begins_at + half, span.ends_at))
                return
            said = (data.get("contributionsCollection") or {}).get("pullRequestReviewContributions")
            nodes, after = entries(self.errand, said)
            yield self._batch(deed for node in nodes for deed in reviews_of(node))
            if after is None:
                return

    def _batch(self, deeds: Iterable[Deed]) -> Batch:
        """The facts of what was done in repositories of others."""
        facts: dict[tuple[str, str, str], Observation] = {}
        rejects: list[Reject] = []
        subjects: dict[str, Subject] = {}
        known = {metric.name for metric in self.stream.spec.metrics}
        since = self.stream.access.context.since
        for where, what, item, read, about in deeds:
            try:
                subject = self._elsewhere(where)
                if subject is None:
                    continue
                for fact in read(replace(self.reader, subject=subject.id), item, *about):
                    if fact.metric in known and (since is None or fact.occurred_at.date() >= since):
                        facts[fact.metric, fact.subject, fact.key] = fact
                        subjects[subject.id] = subject
            except ValueError as error:
                rejects.append(Reject(f"{what} of {self.login} in {where.get('nameWithOwner')}", str(error)))
        return Batch(list(facts.values()), rejects, subjects=list(subjects.values()))

    def _elsewhere(self, where: Mapping[str, Any]) -> Subject | None:
        """The repository, unless it is one of the source's, or the person's own. Raises ValueError."""
        number, name = count_of(where.get("databaseId")), str(where.get("nameWithOwner"))
        if number in self.ours or name.partition("/")[0].lower() == self.login.lower():
            return None
        made_at = instant(where.get("createdAt"))
        title, url = str(where.get("description") or ""), str(where.get("url") or "")
        return Subject(f"repo:{number}", name, "repo", title, url, published_at=made_at)


def _sign(said: Mapping[str, Any]) -> tuple[int, datetime | None]:
    nodes = said.get("nodes") or ()
    return int(said.get("totalCount") or 0), changed_at(nodes[0]) if nodes else None


def _earliest(batch: Batch, other: date | None) -> date | None:
    days = [fact.occurred_at.date() for fact in batch.observations]
    return min(days if other is None else [*days, other], default=None)


def _at(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _midnight(day: date) -> str:
    return write(_at(day))
