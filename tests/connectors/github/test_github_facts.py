"""GitHub's objects as observations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from github_script import NOW
from github_things import answer_of, comment, discussion_node, issue, issue_node, review, said

from connectors.base import Observation
from connectors.github.facts import People, Reader, count_of, identity, instant, thread_of

PEOPLE = People.of("Ann", ["CI-Robot", "helper[bot]"])
READER = Reader("repo:1", PEOPLE, NOW)


def commented(item: Any) -> Observation:
    [fact] = READER.issue_comment(item, 7, "issue")
    return fact


def by_metric(facts: Any) -> dict[str, Observation]:
    return {fact.metric: fact for fact in facts}


def test_an_open_issue_is_opened_and_nothing_else() -> None:
    [fact] = READER.issue(issue(7))
    assert (fact.metric, fact.subject, fact.key, fact.value) == ("issues_opened", "repo:1", "1007", 1)
    assert fact.occurred_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert (fact.actor, fact.attrs) == ("bob", {"number": 7, "direction": "received"})


def test_a_closed_issue_is_closed_by_whoever_closed_it() -> None:
    item = issue(7, closed_at="2026-02-03T04:05:06Z", closed_by={"login": "ann", "type": "User"})
    closed = by_metric(READER.issue(item))["issues_closed"]
    assert closed.occurred_at == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert (closed.actor, closed.attrs["direction"]) == ("ann", "self")


def test_a_reopened_issue_takes_its_closing_back_and_later_edits_change_nothing() -> None:
    once = by_metric(READER.issue(issue(7, state_reason="reopened")))["issues_closed"]
    again = by_metric(READER.issue(issue(7, "2026-09-09T00:00:00Z", state_reason="reopened")))["issues_closed"]
    assert (once.value, once.key) == (0, "1007")
    assert once == again


def test_a_pull_request_in_the_issues_list_is_no_issue() -> None:
    assert list(READER.issue(issue(7, pull_request={"url": "https://api.github.com/x"}))) == []


@pytest.mark.parametrize("said", [None, {}, {"url": None, "html_url": None}])
def test_an_issue_that_says_with_nulls_that_it_is_no_pull_request_is_an_issue(said: Any) -> None:
    assert by_metric(READER.issue(issue(7, pull_request=said))).keys() == {"issues_opened"}


def test_rest_and_graphql_tell_the_same_issue() -> None:
    rest = issue(7, closed_at="2026-02-03T04:05:06Z", state_reason="completed")
    graphql = issue_node(7, closedAt="2026-02-03T04:05:06Z", stateReason="COMPLETED")
    assert list(READER.issue(rest)) == list(READER.issue(graphql))
    reopened = by_metric(READER.issue(issue_node(7, stateReason="REOPENED")))["issues_closed"]
    assert reopened == by_metric(READER.issue(issue(7, state_reason="reopened")))["issues_closed"]


def test_rest_and_graphql_tell_the_same_pull_request() -> None:
    rest = {
        "id": 99,
        "number": 7,
        "created_at": "2026-02-01T00:00:00Z",
        "merged_at": "2026-02-02T00:00:00Z",
        "user": {"login": "dependabot[bot]", "type": "Bot"},
    }
    graphql = {
        "number": 7,
        "createdAt": "2026-02-01T00:00:00Z",
        "mergedAt": "2026-02-02T00:00:00Z",
        "author": {"__typename": "Bot", "login": "dependabot"},
    }
    assert list(READER.pull(rest)) == list(READER.pull(graphql))
    opened, merged = READER.pull(graphql)
    assert (opened.key, merged.key, merged.actor) == ("7", "7", "dependabot[bot]")
    assert merged.attrs == {"number": 7, "direction": "received", "bot": True}


def test_rest_and_graphql_tell_the_same_review() -> None:
    rest = {
        "id": 5,
        "state": "APPROVED",
        "submitted_at": "2026-03-01T00:00:00Z",
        "user": {"login": "bob", "type": "User"},
    }
    [fact] = READER.review(rest, 7)
    assert [fact] == list(READER.review(review(5), 7))
    assert (fact.key, fact.attrs) == ("5", {"state": "approved", "number": 7, "direction": "received"})


@pytest.mark.parametrize("state", ["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED"])
def test_a_review_in_any_state_is_a_fact(state: str) -> None:
    [fact] = READER.review(review(5, state=state), 7)
    assert fact.attrs["state"] == state.lower()


def test_a_pending_review_is_not_a_fact() -> None:
    assert list(READER.review({"id": 5, "state": "PENDING", "user": None}, 7)) == []


def test_a_submitted_review_without_a_date_is_refused() -> None:
    with pytest.raises(ValueError, match="no submittedAt"):
        list(READER.review({"id": 5, "state": "APPROVED", "user": None}, 7))


@pytest.mark.parametrize("on", ["issue", "pull"])
def test_a_comment_knows_its_conversation(on: str) -> None:
    [fact] = READER.issue_comment(comment(5), 7, on)
    assert (fact.metric, fact.key) == ("issue_comments", "5")
    assert fact.attrs == {"number": 7, "on": on, "direction": "received"}


def test_rest_and_graphql_tell_the_same_comment() -> None:
    rest = comment(5, created_at="2026-02-02T00:00:00Z")
    assert commented(rest) == commented(said(5))
    assert list(READER.review_comment(rest, 7)) == list(READER.review_comment(said(5), 7))


def test_a_comment_on_a_line_is_one_unless_it_is_pending() -> None:
    [fact] = READER.review_comment(said(5), 7)
    assert (fact.metric, fact.attrs) == ("review_comments", {"number": 7, "direction": "received"})
    assert list(READER.review_comment(said(5, state="PENDING"), 7)) == []


class TestDiscussions:
    def test_an_open_one_is_opened_and_nothing_else(self) -> None:
        [fact] = READER.discussion(discussion_node(7))
        assert (fact.metric, fact.key, fact.actor) == ("discussions_opened", "7", "bob")

    def test_the_answer_is_whose_comment_was_chosen_when_it_was(self) -> None:
        chosen = {"id": "DC_5", "author": {"__typename": "User", "login": "ann"}}
        answered = discussion_node(7, answer=chosen, answerChosenAt="2026-02-09T00:00:00Z")
        fact = by_metric(READER.discussion(answered))["answers"]
        assert (fact.key, fact.actor, fact.attrs) == ("7", "ann", {"number": 7, "direction": "self"})
        assert fact.occurred_at == datetime(2026, 2, 9, tzinfo=UTC)

    @pytest.mark.parametrize(
        "more", [{"answer": None, "answerChosenAt": "2026-02-09T00:00:00Z"}, {"answer": {"id": "x"}}]
    )
    def test_without_both_there_is_no_answer(self, more: dict[str, Any]) -> None:
        assert by_metric(READER.discussion(discussion_node(7, **more))).keys() == {"discussions_opened"}

    def test_a_comment_is_keyed_by_its_number(self) -> None:
        [fact] = READER.discussion_comment(answer_of(5), 7)
        assert (fact.metric, fact.key, fact.attrs["number"]) == ("discussion_comments", "5", 7)

    def test_a_deleted_comment_whose_replies_stay_is_none(self) -> None:
        assert list(READER.discussion_comment(answer_of(5, deletedAt="2026-02-09T00:00:00Z"), 7)) == []


def test_a_fork_is_its_owners() -> None:
    rest = {"id": 5, "created_at": "2026-02-01T00:00:00Z", "owner": {"login": "bob", "type": "User"}}
    graphql = {
        "databaseId": 5,
        "createdAt": "2026-02-01T00:00:00Z",
        "owner": {"__typename": "User", "login": "bob"},
    }
    [fact] = READER.fork(rest)
    assert [fact] == list(READER.fork(graphql))
    assert (fact.metric, fact.key, fact.actor) == ("forks", "5", "bob")


@pytest.mark.parametrize("account", [None, {}, {"login": None}, {"login": "ghost", "type": "User"}, "bob"])
def test_a_deleted_account_is_nobody(account: Any) -> None:
    fact = commented(comment(5, user=account))
    assert (fact.actor, fact.attrs) == (None, {"number": 7, "on": "issue", "direction": "received"})


@pytest.mark.parametrize(
    ("login", "kind", "is_bot"),
    [
        ("dependabot[bot]", "Bot", True),
        ("odd[bot]", "User", True),
        ("ci-robot", "User", True),
        ("helper", "User", True),
        ("bob", "User", False),
        ("bobbot", "User", False),
    ],
)
def test_bots_are_known_by_type_suffix_or_configuration(login: str, kind: str, is_bot: bool) -> None:
    fact = commented(comment(5, user={"login": login, "type": kind}))
    assert fact.attrs.get("bot", False) is is_bot
    assert fact.actor == login


def test_the_person_is_known_whatever_the_case_of_the_login() -> None:
    fact = commented(comment(5, user={"login": "aNN", "type": "User"}))
    assert (fact.actor, fact.attrs["direction"]) == ("aNN", "self")


def test_without_a_configured_person_everything_is_received() -> None:
    _, attrs = People.of(None, []).attribute({"login": "ann", "type": "User"})
    assert attrs == {"direction": "received"}


def test_elsewhere_the_persons_own_acts_are_given() -> None:
    people = People.of("ann", [], own="given")
    assert people.attribute({"__typename": "User", "login": "Ann"}) == ("Ann", {"direction": "given"})


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (comment(5, created_at=None), "no createdAt"),
        (comment(5, created_at="yesterday"), "isoformat"),
        (comment(5, created_at="2026-02-01T00:00:00"), "no time zone"),
        (comment(5, created_at="1767-02-01T00:00:00Z"), "1767"),
        (comment(5, created_at="2099-02-01T00:00:00Z"), "2099"),
        (comment(5, created_at=1767225600), "not a date"),
        (comment(5, id=None), "no id"),
        (comment(5, id=True), "no id"),
        (comment(5, id=""), "no id"),
        ("not an object", "not an object"),
        (None, "not an object"),
    ],
)
def test_a_comment_that_cannot_be_used_says_why(item: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        commented(item)


@pytest.mark.parametrize("read", [READER.issue, READER.pull, READER.discussion, READER.fork])
@pytest.mark.parametrize("item", [None, 7, [], {}, {"number": 7}, {"id": 7, "number": 7, "createdAt": {}}])
def test_whatever_comes_is_a_fact_or_refused(read: Any, item: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(read(item))


def test_issues_that_moved_in_keep_dates_from_before_github() -> None:
    assert commented(comment(5, created_at="1998-02-01T00:00:00Z")).occurred_at.year == 1998


class TestParts:
    def test_a_date_is_in_utc_whatever_its_zone(self) -> None:
        assert instant("2026-02-01T02:00:00+02:00") == datetime(2026, 2, 1, tzinfo=UTC)

    @pytest.mark.parametrize("value", [-1, 1.5, "3", None, True])
    def test_a_count_is_a_whole_number(self, value: Any) -> None:
        with pytest.raises(ValueError, match="not a count"):
            count_of(value)

    def test_the_first_id_that_is_told_counts(self) -> None:
        assert identity({"fullDatabaseId": None, "id": 5}, "fullDatabaseId", "id") == "5"

    @pytest.mark.parametrize("url", ["https://api.github.com/repos/ann/one/issues/7", "/pulls/7"])
    def test_the_number_of_a_conversation_stands_at_the_end_of_its_address(self, url: str) -> None:
        assert thread_of({"issue_url": url}, "issue_url") == 7

    @pytest.mark.parametrize("url", [None, "", "https://api.github.com/repos/ann/one/issues/x", {}])
    def test_an_address_without_one_is_refused(self, url: Any) -> None:
        with pytest.raises(ValueError, match="no issue_url"):
            thread_of({"issue_url": url}, "issue_url")
