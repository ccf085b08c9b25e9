"""Pull requests and reviews over GraphQL, and pull requests without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import graphql
import pytest
from github_script import World

from connectors.errors import Gone, Malformed, NotPermitted, Unavailable
from connectors.github import queries
from harvester.demo.exchange import Answer, Request, as_json

PULLS = "/repos/ann/one/pulls"


def review(number: int, **more: Any) -> dict[str, Any]:
    author = {"__typename": "User", "login": "bob"}
    submitted = {"submittedAt": "2026-03-01T00:00:00Z", "state": "APPROVED"}
    return {"fullDatabaseId": str(number), "author": author, **submitted, **more}


def reviews(*nodes: Any, after: str | None = None) -> dict[str, Any]:
    return {"pageInfo": {"hasNextPage": after is not None, "endCursor": after}, "nodes": list(nodes)}


def pull(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"PR_{number}",
        "number": number,
        "createdAt": "2026-02-01T00:00:00Z",
        "updatedAt": f"2026-03-01T00:00:{number:02}Z",
        "mergedAt": None,
        "author": {"__typename": "User", "login": "bob"},
        "reviews": reviews(),
        **more,
    }


class Pulls:
    """Answers the query for pull requests, newest change first, and counts the pages asked for."""

    def __init__(self, *pulls: dict[str, Any], identity: int = 1, most: int = 100) -> None:
        self.pulls = sorted(pulls, key=lambda p: str(p["updatedAt"]), reverse=True)
        self.identity = identity
        self.most = most
        self.sizes: list[int] = []

    def __call__(self, request: Request) -> Answer:
        asked = json.loads(request.body)
        first, after = asked["variables"]["first"], int(asked["variables"]["after"] or 0)
        self.sizes.append(first)
        if first > self.most:
            return Answer(502, {"Content-Type": "text/html"}, b"<html>")
        nodes, end = self.pulls[after : after + first], after + first
        page = {"hasNextPage": end < len(self.pulls), "endCursor": str(end)}
        found = {"databaseId": self.identity, "pullRequests": {"pageInfo": page, "nodes": nodes}}
        return as_json({"data": {"rateLimit": {"cost": 1}, "repository": found}})


@pytest.fixture(scope="module")
def schema(shared_data: Path) -> graphql.GraphQLSchema:
    text = (shared_data / "github_graphql" / "schema.graphql").read_text()
    return graphql.build_schema(text, assume_valid=True)  # it declares two fields twice


@pytest.mark.parametrize("name", ["PULLS", "REVIEWED", "MORE_REVIEWS"])
def test_every_query_is_valid_on_the_published_schema(schema: graphql.GraphQLSchema, name: str) -> None:
    document = graphql.parse(getattr(queries, name))
    assert graphql.validate(schema, document) == []


class TestPulls:
    def test_opened_and_merged_are_told_by_number(self, github: World) -> None:
        github.script.said["/graphql"] = Pulls(pull(1), pull(2, mergedAt="2026-02-09T00:00:00Z"))
        found = github.read("pulls")
        assert (found.keys("pulls_opened"), found.keys("pulls_merged")) == (["1", "2"], ["2"])
        assert found.cursor["1"] == {"updated": "2026-03-01T00:00:02Z"}
        assert github.meter.points == 1

    def test_a_later_read_asks_for_one_page_and_keeps_what_is_new(self, github: World) -> None:
        github.script.said["/graphql"] = asked = Pulls(
            *(pull(n, updatedAt=f"2026-01-{n:02}T00:00:00Z") for n in range(1, 29))
        )
        asked.most = 10
        first = github.read("pulls")
        assert len(first.keys("pulls_opened")) == 28
        asked.most, asked.sizes = 100, []
        second = github.read("pulls", first.cursor)
        assert (second.keys("pulls_opened"), asked.sizes) == (["28"], [100])

    def test_a_name_that_went_to_another_repository_is_not_read(self, github: World) -> None:
        github.script.said["/graphql"] = Pulls(pull(1), identity=2)
        found = github.read("pulls")
        assert isinstance(found.error, Unavailable)
        assert found.observations == []

    def test_without_a_token_they_are_read_by_rest(self, github: World) -> None:
        github.token = None
        item = {
            "number": 1,
            "created_at": "2026-02-01T00:00:00Z",
            "updated_at": "2026-02-02T00:00:00Z",
            "merged_at": "2026-02-02T00:00:00Z",
            "user": None,
        }
        github.script.said[PULLS] = as_json([item])
        found = github.read("pulls")
        assert (found.keys("pulls_opened"), found.keys("pulls_merged")) == (["1"], ["1"])
        assert github.script.paths("pulls?") == [f"{PULLS}?direction=desc&per_page=100&sort=updated&state=all"]
        assert not github.script.paths("graphql")


class TestReviews:
    def test_reviews_in_any_state_but_pending_are_told(self, github: World) -> None:
        states = ("APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING")
        nodes = [review(n, state=state) for n, state in enumerate(states, 1)]
        nodes[4]["submittedAt"] = None
        github.script.said["/graphql"] = Pulls(pull(1, reviews=reviews(*nodes)))
        found = github.read("pull_reviews")
        assert found.keys("pull_reviews") == ["1", "2", "3", "4"]
        assert {o.attrs["state"] for o in found.observations} == {s.lower() for s in states} - {"pending"}
        assert found.rejects == []

    def test_a_review_without_a_date_is_rejected_and_its_neighbours_are_kept(self, github: World) -> None:
        nodes = [review(1), review(2, submittedAt=None), review(3)]
        github.script.said["/graphql"] = Pulls(pull(1, reviews=reviews(*nodes)))
        found = github.read("pull_reviews")
        assert found.keys("pull_reviews") == ["1", "3"]
        assert found.rejects == ["pull request reviews 2 of ann/one: no submitted_at"]

    def test_reviews_that_did_not_fit_are_asked_for(self, github: World) -> None:
        listing = Pulls(pull(1, reviews=reviews(review(1), after="x")), pull(2, reviews=reviews(review(3))))

        def answer(request: Request) -> Answer:
            asked = json.loads(request.body)
            if "MoreReviews" not in asked["query"]:
                return listing(request)
            assert asked["variables"] == {"id": "PR_1", "after": "x"}
            return as_json({"data": {"rateLimit": {"cost": 1}, "node": {"reviews": reviews(review(2))}}})

        github.script.said["/graphql"] = answer
        assert github.read("pull_reviews").keys("pull_reviews") == ["1", "2", "3"]
        assert github.meter.points == 2

    def test_half_of_the_reviews_is_no_checkpoint(self, github: World) -> None:
        listing = Pulls(pull(1, reviews=reviews(review(1), after="x")))

        def answer(request: Request) -> Answer:
            more = "MoreReviews" in json.loads(request.body)["query"]
            return Answer(200, {}, b"{", wire="truncated") if more else listing(request)

        github.script.said["/graphql"] = answer
        found = github.read("pull_reviews")
        assert isinstance(found.error, Unavailable)
        assert found.cursor == {}

    def test_without_a_token_they_are_not_permitted_and_not_asked_for(self, github: World) -> None:
        github.token = None
        found = github.read("pull_reviews")
        assert isinstance(found.error, NotPermitted)
        assert (found.error.subject, found.error.remedy) == (None, "set token")
        assert not github.script.paths("graphql")


class TestTooMuch:
    def test_a_page_that_takes_too_long_is_asked_for_in_smaller_ones(self, github: World) -> None:
        asked = Pulls(*(pull(n) for n in range(1, 40)), most=12)
        github.script.said["/graphql"] = asked
        found = github.read("pulls")
        assert len(found.keys("pulls_opened")) == 39
        assert asked.sizes == [100, 50, 25, 12, 12, 12, 12]

    def test_an_outage_is_not_asked_for_ever(self, github: World) -> None:
        github.script.said["/graphql"] = asked = Pulls(pull(1), most=0)
        found = github.read("pulls")
        assert isinstance(found.error, Unavailable)
        assert (asked.sizes, found.cursor) == ([100, 50, 25, 12, 6], {})

    def test_an_error_beside_the_data_is_no_complete_page(self, github: World) -> None:
        listing = Pulls(*(pull(n) for n in range(1, 30)))

        def answer(request: Request) -> Answer:
            whole = listing(request)
            if json.loads(request.body)["variables"]["first"] <= 25:
                return whole
            data = json.loads(whole.body)["data"]
            data["repository"]["pullRequests"]["nodes"][3] = None
            return as_json({"data": data, "errors": [{"message": "Something went wrong (timeout)"}]})

        github.script.said["/graphql"] = answer
        assert len(github.read("pulls").keys("pulls_opened")) == 29

    def test_a_missing_right_is_not_asked_for_again(self, github: World) -> None:
        error = {"type": "FORBIDDEN", "path": ["repository", "pullRequests"]}
        github.script.said["/graphql"] = as_json({"data": {"repository": None}, "errors": [error]})
        found = github.read("pulls")
        assert isinstance(found.error, NotPermitted)
        assert "Pull requests: read" in found.error.what
        assert len(github.script.paths("graphql")) == 1

    def test_a_repository_that_graphql_does_not_find_is_gone(self, github: World) -> None:
        error = {"type": "NOT_FOUND", "path": ["repository"]}
        github.script.said["/graphql"] = as_json({"data": {"repository": None}, "errors": [error]})
        assert isinstance(github.read("pulls").error, Gone)


@pytest.mark.parametrize(
    "found",
    [
        None,
        {"databaseId": 1},
        {"databaseId": 1, "pullRequests": None},
        {"databaseId": 1, "pullRequests": {"nodes": []}},
        {"databaseId": 1, "pullRequests": {"nodes": None, "pageInfo": {"hasNextPage": False, "endCursor": None}}},
    ],
)
def test_a_graphql_answer_of_another_shape_is_malformed(github: World, found: Any) -> None:
    github.script.said["/graphql"] = as_json({"data": {"repository": found}})
    assert isinstance(github.read("pulls").error, Malformed)
