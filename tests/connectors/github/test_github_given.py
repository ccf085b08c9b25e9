"""What the person does in other people's repositories."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from github_deeds import ANN, Deeds, by_ann, comment, discussed, reviewed, where
from github_script import NOW, Harvested, Json, World
from github_things import issue_node, pull_node, review

from connectors.github.visit import write


@pytest.fixture
def deeds(github: World) -> Deeds:
    deeds = Deeds()
    deeds.mount(github)
    return deeds


def read(github: World, cursor: Mapping[str, Any] | None = None) -> Harvested:
    github.script.seen.clear()
    return github.read("given", cursor)


def asked(github: World, name: str) -> int:
    return len(github.script.queries(name))


class TestWhatCounts:
    def test_an_issue_elsewhere_is_given(self, github: World, deeds: Deeds) -> None:
        deeds.lists["issues"] = [by_ann(issue_node(7))]
        found = read(github)
        [fact] = found.observations
        assert (fact.metric, fact.subject, fact.key, fact.actor) == ("issues_opened", "repo:50", "1007", "ann")
        assert fact.attrs == {"number": 7, "direction": "given"}
        [subject] = {one for batch in found.batches for one in batch.subjects}
        assert (subject.name, subject.title, subject.published_at) == (
            "bob/lib",
            "A library",
            datetime(2019, 1, 1, tzinfo=UTC),
        )

    def test_that_it_was_closed_is_somebody_elses_deed(self, github: World, deeds: Deeds) -> None:
        deeds.lists["issues"] = [by_ann(issue_node(7), closedAt="2026-02-09T00:00:00Z")]
        assert {o.metric for o in read(github).observations} == {"issues_opened"}

    def test_a_pull_request_elsewhere_is_opened_and_merged(self, github: World, deeds: Deeds) -> None:
        deeds.lists["pullRequests"] = [by_ann(pull_node(8), mergedAt="2026-02-09T00:00:00Z")]
        assert [o.metric for o in read(github).observations] == ["pulls_opened", "pulls_merged"]

    def test_a_comment_knows_what_it_is_on(self, github: World, deeds: Deeds) -> None:
        on_pull = comment(6, issue={"number": 8}, pullRequest={"number": 8})
        deeds.lists["issueComments"] = [comment(5), on_pull]
        found = [(o.key, o.attrs["on"], o.attrs["number"]) for o in read(github).observations]
        assert found == [("5", "issue", 7), ("6", "pull", 8)]

    def test_a_comment_in_a_discussion_may_be_its_answer(self, github: World, deeds: Deeds) -> None:
        deeds.lists["repositoryDiscussionComments"] = [discussed(5), discussed(6, is_answer=True)]
        found = [(o.metric, o.key) for o in read(github).observations]
        assert found == [("discussion_comments", "5"), ("discussion_comments", "6"), ("answers", "9")]

    def test_every_review_of_a_pull_request_counts(self, github: World, deeds: Deeds) -> None:
        pull = reviewed(8, review(5, author=ANN), review(6, author=ANN), review(7, author=ANN, state="PENDING"))
        deeds.reviewed = [("2026-11-10T00:00:00Z", pull)]
        assert read(github).keys("pull_reviews") == ["5", "6"]

    def test_one_pull_request_reviewed_in_two_spans_counts_once(self, github: World, deeds: Deeds) -> None:
        pull = reviewed(8, review(5, author=ANN))
        deeds.reviewed = [("2026-01-10T00:00:00Z", pull), ("2026-11-10T00:00:00Z", pull)]
        found = read(github)
        assert len({(o.metric, o.subject, o.key) for o in found.observations}) == 1

    @pytest.mark.parametrize("place", [where(1, "ann/one"), where(60, "Ann/other"), where(1, "acme/watched")])
    def test_what_is_done_on_own_ground_is_left_out(self, github: World, deeds: Deeds, place: Json) -> None:
        deeds.lists["issues"] = [by_ann(issue_node(7), repository=place), by_ann(issue_node(8))]
        deeds.reviewed = [("2026-11-10T00:00:00Z", reviewed(8, review(5, author=ANN), repository=place))]
        assert [o.key for o in read(github).observations] == ["1008"]

    @pytest.mark.parametrize(
        ("node", "why"),
        [
            (by_ann(issue_node(7), createdAt=None), "issue of Ann in bob/lib: no createdAt"),
            (by_ann(issue_node(7), repository=None), "issue of Ann in None: None is not a count"),
            (
                by_ann(issue_node(7), repository={**where(), "createdAt": None}),
                "issue of Ann in bob/lib: None is not",
            ),
        ],
    )
    def test_what_cannot_be_used_is_rejected_not_fatal(
        self, github: World, deeds: Deeds, node: Json, why: str
    ) -> None:
        deeds.lists["issues"] = [node, by_ann(issue_node(8))]
        found = read(github)
        assert found.keys("issues_opened") == ["1008"]
        [told] = found.rejects
        assert told.startswith(why)


class TestAgain:
    def full(self, deeds: Deeds) -> None:
        deeds.lists = {
            "issues": [by_ann(issue_node(n, updated=f"2026-02-{n:02}T00:00:00Z")) for n in range(1, 29)],
            "pullRequests": [by_ann(pull_node(40))],
            "issueComments": [comment(50)],
            "repositoryDiscussionComments": [discussed(60)],
        }
        deeds.reviewed = [("2026-11-10T00:00:00Z", reviewed(8, review(5, author=ANN)))]

    def test_where_nothing_has_changed_only_the_signs_are_asked_for(self, github: World, deeds: Deeds) -> None:
        self.full(deeds)
        first = read(github)
        second = read(github, first.cursor)  # the month's count is known from now on
        third = read(github, second.cursor)
        assert (third.observations, third.error) == ([], None)
        assert [len(github.script.queries(name)) for name in ("Pulse", "GivenSigns")] == [1, 1]
        assert len(github.script.seen) == 2

    def test_a_new_one_is_looked_for_newest_first(self, github: World, deeds: Deeds) -> None:
        self.full(deeds)
        first = read(github)
        deeds.lists["issues"].append(by_ann(issue_node(90, updated="2026-11-24T00:00:00Z")))
        found = read(github, first.cursor)
        assert set(found.keys("issues_opened")) == {"1090", "1028"}
        [variables] = github.script.queries("GivenIssues")
        assert (variables["first_0"], variables["order_0"]["direction"]) == (20, "DESC")

    def test_many_new_ones_are_followed_to_the_known(self, github: World, deeds: Deeds) -> None:
        self.full(deeds)
        first = read(github)
        new = [by_ann(issue_node(n, updated=f"2026-11-23T00:00:{n - 100:02}Z")) for n in range(100, 150)]
        deeds.lists["issues"] += new
        found = read(github, first.cursor)
        assert {f"{1000 + n}" for n in range(100, 150)} <= set(found.keys("issues_opened"))
        assert asked(github, "GivenIssues") == 2

    def test_the_first_walk_is_by_the_oldest_change_and_can_be_resumed_at_every_page(
        self, github: World, deeds: Deeds
    ) -> None:
        self.full(deeds)
        deeds.page = 10
        github.config["concurrency"] = 1
        stream = github.streams()["given"]
        cursor: dict[str, Any] = {}
        for batch in stream.read({}):
            cursor |= batch.checkpoint or {}
            if "issues" in cursor:
                break
        assert (cursor["issues"]["whole"], cursor["issues"]["after"]) == (False, "10")
        found = read(github, cursor)
        assert len(set(found.keys("issues_opened"))) == 18

    def test_a_change_that_was_just_made_is_looked_for_again(self, github: World, deeds: Deeds) -> None:
        deeds.lists["issues"] = [by_ann(issue_node(7, updated=write(NOW)))]
        first = read(github)
        read(github, first.cursor)
        assert asked(github, "GivenIssues") == 1
        github.options["clock"] = lambda: NOW + timedelta(hours=1)
        second = read(github, first.cursor)
        read(github, second.cursor)
        assert asked(github, "GivenIssues") == 0

    def test_discussion_comments_are_read_whole_where_their_number_has_changed(
        self, github: World, deeds: Deeds
    ) -> None:
        self.full(deeds)
        first = read(github)
        deeds.lists["repositoryDiscussionComments"][0] = discussed(60, is_answer=True)
        found = read(github, first.cursor)
        assert found.keys("answers") == ["9"]

    def test_a_new_review_of_the_month_is_seen_by_its_number(self, github: World, deeds: Deeds) -> None:
        self.full(deeds)
        first = read(github)
        second = read(github, first.cursor)
        deeds.reviewed.append(("2026-11-23T00:00:00Z", reviewed(9, review(6, author=ANN))))
        found = read(github, second.cursor)
        assert "6" in found.keys("pull_reviews")

    def test_a_review_at_the_end_of_a_month_is_found_in_the_next(self, github: World, deeds: Deeds) -> None:
        self.full(deeds)
        first = read(github)
        deeds.reviewed.append(("2026-11-30T23:00:00Z", reviewed(9, review(6, author=ANN))))
        github.options["clock"] = lambda: datetime(2026, 12, 1, 6, tzinfo=UTC)
        found = read(github, first.cursor)
        assert "6" in found.keys("pull_reviews")
        assert found.cursor["reviews"]["from"] == "2026-12-01"

    def test_another_person_is_read_from_the_beginning(self, github: World, deeds: Deeds) -> None:
        self.full(deeds)
        first = read(github)
        github.config["user"] = "carol"
        found = read(github, first.cursor)
        assert len(set(found.keys("issues_opened"))) == 28

    def test_the_same_person_in_other_letters_is_the_same(self, github: World, deeds: Deeds) -> None:
        self.full(deeds)
        first = read(github)
        github.config["user"] = "aNN"
        assert read(github, first.cursor).keys("issues_opened") == []
