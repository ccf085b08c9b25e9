"""Streams over several repositories, read without a token: what each failure stops, and what it does not."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from github_script import NOW, World, harvest
from github_things import comment, issue

from connectors.errors import AuthFailed, Gone, Malformed, NotPermitted, RateLimited, Unavailable
from harvester.demo.exchange import Answer, Request, as_json

ISSUES = "/repos/ann/{}/issues"
EVENTS = ("issues", "pulls", "forks", "releases")


@pytest.fixture
def github(github: World) -> World:
    github.token = None
    return github


def several(github: World, count: int = 5) -> list[str]:
    """Repositories r1 … with an issue each."""
    names = [f"r{n}" for n in range(1, count + 1)]
    for n, name in enumerate(names, 1):
        github.script.add(n, f"ann/{name}")
        github.script.said[ISSUES.format(name)] = as_json([issue(n)])
    github.config["repos"] = tuple(f"ann/{name}" for name in names)
    return names


def paged(github: World, path: str, items: list[dict[str, Any]], last: Answer | None = None) -> None:
    """A list that is served by `since`, two at a time; `last`: what comes instead of its last page."""

    def answer(request: Request) -> Answer:
        wanted = [item for item in items if item["updated_at"] >= request.query.get("since", "")]
        if len(wanted) <= 2:
            return last or as_json(wanted)
        return as_json(wanted[:2], headers={"Link": f'<{github.service.url}{path}?page=2>; rel="next"'})

    github.script.said[path] = answer


class TestRepositories:
    def test_levels_cost_no_request_beyond_the_survey(self, github: World) -> None:
        github.script.add(stargazers_count=9)
        found = github.read("repository")
        assert {(o.metric, o.value, o.key) for o in found.observations} == {
            ("stargazers", 9, "2026-11-24"),
            ("watchers", 3, "2026-11-24"),
        }
        assert {o.occurred_at for o in found.observations} == {NOW}
        assert found.coverage == [(date(2026, 11, 24), date(2026, 11, 24), "measured")]
        assert len(github.script.seen) == github.meter.requests == 1

    def test_a_level_belongs_to_the_day_of_the_configured_time_zone(self, github: World) -> None:
        github.options["clock"] = lambda: datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
        assert {o.key for o in github.read("repository").observations} == {"2026-11-25"}

    def test_the_subject_keeps_its_id_through_a_rename(self, github: World) -> None:
        github.script.add(5, "ann/new", description="Tools")
        github.script.rename("ann/old", "ann/new")
        github.script.said[ISSUES.format("new")] = as_json([issue(1)])
        github.config["repos"] = ("ann/old", "ann/new")
        found = github.read("issues")
        [subject] = found.batches[0].subjects
        assert (subject.id, subject.name, subject.kind, subject.title) == ("repo:5", "ann/new", "repo", "Tools")
        assert subject.published_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
        assert [o.subject for o in found.observations] == ["repo:5"]
        assert {part.partition("/")[0] for part in found.cursor} == {"5", "whole"}

    def test_the_pulse_is_shared_by_the_streams_of_a_source(self, github: World) -> None:
        for stream in github.streams().values():
            harvest(stream)
        assert github.script.paths().count("/repos/ann/one") == 1

    def test_an_owner_without_repositories_is_nothing_measured(self, github: World) -> None:
        github.script.said["/users/ann/repos"] = as_json([])
        github.config["repos"] = ("ann/*",)
        found = github.read("issues")
        assert (found.error, found.observations, found.coverage[0][2]) == (None, [], "missing")

    @pytest.mark.parametrize("name", EVENTS)
    def test_a_repository_in_which_nothing_happened_is_measured(self, github: World, name: str) -> None:
        found = github.read(name)
        assert (found.error, found.observations) == (None, [])
        begin = date(2026, 11, 24) if name == "releases" else date(2026, 1, 5)
        assert found.coverage[0] == (begin, date(2026, 11, 24), "measured")
        assert "1" in found.cursor

    def test_reviews_are_missing_and_the_rest_of_pull_requests_is_measured(self, github: World) -> None:
        found = github.read("pulls")
        [measured, missing] = [span for batch in found.batches for span in batch.coverage]
        assert measured.metrics == ("pulls_opened", "pulls_merged", "issue_comments", "review_comments")
        assert (missing.state, missing.metrics) == ("missing", ("pull_reviews",))
        assert [(type(problem), problem.remedy) for problem in found.problems] == [(NotPermitted, "set token")]

    def test_discussions_are_not_to_be_had_and_say_so(self, github: World) -> None:
        found = github.read("discussions")
        assert isinstance(found.error, NotPermitted)
        assert found.error.remedy == "set token"
        assert github.script.queries() == []


class TestFailuresOfOne:
    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (as_json({"message": "Not Found"}, 404), Gone),
            (as_json({"message": "?", "block": {"reason": "dmca"}}, 451), Gone),
            (as_json({"message": "Resource not accessible"}, 403), NotPermitted),
            (as_json({"message": "Validation Failed"}, 422), Malformed),
            (as_json({"message": "a dict, no list"}), Malformed),
            (Answer(200, {"Content-Type": "application/json"}, b"<html>login</html>"), Malformed),
            (Answer(502, {"Content-Type": "text/html"}, b"<html>"), Unavailable),
            (Answer(200, {}, b"[]", wire="reset"), Unavailable),
        ],
    )
    def test_one_bad_repository_does_not_stop_the_others(self, github: World, answer: Answer, kind: type) -> None:
        several(github)
        github.script.said[ISSUES.format("r3")] = answer
        found = github.read("issues")
        assert found.error is None
        assert [(type(p).__mro__[0 if type(p) is kind else 1], p.subject) for p in found.problems] == [
            (kind, "ann/r3")
        ]
        assert {o.subject for o in found.observations} == {"repo:1", "repo:2", "repo:4", "repo:5"}
        assert {part.partition("/")[0] for part in found.cursor} == {"1", "2", "4", "5"}
        assert found.coverage == [(date(2026, 1, 5), date(2026, 11, 24), "partial")]
        assert "ann/r3" in found.reasons

    @pytest.mark.parametrize("status", [404, 403, 410, 451])
    def test_one_that_does_not_resolve_does_not_stop_the_others(self, github: World, status: int) -> None:
        several(github)
        github.script.said["/repos/ann/r2"] = as_json({"message": "?"}, status)
        found = github.read("issues")
        assert (found.error, [p.subject for p in found.problems]) == (None, ["ann/r2"])
        assert len(found.observations) == 4

    def test_one_described_uselessly_does_not_stop_the_others(self, github: World) -> None:
        several(github)
        github.script.add(2, "ann/r2", created_at=None)
        found = github.read("issues")
        assert [(type(p), p.subject) for p in found.problems] == [(Malformed, "ann/r2")]

    def test_the_only_repository_failing_is_the_stream_failing(self, github: World) -> None:
        github.script.said["/repos/ann/one"] = as_json({"message": "Not Found"}, 404)
        found = github.read("issues")
        assert isinstance(found.error, Gone)
        assert found.batches == []

    def test_all_failing_raises_what_to_act_on_first(self, github: World) -> None:
        several(github, 2)
        github.script.said[ISSUES.format("r1")] = as_json({}, 404)
        github.script.said[ISSUES.format("r2")] = as_json({}, 403)
        found = github.read("issues")
        assert isinstance(found.error, NotPermitted)
        assert {type(p) for p in found.problems} == {Gone, NotPermitted}

    def test_switched_off_issues_are_a_state_and_no_failure(self, github: World) -> None:
        several(github, 2)
        github.script.said[ISSUES.format("r2")] = as_json({"message": "Issues are disabled for this repo"}, 410)
        found = github.read("issues")
        assert (found.error, found.problems) == (None, [])
        assert found.coverage[0][2] == "measured"
        assert found.reasons == "issues of ann/r2 are switched off"

    def test_issues_switched_off_everywhere_are_missing(self, github: World) -> None:
        github.script.said[ISSUES.format("one")] = as_json({}, 410)
        found = github.read("issues")
        assert (found.error, found.coverage) == (None, [(date(2026, 1, 5), date(2026, 11, 24), "missing")])

    def test_a_failure_after_a_whole_read_leaves_the_past_measured(self, github: World) -> None:
        several(github)
        github.options["clock"] = lambda: datetime(2026, 11, 1, 12, tzinfo=UTC)
        first = github.read("issues")
        github.options.clear()
        github.script.said[ISSUES.format("r3")] = as_json({}, 404)
        found = github.read("issues", first.cursor)
        assert found.coverage == [(date(2026, 11, 1), date(2026, 11, 24), "partial")]

    def test_a_failure_among_other_repositories_than_before_spoils_the_whole_past(self, github: World) -> None:
        several(github)
        first = github.read("issues")
        github.config["repos"] = (*github.config["repos"], "ann/none")
        found = github.read("issues", first.cursor)
        assert found.coverage == [(date(2026, 1, 5), date(2026, 11, 24), "partial")]


class TestFailuresOfAll:
    def test_a_refused_token_stops_at_once(self, github: World) -> None:
        several(github, 30)
        for n in range(1, 31):
            github.script.said[f"/repos/ann/r{n}"] = as_json({"message": "Bad credentials"}, 401)
        found = github.read("issues")
        assert isinstance(found.error, AuthFailed)
        assert len(github.script.seen) <= 8

    def test_a_limit_stops_with_everything_before_it_kept(self, github: World) -> None:
        several(github, 20)
        reset = str(int((NOW + timedelta(minutes=9)).timestamp()))
        limit = as_json({}, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset})
        github.script.said[ISSUES.format("r9")] = limit
        found = github.read("issues")
        assert isinstance(found.error, RateLimited)
        assert found.error.retry_at == NOW + timedelta(minutes=9)
        kept = {o.subject.removeprefix("repo:") for o in found.observations}
        assert kept == {part.partition("/")[0] for part in found.cursor}
        assert len(kept) < 20

    def test_the_next_stream_does_not_ask_while_limited(self, github: World) -> None:
        github.script.said[ISSUES.format("one")] = as_json({}, 429, {"Retry-After": "60"})
        streams = github.streams()
        assert isinstance(harvest(streams["issues"]).error, RateLimited)
        asked = len(github.script.seen)
        assert isinstance(harvest(streams["pulls"]).error, RateLimited)
        assert len(github.script.seen) == asked

    def test_an_outage_is_known_by_several_failures_in_a_row(self, github: World) -> None:
        several(github, 40)
        for n in range(5, 41):
            github.script.said[ISSUES.format(f"r{n}")] = as_json({"message": "Server Error"}, 503)
        found = github.read("issues")
        assert isinstance(found.error, Unavailable)
        assert "down" in found.error.remedy
        assert len(github.script.paths("/issues")) < 40

    def test_problems_before_the_end_are_told_too(self, github: World) -> None:
        several(github, 12)
        github.script.said["/repos/ann/r1"] = as_json({}, 404)
        github.script.said[ISSUES.format("r12")] = as_json({}, 429)
        found = github.read("issues")
        assert isinstance(found.error, RateLimited)
        assert [p.subject for p in found.problems] == ["ann/r1"]

    def test_a_defect_of_ours_is_not_hidden(self, github: World) -> None:
        github.script.said[ISSUES.format("one")] = as_json([issue(1)])
        github.options["clock"] = lambda: NOW.replace(tzinfo=None)
        with pytest.raises(TypeError):
            harvest(github.streams()["issues"])


class TestCursors:
    def test_every_page_is_a_checkpoint_of_its_repository(self, github: World) -> None:
        path = ISSUES.format("one")
        paged(github, path, [issue(1), issue(2, "2026-03-01T00:00:00Z"), issue(3, "2026-04-01T00:00:00Z")])
        first, second, *_ = github.read("issues").batches
        assert first.checkpoint == {"1": {"updated": "2026-03-01T00:00:00Z"}}
        assert second.checkpoint == {"1": {"updated": "2026-04-01T00:00:00Z"}}

    @pytest.mark.parametrize("wire", ["truncated", "reset"])
    def test_half_a_page_moves_nothing(self, github: World, wire: Any) -> None:
        path = ISSUES.format("one")
        items = [issue(1), issue(2, "2026-03-01T00:00:00Z"), issue(3, "2026-04-01T00:00:00Z")]
        paged(github, path, items, last=Answer(200, {}, b"[1, 2, 3]", wire=wire))
        found = github.read("issues")
        assert isinstance(found.error, Unavailable)
        assert found.cursor == {"1": {"updated": "2026-03-01T00:00:00Z"}}
        paged(github, path, items)
        rest = github.read("issues", found.cursor)
        assert {*found.keys("issues_opened"), *rest.keys("issues_opened")} == {"1001", "1002", "1003"}

    def test_a_later_read_goes_on_a_little_before_the_mark(self, github: World) -> None:
        github.read("issues", {"1": {"updated": "2026-03-01T00:10:00Z"}})
        [asked] = github.script.paths("/issues?")
        assert "since=2026-03-01T00%3A05%3A00Z" in asked

    def test_a_first_read_since_a_day_leaves_out_older_facts_and_says_so(self, github: World) -> None:
        github.options["since"] = date(2026, 2, 10)
        items = [
            issue(1, "2026-02-20T00:00:00Z"),
            issue(2, "2026-02-21T00:00:00Z", created_at="2026-02-11T00:00:00Z"),
            issue(3, "2026-02-22T00:00:00Z", state_reason="reopened"),
        ]
        github.script.said[ISSUES.format("one")] = as_json(items)
        found = github.read("issues")
        assert [(o.metric, o.key, o.value) for o in found.observations] == [
            ("issues_opened", "1002", 1),
            ("issues_closed", "1003", 0),
        ]
        assert found.coverage == [(date(2026, 2, 10), date(2026, 11, 24), "measured")]
        assert found.cursor["1"]["from"] == "2026-02-10"

    def test_what_a_first_read_left_out_is_not_claimed_later(self, github: World) -> None:
        part = {"updated": "2026-03-01T00:00:00Z", "from": "2026-02-10"}
        assert github.read("issues", {"1": part}).coverage[0][0] == date(2026, 2, 10)

    def test_a_record_that_cannot_be_used_is_rejected_not_fatal(self, github: World) -> None:
        github.script.said["/repos/ann/one/issues/comments"] = as_json(
            [comment(1, created_at=None), comment(2), None]
        )
        found = github.read("issues")
        assert found.keys("issue_comments") == ["2"]
        assert found.rejects == [
            "comment 1 of ann/one: no createdAt",
            "comment without id of ann/one: not an object",
        ]
        assert found.cursor["1/comments"] == {"updated": "2026-02-01T00:00:00Z"}

    def test_each_list_of_a_stream_has_a_part_of_its_own(self, github: World) -> None:
        github.script.said[ISSUES.format("one")] = as_json([issue(1)])
        github.script.said["/repos/ann/one/issues/comments"] = as_json([comment(1, "2026-03-01T00:00:00Z")])
        assert github.read("issues").cursor == {
            "1": {"updated": "2026-02-01T00:00:00Z"},
            "1/comments": {"updated": "2026-03-01T00:00:00Z"},
            "whole": github.read("issues").cursor["whole"],
        }

    def test_comments_know_whether_they_are_on_an_issue_or_a_pull_request(self, github: World) -> None:
        on_pull = comment(2, html_url="https://github.com/ann/one/pull/7#issuecomment-2")
        github.script.said["/repos/ann/one/issues/comments"] = as_json([comment(1), on_pull])
        found = github.read("issues")
        assert [(o.key, o.attrs["on"], o.attrs["number"]) for o in found.observations] == [
            ("1", "issue", 7),
            ("2", "pull", 7),
        ]

    def test_pull_requests_and_comments_on_their_lines_are_one_stream(self, github: World) -> None:
        pull = issue(3, merged_at="2026-02-02T00:00:00Z")
        github.script.said["/repos/ann/one/pulls"] = as_json([pull])
        github.script.said["/repos/ann/one/pulls/comments"] = as_json([comment(5)])
        found = github.read("pulls")
        assert [found.keys(metric) for metric in ("pulls_opened", "pulls_merged", "review_comments")] == [
            ["3"],
            ["3"],
            ["5"],
        ]

    def test_what_is_sound_in_a_broken_record_is_kept(self, github: World) -> None:
        github.script.said[ISSUES.format("one")] = as_json([issue(1, closed_at="soon"), issue(2)])
        found = github.read("issues")
        assert found.keys("issues_opened") == ["1001", "1002"]
        assert len(found.rejects) == 1

    def test_an_unchanged_source_says_the_same_again(self, github: World) -> None:
        several(github, 3)
        first = github.read("issues")
        again = github.read("issues", first.cursor)
        assert {(o.subject, o.key, o.value) for o in again.observations} <= {
            (o.subject, o.key, o.value) for o in first.observations
        }
        assert again.cursor == first.cursor


class TestStopping:
    def test_a_stopped_run_ends_without_claiming_anything(self, github: World) -> None:
        several(github)
        github.options["is_stopping"] = lambda: len(github.script.seen) > 6
        found = github.read("issues")
        assert (found.error, found.coverage, found.problems) == (None, [], [])

    def test_a_stopped_pulse_is_no_pulse(self, github: World) -> None:
        several(github)
        told: list[bool] = []

        def is_stopping() -> bool:
            """Once, as soon as something was asked."""
            if len(github.script.seen) < 2 or told:
                return False
            told.append(True)
            return True

        github.options["is_stopping"] = is_stopping
        stream = github.streams()["issues"]
        assert harvest(stream).observations == []

    def test_a_reader_that_goes_away_leaves_no_worker_behind(self, github: World) -> None:
        several(github, 40)
        github.service.latency = 0.01
        batches = github.streams()["issues"].read({})
        next(iter(batches))
        batches.close()  # type: ignore[attr-defined]
        assert [t for t in threading.enumerate() if t.name.startswith("github")] == []
        assert len(github.script.seen) < 40 + 40

    def test_repositories_are_read_side_by_side(self, github: World) -> None:
        several(github, 16)
        github.service.latency = 0.03
        github.read("issues")
        assert 2 <= github.service.busiest <= 8
