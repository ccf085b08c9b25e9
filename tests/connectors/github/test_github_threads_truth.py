"""What is stored of a repository's threads equals what there is, wherever visits are cut and whatever vanishes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from github_small import BEGIN, DAY, Shelf, SmallGithub, Thread, read
from github_work import access
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Observation
from connectors.errors import Unavailable
from connectors.github.kinds import DISCUSSIONS, ISSUES, PULLS

MINUTE = timedelta(minutes=1)
FOREIGN = Observation("issue_comments", "repo:1", "foreign", BEGIN, attrs={"number": 999_999, "on": "elsewhere"})

LISTS = {"issues": ("comments",), "pulls": ("comments", "reviews", "line"), "discussions": ("comments", "replies")}
HAPPENINGS = ("open", "say", "say", "end", "reopen", "edit", "unsay", "delete", "transfer", "wait")

happening = st.tuples(st.sampled_from(HAPPENINGS), st.integers(0, 50), st.integers(0, 50))
happenings = st.lists(happening, max_size=8)


@dataclass
class Life:
    """A repository in which things happen, and somebody who visits it now and then."""

    hub: SmallGithub
    shelf: Shelf = field(default_factory=Shelf)
    since: date | None = None

    def happen(self, what: str, which: int, where: int) -> None:
        """One thing, to one of the threads."""
        hub = self.hub
        if what == "wait":
            hub.now += timedelta(minutes=which)
        elif what == "open" or not hub.threads:
            hub.open()
        else:
            self._to(what, sorted(hub.threads.values(), key=lambda one: one.number)[which % len(hub.threads)], where)
        hub.now += timedelta(seconds=where % 3)

    def _to(self, what: str, thread: Thread, where: int) -> None:
        hub = self.hub
        acts: dict[str, Callable[[], Any]] = {
            "say": lambda: self._say(thread, where),
            "end": lambda: hub.end(thread),
            "reopen": lambda: hub.reopen(thread),
            "edit": lambda: hub.edit(thread),
            "unsay": lambda: thread.said and hub.unsay(thread, sorted(thread.said)[where % len(thread.said)]),
            "delete": lambda: hub.lose(thread, "deleted"),
            "transfer": lambda: hub.lose(thread, "transferred"),
        }
        acts[what]()

    def _say(self, thread: Thread, where: int) -> None:
        lists = LISTS[self.hub.kind.thing]
        name = lists[where % len(lists)]
        heads = [one.id for one in thread.said.values() if one.list == "comments"]
        if name == "replies":
            self.hub.say(thread, *(("replies", heads[where % len(heads)]) if heads else ()))
        elif name == "line":
            self.hub.say(thread, "line", under=where % 3)
        else:
            self.hub.say(thread, name)

    def visit(self, most: int | None = None, *, full: bool = False) -> None:
        way = access(lambda: self.hub.now, since=self.since)
        read(self.hub, self.shelf, way, most, full=full)

    @property
    def first_day(self) -> date | None:
        begin = self.shelf.parts.get("", {}).get("from")
        return None if begin is None else date.fromisoformat(begin)


KINDS = {kind.thing: kind for kind in (ISSUES, PULLS, DISCUSSIONS)}
EACH = pytest.mark.parametrize("thing", KINDS)
visits = st.lists(
    st.tuples(happenings, st.none() | st.integers(0, 3), st.sampled_from([0, 1, 700, 3000]), happenings), max_size=5
)


def live(life: Life, times: list[Any], since: date | None = None, full: frozenset[int] = frozenset()) -> None:
    """Visits with something happening before and during each, some broken off after so many batches.

    `full`: those that begin anew, as `--full` has them do.
    """
    for number, (before, most, minutes, meanwhile) in enumerate(times):
        for one in before:
            life.happen(*one)
        life.hub.now += minutes * MINUTE
        life.hub.before = [lambda one=one: life.happen(*one) for one in meanwhile]
        life.since = since if number == 0 else None
        with suppress(Unavailable):  # something was deleted between two requests
            life.visit(most, full=number in full)
        life.hub.before.clear()
    life.since = None
    for _ in range(2):  # what changes while the first walk is under way is met by the next one
        life.hub.now = life.hub.now.replace(hour=12) + 3 * DAY
        life.visit()


@EACH
@given(times=visits, fits=st.integers(1, 3), most=st.sampled_from([1, 2, 3, 1000]))
@settings(max_examples=150, deadline=None)
def test_after_a_visit_with_a_count_what_is_stored_is_what_there_is(
    thing: str, times: list[Any], fits: int, most: int
) -> None:
    life = Life(SmallGithub(KINDS[thing], fits=fits, most=most))
    life.shelf.facts["issue_comments", "foreign"] = FOREIGN
    live(life, times)
    assert life.shelf.known() == life.hub.truth() | {("issue_comments", "foreign")}


@EACH
@given(times=visits, ago=st.integers(-1, 6))
@settings(max_examples=100, deadline=None)
def test_since_a_day_what_is_stored_is_what_there_is_since_then(thing: str, times: list[Any], ago: int) -> None:
    life = Life(SmallGithub(KINDS[thing]))
    for _ in range(3):
        life.happen("open", 0, 0)
        life.happen("say", 0, 0)
        life.hub.now += DAY
    live(life, times, since=BEGIN.date() + ago * DAY)
    assert life.shelf.known() == life.hub.truth(life.first_day)


@EACH
@given(times=visits, unlisted=st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_what_github_counts_and_never_lists_is_no_difference(thing: str, times: list[Any], unlisted: int) -> None:
    life = Life(SmallGithub(KINDS[thing], unlisted=unlisted))
    live(life, times)
    assert life.shelf.known() == life.hub.truth()
    life.hub.asked.clear()
    life.visit()
    assert life.hub.asked == []


@EACH
@given(times=visits)
@settings(max_examples=60, deadline=None)
def test_where_nothing_has_happened_nothing_is_asked(thing: str, times: list[Any]) -> None:
    life = Life(SmallGithub(KINDS[thing]))
    life.hub.open()
    live(life, times)
    life.hub.now += MINUTE
    known = life.shelf.known()
    life.hub.asked.clear()
    life.visit()
    assert (life.hub.asked, life.shelf.known()) == ([], known)


@EACH
@given(times=visits, full=st.frozensets(st.integers(0, 4)), most=st.sampled_from([1, 2, 1000]))
@settings(max_examples=100, deadline=None)
def test_begun_anew_now_and_then_what_is_stored_is_what_there_is(
    thing: str, times: list[Any], full: frozenset[int], most: int
) -> None:
    life = Life(SmallGithub(KINDS[thing], most=most))
    live(life, times, full=full)
    assert life.shelf.known() == life.hub.truth()


@EACH
def test_a_visit_begun_anew_takes_back_what_vanished_unseen(thing: str) -> None:
    life = Life(SmallGithub(KINDS[thing]))
    for _ in range(5):
        life.happen("open", 0, 0)
    life.visit()
    life.shelf.parts.clear()
    life.happen("delete", 2, 0)
    life.visit()
    assert life.shelf.known() == life.hub.truth()


@EACH
def test_one_begun_anew_and_cut_off_goes_on_in_whole_pages(thing: str) -> None:
    life = Life(SmallGithub(KINDS[thing]))
    for _ in range(350):
        life.happen("open", 0, 1)
    life.visit()
    life.visit(most=1, full=True)
    life.hub.asked.clear()
    life.visit()
    assert life.shelf.known() == life.hub.truth()
    assert len(life.hub.asked) < 20
