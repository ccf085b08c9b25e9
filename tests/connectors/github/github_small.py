"""A small GitHub in memory that holds the threads of one repository and answers what is asked about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from github_script import Json, of_list
from github_things import BOB
from github_work import repository, steps, visit

from connectors.base import Batch, Listing, Observation
from connectors.errors import Gone
from connectors.github.asks import Ask, Fields, Get, Page, Query
from connectors.github.failures import Elsewhere, SwitchedOff, TooMuch
from connectors.github.kinds import Kind
from connectors.github.queries import Nested
from connectors.github.repository import Repository, Sign
from connectors.github.threads import threads
from connectors.github.visit import Visit, write

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)

Fact = tuple[str, str]


@dataclass
class Said:
    """A comment, review, line comment or reply. `under`: what it hangs on, where that is not the thread."""

    id: int
    list: str
    at: datetime
    under: int | None = None


@dataclass
class Thread:
    """An issue, pull request or discussion."""

    number: int
    at: datetime
    updated: datetime
    said: dict[int, Said] = field(default_factory=dict)
    ended: datetime | None = None
    was_reopened: bool = False


@dataclass
class SmallGithub:
    """`fits`: how much of a list comes with what it hangs on. `most`: threads that a query may ask for.

    `unlisted`: how many there are in the total that are never listed. `before`: what happens before each request.
    """

    kind: Kind
    now: datetime = BEGIN
    fits: int = 2
    most: int = 1000
    unlisted: int = 0
    threads: dict[int, Thread] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    before: list[Callable[[], None]] = field(default_factory=list)
    _last: int = 0

    def open(self) -> Thread:
        self._last += 1
        self.threads[self._last] = Thread(self._last, self.now, self.now)
        return self.threads[self._last]

    def say(self, thread: Thread, where: str = "comments", under: int | None = None) -> Said:
        self._last += 1
        thread.said[self._last] = Said(self._last, where, self.now, under)
        thread.updated = self.now
        return thread.said[self._last]

    def end(self, thread: Thread) -> None:
        """Close, merge or answer it."""
        thread.ended, thread.updated = self.now, self.now

    def reopen(self, thread: Thread) -> None:
        if thread.ended and self.kind.thing == "issues":
            thread.ended, thread.was_reopened, thread.updated = None, True, self.now

    def edit(self, thread: Thread) -> None:
        thread.updated = self.now

    def unsay(self, thread: Thread, which: int) -> None:
        """Delete something said there, and what hangs on it: nothing else tells."""
        wanted = thread.said.pop(which)
        for under in [one.id for one in thread.said.values() if one.under == wanted.id]:
            del thread.said[under]

    def lose(self, thread: Thread, how: str) -> None:
        """Delete or transfer it: nothing else tells."""
        self.lost[thread.number] = how
        del self.threads[thread.number]

    def answer(self, ask: Ask) -> Any:
        if self.before:
            self.before.pop(0)()
        if isinstance(ask, Get):
            self.asked.append(ask.path)
            return self._rest(int(ask.path.rpartition("/")[2]))
        self.asked.append(ask.fields.name)
        if ask.fields in (self.kind.page, self.kind.counted):
            return self._page(ask)
        if ask.fields is self.kind.one:
            return self._node(self._found(str(ask.values["id"])))
        return self._more(ask)

    def repository(self) -> Repository:
        """As the pulse sees it now."""
        newest = max((one.updated for one in self.threads.values()), default=None)
        signs = {self.kind.thing: Sign(len(self.threads) + self.unlisted, newest)}
        return replace(repository(signs=signs), read_at=self.now)

    def _rest(self, number: int) -> Page:
        how = self.lost.get(number)
        if how == "deleted":
            raise SwitchedOff(f"issue {number} is gone")
        if how == "transferred":
            raise Elsewhere(f"issue {number} has moved", address="https://api.github.com/repositories/2/issues/7")
        if number not in self.threads and how is None:
            raise Gone(f"issue {number} never was")
        return Page({"number": number, "repository_url": "https://api.github.com/repos/ann/one"})

    def _page(self, ask: Query) -> Json:
        first, after, order = ask.values["first"], ask.values["after"], ask.values["order"]
        if first > self.most:
            raise TooMuch("too much")
        rows = sorted(self.threads.values(), key=lambda one: _place(one, order), reverse=order["direction"] == "DESC")
        if after:
            is_down, place = order["direction"] == "DESC", after
            rows = [one for one in rows if (_place(one, order) < place if is_down else _place(one, order) > place)]
        shown, rest = rows[:first], rows[first:]
        tell = self._counted if ask.fields is self.kind.counted else self._node
        total = len(self.threads) + self.unlisted
        following = _place(shown[-1], order) if rest else None
        return {self.kind.connection: of_list(*map(tell, shown), after=following, total=total)}

    def _more(self, ask: Query) -> Json:
        name, (node, begin) = _list_of(self.kind.nested, ask.fields), str(ask.values["after"]).split("+")
        thread, under = self._found(node), ask.values["id"]
        return {name: self._listed(thread, name, None if under.startswith("N") else under, int(begin))}

    def _found(self, node: str) -> Thread:
        number = int(node[1:].partition(".")[0])
        if number not in self.threads:
            raise Gone(f"{node} is gone")
        return self.threads[number]

    def _node(self, thread: Thread) -> Json:
        """A thread with as much of what hangs on it as fits."""
        told: Json = {
            "id": f"N{thread.number}",
            "number": thread.number,
            "fullDatabaseId": str(1_000_000 + thread.number),
            "createdAt": write(thread.at),
            "updatedAt": write(thread.updated),
            "author": BOB,
        }
        ended = thread.ended and write(thread.ended)
        for nested in self.kind.nested:
            told[nested.name] = self._listed(thread, nested.name, None, 0)
        if self.kind.thing == "issues":
            return {**told, "closedAt": ended, "stateReason": "REOPENED" if thread.was_reopened else None}
        if self.kind.thing == "pulls":
            return {**told, "mergedAt": ended, "totalCommentsCount": self._comments(thread)}
        return {**told, "answerChosenAt": ended, "answer": {"id": "A", "author": BOB} if ended else None}

    def _comments(self, thread: Thread) -> int:
        return sum(1 for one in thread.said.values() if one.list in ("comments", "line"))

    def _listed(self, thread: Thread, name: str, under: str | None, begin: int) -> Json:
        """A list of what was said, from a place on. `under`: the node it hangs on."""
        if name == "reviewThreads":
            heads = sorted({one.under for one in thread.said.values() if one.list == "line"}, key=int)
            entries = [self._line_thread(thread, head) for head in heads]
        else:
            wanted = [one for one in thread.said.values() if self._hangs(one, name, under)]
            entries = [self._told(thread, one) for one in sorted(wanted, key=lambda one: one.id)]
        end = begin + self.fits
        following = f"N{thread.number}+{end}" if end < len(entries) else None
        return of_list(*entries[begin:end], after=following, total=len(entries))

    def _hangs(self, one: Said, name: str, under: str | None) -> bool:
        if under is None:
            return one.list == name and one.under is None
        head = int(under.rpartition(".")[2])
        return one.under == head and one.list == ("replies" if name == "replies" else "line")

    def _line_thread(self, thread: Thread, head: int | None) -> Json:
        node = f"T{thread.number}.{head}"
        return {"id": node, "comments": self._listed(thread, "comments", node, 0)}

    def _told(self, thread: Thread, one: Said) -> Json:
        at = write(one.at)
        if one.list == "reviews":
            return {"fullDatabaseId": str(one.id), "state": "APPROVED", "submittedAt": at, "author": BOB}
        told: Json = {"fullDatabaseId": str(one.id), "createdAt": at, "author": BOB, "state": "SUBMITTED"}
        if self.kind.thing == "discussions":
            node = f"C{thread.number}.{one.id}"
            told = {"id": node, "databaseId": one.id, "createdAt": at, "deletedAt": None, "author": BOB}
            if one.list == "comments":
                told["replies"] = self._listed(thread, "replies", node, 0)
        return told

    def _counted(self, thread: Thread) -> Json:
        told: Json = {"id": f"N{thread.number}", "number": thread.number, "createdAt": write(thread.at)}
        if self.kind.thing == "pulls":
            reviews = sum(1 for one in thread.said.values() if one.list == "reviews")
            return {**told, "totalCommentsCount": self._comments(thread), "reviews": {"totalCount": reviews}}
        comments = [one for one in thread.said.values() if one.list == "comments"]
        if self.kind.thing == "issues":
            return {**told, "comments": {"totalCount": len(comments)}}
        nodes = [
            {"replies": {"totalCount": sum(1 for other in thread.said.values() if other.under == one.id)}}
            for one in sorted(comments, key=lambda one: one.id)
        ]
        answer = {"id": "A"} if thread.ended else None
        told |= {"answer": answer, "answerChosenAt": thread.ended and write(thread.ended)}
        return {**told, "comments": {"totalCount": len(comments), "nodes": nodes}}

    def truth(self, since: date | None = None) -> set[Fact]:
        """The facts that there are now, of the days wanted."""
        found: set[Fact] = set()
        for thread in self.threads.values():
            key = str(1_000_000 + thread.number) if self.kind.thing == "issues" else str(thread.number)
            opened, ended = _METRICS[self.kind.thing]
            events = [(opened, key, thread.at), *([(ended, key, thread.ended)] if thread.ended else [])]
            events += [(self._metric(one), str(one.id), one.at) for one in thread.said.values()]
            found |= {(metric, key) for metric, key, at in events if since is None or at.date() >= since}
        return found

    def _metric(self, one: Said) -> str:
        if self.kind.thing == "discussions":
            return "discussion_comments"
        return {"reviews": "pull_reviews", "line": "review_comments"}.get(one.list, "issue_comments")


_METRICS = {
    "issues": ("issues_opened", "issues_closed"),
    "pulls": ("pulls_opened", "pulls_merged"),
    "discussions": ("discussions_opened", "answers"),
}


def _place(thread: Thread, order: Json) -> str:
    moment = thread.at if order["field"] == "CREATED_AT" else thread.updated
    return f"{write(moment)} {thread.number:09}"


def _list_of(nested: Iterable[Nested], fields: Fields) -> str:
    """Which list the rest of is asked for."""
    every = [one for each in nested for one in (each, *each.inside)]
    return next(one.name for one in every if one.more is fields)


@dataclass
class Shelf:
    """Keeps facts and a cursor as the store does: both up to the last checkpoint, listings as they are documented."""

    facts: dict[Fact, Observation] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)
    held: list[Batch] = field(default_factory=list)

    def take(self, batches: Iterable[Batch]) -> None:
        """What comes after the last checkpoint is lost."""
        self.held.clear()
        for batch in batches:
            self.held.append(batch)
            if batch.checkpoint is not None:
                for one in self.held:
                    self._store(one)
                self.parts |= batch.checkpoint
                self.held.clear()

    def _store(self, batch: Batch) -> None:
        told = {(o.metric, o.key): o for o in batch.observations}
        for listing in batch.listings:
            gone = [key for key, fact in self.facts.items() if key not in told and _is_of(listing, fact)]
            for key in gone:
                del self.facts[key]
        self.facts |= told
        self.facts = {key: fact for key, fact in self.facts.items() if fact.value}

    def known(self) -> set[Fact]:
        return set(self.facts)


def _is_of(listing: Listing, fact: Observation) -> bool:
    if (listing.metric, listing.subject) != (fact.metric, fact.subject):
        return False
    if listing.on is not None and fact.attrs.get("on") != listing.on:
        return False
    if listing.since is not None and fact.occurred_at < listing.since:
        return False
    return listing.numbers is None or (fact.attrs.get("number") in listing.numbers) is not listing.is_rest


def visit_of(hub: SmallGithub, shelf: Shelf, way: Any, *, full: bool = False) -> Visit:
    """A visit that goes on where the last one has come to, or, with `full`, knows of none."""
    return visit({} if full else dict(shelf.parts), hub.repository(), way)


def read(hub: SmallGithub, shelf: Shelf, way: Any, most: int | None = None, *, full: bool = False) -> list[Batch]:
    """Visit the repository, or break off after so many batches; keep what is sure, also where it fails."""
    found: list[Batch] = []
    try:
        for batch in steps(threads(visit_of(hub, shelf, way, full=full), hub.kind), hub.answer):
            if most is not None and len(found) >= most:
                break
            found.append(batch)
    finally:
        shelf.take(found)
    return found
