"""Which repositories a source means now, and what has changed in them: asked once for all its streams."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.base import Cost
from connectors.errors import ConnectorError, Gone, NotPermitted, Unavailable
from connectors.github.access import Access
from connectors.github.asks import CORE, GRAPHQL, Answer, Ask, Asking, Get, Page, Query
from connectors.github.client import PER_PAGE
from connectors.github.conductor import Conductor
from connectors.github.failures import Errand, Forbidden, Lacks, SwitchedOff, TooMuch
from connectors.github.queries import DISCUSSIONS, PULSES_A_QUERY, entries, pulse_of_one, pulse_of_owner
from connectors.github.repository import Repository, described, pulsing
from connectors.github.tally import Ended, Tally

ALL = "/*"

# What the token may be forbidden to see of a repository, and the right that it takes.
ASKED = {
    "issues": "Issues: read",
    "pulls": "Pull requests: read",
    "discussions": "Discussions: read",
    "releases": "Contents: read",
}
# Which of them a failed field is.
_FIELDS = {"issues": "issues", "pullRequests": "pulls", "discussions": "discussions", "releases": "releases"}

WEIGHT = 8  # of a pulse, as GitHub has to count six lists for it

ONE, OF_OWNER = pulse_of_one(DISCUSSIONS), pulse_of_owner(DISCUSSIONS)
# For an Enterprise Server whose GraphQL has no discussions.
PLAIN_ONE, PLAIN_OF_OWNER = pulse_of_one(""), pulse_of_owner("")


@dataclass(frozen=True, slots=True)
class Found:
    """The repositories that answered, each once, in the order of the configuration, and why others did not."""

    repositories: tuple[Repository, ...]
    problems: tuple[ConnectorError, ...]


@dataclass(slots=True)
class Pulse:
    """Asks at the first call and remembers for the run. A repository that fails keeps no other one out.

    With a token, one GraphQL query tells of up to 50 repositories; without one, GraphQL does not answer, and each
    repository is a REST request. `cost`: what it took.
    """

    access: Access
    cost: Cost = field(default_factory=lambda: Cost(GRAPHQL, 0, 0))
    _found: Found | None = None
    _down: Unavailable | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> Found:
        """Resolve every name, once. Raises what concerns the whole source: a refused token, a limit, an outage.

        An outage is not looked at again by every stream.
        """
        with self._lock:
            if self._down is not None:
                raise self._down
            try:
                self._found = self._found or self._look()
            except Unavailable as error:
                self._down = error
                raise
            return self._found

    def _look(self) -> Found:
        self.access.check()
        wanted, tally = self.access.config.repos, Tally()
        names = tuple({entry.lower(): entry for entry in wanted}.values())
        work = self._by_rest if self.access.config.is_anonymous else self._by_graphql
        answers: dict[str, list[Repository]] = {}
        conductor: Conductor[str, Repository] = Conductor(self.access)
        with self.access.context.meter.watch() as spent:
            for outcome in conductor.run(names, work):
                if isinstance(outcome.result, Ended):
                    tally.end(outcome.result)
                else:
                    answers.setdefault(outcome.task, []).append(outcome.result)
        bucket = CORE if self.access.config.is_anonymous else GRAPHQL
        self.cost = Cost(bucket, spent.requests, spent.requests if bucket == CORE else spent.points)
        tally.finish()
        found: dict[int, Repository] = {}
        for name in names:
            for repository in answers.get(name, ()):
                found.setdefault(repository.id, repository)
        return Found(tuple(found.values()), tuple(tally.problems))

    def _by_graphql(self, entry: str) -> Asking[Repository]:
        while True:
            known = self.access.lacking  # before this try: others, who shared its query, learn the same at once
            try:
                if entry.endswith(ALL):
                    yield from self._owned(entry.removesuffix(ALL), entry)
                else:
                    yield from self._named(entry)
            except Lacks as error:
                if "iscussions" not in error.field or known:
                    raise
                self.access.lacking |= {"discussions"}
            else:
                return

    def _named(self, name: str) -> Asking[Repository]:
        owner, _, repo = name.partition("/")
        forbidden: dict[str, NotPermitted] = {}
        while True:
            values = {"owner": owner, "name": repo, **_wanted(forbidden)}
            fields = PLAIN_ONE if self.access.lacking else ONE
            try:
                (data,) = yield [Query(Errand("repository", name), fields, values, WEIGHT)]
            except Forbidden as error:
                part = _part_of(error)
                if part is None or part in forbidden:
                    # REST may say why: it may be blocked. A description from there has no signs to go by.
                    yield from _descriptions(name, [name])
                    raise
                # Without that list the rest may be seen.
                forbidden[part] = self._refusal(part, name)
            else:
                yield pulsing(data, self.access.context.clock(), forbidden)
                return

    def _owned(self, owner: str, entry: str) -> Asking[Repository]:
        after: str | None = None
        first = PULSES_A_QUERY
        seen: set[str] = set()
        errand = Errand("repositories", entry)
        while True:
            values = {"owner": owner, "first": first, "after": after, **_wanted({})}
            fields = PLAIN_OF_OWNER if self.access.lacking else OF_OWNER
            try:
                (data,) = yield [Query(errand, fields, values, first * WEIGHT)]
            except TooMuch:
                if first == 1:
                    raise
                first //= 2
                continue
            except Forbidden as error:
                if _part_of(error) is None or not isinstance(error.partial, dict):
                    raise
                data = error.partial
            shown, following = entries(errand, data.get("repositories"))
            for one in shown:
                seen.add(str(one.get("nameWithOwner")))
                yield pulsing(one, self.access.context.clock(), {})
            is_short = len(data["repositories"]["nodes"]) > len(shown)
            if is_short:  # one of them cannot be seen whole: what is missing is asked for by its name
                yield from self._each(owner, entry, seen)
                return
            if following is None:
                return
            after = following

    def _each(self, owner: str, entry: str, seen: set[str]) -> Asking[Repository]:
        for name in (yield from _names_of(owner, entry)):
            if name not in seen:
                try:
                    yield from self._named(name)
                except Gone:
                    continue  # since the list was read

    def _refusal(self, part: str, name: str) -> NotPermitted:
        reference = next((one.reference for one in self.access.credentials), None)
        return NotPermitted(
            f"{part} of {name}: the token {reference} has not got the permission {ASKED[part]}",
            remedy="grant it (a write permission is never needed)",
            subject=name,
        )

    def _by_rest(self, entry: str) -> Asking[Repository]:
        names = [entry]
        if entry.endswith(ALL):
            names = yield from _names_of(entry.removesuffix(ALL), entry)
        for page in (yield from _descriptions(entry, names)):
            yield described(page.data, self.access.context.clock())


def _descriptions(entry: str, names: Sequence[str]) -> Generator[list[Ask], list[Answer], list[Page]]:
    """What REST tells of repositories."""
    asks: list[Ask] = [Get(Errand("repository", name), f"/repos/{name}", shape="object") for name in names]
    try:
        return (yield asks)
    except SwitchedOff as error:  # 410: no part of a repository is off, it is gone as a whole
        raise Gone(f"{entry} is gone", remedy="take it out of repos", subject=entry) from error


def _names_of(owner: str, entry: str) -> Generator[list[Ask], list[Answer], list[str]]:
    """The names of an owner's public repositories that are no forks; answers for users and organisations alike."""
    errand = Errand("repositories", entry)
    ask = Get(errand, f"/users/{owner}/repos", {"type": "owner", "sort": "full_name", "per_page": PER_PAGE})
    names: list[str] = []
    while True:
        (page,) = yield [ask]
        names += [item["full_name"] for item in page.items if _is_own(item)]
        if page.next is None:
            return names
        ask = Get(errand, page.next)


def _wanted(forbidden: Mapping[str, NotPermitted]) -> dict[str, bool]:
    return {name: name not in forbidden for name in ASKED}


def _part_of(error: Forbidden) -> str | None:
    """Which list of a repository a refusal is about, None where it is about all of it."""
    return next((_FIELDS[name] for name in error.path if name in _FIELDS), None)


def _is_own(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("full_name"), str) and not item.get("fork")
