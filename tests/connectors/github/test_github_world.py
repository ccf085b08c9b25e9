"""Whole harvests of a made-up world, compared with what really happened in it, day by day."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from github_harvest import (
    EVENTS,
    LEVELS,
    METRICS,
    TODAY,
    TRAFFIC,
    Harvester,
    pass_time,
    serving,
    small_world,
    visited,
)
from github_monkey import DEEDS, Monkey

from connectors.errors import Gone, NotPermitted
from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.github_graphql import GraphQL
from harvester.demo.github_lists import Paging
from harvester.demo.life import build
from harvester.demo.things import Access, pull_of, threads_of
from harvester.demo.wire import Service

OWN = ("wren-hollow/*",)
DAY = timedelta(days=1)


@pytest.fixture
def service() -> Iterator[Service[GitHub]]:
    with serving(visited(build(TODAY))) as running:
        yield running


@pytest.fixture
def little() -> Iterator[Service[GitHub]]:
    with serving(small_world()) as running:
        yield running


def test_a_harvest_equals_what_happened(service: Service[GitHub]) -> None:
    harvester = Harvester(service)
    assert harvester.read() == []
    assert harvester.differences() == {}
    assert (harvester.rejects, harvester.problems) == ([], [])


def test_every_metric_of_the_connector_is_compared(service: Service[GitHub]) -> None:
    harvester = Harvester(service)
    harvester.read()
    assert {metric for metric, _, _ in harvester.facts} == {"stars", *EVENTS, *TRAFFIC, *LEVELS}
    assert set(METRICS) == {*EVENTS, *TRAFFIC, *LEVELS}


def test_a_second_harvest_changes_nothing_and_asks_for_signs_only(service: Service[GitHub]) -> None:
    harvester = Harvester(service)
    harvester.read()
    harvester.changed = harvester.meter.requests = 0
    assert harvester.read() == []
    assert harvester.changed == 0
    # Both ways of naming repositories, and what the person does elsewhere.
    assert harvester.meter.requests == 3
    assert harvester.differences() == {}


def test_a_full_harvest_of_what_is_known_changes_nothing(service: Service[GitHub]) -> None:
    harvester = Harvester(service)
    harvester.read()
    harvester.changed = 0
    assert harvester.read(full=True) == []
    assert (harvester.changed, harvester.vanished) == (0, [])


def test_days_later_the_harvest_equals_what_happened_then(service: Service[GitHub]) -> None:
    harvester = Harvester(service)
    harvester.read()
    for days in (1, 3, 9):
        service.app.world.advance(days)
        assert harvester.read() == []
        assert harvester.differences() == {}


@pytest.mark.parametrize("access", ["gone", "private"])
def test_a_repository_that_leaves_the_list_of_its_owner_is_told_of_once(
    little: Service[GitHub], access: Access
) -> None:
    harvester, world = Harvester(little, repos=OWN), little.app.world
    harvester.read()
    repo = world.repos[0]
    facts = len(harvester.facts)
    world.restrict(repo, access)
    assert harvester.read() == []
    [problem] = harvester.problems
    assert (type(problem), problem.subject) == (Gone, repo.full_name)
    assert "its history is kept" in str(problem)
    assert harvester.read() == []
    assert (harvester.problems, harvester.vanished) == ([], [])
    assert len(harvester.facts) >= facts
    world.restrict(repo, "open")
    assert (harvester.read(), harvester.problems) == ([], [])
    world.restrict(repo, access)
    assert harvester.read() == []
    assert [problem.subject for problem in harvester.problems] == [repo.full_name]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_the_harvests_of_the_days_after_equal_it(seed: int) -> None:
    world = small_world()
    monkey = Monkey(world, seed)
    with serving(world) as service:
        harvester = Harvester(service, repos=OWN)
        harvester.read()
        for _ in range(4):
            monkey.act(20)
            pass_time(service, DAY)
            assert harvester.read() == []
            # Discussions are counted every other day only, as there are many.
            late = ("discussions_opened", "discussion_comments", "answers")
            wrong = {name: rows for name, rows in harvester.differences().items() if name not in late}
            assert wrong == {}, monkey.done
        pass_time(service, 4 * DAY)
        assert harvester.read() == []
        assert (harvester.differences(), harvester.problems, harvester.rejects) == ({}, [], [])


def test_the_monkey_can_do_everything() -> None:
    monkey = Monkey(small_world(), 1)
    monkey.act(600)
    assert {line.partition(" ")[0] for line in monkey.done} == {deed.__name__ for deed in DEEDS}


class TestVanished:
    def test_everything_that_leaves_no_trace_is_found_the_day_after(self, little: Service[GitHub]) -> None:
        world, harvester = little.app.world, Harvester(little, repos=OWN)
        harvester.read()
        repo, other = world.maintained()[:2]
        issues = [t for t in threads_of(repo, pulls=False) if t.comments]
        inline = next(t for t in threads_of(repo, pulls=True) if pull_of(t).inline)
        approved = next(r for t in threads_of(repo, pulls=True) for r in pull_of(t).reviews if r.state == "APPROVED")
        world.delete_comment(issues[0], issues[0].comments[0])
        world.delete_issue(repo, issues[1])
        world.transfer_issue(repo, issues[2], other)
        world.delete_inline(inline, pull_of(inline).inline[0])
        world.dismiss(approved)
        world.unstar(repo, repo.stars[0])
        world.unfork(next(fork for fork in repo.forks if fork.access == "open"))
        pass_time(little, DAY)
        harvester.meter.requests = 0
        assert harvester.read() == []
        assert harvester.differences() == {}
        causes = {cause for _, cause in harvester.vanished}
        assert {"gone from its thread", "the fork is gone"} <= causes
        assert any(cause.endswith("was deleted") for cause in causes)
        assert any(cause.endswith("moved to another repository") for cause in causes)
        states = {f.key: f.attrs["state"] for f in harvester.facts.values() if f.metric == "pull_reviews"}
        assert states[str(approved.id)] == "dismissed"

    def test_a_star_of_years_ago_that_is_taken_back_is_found_at_once(self, service: Service[GitHub]) -> None:
        world, harvester = service.app.world, Harvester(service)
        harvester.read()
        repo = world.maintained()[0]
        oldest = min(repo.stars, key=lambda mark: mark.at)
        assert world.now - oldest.at > timedelta(weeks=60)
        world.unstar(repo, oldest)
        assert harvester.read() == []
        assert harvester.differences() == {}

    def test_a_full_harvest_takes_back_what_vanished(self, little: Service[GitHub]) -> None:
        world, harvester = little.app.world, Harvester(little, repos=OWN)
        harvester.read()
        repo = world.maintained()[0]
        issue = next(t for t in threads_of(repo, pulls=False) if len(t.comments) > 1)
        gone = next(t for t in threads_of(repo, pulls=False) if t is not issue)
        world.delete_comment(issue, issue.comments[0])
        world.delete_issue(repo, gone)
        assert harvester.read(full=True) == []
        assert harvester.differences() == {}

    def test_an_issue_that_is_still_there_is_not_taken_back_whatever_the_lists_say(
        self, little: Service[GitHub]
    ) -> None:
        world, harvester = little.app.world, Harvester(little, repos=OWN)
        harvester.read()
        repo = world.maintained()[0]
        known = harvester.days("issues_opened")
        hidden = {n: t for n, t in repo.threads.items() if t.pull is None}
        for number in hidden:  # a list of GitHub's that is empty for a while
            del repo.threads[number]
        world.version += 1
        little.app.still_there = hidden  # type: ignore[attr-defined]
        answer = little.app.answer

        def also(request: Any) -> Any:
            with world.lock:
                repo.threads |= hidden if "/issues/" in request.path else {}
                try:
                    return answer(request)
                finally:
                    for number in hidden:
                        repo.threads.pop(number, None)

        little.app.answer = also  # type: ignore[method-assign]
        harvester.read()
        assert any("does not list it" in problem.what for problem in harvester.problems)
        assert harvester.days("issues_opened") == known


def test_actors_directions_and_bots_are_told(service: Service[GitHub]) -> None:
    harvester = Harvester(service)
    harvester.read()
    world = service.app.world
    facts = [fact for fact in harvester.facts.values() if fact.metric in EVENTS and fact.value]
    person = [fact for fact in facts if fact.actor == world.person.login]
    assert {fact.attrs["direction"] for fact in person} == {"self", "given"}
    assert {fact.attrs["direction"] for fact in facts if fact not in person} == {"received"}
    ours = {repo.full_name for repo in world.maintained()}
    assert {harvester.names[f.subject] in ours for f in person if f.attrs["direction"] == "self"} == {True}
    assert {harvester.names[f.subject] in ours for f in person if f.attrs["direction"] == "given"} == {False}
    bots = {f.actor for f in facts if f.attrs.get("bot")}
    assert bots == {a.login for a in world.accounts.values() if a.type == "Bot"}
    assert any(f.actor is None for f in facts)


@pytest.mark.parametrize("style", ["page", "cursor"])
@pytest.mark.parametrize("tokens", [("demo",), ()], ids=["with a token", "without"])
def test_links_are_followed_in_either_style(style: Any, tokens: tuple[str, ...]) -> None:
    world = small_world()
    with serving(world, paging=Paging(style, last_page=1)) as service:
        harvester = Harvester(service, repos=OWN, tokens=tokens)
        harvester.read()
        wrong = set(harvester.differences())
        assert wrong == (set() if tokens else WITHOUT_TOKEN)


# What takes a token, and what only those who run a repository are told.
GIVEN = {"given " + name for name in ("issue_comments", "pull_reviews", "pulls_opened", "pulls_merged")}
WITHOUT_TOKEN = {
    "pull_reviews", "discussions_opened", "discussion_comments", "answers", *TRAFFIC, "referrer_views", "path_views",
}  # fmt: skip


def test_without_a_token_everything_but_reviews_discussions_and_traffic_is_read(little: Service[GitHub]) -> None:
    harvester = Harvester(little, repos=OWN, tokens=())
    assert [type(error) for error in harvester.read()] == [NotPermitted] * 4
    wrong = harvester.differences()
    assert {name for name in wrong if not name.startswith("given ")} <= WITHOUT_TOKEN
    assert {"pull_reviews", *TRAFFIC} <= set(wrong)


def test_a_token_without_the_right_to_traffic_reads_everything_else(little: Service[GitHub]) -> None:
    little.app.tokens["demo"] = Token(little.app.world.person.login, frozenset({"administration"}))
    harvester = Harvester(little, repos=OWN)
    errors = harvester.read()
    assert [type(error) for error in errors] == [NotPermitted] * 2
    assert all("dministration" in error.what for error in errors)
    assert set(harvester.differences()) == {*TRAFFIC, "referrer_views", "path_views"}


RIGHTS = {
    "issues": ("Issues: read", {"issues_opened", "issues_closed", "issue_comments"}),
    "pull_requests": (
        "Pull requests: read",
        {"pulls_opened", "pulls_merged", "issue_comments", "pull_reviews", "review_comments"},
    ),
    "contents": ("Contents: read", {"release_downloads"}),
}


@pytest.mark.parametrize("right", RIGHTS)
def test_a_token_that_lacks_a_right_reads_the_rest_and_says_which(little: Service[GitHub], right: str) -> None:
    little.app.tokens["demo"] = Token(little.app.world.person.login, frozenset({right}))
    harvester = Harvester(little, repos=OWN, config={"user": None})
    errors = harvester.read()
    needed, metrics = RIGHTS[right]
    assert [type(error).__name__ for error in errors] == ["NotPermitted"]
    assert needed in errors[0].what
    assert "write" not in errors[0].what
    wrong = {name for name in harvester.differences() if not name.startswith("given ")}
    assert wrong == metrics


def test_a_token_without_a_right_on_one_repository_reads_the_others(little: Service[GitHub]) -> None:
    world = little.app.world
    first, second = (repo.full_name for repo in world.maintained()[:2])
    little.app.tokens["demo"] = Token(world.person.login, lacks_in={first: frozenset({"issues"})})
    harvester = Harvester(little, repos=OWN)
    assert harvester.read() == []
    assert {problem.subject for problem in harvester.problems} == {first}
    assert all("Issues: read" in problem.what for problem in harvester.problems)
    told = {subject for subject, _ in harvester.days("issues_opened")}
    assert told == {second}


class TestEnterpriseServer:
    def test_stars_are_counted_by_level_where_there_is_no_history(self) -> None:
        world = small_world()
        with serving(world, has_history=False) as service:
            harvester = Harvester(service, repos=OWN, suffix="/api/v3")
            assert harvester.read() == []
            assert harvester.problems == []
            levels = {
                harvester.names[s]: f.value for (m, s, _), f in harvester.facts.items() if m == "stars by level"
            }
            assert levels == {repo.full_name: len(repo.stars) for repo in world.maintained()}
            assert set(harvester.differences()) == {"stars"}

    def test_a_server_without_discussions_has_them_switched_off(self) -> None:
        world = small_world()
        lacking = {"Repository.discussions", "Repository.hasDiscussionsEnabled"}
        with serving(world, graphql=GraphQL(world, without=frozenset(lacking))) as service:
            harvester = Harvester(service, repos=OWN, suffix="/api/v3", config={"user": None})
            assert harvester.read() == []
            assert harvester.problems == []
            wrong = {name for name in harvester.differences() if not name.startswith("given ")}
            assert wrong <= {"discussions_opened", "discussion_comments", "answers"}


@pytest.mark.parametrize("seed", range(12))
def test_cut_anywhere_and_resumed_the_truth_is_reached(little: Service[GitHub], seed: int) -> None:
    harvester, rng = Harvester(little, repos=OWN), random.Random(seed)
    for _ in range(6):
        harvester.read(cut=rng)
        little.app.world.advance(rng.randrange(2))
    assert harvester.read() == []
    assert harvester.differences() == {}
