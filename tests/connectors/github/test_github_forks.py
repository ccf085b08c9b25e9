"""Forks by the day they were made, and which of them are gone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from github_script import Json, World, of_list
from github_small import Shelf
from github_work import access, repository, steps, visit
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Batch, Listing
from connectors.github.asks import Ask, Query
from connectors.github.forks import MANY, ONE_DAY, forecast, forks
from connectors.github.repository import Sign
from connectors.github.visit import Visit, write
from harvester.demo.exchange import as_json

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Hub:
    """The forks of a repository. `unlisted`: those that GitHub counts and does not list."""

    now: datetime = BEGIN
    made: dict[int, datetime] = field(default_factory=dict)
    unlisted: int = 0
    page: int = 100
    asked: list[Json] = field(default_factory=list)
    odd: list[Any] = field(default_factory=list)
    last: int = 0

    def fork(self, count: int = 1) -> None:
        for _ in range(count):
            self.last += 1
            self.made[self.last] = self.now

    def answer(self, ask: Ask) -> Json:
        assert isinstance(ask, Query)
        self.asked.append(dict(ask.values))
        is_down = ask.values["order"]["direction"] == "DESC"
        rows = sorted(self.made.items(), key=lambda one: (one[1], one[0]), reverse=is_down)
        begin = int(ask.values["after"] or 0)
        end = begin + min(ask.values["first"], self.page)
        nodes = [node(number, at) for number, at in rows[begin:end]]
        following = str(end) if end < len(rows) else None
        return {"forks": of_list(*nodes, *self.odd, after=following, total=len(rows) + self.unlisted)}

    def visit(self, shelf: Shelf, since: date | None = None) -> Visit:
        newest = max(self.made.values(), default=None)
        seen = replace(repository(), signs={"forks": Sign(len(self.made) + self.unlisted, newest)}, read_at=self.now)
        return visit(dict(shelf.parts), seen, access(lambda: self.now, since=since))

    def truth(self, since: date | None = None) -> set[tuple[str, str]]:
        return {("forks", str(n)) for n, at in self.made.items() if since is None or at.date() >= since}


def node(number: int, at: datetime | None = BEGIN, **more: Any) -> Json:
    owner = {"__typename": "User", "login": "bob"}
    return {"databaseId": number, "createdAt": at and write(at), "owner": owner, **more}


def read(hub: Hub, shelf: Shelf, most: int | None = None, since: date | None = None) -> list[Batch]:
    found: list[Batch] = []
    for batch in steps(forks(hub.visit(shelf, since)), hub.answer):
        if most is not None and len(found) >= most:
            break
        found.append(batch)
    shelf.take(found)
    return found


@pytest.fixture
def hub() -> Hub:
    """Five forks, made on five days."""
    hub = Hub()
    for _ in range(5):
        hub.fork()
        hub.now += timedelta(days=1)
    return hub


def test_a_fork_is_told_by_its_owner_and_when_it_was_made(hub: Hub) -> None:
    [first, *_] = read(hub, Shelf())[0].observations
    assert (first.metric, first.subject, first.key, first.actor) == ("forks", "repo:1", "1", "bob")
    assert first.occurred_at == BEGIN


def test_the_first_walk_goes_by_age_and_every_page_is_a_checkpoint(hub: Hub) -> None:
    hub.page = 2
    shelf = Shelf()
    read(hub, shelf, most=1)
    assert shelf.known() == {("forks", "1"), ("forks", "2")}
    hub.asked.clear()
    read(hub, shelf)
    assert (shelf.known(), hub.asked[0]["after"]) == (hub.truth(), "2")


@pytest.mark.parametrize(("count", "first"), [(0, 1), (5, 5), (250, 100)])
def test_a_first_page_asks_for_no_more_than_there_are(count: int, first: int) -> None:
    hub = Hub()
    hub.fork(count)
    read(hub, Shelf())
    assert [one["first"] for one in hub.asked][:2] == [first, 100][: max(1, count // 100)]


def test_where_nothing_has_changed_nothing_is_asked(hub: Hub) -> None:
    shelf = Shelf()
    read(hub, shelf)
    hub.asked.clear()
    assert read(hub, shelf) == [Batch()]
    assert hub.asked == []


def test_new_ones_are_asked_for_newest_first_back_to_the_known(hub: Hub) -> None:
    shelf = Shelf()
    read(hub, shelf)
    hub.asked.clear()
    hub.fork(2)
    read(hub, shelf)
    assert shelf.known() == hub.truth()
    assert [(one["first"], one["order"]["direction"]) for one in hub.asked[:1]] == [(10, "DESC")]


def test_only_the_end_of_that_is_a_checkpoint(hub: Hub) -> None:
    shelf = Shelf()
    read(hub, shelf)
    for _ in range(12):
        hub.fork()
        hub.now += timedelta(seconds=1)
    hub.asked.clear()
    [batch, _] = read(hub, shelf)
    assert len(batch.observations) == 12 + 1  # the newest that was known is met again
    assert len(hub.asked) == 2
    assert shelf.known() == hub.truth()


def test_a_total_that_differs_has_all_of_them_read_and_takes_back_what_is_gone(hub: Hub) -> None:
    shelf = Shelf()
    read(hub, shelf)
    del hub.made[3]
    [batch, _] = read(hub, shelf)
    assert batch.listings == [Listing("forks", "repo:1", cause="the fork is gone")]
    assert shelf.known() == hub.truth()


def test_one_made_and_one_deleted_in_the_second_of_the_last_read_are_found_by_the_next(hub: Hub) -> None:
    hub.fork()
    shelf = Shelf()
    read(hub, shelf)
    hub.fork()
    del hub.made[3]
    hub.now += timedelta(minutes=1)
    read(hub, shelf)
    assert shelf.known() == hub.truth()


def test_of_very_many_some_are_always_gone_and_all_are_read_only_when_it_is_time(hub: Hub) -> None:
    hub.fork(MANY)
    shelf = Shelf()
    read(hub, shelf)
    del hub.made[3]
    hub.asked.clear()
    read(hub, shelf)
    assert hub.asked == []
    hub.now += timedelta(days=MANY / ONE_DAY + 1)
    read(hub, shelf)
    assert shelf.known() == hub.truth()


def test_one_gone_and_one_new_are_found_together(hub: Hub) -> None:
    shelf = Shelf()
    read(hub, shelf)
    del hub.made[3]
    hub.fork()
    read(hub, shelf)
    assert shelf.known() == hub.truth()


def test_what_github_counts_and_never_lists_is_no_difference(hub: Hub) -> None:
    hub.unlisted = 2
    shelf = Shelf()
    read(hub, shelf)
    hub.asked.clear()
    read(hub, shelf)
    assert hub.asked == []
    del hub.made[3]
    read(hub, shelf)
    hub.asked.clear()
    read(hub, shelf)
    assert hub.asked == []


def test_two_made_in_one_second_are_both_known(hub: Hub) -> None:
    shelf = Shelf()
    hub.fork()
    read(hub, shelf)
    hub.fork()
    read(hub, shelf)
    assert shelf.known() == hub.truth()
    hub.now += timedelta(minutes=6)
    read(hub, shelf)
    hub.asked.clear()
    read(hub, shelf)
    assert hub.asked == []


@pytest.mark.parametrize(
    "odd",
    [
        node(90, None),
        node(90) | {"createdAt": "soon"},
        node(90) | {"createdAt": "2099-01-01T00:00:00Z"},
        node(90) | {"databaseId": None},
    ],
)
def test_one_that_cannot_be_used_is_rejected_and_spoils_no_later_read(hub: Hub, odd: Json) -> None:
    hub.odd = [odd]
    shelf = Shelf()
    [batch, *_] = read(hub, shelf)
    assert len(batch.rejects) == 1
    assert shelf.known() == hub.truth()
    hub.fork()
    read(hub, shelf)
    assert shelf.known() == hub.truth()


def test_where_one_cannot_be_used_nothing_is_taken_back(hub: Hub) -> None:
    shelf = Shelf()
    read(hub, shelf)
    hub.odd = [node(2) | {"createdAt": None}]
    del hub.made[2]
    found = read(hub, shelf)
    assert not any(batch.listings for batch in found)


class TestSince:
    def test_a_first_read_since_a_day_leaves_out_what_is_older_and_says_so(self, hub: Hub) -> None:
        shelf = Shelf()
        since = BEGIN.date() + timedelta(days=2)
        read(hub, shelf, since=since)
        assert shelf.known() == hub.truth(since)
        assert shelf.parts[""]["from"] == since.isoformat()
        hub.asked.clear()
        read(hub, shelf)
        assert hub.asked == []

    def test_new_ones_are_told_later(self, hub: Hub) -> None:
        shelf = Shelf()
        since = BEGIN.date() + timedelta(days=2)
        read(hub, shelf, since=since)
        hub.fork()
        read(hub, shelf)
        assert shelf.known() == hub.truth(since)

    def test_a_backfill_beyond_the_first_day_goes_back_further(self, hub: Hub) -> None:
        shelf = Shelf()
        read(hub, shelf, since=BEGIN.date() + timedelta(days=3))
        earlier = BEGIN.date() + timedelta(days=1)
        read(hub, shelf, since=earlier)
        assert shelf.known() == hub.truth(earlier)


def test_what_was_known_without_a_token_is_read_again_with_one(hub: Hub) -> None:
    for part in ({}, {"from": "2026-03-03"}):
        shelf = Shelf(parts={"": part})
        read(hub, shelf)
        assert shelf.known() >= hub.truth(date(2026, 3, 3))
        assert forecast(hub.visit(Shelf(parts={"": part})))


@pytest.mark.parametrize(("known", "rounds"), [(False, 1), (True, 0)])
def test_what_a_read_would_ask_is_foreseen(hub: Hub, known: bool, rounds: int) -> None:
    shelf = Shelf()
    if known:
        read(hub, shelf)
    assert len(forecast(hub.visit(shelf))) == rounds


@given(
    st.lists(st.tuples(st.sampled_from(["fork", "gone", "wait", "visit", "cut"]), st.integers(0, 9)), max_size=25),
    st.integers(1, 3),
)
def test_after_a_visit_what_is_stored_is_what_there_is(happenings: list[tuple[str, int]], page: int) -> None:
    hub, shelf = Hub(page=page), Shelf()
    for what, which in happenings:
        hub.now += timedelta(seconds=1)
        if what == "fork":
            hub.fork()
        elif what == "gone" and hub.made:
            del hub.made[sorted(hub.made)[which % len(hub.made)]]
        elif what == "wait":
            hub.now += timedelta(minutes=which)
        else:
            read(hub, shelf, most=None if what == "visit" else which % 3)
    for _ in range(2):
        hub.now += timedelta(days=1)
        read(hub, shelf)
    known = {number: at for number, at in hub.made.items() if ("forks", str(number)) in shelf.known()}
    assert known == hub.made


class TestWithoutToken:
    def tell(self, github: World, *listed: Any) -> None:
        github.token = None
        github.script.said["/repos/ann/one/forks"] = as_json(list(listed))

    def fork(self, number: int, **more: Any) -> Json:
        return {"id": number, "created_at": "2026-03-01T12:00:00Z", "owner": {"login": "bob", "type": "User"}, **more}

    def test_all_are_listed_every_time(self, github: World) -> None:
        self.tell(github, self.fork(1), self.fork(2))
        found = github.read("forks")
        assert found.keys("forks") == ["1", "2"]
        assert found.listings == [Listing("forks", "repo:1", cause="the fork is gone")]
        assert github.script.paths("/forks") == ["/repos/ann/one/forks?per_page=100&sort=oldest"]

    def test_where_one_cannot_be_used_nothing_is_taken_back(self, github: World) -> None:
        self.tell(github, self.fork(1), self.fork(2, created_at=None))
        found = github.read("forks")
        assert (found.keys("forks"), found.listings) == (["1"], [])
        assert found.rejects == ["fork 2 of ann/one: no createdAt"]

    def test_since_a_day_only_those_are_told_and_nothing_is_taken_back(self, github: World) -> None:
        github.options["since"] = date(2026, 4, 1)
        self.tell(github, self.fork(1), self.fork(2, created_at="2026-05-01T12:00:00Z"))
        found = github.read("forks")
        assert (found.keys("forks"), found.listings) == (["2"], [])
        assert found.coverage[0][0] == date(2026, 4, 1)
