"""Conversations in GraphQL: comments, reviews and their threads, discussions; a user's own doings everywhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from demo_asking import ask, get

from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.github_graphql import GraphQL
from harvester.demo.github_json import node_id
from harvester.demo.things import Repo, Thread
from harvester.demo.world import World

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOKENS = {"demo": Token("wren-hollow"), "other": Token("amber-badger")}


@pytest.fixture
def world(bare_world: World) -> World:
    """Nothing has happened yet."""
    return bare_world


@pytest.fixture
def repo(world: World) -> Repo:
    repo = world.create(world.person, "fresh", at=NOON - 9 * HOUR)
    world.enable_discussions(repo)
    return repo


@pytest.fixture
def foreign(world: World) -> Repo:
    repo = next(repo for repo in world.repos if not repo.maintained)
    world.enable_discussions(repo)
    return repo


@pytest.fixture
def pull(world: World, repo: Repo) -> Thread:
    return world.open_pull(repo, None, at=NOON)


@pytest.fixture
def github(world: World, sdl: str) -> GitHub:
    return GitHub(world, tokens=TOKENS, graphql=GraphQL(world, sdl=sdl))


def data(github: GitHub, query: str, token: str = "demo", **variables: Any) -> Any:
    """The data, where nothing fails; a repository's, a user's, or whatever stands alone at the top, by itself."""
    answer = ask(github, query, token=token, **variables)
    assert "errors" not in answer, answer["errors"]
    return next(iter(answer["data"].values()))


FRESH = 'repository(owner: "wren-hollow", name: "fresh")'
PERSON = 'user(login: "wren-hollow")'


def test_a_comment_knows_what_it_stands_on_and_both_apis_agree(
    world: World, github: GitHub, repo: Repo, pull: Thread
) -> None:
    issue = world.open_issue(repo, None)
    for thread in (issue, pull):
        world.comment(thread, world.person)
    query = f"""{{ {PERSON} {{ issueComments(first: 9) {{ nodes {{ fullDatabaseId url repository {{ name }}
        issue {{ number state url }} pullRequest {{ number }} }} }} }} }}"""
    told = data(github, query)["issueComments"]["nodes"]
    assert [(c["issue"]["number"], c["pullRequest"]) for c in told] == [
        (issue.number, None),
        (pull.number, {"number": pull.number}),
    ]
    assert {c["repository"]["name"] for c in told} == {"fresh"}
    said = json.loads(get(github, "/repos/wren-hollow/fresh/issues/comments").body)
    assert [(c["fullDatabaseId"], c["url"]) for c in told] == [(str(c["id"]), c["html_url"]) for c in said]
    assert [url.split("#")[0] for url in (c["html_url"] for c in said)] == [
        f"https://github.com/wren-hollow/fresh/issues/{issue.number}",
        f"https://github.com/wren-hollow/fresh/pull/{pull.number}",
    ]


def test_a_merged_pull_request_is_a_closed_issue_to_its_comments(world: World, github: GitHub, pull: Thread) -> None:
    world.comment(pull, world.person)
    world.close(pull, merged_by=world.person)
    fields = "issue { state stateReason } pullRequest { state }"
    query = f"{{ {PERSON} {{ issueComments(first: 1) {{ nodes {{ {fields} }} }} }} }}"
    assert data(github, query)["issueComments"]["nodes"] == [
        {"issue": {"state": "CLOSED", "stateReason": None}, "pullRequest": {"state": "MERGED"}}
    ]


def test_comments_of_both_kinds_make_the_total_of_a_pull_request(world: World, github: GitHub, pull: Thread) -> None:
    world.comment(pull, None)
    world.review(pull, None, inline=2)
    world.review(pull, world.person, "PENDING", inline=4)
    query = f"{{ {FRESH} {{ pullRequest(number: {pull.number}) {{ totalCommentsCount }} }} }}"
    assert data(github, query)["pullRequest"]["totalCommentsCount"] == 3


def test_reviews_are_told_by_author_and_state(world: World, github: GitHub, pull: Thread) -> None:
    amber = world.accounts["amber-badger"]
    for who, state in ((amber, "APPROVED"), (amber, "COMMENTED"), (None, "APPROVED"), (amber, "PENDING")):
        world.review(pull, who, state)  # type: ignore[arg-type]

    def count(arguments: str, token: str = "demo") -> int:
        query = f"{{ {FRESH} {{ pullRequest(number: {pull.number}) {{ reviews({arguments}) {{ totalCount }} }} }} }}"
        return int(data(github, query, token)["pullRequest"]["reviews"]["totalCount"])

    assert count("first: 9") == 3
    assert count("first: 9", "other") == 4
    assert count('first: 9, author: "Amber-Badger"') == 2
    assert count('first: 9, author: "amber-badger", states: [COMMENTED]') == 1
    assert count("first: 9, states: [APPROVED, CHANGES_REQUESTED]") == 2


def test_an_inline_comment_belongs_to_a_review_and_its_answers_to_its_thread(
    world: World, github: GitHub, pull: Thread
) -> None:
    one = world.comment_inline(pull, world.person, NOON)
    two = world.comment_inline(pull, None, NOON + HOUR, reply_to=one)
    world.comment_inline(pull, None, NOON + 2 * HOUR)
    query = f"""{{ {FRESH} {{ pullRequest(number: {pull.number}) {{
        reviewThreads(first: 9) {{ totalCount nodes {{ id isResolved comments(first: 9) {{ nodes {{ fullDatabaseId
            state replyTo {{ fullDatabaseId }} pullRequestReview {{ fullDatabaseId }} }} }} }} }}
        reviews(first: 9) {{ nodes {{ state comments(first: 9) {{ nodes {{ fullDatabaseId }} }} }} }} }} }} }}"""
    told = data(github, query)["pullRequest"]
    assert told["reviewThreads"]["totalCount"] == 2
    assert [c["fullDatabaseId"] for c in told["reviewThreads"]["nodes"][0]["comments"]["nodes"]] == [
        str(one.id),
        str(two.id),
    ]
    assert told["reviewThreads"]["nodes"][0]["comments"]["nodes"][1] == {
        "fullDatabaseId": str(two.id),
        "state": "SUBMITTED",
        "replyTo": {"fullDatabaseId": str(one.id)},
        "pullRequestReview": {"fullDatabaseId": str(two.review.id)},
    }
    assert [len(review["comments"]["nodes"]) for review in told["reviews"]["nodes"]] == [1, 1, 1]
    rest = json.loads(get(github, f"/repos/wren-hollow/fresh/pulls/{pull.number}/comments").body)
    assert [c.get("in_reply_to_id") for c in rest] == [None, one.id, None]


def test_pending_comments_are_told_to_their_author_alone_and_by_graphql_alone(
    world: World, github: GitHub, pull: Thread
) -> None:
    world.review(pull, world.person, "PENDING", inline=1)
    query = f"""{{ {FRESH} {{ pullRequest(number: {pull.number}) {{ reviewThreads(first: 9) {{ totalCount nodes {{
        comments(first: 1) {{ nodes {{ state }} }} }} }} }} }} }}"""
    mine, others = (data(github, query, token)["pullRequest"]["reviewThreads"] for token in TOKENS)
    assert mine == {"totalCount": 1, "nodes": [{"comments": {"nodes": [{"state": "PENDING"}]}}]}
    assert others["totalCount"] == 0
    assert json.loads(get(github, f"/repos/wren-hollow/fresh/pulls/{pull.number}/comments").body) == []


DISCUSSED = """id databaseId number title createdAt updatedAt answerChosenAt isAnswered closed author { login }
    answer { databaseId } comments(first: 9) { totalCount nodes { id databaseId isAnswer deletedAt author { login
    __typename } replies(first: 9) { totalCount nodes { databaseId replyTo { databaseId } } } } }"""


def test_a_discussion_is_told_with_comments_replies_and_answer(world: World, github: GitHub, repo: Repo) -> None:
    found = world.open_discussion(repo, None, "How?", NOON)
    one = world.comment_discussion(found, world.accounts["dependabot[bot]"], NOON + HOUR)
    two = world.comment_discussion(found, world.person, NOON + 2 * HOUR, reply_to=one)
    world.choose_answer(one, NOON + 3 * HOUR)
    told = data(github, f"{{ {FRESH} {{ discussion(number: {found.number}) {{ {DISCUSSED} }} }} }}")["discussion"]
    assert told == {
        "id": node_id("D", found.id),
        "databaseId": found.id,
        "number": found.number,
        "title": "How?",
        "createdAt": "2026-11-20T12:00:00Z",
        "updatedAt": "2026-11-20T15:00:00Z",
        "answerChosenAt": "2026-11-20T15:00:00Z",
        "isAnswered": True,
        "closed": False,
        "author": None,
        "answer": {"databaseId": one.id},
        "comments": {
            "totalCount": 1,
            "nodes": [
                {
                    "id": node_id("DC", one.id),
                    "databaseId": one.id,
                    "isAnswer": True,
                    "deletedAt": None,
                    "author": {"login": "dependabot", "__typename": "Bot"},
                    "replies": {
                        "totalCount": 1,
                        "nodes": [{"databaseId": two.id, "replyTo": {"databaseId": one.id}}],
                    },
                }
            ],
        },
    }


def test_discussions_are_ordered_filtered_and_hidden_where_they_are_off(
    world: World, github: GitHub, repo: Repo
) -> None:
    old, new = (world.open_discussion(repo, None, at=NOON + n * HOUR) for n in range(2))
    world.choose_answer(world.comment_discussion(old, None, NOON + 5 * HOUR), NOON + 6 * HOUR)

    def numbers(arguments: str) -> list[int]:
        told = data(github, f"{{ {FRESH} {{ discussions(first: 9{arguments}) {{ nodes {{ number }} }} }} }}")
        return [node["number"] for node in told["discussions"]["nodes"]]

    assert numbers("") == [old.number, new.number]  # the newest change first
    assert numbers(", orderBy: {field: CREATED_AT, direction: DESC}") == [new.number, old.number]
    assert numbers(", orderBy: {field: UPDATED_AT, direction: ASC}") == [new.number, old.number]
    assert numbers(", answered: true") == [old.number]
    assert numbers(", answered: false") == [new.number]
    world.disable_discussions(repo)
    assert numbers("") == []
    gone = ask(github, f"{{ {FRESH} {{ hasDiscussionsEnabled discussion(number: {old.number}) {{ id }} }} }}")
    assert gone["data"]["repository"] == {"hasDiscussionsEnabled": False, "discussion": None}
    message = f"Could not resolve to a Discussion with the number of {old.number}."
    assert [(e["type"], e["message"]) for e in gone["errors"]] == [("NOT_FOUND", message)]


def test_a_deleted_comment_with_replies_is_told_without_its_author(world: World, github: GitHub, repo: Repo) -> None:
    found = world.open_discussion(repo, None, at=NOON)
    one = world.comment_discussion(found, world.person, NOON)
    world.comment_discussion(found, None, NOON, reply_to=one)
    world.delete_remark(one, NOON + HOUR)
    told = data(github, f"{{ {FRESH} {{ discussion(number: {found.number}) {{ {DISCUSSED} }} }} }}")["discussion"]
    assert told["updatedAt"] == "2026-11-20T12:00:00Z"
    assert [(c["author"], c["deletedAt"]) for c in told["comments"]["nodes"]] == [(None, "2026-11-20T13:00:00Z")]


def test_a_number_finds_an_issue_or_a_pull_request(world: World, github: GitHub, repo: Repo, pull: Thread) -> None:
    issue = world.open_issue(repo, None)
    query = f"{{ {FRESH} {{ issueOrPullRequest(number: %d) {{ __typename }} }} }}"
    kinds = [data(github, query % n)["issueOrPullRequest"]["__typename"] for n in (issue.number, pull.number)]
    assert kinds == ["Issue", "PullRequest"]
    missing = ask(github, query % 99)
    assert missing["errors"][0]["message"] == "Could not resolve to an issue or pull request with the number of 99."


def test_nodes_are_found_by_the_ids_that_were_told(world: World, github: GitHub, repo: Repo, pull: Thread) -> None:
    issue = world.open_issue(repo, world.person)
    discussion = world.open_discussion(repo, world.person)
    told = {
        "Repository": node_id("R", repo.id),
        "Issue": node_id("I", issue.id),
        "PullRequest": node_id("PR", pull.pull.id),  # type: ignore[union-attr]
        "PullRequestReview": node_id("PRR", world.review(pull, world.person).id),
        "IssueComment": node_id("IC", world.comment(issue, None).id),
        "Discussion": node_id("D", discussion.id),
        "DiscussionComment": node_id("DC", world.comment_discussion(discussion, None).id),
    }
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    assert {n["__typename"]: n["id"] for n in data(github, query, ids=list(told.values()))} == told
    secret = node_id("PRR", world.review(pull, world.person, "PENDING").id)
    assert data(github, query, ids=[secret]) == [{"__typename": "PullRequestReview", "id": secret}]
    assert ask(github, query, ids=[secret], token="other")["data"]["nodes"] == [None]


def test_a_hundred_nodes_may_be_asked_for_and_no_more(github: GitHub, repo: Repo) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert len(data(github, query, ids=[node_id("R", repo.id)] * 100)) == 100
    answer = ask(github, query, ids=[node_id("R", repo.id)] * 101)
    assert answer["data"] is None
    assert (answer["errors"][0]["type"], answer["errors"][0]["message"]) == (
        "ARGUMENT_LIMIT",
        "You may not provide more than 100 node ids; you provided 101.",
    )


def test_nodes_of_what_is_hidden_or_switched_off_are_not_found(world: World, github: GitHub, repo: Repo) -> None:
    issue, discussion = world.open_issue(repo, None), world.open_discussion(repo, None)
    said = world.comment(issue, None)
    ids = [node_id("R", repo.id), node_id("I", issue.id), node_id("IC", said.id), node_id("D", discussion.id)]
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    def found(token: str = "demo") -> list[bool]:
        return [node is not None for node in ask(github, query, ids=ids, token=token)["data"]["nodes"]]

    assert found("other") == [True] * 4
    world.restrict(repo, "private")
    assert (found(), found("other")) == ([True] * 4, [False] * 4)
    world.restrict(repo, "open")
    world.disable_issues(repo)
    world.disable_discussions(repo)
    assert found() == [True, False, False, False]


def test_a_node_that_needs_a_right_is_forbidden_without_it(world: World, repo: Repo, pull: Thread) -> None:
    github = GitHub(world, tokens={"demo": Token("wren-hollow", frozenset({"pull_requests"}))})
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    answer = ask(github, query, ids=[node_id("PR", pull.pull.id), node_id("R", repo.id)])  # type: ignore[union-attr]
    assert [node is None for node in answer["data"]["nodes"]] == [True, False]
    assert answer["errors"][0]["type"] == "FORBIDDEN"


def test_what_somebody_does_is_told_wherever_it_was(world: World, github: GitHub, repo: Repo, foreign: Repo) -> None:
    for where in (repo, foreign):
        world.comment(world.open_issue(where, world.person), world.person)
        world.open_pull(where, world.person)
        found = world.open_discussion(where, world.person)
        answer = world.comment_discussion(found, world.person)
        world.comment_discussion(found, world.person, reply_to=answer)
        if where is foreign:
            world.choose_answer(answer)
    parts = {
        "issues": 2, "pullRequests": 2, "issueComments": 2, "repositoryDiscussions": 2,
        "repositoryDiscussionComments": 4,
    }  # fmt: skip
    fields = " ".join(f"{part}(first: 9) {{ totalCount nodes {{ id }} }}" for part in parts)
    told = data(github, f"{{ {PERSON} {{ {fields} }} }}")
    assert {part: (told[part]["totalCount"], len(told[part]["nodes"])) for part in parts} == {
        part: (count, count) for part, count in parts.items()
    }
    answers = (
        "repositoryDiscussionComments(first: 9, onlyAnswers: true) { nodes { discussion { repository { name } } } }"
    )
    assert data(github, f"{{ {PERSON} {{ {answers} }} }}")["repositoryDiscussionComments"]["nodes"] == [
        {"discussion": {"repository": {"name": "driftwood"}}}
    ]


@pytest.mark.parametrize("why", ["private", "lacking", "off"])
def test_what_may_not_be_seen_is_passed_over_in_silence(world: World, repo: Repo, why: str) -> None:
    issue = world.open_issue(repo, world.person)
    world.comment(issue, world.person)
    query = f"{{ {PERSON} {{ issues(first: 1) {{ totalCount }} issueComments(first: 1) {{ totalCount }} }} }}"
    tokens = {
        "demo": Token("amber-badger"),
        "weak": Token("amber-badger", lacks_in={"Wren-Hollow/Fresh": frozenset({"issues"})}),
    }
    github = GitHub(world, tokens=tokens)
    before = data(github, query)
    if why == "private":
        world.restrict(repo, "private")
    elif why == "off":
        world.disable_issues(repo)
    after = data(github, query, "weak" if why == "lacking" else "demo")
    assert [before[part]["totalCount"] for part in before] == [1, 1]
    assert [after[part]["totalCount"] for part in after] == [0, 0]


def test_own_comments_come_by_update_so_that_an_edit_moves_them(world: World, github: GitHub, repo: Repo) -> None:
    issue = world.open_issue(repo, None, at=NOON)
    one, two = (world.comment(issue, world.person, NOON + n * HOUR) for n in range(2))
    world.edit(one, NOON + 3 * HOUR)
    order = "orderBy: {field: UPDATED_AT, direction: DESC}"
    query = f"{{ {PERSON} {{ issueComments(first: 9, {order}) {{ nodes {{ fullDatabaseId }} }} }} }}"
    told = [int(node["fullDatabaseId"]) for node in data(github, query)["issueComments"]["nodes"]]
    assert told == [one.id, two.id]
