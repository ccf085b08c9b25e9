"""A repository as GitHub describes it, of REST and of GraphQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from github_script import NOW, pulse, sign
from github_script import repository as told_by_rest

from connectors.errors import Malformed
from connectors.github.repository import Repository, Sign, described, pulsing


def pulsed(**more: Any) -> Repository:
    return pulsing(pulse(**more), NOW, {})


def test_both_ways_tell_the_same_repository() -> None:
    by_rest, by_graphql = described(told_by_rest(stargazers_count=9), NOW), pulsed(stargazerCount=9)
    for what in (
        "id",
        "name",
        "node",
        "created_at",
        "updated_at",
        "read_at",
        "stargazers",
        "watchers",
        "subject",
        "key",
    ):
        assert getattr(by_rest, what) == getattr(by_graphql, what)


def test_its_subject_is_its_number_and_its_name_that_of_today() -> None:
    subject = pulsed(description="Tools").subject
    assert (subject.id, subject.name, subject.kind, subject.title) == ("repo:1", "ann/one", "repo", "Tools")
    assert subject.url == "https://github.com/ann/one"
    assert subject.published_at == datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_the_sign_of_a_thing_is_how_many_there_are_and_when_the_newest_changed() -> None:
    repository = pulsed(issues=sign(4, "2026-11-20T00:00:00Z"), forks=sign(2, "2026-10-01T00:00:00Z", of="createdAt"))
    assert repository.signs["issues"] == Sign(4, datetime(2026, 11, 20, tzinfo=UTC))
    assert repository.signs["forks"] == Sign(2, datetime(2026, 10, 1, tzinfo=UTC))
    assert repository.signs["pulls"] == Sign(0)


def test_a_newest_one_that_cannot_be_seen_has_no_date() -> None:
    assert pulsed(issues={"totalCount": 4, "nodes": [None]}).signs["issues"] == Sign(4)


def test_what_was_not_told_has_no_sign() -> None:
    data = pulse()
    del data["issues"]
    assert "issues" not in pulsing(data, NOW, {}).signs


@pytest.mark.parametrize(
    ("field", "thing"), [("hasIssuesEnabled", "issues"), ("hasDiscussionsEnabled", "discussions")]
)
def test_what_is_switched_off_is_not_there(field: str, thing: str) -> None:
    assert pulsed().has(thing)
    assert not pulsed(**{field: False}).has(thing)


def test_pull_requests_are_always_there() -> None:
    assert pulsed(hasIssuesEnabled=False).has("pulls")


def test_a_server_that_does_not_know_discussions_has_none() -> None:
    data = pulse()
    del data["hasDiscussionsEnabled"]
    assert not pulsing(data, NOW, {}).has("discussions")


@pytest.mark.parametrize("permission", ["ADMIN", "READ", None])
def test_what_the_tokens_owner_may_do_is_told_where_github_tells_it(permission: str | None) -> None:
    assert pulsed(viewerPermission=permission).permission == permission


def test_watchers_are_not_the_stargazers_that_rest_calls_so() -> None:
    data = told_by_rest(watchers_count=99)
    assert described(data, NOW).watchers == 3
    del data["subscribers_count"]
    assert described(data, NOW).watchers is None


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"databaseId": None}, "not a count"),
        ({"createdAt": None}, "not a date"),
        ({"updatedAt": "yesterday"}, "isoformat"),
        ({"stargazerCount": -1}, "not a count"),
        ({"watchers": None}, "subscriptable"),
        ({"issues": {"nodes": []}}, "totalCount"),
        ({"issues": {"totalCount": "4", "nodes": []}}, "not a count"),
    ],
)
def test_a_pulse_that_cannot_be_used_is_malformed_and_named(more: dict[str, Any], why: str) -> None:
    with pytest.raises(Malformed, match=why) as caught:
        pulsed(**more)
    assert caught.value.subject == "ann/one"


@pytest.mark.parametrize("more", [{"id": None}, {"created_at": None}, {"stargazers_count": "9"}, {"updated_at": 7}])
def test_a_description_that_cannot_be_used_is_malformed_and_named(more: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match="repository ann/one: unusable description"):
        described(told_by_rest(**more), NOW)


def test_one_without_a_name_is_malformed_too() -> None:
    data = told_by_rest()
    del data["full_name"]
    with pytest.raises(Malformed, match="without a name"):
        described(data, NOW)
