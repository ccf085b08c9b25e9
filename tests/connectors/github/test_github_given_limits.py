"""What the person does elsewhere: accounts too busy for a query, backfills, and failures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from github_deeds import ANN, BORN, HTML, Deeds, by_ann, reviewed
from github_script import NOW, Harvested, Json, Refusal, World, by_alias
from github_things import issue_node, review

from connectors.errors import AuthFailed, NotPermitted, Unavailable
from connectors.github.visit import write
from harvester.demo.exchange import Answer

TODAY = date(2026, 11, 24)


@pytest.fixture
def deeds(github: World) -> Deeds:
    deeds = Deeds()
    deeds.mount(github)
    return deeds


def read(github: World, cursor: Mapping[str, Any] | None = None) -> Harvested:
    github.script.seen.clear()
    return github.read("given", cursor)


class TestBusyAccounts:
    def test_reviews_are_asked_for_by_quarters_since_the_account_was_made(self, github: World, deeds: Deeds) -> None:
        read(github)
        spans = sorted((one["from_0"], one["to_0"]) for one in spans_of(github))
        assert spans[0][0] == BORN
        assert spans[-1][1] == write(NOW)
        assert all(end == begin for (_, end), (begin, _) in pairwise(spans))

    def test_a_span_that_is_too_much_is_halved(self, github: World, deeds: Deeds) -> None:
        deeds.reviewed = [
            (f"2026-{month:02}-05T00:00:00Z", reviewed(month, review(month, author=ANN))) for month in range(1, 12)
        ]
        deeds.longest = timedelta(days=30)
        found = read(github)
        assert sorted(set(map(int, found.keys("pull_reviews")))) == list(range(1, 12))
        assert found.error is None

    def test_a_span_of_two_days_that_is_too_much_is_a_problem_of_its_own(self, github: World, deeds: Deeds) -> None:
        deeds.lists["issues"] = [by_ann(issue_node(7))]
        deeds.longest = timedelta(hours=1)
        found = read(github)
        assert found.keys("issues_opened") == ["1007"]
        assert [c.state for batch in found.batches for c in batch.coverage] in ([], ["partial"])

    def test_a_month_that_is_too_much_to_count_is_read_every_time(self, github: World, deeds: Deeds) -> None:
        deeds.counts = False
        first = read(github)
        assert first.error is None
        deeds.reviewed = [("2026-11-23T00:00:00Z", reviewed(9, review(6, author=ANN)))]
        second = read(github, first.cursor)
        assert second.keys("pull_reviews") == ["6"]
        third = read(github, second.cursor)
        assert third.keys("pull_reviews") == ["6"]

    def test_a_list_page_that_is_too_much_is_asked_for_in_halves(self, github: World, deeds: Deeds) -> None:
        deeds.lists["issues"] = [by_ann(issue_node(n)) for n in range(30)]
        fine = github.script.sayings["GivenIssues"]
        assert callable(fine)
        github.say("GivenIssues", lambda variables: HTML if variables["first_0"] > 20 else fine(variables))
        assert len(set(read(github).keys("issues_opened"))) == 30


def spans_of(github: World) -> list[Json]:
    """The spans of reviews that were asked for, each by itself."""

    return [
        {f"{name}_0": value for name, value in values.items()}
        for variables in github.script.queries("GivenReviews")
        for values in by_alias(variables)
    ]


class TestSince:
    def test_a_first_read_since_a_day_leaves_out_what_is_older(self, github: World, deeds: Deeds) -> None:
        github.options["since"] = date(2026, 2, 10)
        deeds.lists["issues"] = [
            by_ann(issue_node(n, updated=f"2026-02-{n:02}T00:00:00Z"), createdAt=f"2026-02-{n:02}T00:00:00Z")
            for n in range(1, 29)
        ]
        found = read(github)
        assert set(found.keys("issues_opened")) == {f"{1000 + n}" for n in range(10, 29)}
        assert found.coverage == [(date(2026, 2, 10), TODAY, "measured")]

    def test_what_a_first_read_left_out_is_not_claimed_later(self, github: World, deeds: Deeds) -> None:
        github.options["since"] = date(2026, 2, 10)
        first = read(github)
        assert first.coverage == [(date(2026, 2, 10), TODAY, "measured")]
        github.options.clear()
        assert read(github, first.cursor).coverage == [(TODAY, TODAY, "measured")]

    def test_nor_after_a_first_read_that_failed_in_part(self, github: World, deeds: Deeds) -> None:
        deeds.lists["issues"] = [by_ann(issue_node(7), createdAt="2026-01-20T00:00:00Z")]
        reviews = github.script.sayings["GivenReviews"]
        github.say("GivenReviews", HTML)
        first = read(github)
        assert first.error
        github.say("GivenReviews", reviews)
        assert read(github, first.cursor).coverage == [(date(2026, 1, 20), TODAY, "measured")]

    def test_what_is_claimed_begins_with_the_first_thing_given(self, github: World, deeds: Deeds) -> None:
        deeds.lists["issues"] = [by_ann(issue_node(7), createdAt="2026-01-20T00:00:00Z")]
        found = read(github)
        assert found.coverage == [(date(2026, 1, 20), TODAY, "measured")]
        github.options["clock"] = lambda: NOW + timedelta(days=3)
        again = read(github, found.cursor)
        assert again.coverage == [(TODAY, TODAY + timedelta(days=3), "measured")]

    def test_where_nothing_was_ever_given_only_today_is_known(self, github: World, deeds: Deeds) -> None:
        assert read(github).coverage == [(TODAY, TODAY, "measured")]


class TestFailures:
    def test_without_a_token_it_cannot_be_asked_for(self, github: World) -> None:
        github.token = None
        found = github.read("given")
        assert isinstance(found.error, NotPermitted)
        assert found.error.remedy == "set token"
        assert github.script.seen == []

    def test_a_list_that_fails_leaves_the_others_and_is_told(self, github: World, deeds: Deeds) -> None:
        deeds.lists["issues"] = [by_ann(issue_node(7))]

        deeds.lists["issueComments"] = [{"updatedAt": BORN}]

        def refuse(_: Json) -> Json:
            raise Refusal("FORBIDDEN")

        github.say_each("GivenComments", refuse)
        found = read(github)
        assert found.keys("issues_opened") == ["1007"]
        assert [type(problem).__mro__[1] for problem in found.problems] == [NotPermitted]
        assert found.coverage == [(TODAY, TODAY, "partial")]
        assert "reviews" not in found.cursor

    def test_problems_before_the_end_are_told_too(self, github: World, deeds: Deeds) -> None:
        deeds.lists["issues"] = [by_ann(issue_node(7))]

        def refuse(_: Json) -> Json:
            raise Refusal("FORBIDDEN")

        github.config["concurrency"] = 1
        github.say_each("GivenIssues", refuse)
        github.say("GivenReviews", Answer(401, {}, b"{}"))
        found = read(github)
        assert isinstance(found.error, AuthFailed)
        assert [type(problem).__mro__[1] for problem in found.problems] == [NotPermitted]

    def test_an_unknown_person_is_an_error(self, github: World, deeds: Deeds) -> None:
        github.say_each("GivenSigns", lambda _: None)
        found = read(github)
        assert found.error is not None
        assert "Ann" in found.error.what

    def test_signs_that_cannot_be_had_are_an_error(self, github: World, deeds: Deeds) -> None:
        github.say("GivenSigns", HTML)
        assert isinstance(read(github).error, Unavailable)

    def test_a_run_that_is_to_end_claims_nothing(self, github: World, deeds: Deeds) -> None:
        github.options["is_stopping"] = lambda: len(github.script.seen) >= 2
        found = read(github)
        assert (found.error, found.coverage) == (None, [])


def test_what_a_read_would_ask_is_foreseen(github: World, deeds: Deeds) -> None:
    deeds.lists["issues"] = [by_ann(issue_node(n)) for n in range(150)]
    foreseen = sum(cost.requests for cost in github.streams()["given"].plan({}))  # type: ignore[attr-defined]
    github.script.seen.clear()
    github.read("given")
    assert foreseen == len(github.script.seen) - 1  # the pulse is told of by the first stream
