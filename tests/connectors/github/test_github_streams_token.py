"""Streams over several repositories, read with a token: few queries for many, and failures of one kept apart."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from github_script import NOW, Json, Refusal, World, harvest, of_list, sign
from github_things import discussion_node, issue_node, pull_node, said

from connectors.base import Secret
from connectors.errors import AuthFailed, Gone, NotPermitted, RateLimited, Unavailable
from harvester.demo.exchange import Answer, as_json

TODAY = date(2026, 11, 24)
EVENTS = ("issues", "pulls", "discussions", "forks")
CHANGED = "2026-11-20T00:00:00Z"


def several(github: World, count: int = 5) -> None:
    """Repositories r1 … with an issue and a comment each."""
    for n in range(1, count + 1):
        github.script.add(n, f"ann/r{n}", pulse={"issues": sign(1, CHANGED)})
    github.config["repos"] = tuple(f"ann/r{n}" for n in range(1, count + 1))
    github.say_each("Issues", lambda values: {"issues": of_list(issue_of(values))})
    github.say_each("CountedIssues", lambda values: {"issues": of_list(issue_of(values))})


def issue_of(values: Json) -> Json:
    number = int(values["id"].removeprefix("R_"))
    return issue_node(number, said(5000 + number), updated=CHANGED)


def failing(github: World, kind: str, number: int = 3) -> None:
    """The issues of one of them cannot be had."""

    def answer(values: Json) -> Json:
        if values["id"] == f"R_{number}":
            raise Refusal(kind)
        return {"issues": of_list(issue_of(values))}

    github.say_each("Issues", answer)
    github.say_each("Issues_CountedIssues", answer)


def cursors(github: World) -> dict[str, dict[str, Any]]:
    """What a harvest of all streams leaves."""
    streams = github.streams()
    return {name: harvest(stream).cursor for name, stream in streams.items() if name != "given"}


class TestCost:
    def test_levels_cost_no_request_beyond_the_pulse(self, github: World) -> None:
        github.script.add(stargazers_count=9)
        found = github.read("repository")
        assert {(o.metric, o.value, o.key) for o in found.observations} == {
            ("stargazers", 9, "2026-11-24"),
            ("watchers", 3, "2026-11-24"),
        }
        assert len(github.script.seen) == github.meter.requests == 1

    def test_the_issues_of_many_repositories_are_two_queries(self, github: World) -> None:
        several(github, 20)
        found = github.read("issues")
        assert len(found.keys("issues_opened")) == len(found.keys("issue_comments")) == 20
        assert len(github.script.seen) == 2

    def test_where_nothing_has_changed_a_second_harvest_is_one_query(self, github: World) -> None:
        several(github, 20)
        for n in range(1, 21):
            for what in ("views", "clones"):
                github.script.said[f"/repos/ann/r{n}/traffic/{what}"] = as_json({what: []})
            for what in ("referrers", "paths"):
                github.script.said[f"/repos/ann/r{n}/traffic/popular/{what}"] = as_json([])
        known = cursors(github)
        github.script.seen.clear()
        github.config["user"] = None
        found = {name: harvest(stream, known[name]) for name, stream in github.streams().items()}
        assert [one.error for one in found.values()] == [None] * len(found)
        assert [request.path for request in github.script.seen] == ["/graphql"]

    def test_what_a_harvest_would_cost_is_foreseen(self, github: World) -> None:
        several(github, 20)
        github.config["user"] = None
        streams = {name: s for name, s in github.streams().items() if name not in ("traffic", "referrers")}
        foreseen = sum(cost.requests for stream in streams.values() for cost in stream.plan({}))  # type: ignore[attr-defined]
        github.script.seen.clear()
        for stream in {name: s for name, s in github.streams().items() if name in streams}.values():
            harvest(stream)
        assert foreseen == len(github.script.seen)


class TestReading:
    @pytest.mark.parametrize("name", EVENTS)
    def test_a_repository_in_which_nothing_happened_is_measured(self, github: World, name: str) -> None:
        found = github.read(name)
        assert (found.error, found.observations) == (None, [])
        assert found.coverage == [(date(2026, 1, 5), TODAY, "measured")]
        assert {"1", "whole"} <= found.cursor.keys()

    def test_pull_requests_are_read_with_all_that_hangs_on_them(self, github: World) -> None:
        github.script.add(pulse={"pullRequests": sign(1, CHANGED)})
        node = pull_node(7, CHANGED, comments=of_list(said(5)))
        github.say_each("Pulls", lambda _: {"pullRequests": of_list(node)})
        found = github.read("pulls")
        assert (found.keys("pulls_opened"), found.keys("issue_comments")) == (["7"], ["5"])
        assert {"1", "1/0"} <= found.cursor.keys()

    def test_discussions_are_read_too(self, github: World) -> None:
        github.script.add(pulse={"discussions": sign(1, CHANGED)})
        github.say_each("Discussions", lambda _: {"discussions": of_list(discussion_node(7))})
        assert github.read("discussions").keys("discussions_opened") == ["7"]

    def test_a_cursor_is_told_apart_by_repository(self, github: World) -> None:
        several(github, 12)
        found = github.read("issues")
        assert set(found.cursor) == {*map(str, range(1, 13)), *(f"{n}/0" for n in range(1, 13)), "whole"}
        github.script.seen.clear()
        again = github.read("issues", found.cursor)
        assert (again.observations, len(github.script.seen)) == ([], 1)

    def test_what_was_read_without_a_token_is_read_whole_with_one(self, github: World) -> None:
        several(github, 2)
        left = {"1": {"updated": CHANGED}, "1/comments": {"updated": CHANGED}, "2": {}}
        found = github.read("issues", left)
        assert len(found.keys("issue_comments")) == 2

    def test_what_was_read_with_a_token_is_read_whole_without_one(self, github: World) -> None:
        several(github, 2)
        left = github.read("issues").cursor
        github.token = None
        found = github.read("issues", left)
        assert found.error is None
        assert "since" not in " ".join(github.script.paths("/issues"))

    def test_an_unchanged_source_says_the_same_again(self, github: World) -> None:
        several(github, 3)
        first, again = github.read("issues"), github.read("issues")
        assert first.observations == again.observations
        assert first.cursor == again.cursor


class TestFailuresOfOne:
    @pytest.mark.parametrize(("kind", "error"), [("NOT_FOUND", Gone), ("FORBIDDEN", NotPermitted), ("", Unavailable)])
    def test_one_bad_repository_does_not_stop_the_others(self, github: World, kind: str, error: type) -> None:
        several(github)
        failing(github, kind)
        found = github.read("issues")
        assert found.error is None
        [problem] = found.problems
        assert (isinstance(problem, error), problem.subject) == (True, "ann/r3")
        assert {o.subject for o in found.observations} == {"repo:1", "repo:2", "repo:4", "repo:5"}
        assert "whole" not in found.cursor
        assert found.coverage == [(date(2026, 1, 5), TODAY, "partial")]
        assert "ann/r3" in found.reasons

    def test_one_that_does_not_resolve_does_not_stop_the_others(self, github: World) -> None:
        several(github)
        github.config["repos"] = (*github.config["repos"], "bob/none")
        found = github.read("issues")
        assert [(type(p), p.subject) for p in found.problems] == [(Gone, "bob/none")]
        assert len(found.keys("issues_opened")) == 5

    def test_all_failing_raises_what_to_act_on_first(self, github: World) -> None:
        several(github, 2)

        def answer(values: Json) -> Json:
            raise Refusal("FORBIDDEN" if values["id"] == "R_1" else "")

        github.say_each("Issues", answer)
        found = github.read("issues")
        assert isinstance(found.error, Unavailable)
        assert {p.subject for p in found.problems} == {"ann/r1", "ann/r2"}

    def test_switched_off_issues_are_a_state_and_no_failure(self, github: World) -> None:
        several(github, 2)
        github.script.add(2, "ann/r2", pulse={"hasIssuesEnabled": False})
        found = github.read("issues")
        assert (found.error, found.problems) == (None, [])
        assert found.coverage[0][2] == "measured"
        assert found.reasons == "issues of ann/r2 are switched off"

    @pytest.mark.parametrize(
        ("stream", "switch"), [("issues", "hasIssuesEnabled"), ("discussions", "hasDiscussionsEnabled")]
    )
    def test_what_is_switched_off_everywhere_is_missing(self, github: World, stream: str, switch: str) -> None:
        github.script.add(pulse={switch: False})
        found = github.read(stream)
        assert (found.error, found.coverage) == (None, [(date(2026, 1, 5), TODAY, "missing")])

    def test_what_the_token_may_not_see_of_one_is_a_problem_of_that_one(self, github: World) -> None:
        several(github, 3)

        def answer(values: Json) -> Json:
            if values["name"] == "r2" and values["issues"]:
                raise Refusal("FORBIDDEN", "issues")
            return github.script.pulse_of(values)

        github.say_each("Pulse", answer)
        found = github.read("issues")
        assert [(type(p), p.subject) for p in found.problems] == [(NotPermitted, "ann/r2")]
        assert len(found.keys("issues_opened")) == 2
        assert github.read("pulls").problems == []

    def test_a_failure_after_a_whole_read_leaves_the_past_measured(self, github: World) -> None:
        several(github)
        github.options["clock"] = lambda: datetime(2026, 11, 21, 12, tzinfo=UTC)
        first = github.read("issues")
        github.options.clear()
        for n in range(1, 6):
            github.script.add(n, f"ann/r{n}", pulse={"issues": sign(1, "2026-11-23T00:00:00Z")})
        failing(github, "FORBIDDEN")
        found = github.read("issues", first.cursor)
        assert found.coverage == [(date(2026, 11, 21), TODAY, "partial")]

    def test_what_is_done_before_the_first_day_wanted_is_not_claimed(self, github: World) -> None:
        several(github, 2)
        github.options["since"] = date(2026, 11, 1)
        found = github.read("issues")
        assert found.coverage == [(date(2026, 11, 1), TODAY, "measured")]
        github.options.clear()
        again = github.read("issues", found.cursor)
        assert again.coverage[0][0] >= date(2026, 11, 1)


class TestFailuresOfAll:
    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (as_json({"message": "Bad credentials"}, 401), AuthFailed),
            (as_json({"errors": [{"type": "RATE_LIMITED"}]}), RateLimited),
            (as_json({"message": "?"}, 403, {"Retry-After": "60"}), RateLimited),
        ],
    )
    def test_a_refused_token_and_a_limit_stop_at_once(self, github: World, answer: Answer, kind: type) -> None:
        several(github, 30)
        github.say("Issues", answer)
        found = github.read("issues")
        assert isinstance(found.error, kind)
        assert len(github.script.queries("Issues")) <= 8

    def test_what_was_read_before_a_limit_is_kept(self, github: World) -> None:
        several(github, 40)
        github.config["concurrency"] = 1
        said_so: list[int] = []

        def answer(variables: Any) -> Any:
            said_so.append(1)
            if len(said_so) > 1:
                return as_json({"errors": [{"type": "RATE_LIMITED"}]})
            return fine(variables)

        fine = github.script.sayings["Issues"]
        assert callable(fine)
        github.say("Issues", answer)
        found = github.read("issues")
        assert isinstance(found.error, RateLimited)
        kept = {o.subject.removeprefix("repo:") for o in found.observations}
        assert kept == {part.partition("/")[0] for part in found.cursor}
        assert 0 < len(kept) < 40

    def test_the_next_stream_does_not_ask_while_limited(self, github: World) -> None:
        several(github)
        github.say("Issues", as_json({}, 429, {"Retry-After": "60"}))
        streams = github.streams()
        assert isinstance(harvest(streams["issues"]).error, RateLimited)
        asked = len(github.script.seen)
        github.script.add(1, "ann/r1", pulse={"pullRequests": sign(1, CHANGED)})
        assert isinstance(harvest(streams["pulls"]).error, RateLimited)
        assert len(github.script.seen) == asked

    def test_the_reserve_is_left_to_other_tools(self, github: World) -> None:
        several(github)
        reset = str(int((NOW + timedelta(minutes=30)).timestamp()))
        limits = {"Resource": "graphql", "Limit": "5000", "Remaining": "500", "Reset": reset}
        headers = {f"X-RateLimit-{name}": value for name, value in limits.items()}
        plain = github.script._usual("Pulse")
        assert callable(plain)
        github.say("Pulse", lambda variables: as_json(plain(variables), headers=headers))
        found = github.read("issues")
        assert isinstance(found.error, RateLimited)
        assert "500 are kept in reserve" in found.error.what
        assert github.script.queries("Issues") == []

    def test_a_pulse_that_fails_is_the_failure_of_the_stream(self, github: World) -> None:
        github.config["repos"] = ("bob/none",)
        found = github.read("issues")
        assert isinstance(found.error, Gone)
        assert found.batches == []

    def test_a_run_that_is_to_end_claims_nothing(self, github: World) -> None:
        several(github, 40)
        usual, was_told = github.script._usual("Issues"), threading.Event()
        assert callable(usual)

        def is_stopping() -> bool:
            if github.script.queries("Issues"):
                was_told.set()
            return was_told.is_set()

        def answer(variables: Mapping[str, Any]) -> Any:
            assert was_told.wait(20)
            return usual(variables)

        github.options["is_stopping"] = is_stopping
        github.say("Issues", answer)
        found = github.read("issues")
        assert (found.error, found.coverage, found.problems) == (None, [], [])


def test_several_accounts_share_the_work(github: World) -> None:
    several(github, 3)

    def answer(values: Json) -> Json:
        if values["id"] == "R_2" and github.script.seen[-1].bearer() == "A":
            raise Refusal("NOT_FOUND")
        return {"issues": of_list(issue_of(values))}

    github.say_each("Issues", answer)
    github.token = None
    github.config["tokens"] = (Secret("env:A", lambda: "A"), Secret("env:B", lambda: "B"))
    found = github.read("issues")
    assert (found.problems, len(found.keys("issues_opened"))) == ([], 3)
