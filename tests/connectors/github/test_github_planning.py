"""What a harvest would ask, foreseen without asking it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from github_script import NOW
from github_small import DAY, Shelf, SmallGithub, read, visit_of
from github_work import THING, Driven, access, get, query, repository, steps, visit

from connectors.base import Cost
from connectors.errors import NotPermitted
from connectors.github import anonymous, releases
from connectors.github.asks import Query
from connectors.github.kinds import DISCUSSIONS, ISSUES, PULLS
from connectors.github.planning import costs_of
from connectors.github.repository import Sign
from connectors.github.threads import forecast, threads

CHEAP = replace(THING, connections=lambda _: 30)


class TestCosts:
    def test_nothing_costs_nothing(self) -> None:
        assert costs_of([], 400) == []
        assert costs_of([[], [[]]], 400) == []

    def test_rest_questions_are_a_request_and_a_point_each(self) -> None:
        assert costs_of([[[get("/a"), get("/b")]], [[get("/c")]]], 400) == [Cost("core", 3, 3)]

    def test_queries_of_several_repositories_share_a_request(self) -> None:
        assert costs_of([[[query(n, CHEAP)]] for n in range(10)], 400) == [Cost("graphql", 1, 3)]

    def test_what_comes_one_after_the_other_shares_none(self) -> None:
        rounds = [[query(1, CHEAP)], [query(2, CHEAP)]]
        assert costs_of([rounds], 400) == [Cost("graphql", 2, 2)]
        assert costs_of([rounds, rounds], 400) == [Cost("graphql", 2, 2)]

    def test_heavy_ones_are_sent_apart(self) -> None:
        assert costs_of([[[query(n, CHEAP, weight=300)]] for n in range(4)], 400) == [Cost("graphql", 4, 4)]

    def test_both_allowances_are_told_apart(self) -> None:
        assert costs_of([[[get(), query()]]], 400) == [Cost("core", 1, 1), Cost("graphql", 1, 1)]


class TestThreads:
    def hub(self, kind: object = ISSUES, count: int = 5) -> SmallGithub:
        hub = SmallGithub(kind)  # type: ignore[arg-type]
        for _ in range(count):
            hub.say(hub.open())
        hub.now += DAY
        return hub

    def foreseen(self, hub: SmallGithub, shelf: Shelf, since: date | None = None) -> list[str]:
        way = access(lambda: hub.now, since=since)
        rounds = forecast(hub.kind)(visit_of(hub, shelf, way))
        return [ask.fields.name for asks in rounds for ask in asks if isinstance(ask, Query)]

    def asked(self, hub: SmallGithub, shelf: Shelf) -> list[str]:
        driven = Driven()
        list(steps(threads(visit_of(hub, shelf, access(lambda: hub.now)), hub.kind), hub.answer, driven))
        return [ask.fields.name for ask in driven.asked if isinstance(ask, Query)]

    @pytest.mark.parametrize("kind", [ISSUES, PULLS, DISCUSSIONS], ids=lambda kind: kind.thing)
    @pytest.mark.parametrize("count", [0, 5, 60, 130])
    def test_a_first_walk_is_foreseen_page_by_page(self, kind: object, count: int) -> None:
        hub = self.hub(kind, count)
        assert self.foreseen(hub, Shelf()) == self.asked(hub, Shelf())

    def test_a_visit_without_news_asks_nothing(self) -> None:
        hub, shelf = self.hub(), Shelf()
        read(hub, shelf, access(lambda: hub.now))
        assert self.foreseen(hub, shelf) == self.asked(hub, shelf) == []

    def test_news_are_a_query(self) -> None:
        hub, shelf = self.hub(), Shelf()
        read(hub, shelf, access(lambda: hub.now))
        hub.say(hub.threads[1])
        assert self.foreseen(hub, shelf) == self.asked(hub, shelf) == ["Issues"]

    def test_a_count_that_is_due_is_foreseen(self) -> None:
        hub, shelf = self.hub(), Shelf()
        read(hub, shelf, access(lambda: hub.now))
        hub.now += DAY
        assert self.foreseen(hub, shelf) == self.asked(hub, shelf) == ["CountedIssues"]

    def test_a_walk_that_was_cut_off_is_foreseen_from_where_it_is(self) -> None:
        hub, shelf = self.hub(count=130), Shelf()
        read(hub, shelf, access(lambda: hub.now), most=1)
        assert self.foreseen(hub, shelf) == self.asked(hub, shelf) == ["Issues"]

    def test_since_a_day_the_newest_are_looked_at(self) -> None:
        assert self.foreseen(self.hub(), Shelf(), since=NOW.date()) == ["Issues"]

    @pytest.mark.parametrize(
        "more",
        [
            {"has_issues": False},
            {"signs": {}},
            {"signs": {}, "forbidden": {"issues": NotPermitted("x")}},
        ],
    )
    def test_what_is_not_there_is_not_asked_for(self, more: dict[str, object]) -> None:
        assert forecast(ISSUES)(visit(of=repository(**more))) == []


def test_releases_are_asked_for_twenty_at_a_time() -> None:
    seen = repository(signs={"releases": Sign(45)})
    assert len(releases.forecast(visit(of=seen))) == 3
    assert releases.forecast(visit()) == []


def test_releases_that_the_token_may_not_see_are_not_asked_for() -> None:
    seen = repository(signs={}, forbidden={"releases": NotPermitted("x")})
    assert releases.forecast(visit(of=seen)) == []


def test_without_a_token_each_list_is_a_request_at_least() -> None:
    assert costs_of([anonymous.forecast(2)(visit())], 400) == [Cost("core", 2, 2)]
