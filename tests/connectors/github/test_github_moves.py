"""Whole harvests of repositories that are renamed, moved, gone, or moved in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from github_harvest import (
    TODAY,
    Harvester,
    pass_time,
    serving,
    small_world,
)

from connectors.errors import Gone, NotPermitted
from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.wire import Service

OWN = ("wren-hollow/*",)
DAY = timedelta(days=1)


@pytest.fixture
def little() -> Iterator[Service[GitHub]]:
    with serving(small_world()) as running:
        yield running


class TestRepositoriesThatMove:
    def by_name(self, service: Service[GitHub]) -> Harvester:
        names = tuple(repo.full_name for repo in service.app.world.maintained())
        return Harvester(service, repos=names)

    @pytest.mark.parametrize("names", [("renamed",), ("GLOWSTICK",), ("first", "second")], ids=["one", "case", "two"])
    def test_a_rename_keeps_the_subject(self, little: Service[GitHub], names: tuple[str, ...]) -> None:
        world, harvester = little.app.world, self.by_name(little)
        harvester.read()
        before = {s for s in harvester.names if s.startswith("repo:") and s.count(":") == 1}
        for name in names:
            world.rename(world.maintained()[0], name)
        assert harvester.read() == []
        assert harvester.problems == []
        assert {s for s in harvester.names if s.startswith("repo:") and s.count(":") == 1} == before
        assert harvester.names[f"repo:{world.maintained()[0].id}"] == f"wren-hollow/{names[-1]}"
        assert harvester.differences() == {}

    def test_a_repository_that_moves_to_another_owner_goes_on(self, little: Service[GitHub]) -> None:
        world, harvester = little.app.world, self.by_name(little)
        harvester.read()
        world.rename(world.maintained()[0], "lantern", world.new_account("new-home", "Organization"))
        world.maintained()[0].maintained = True
        assert harvester.read() == []
        assert harvester.differences() == {}

    def test_a_name_that_comes_back_is_a_new_subject(self, little: Service[GitHub]) -> None:
        world, harvester = little.app.world, self.by_name(little)
        harvester.read()
        old = world.maintained()[0]
        known = harvester.days("issues_opened")
        world.restrict(old, "gone")
        new = world.create(world.person, old.name)
        world.open_issue(new, None)
        pass_time(little, DAY)
        harvester.read()
        numbers = {subject for metric, subject, _ in harvester.facts if metric == "issues_opened"}
        assert {f"repo:{old.id}", f"repo:{new.id}"} <= numbers
        assert sum(harvester.days("issues_opened").values()) == sum(known.values()) + 1

    @pytest.mark.parametrize("access", ["gone", "blocked", "private"])
    def test_one_that_goes_away_leaves_the_others_and_its_past(self, little: Service[GitHub], access: Any) -> None:
        little.app.tokens["demo"] = Token("keen-badger")
        world, harvester = little.app.world, self.by_name(little)
        harvester.read()
        world.restrict(world.maintained()[0], access)
        gone = next(r for r in world.repos if r.access == access)
        known = harvester.days("issues_opened")
        assert all(isinstance(error, NotPermitted) for error in harvester.read())
        assert {(type(p).__mro__[-4], p.subject) for p in harvester.problems if isinstance(p, Gone)} != set()
        assert {p.subject for p in harvester.problems if isinstance(p, Gone)} == {gone.full_name}
        assert harvester.days("issues_opened") == known

    def test_the_past_of_one_that_is_transferred_in_lies_in_the_past(self, little: Service[GitHub]) -> None:
        world, harvester = little.app.world, Harvester(little, repos=OWN)
        harvester.read()
        stranger = world.new_account("stranger-org", "Organization")
        old = world.create(stranger, "old-tool", at=world.now - timedelta(days=300))
        for days in (290, 200, 100):
            world.star(old, at=world.now - timedelta(days=days))
            world.open_issue(old, None, at=world.now - timedelta(days=days))
        world.rename(old, "old-tool", world.person)
        pass_time(little, DAY)
        assert harvester.read() == []
        assert harvester.differences() == {}
        days = {day for subject, day in harvester.days("stars") if subject == old.full_name}
        assert max(days) < TODAY - timedelta(days=90)
