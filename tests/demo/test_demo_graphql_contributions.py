"""A user's reviews as contributions, which is all that GitHub tells of reviews elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from demo_asking import ask

from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.github_graphql import GraphQL
from harvester.demo.things import Account, Repo
from harvester.demo.world import World

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ASKED = """query($from: DateTime, $to: DateTime, $first: Int = 9, $after: String, $by: ContributionOrder) {
  user(login: "wren-hollow") { createdAt contributionsCollection(from: $from, to: $to) {
    startedAt endedAt contributionYears totalPullRequestReviewContributions
    pullRequestReviewContributions(first: $first, after: $after, orderBy: $by) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { occurredAt isRestricted user { login } pullRequestReview { fullDatabaseId state }
        pullRequest { number } repository { nameWithOwner } }
    } } } }"""


@pytest.fixture
def world() -> World:
    return World(NOW, Account("wren-hollow", 1, created_at=NOW - 900 * DAY), "example.org")


@pytest.fixture
def foreign(world: World) -> Repo:
    return world.create(world.new_account("tidewater", "Organization"), "driftwood", maintained=False)


@pytest.fixture
def github(world: World, sdl: str) -> GitHub:
    return GitHub(world, graphql=GraphQL(world, sdl=sdl))


def told(github: GitHub, **variables: Any) -> Any:
    answer = ask(github, ASKED, **{"by": {"direction": "DESC"}, **variables})
    assert "errors" not in answer
    return answer["data"]["user"]["contributionsCollection"]


def test_a_review_is_told_with_its_pull_request_and_repository(world: World, github: GitHub, foreign: Repo) -> None:
    pull = world.open_pull(foreign, None, at=NOW - 3 * DAY)
    review = world.review(pull, world.person, "APPROVED", NOW - DAY)
    collection = told(github)
    assert collection["pullRequestReviewContributions"]["nodes"] == [
        {
            "occurredAt": "2026-11-19T12:00:00Z",
            "isRestricted": False,
            "user": {"login": "wren-hollow"},
            "pullRequestReview": {"fullDatabaseId": str(review.id), "state": "APPROVED"},
            "pullRequest": {"number": pull.number},
            "repository": {"nameWithOwner": "tidewater/driftwood"},
        }
    ]
    assert collection["totalPullRequestReviewContributions"] == 1
    assert (collection["startedAt"], collection["endedAt"]) == ("2025-11-20T12:00:00Z", "2026-11-20T12:00:00Z")
    assert ask(github, ASKED, by={"direction": "ASC"})["data"]["user"]["createdAt"] == "2024-06-03T12:00:00Z"


def test_only_the_newest_submitted_review_of_a_pull_request_is_told(
    world: World, github: GitHub, foreign: Repo
) -> None:
    pull = world.open_pull(foreign, None, at=NOW - 9 * DAY)
    for state, ago in (("COMMENTED", 5), ("APPROVED", 3)):
        newest = world.review(pull, world.person, state, NOW - ago * DAY)  # type: ignore[arg-type]
    world.review(pull, world.person, "PENDING", NOW - DAY)
    world.review(pull, None, "APPROVED", NOW - DAY)
    nodes = told(github)["pullRequestReviewContributions"]["nodes"]
    assert [node["pullRequestReview"]["fullDatabaseId"] for node in nodes] == [str(newest.id)]
    before = told(github, **{"from": (NOW - 9 * DAY).isoformat(), "to": (NOW - 4 * DAY).isoformat()})
    assert before["pullRequestReviewContributions"]["nodes"] == []


def test_contributions_page_from_the_newest_on_or_the_other_way(world: World, github: GitHub, foreign: Repo) -> None:
    for ago in (1, 2, 3):
        world.review(world.open_pull(foreign, None, at=NOW - 9 * DAY), world.person, "APPROVED", NOW - ago * DAY)
    first = told(github, first=2)["pullRequestReviewContributions"]
    second = told(github, first=2, after=first["pageInfo"]["endCursor"])["pullRequestReviewContributions"]
    assert [node["occurredAt"][8:10] for node in first["nodes"] + second["nodes"]] == ["19", "18", "17"]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (
        3,
        True,
        False,
    )
    up = told(github, by={"direction": "ASC"})["pullRequestReviewContributions"]["nodes"]
    assert [node["occurredAt"][8:10] for node in up] == ["17", "18", "19"]


def test_years_are_told_whatever_the_span_and_only_where_something_was_done(
    world: World, github: GitHub, foreign: Repo
) -> None:
    world.open_issue(foreign, world.person, at=datetime(2019, 5, 1, tzinfo=UTC))
    world.open_issue(foreign, world.person, at=datetime(2023, 5, 1, tzinfo=UTC))
    world.review(world.open_pull(foreign, None), world.person)
    assert told(github)["contributionYears"] == [2026, 2023, 2019]


@pytest.mark.parametrize(
    ("start", "end", "is_fine"),
    [
        ("2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z", True),
        ("2025-01-01T00:00:00Z", "2026-01-01T00:00:01Z", False),
        ("2024-02-29T00:00:00Z", "2025-03-01T00:00:00Z", True),
        ("2024-02-29T00:00:00Z", "2025-03-02T00:00:00Z", False),
        ("2020-01-01T00:00:00Z", None, True),
        (None, "2020-01-01T00:00:00Z", True),
    ],
)
def test_a_span_of_more_than_a_year_is_refused(
    github: GitHub, start: str | None, end: str | None, is_fine: bool
) -> None:
    answer = ask(github, ASKED, by={"direction": "DESC"}, **{"from": start, "to": end})
    if is_fine:
        assert answer["data"]["user"]["contributionsCollection"]["totalPullRequestReviewContributions"] == 0
    else:
        assert answer["data"] == {"user": None}
        assert answer["errors"][0]["message"] == "The total time spanned by 'from' and 'to' must not exceed 1 year"


def test_a_long_span_is_beyond_the_appetite_and_a_short_one_is_not(world: World, foreign: Repo) -> None:
    github = GitHub(world, graphql=GraphQL(world, appetite=200))
    query = """query($from: DateTime) { user(login: "wren-hollow") {
        contributionsCollection(from: $from) { totalPullRequestReviewContributions } } }"""
    long = ask(github, query, **{"from": (NOW - 300 * DAY).isoformat()})
    short = ask(github, query, **{"from": (NOW - 90 * DAY).isoformat()})
    assert long["data"] == {"user": None}
    assert [(e["type"], e["path"][-1]) for e in long["errors"]] == [
        ("RESOURCE_LIMITS_EXCEEDED", "totalPullRequestReviewContributions")
    ]
    assert "errors" not in short


def test_reviews_in_what_may_not_be_seen_are_passed_over(world: World) -> None:
    repo = world.create(world.person, "secret")
    world.review(world.open_pull(repo, None, at=NOW - DAY), world.person, at=NOW - DAY)
    world.restrict(repo, "private")
    github = GitHub(world, tokens={"demo": Token("amber-badger"), "own": Token("wren-hollow")})
    assert told(github)["totalPullRequestReviewContributions"] == 0
    assert told(github, token="own")["totalPullRequestReviewContributions"] == 1
