"""GitHub's objects as observations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from github_script import NOW, comment, issue

from connectors.base import Observation
from connectors.github.facts import People, Reader

PEOPLE = People.of("Ann", ["CI-Robot", "helper[bot]"])
READER = Reader("repo:1", "ann/one", PEOPLE, NOW)


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
        "submitted_at": "2026-02-01T00:00:00Z",
        "user": {"login": "bob", "type": "User"},
        "pull_request_url": "https://api.github.com/repos/ann/one/pulls/7",
    }
    graphql = {
        "fullDatabaseId": "5",
        "state": "APPROVED",
        "submittedAt": "2026-02-01T00:00:00Z",
        "author": {"__typename": "User", "login": "bob"},
        "number": 7,
    }
    [fact] = READER.review(rest)
    assert [fact] == list(READER.review(graphql))
    assert (fact.key, fact.attrs) == ("5", {"state": "approved", "number": 7, "direction": "received"})


def test_a_pending_review_is_not_a_fact() -> None:
    assert list(READER.review({"id": 5, "state": "PENDING", "user": None, "number": 7})) == []


def test_a_submitted_review_without_a_date_is_refused() -> None:
    with pytest.raises(ValueError, match="no submitted_at"):
        list(READER.review({"id": 5, "state": "APPROVED", "user": None, "number": 7}))


def test_a_comment_knows_its_conversation() -> None:
    [fact] = READER.issue_comment(comment(5))
    assert (fact.metric, fact.key, fact.attrs) == ("issue_comments", "5", {"number": 7, "direction": "received"})
    [fact] = READER.review_comment(comment(5))
    assert (fact.metric, fact.attrs["number"]) == ("review_comments", 7)


@pytest.mark.parametrize("account", [None, {}, {"login": None}, {"login": "ghost", "type": "User"}, "bob"])
def test_a_deleted_account_is_nobody(account: Any) -> None:
    [fact] = READER.issue_comment(comment(5, user=account))
    assert (fact.actor, fact.attrs) == (None, {"number": 7, "direction": "received"})


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
    [fact] = READER.issue_comment(comment(5, user={"login": login, "type": kind}))
    assert fact.attrs.get("bot", False) is is_bot
    assert fact.actor == login


def test_the_person_is_known_whatever_the_case_of_the_login() -> None:
    [fact] = READER.issue_comment(comment(5, user={"login": "aNN", "type": "User"}))
    assert (fact.actor, fact.attrs["direction"]) == ("aNN", "self")


def test_without_a_configured_person_everything_is_received() -> None:
    _, attrs = People.of(None, []).attribute({"login": "ann", "type": "User"})
    assert attrs == {"direction": "received"}


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (comment(5, created_at=None), "no created_at"),
        (comment(5, created_at="yesterday"), "isoformat"),
        (comment(5, created_at="2026-02-01T00:00:00"), "no time zone"),
        (comment(5, created_at="1767-02-01T00:00:00Z"), "1767"),
        (comment(5, created_at="2099-02-01T00:00:00Z"), "2099"),
        (comment(5, created_at=1767225600), "not a date"),
        (comment(5, id=None), "no id"),
        (comment(5, id=True), "no id"),
        ("not an object", "not an object"),
        (None, "not an object"),
    ],
)
def test_a_comment_that_cannot_be_used_says_why(item: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        list(READER.issue_comment(item))


def test_a_reject_names_the_record_and_its_repository() -> None:
    reject = READER.reject("issue comments", {"id": 5}, ValueError("no created_at"))
    assert (reject.what, reject.why) == ("issue comments 5 of ann/one", "no created_at")
    assert READER.reject("issues", None, ValueError("x")).what == "issues without id of ann/one"
