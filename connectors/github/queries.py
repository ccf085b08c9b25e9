"""What is asked of GitHub's GraphQL API: pull requests, and the reviews in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.errors import Malformed, Unavailable
from connectors.github.client import Client, Json, Reply
from connectors.github.failures import Errand, TooMuch
from connectors.github.survey import Repository

PULLS = """
query Pulls($owner: String!, $name: String!, $first: Int!, $after: String) {
  rateLimit { cost }
  repository(owner: $owner, name: $name) {
    databaseId
    pullRequests(first: $first, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) {
      pageInfo { hasNextPage endCursor }
      nodes { number createdAt updatedAt mergedAt author { __typename login } }
    }
  }
}
"""

REVIEWED = """
query Reviewed($owner: String!, $name: String!, $first: Int!, $after: String) {
  rateLimit { cost }
  repository(owner: $owner, name: $name) {
    databaseId
    pullRequests(first: $first, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) {
      pageInfo { hasNextPage endCursor }
      nodes {
        id
        number
        updatedAt
        reviews(first: 50) {
          pageInfo { hasNextPage endCursor }
          nodes { fullDatabaseId state submittedAt author { __typename login } }
        }
      }
    }
  }
}
"""

MORE_REVIEWS = """
query MoreReviews($id: ID!, $after: String!) {
  rateLimit { cost }
  node(id: $id) {
    ... on PullRequest {
      reviews(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { fullDatabaseId state submittedAt author { __typename login } }
      }
    }
  }
}
"""

# A page of 100 with 50 reviews each is one point and 5,100 nodes of the 500,000 allowed. GitHub gives up after
# ten seconds whatever the question: then it is asked for fewer at a time.
PAGE = 100
SMALLEST_PAGE = 6


def pull_pages(
    client: Client, errand: Errand, repository: Repository, query: str
) -> Iterator[tuple[list[Json], bool]]:
    """Pull requests by descending change, a page at a time, each with whether it is the last one."""
    owner, _, name = repository.name.partition("/")
    after: str | None = None
    first = PAGE
    while True:
        variables = {"owner": owner, "name": name, "first": first, "after": after}
        try:
            reply = client.graphql(errand, query, variables)
            if reply.failure is not None:
                raise reply.failure
        except TooMuch:
            first //= 2
            if first < SMALLEST_PAGE:
                raise
            continue
        found = _same(errand, repository, reply)
        nodes, after = _connection(errand, found.get("pullRequests"))
        yield nodes, after is None
        if after is None:
            return


def reviews_of(client: Client, errand: Errand, pull: Json) -> Iterator[Any]:
    """The reviews of a pull request that REVIEWED answered with, asking for those that did not fit."""
    nodes, after = _connection(errand, pull.get("reviews"))
    yield from nodes
    while after is not None:
        reply = client.graphql(errand, MORE_REVIEWS, {"id": pull.get("id"), "after": after})
        if reply.failure is not None:
            raise reply.failure
        node = reply.data.get("node")
        nodes, after = _connection(errand, node.get("reviews") if isinstance(node, dict) else None)
        yield from nodes


def _same(errand: Errand, repository: Repository, reply: Reply) -> Json:
    found = reply.data.get("repository")
    if not isinstance(found, dict):
        raise Malformed(f"{errand.whole}: a GraphQL answer without repository", subject=errand.subject)
    if found.get("databaseId") != repository.id:
        raise Unavailable(
            f"{errand.whole}: the name went to another repository meanwhile",
            remedy="tried again later",
            subject=errand.subject,
        )
    return found


def _connection(errand: Errand, said: Any) -> tuple[list[Json], str | None]:
    try:
        nodes = [node for node in said["nodes"] if isinstance(node, dict)]
        info = said["pageInfo"]
        return nodes, str(info["endCursor"]) if info["hasNextPage"] else None
    except (KeyError, TypeError) as error:
        raise Malformed(f"{errand.whole}: a GraphQL list without its pages", subject=errand.subject) from error
