"""Recorded real answers of GitHub, 2012 to 2026, through the connector: counts, not only absence of errors."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from github_script import NOW, World
from test_github_client import make

from connectors.base import Observation
from connectors.errors import Malformed, RateLimited
from connectors.github.facts import People, Reader, thread_of
from connectors.github.failures import Errand, Failures, Hurried
from connectors.github.repository import described
from harvester.demo.exchange import as_json

Recorded = Callable[[str], list[dict[str, Any]]]

READER = Reader("repo:1", People.of("jacquev6", []), NOW)
FAILURES = Failures("api.github.com", None, lambda: NOW)


def issue_comment(item: Any) -> Iterable[Observation]:
    return READER.issue_comment(item, thread_of(item, "issue_url"), "issue")


def review(item: Any) -> Iterable[Observation]:
    return READER.review(item, thread_of(item, "pull_request_url"))


def review_comment(item: Any) -> Iterable[Observation]:
    return READER.review_comment(item, thread_of(item, "pull_request_url"))


def bodies(exchanges: Iterable[dict[str, Any]], start: str, end: str, *, lists: bool) -> Iterator[Any]:
    """The bodies that were got from paths of a kind: the elements of lists, or single objects."""
    for exchange in exchanges:
        path, body = exchange["request"]["path"].partition("?")[0], exchange["response"]["body"]
        is_wanted = exchange["request"]["method"] == "GET" and exchange["response"]["status"] == 200
        if is_wanted and path.startswith(start) and path.endswith(end) and isinstance(body, list) is lists:
            yield from body if lists else [body]


def count(read: Callable[[Any], Iterable[Observation]], items: Iterable[Any]) -> tuple[Counter[str], Counter[str]]:
    """How many distinct facts of each metric there are in some records, and why the others were refused."""
    facts: dict[tuple[str, str], Observation] = {}
    refused: Counter[str] = Counter()
    for item in items:
        try:
            for fact in read(item):
                facts[fact.metric, fact.key] = fact
        except ValueError as error:
            refused[str(error)] += 1
    return Counter(metric for metric, _ in facts), refused


def load(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


class TestPygithub:
    def test_lists_of_issues_hold_pull_requests_and_not_one_becomes_an_issue(self, recorded: Recorded) -> None:
        items = list(bodies(recorded("issues"), "/repos/PyGithub/PyGithub", "/issues", lists=True))
        assert len(items) == 75
        assert count(READER.issue, items) == (Counter(issues_opened=44), Counter())

    def test_abridged_issues_are_refused_one_by_one(self, recorded: Recorded) -> None:
        items = list(bodies(recorded("issues"), "/repos/openframeworks", "/issues", lists=True))
        assert count(READER.issue, items) == (Counter(issues_opened=79), Counter({"no createdAt": 1288}))

    def test_single_issues_are_closed_and_reopened(self, recorded: Recorded) -> None:
        single = re.compile(r"/repos/[^/]+/[^/]+/issues(/\d+)?")
        items = [
            exchange["response"]["body"]
            for exchange in recorded("issues")
            if single.fullmatch(exchange["request"]["path"].partition("?")[0])
            and isinstance(exchange["response"]["body"], dict)
        ]
        assert count(READER.issue, items) == (Counter(issues_opened=13, issues_closed=3), Counter())

    def test_conversation_comments(self, recorded: Recorded) -> None:
        items = list(bodies(recorded("comments"), "/repos/PyGithub/PyGithub/issues", "issues/comments", lists=True))
        assert (len(items), count(issue_comment, items)) == (180, (Counter(issue_comments=78), Counter()))

    def test_comments_of_single_issues_know_bots(self, recorded: Recorded) -> None:
        items = list(bodies(recorded("comments"), "/repositories/3544490/issues/1136", "", lists=True))
        facts = [fact for item in items for fact in issue_comment(item)]
        known = [(f.actor, f.attrs.get("bot", False)) for f in facts]
        assert known == [("stale[bot]", True), ("engn33r", False), ("EnricoMi", False)]

    def test_comments_on_lines(self, recorded: Recorded) -> None:
        items = list(bodies(recorded("comments"), "/repos/PyGithub/PyGithub/pulls/31/comments", "", lists=True))
        assert count(review_comment, items) == (Counter(review_comments=2), Counter())
        [own] = [f for item in items for f in review_comment(item) if f.attrs["direction"] == "self"]
        assert own.actor == "jacquev6"

    def test_pull_requests(self, recorded: Recorded) -> None:
        listed = list(bodies(recorded("pulls"), "/repos/PyGithub/PyGithub/pulls", "pulls", lists=True))
        single = [p for p in bodies(recorded("pulls"), "/repos", "", lists=False) if "merged_at" in p]
        assert count(READER.pull, listed) == (Counter(pulls_opened=3, pulls_merged=3), Counter())
        assert count(READER.pull, single) == (Counter(pulls_opened=9, pulls_merged=6), Counter())

    def test_reviews(self, recorded: Recorded) -> None:
        items = list(bodies(recorded("reviews"), "/repos", "/reviews", lists=True))
        assert count(review, items) == (Counter(pull_reviews=5), Counter())

    def test_repositories_are_described_but_for_those_from_before_2013(self, recorded: Recorded) -> None:
        counted: Counter[str] = Counter()
        for item in bodies(recorded("repos"), "/repos", "", lists=False):
            try:
                repository = described(item, NOW)
            except Malformed:
                counted["refused"] += 1
            else:
                counted["with watchers" if repository.watchers is not None else "without"] += 1
        assert counted == Counter({"with watchers": 50, "refused": 22})

    def test_failures(self, recorded: Recorded) -> None:
        named: Counter[str] = Counter()
        for exchange in recorded("errors_redirects"):
            answer = exchange["response"]
            if exchange["request"]["method"] == "GET" and answer["status"] >= 400:
                text = answer.get("text") or json.dumps(answer["body"])
                error = FAILURES.of_answer(Errand("x", "ann/one"), answer["status"], answer["headers"], text)
                named[f"{answer['status']} {type(error).__name__}"] += 1
        assert named == {
            "400 Malformed": 1,
            "401 AuthFailed": 1,
            "403 Hurried": 1,
            "403 NotPermitted": 2,
            "404 Gone": 11,
            "500 Unavailable": 1,
            "502 TooMuch": 1,
            "503 Unavailable": 1,
        }

    def test_a_recorded_abuse_answer_waits_as_long_as_it_says(self, recorded: Recorded) -> None:
        [answer] = [e["response"] for e in recorded("errors_redirects") if "retry-after" in e["response"]["headers"]]
        error = FAILURES.of_answer(Errand("x"), answer["status"], answer["headers"], json.dumps(answer["body"]))
        assert isinstance(error, Hurried)
        assert (error.retry_at - NOW).total_seconds() == 60

    def test_a_recorded_redirect_leads_to_the_repository(self, github: World, recorded: Recorded) -> None:
        [moved] = [
            e["response"]
            for e in recorded("errors_redirects")
            if e["response"]["status"] == 301 and "repositories" in e["response"]["headers"]["location"]
        ]
        location = moved["headers"]["location"].replace("https://api.github.com", github.service.url)
        [found] = [e for e in recorded("repos") if e["request"]["path"] == "/repositories/112116543"]
        github.script.said["/repos/protoncoin/protoncoin"] = as_json(moved["body"], 301, {"Location": location})
        github.script.said["/repositories/112116543"] = as_json(found["response"]["body"])
        github.config["repos"] = ("protoncoin/protoncoin",)
        github.token = None
        harvested = github.read("repository")
        [subject] = {s.name: s for b in harvested.batches for s in b.subjects}.values()
        assert (subject.id, subject.name) == ("repo:112116543", found["response"]["body"]["full_name"])
        assert {o.metric: o.value for o in harvested.observations} == {
            "stargazers": 5,
            "watchers": 7,
        }

    def test_whole_lists_pass_through_the_streams(self, github: World, recorded: Recorded) -> None:
        said = github.script.said
        said["/repos/ann/one/issues"] = as_json(
            list(bodies(recorded("issues"), "/repos/PyGithub/PyGithub", "/issues", lists=True))
        )
        said["/repos/ann/one/issues/comments"] = as_json(
            list(bodies(recorded("comments"), "/repos/PyGithub/PyGithub/issues", "issues/comments", lists=True))
        )
        said["/repos/ann/one/pulls"] = as_json(
            list(bodies(recorded("pulls"), "/repos/PyGithub/PyGithub/pulls", "pulls", lists=True))
        )
        github.token = None
        found = github.read("issues")
        assert len(set(found.keys("issues_opened"))) == 44
        assert len(set(found.keys("issue_comments"))) == 78
        assert github.read("pulls").keys("pulls_merged") == ["31", "32", "39"]

    def test_graphql_answers_keep_their_data_and_name_their_errors(self, github: World, recorded: Recorded) -> None:
        answers = [exchange["response"]["body"] for exchange in recorded("graphql")]
        client, errand = make(github.service.url), Errand("discussions", "ann/one")
        failures: list[str] = []
        for answer in answers:
            github.script.said["/graphql"] = as_json(answer)
            reply = client.graphql(errand, "query { x }", {})
            assert reply.data == answer["data"]
            if reply.errors:
                failures.append(type(FAILURES.of_graphql(errand, reply.errors, reply.headers)).__name__)
        assert (len(answers), failures) == (25, ["Gone"])


class TestOthers:
    def test_perceval(self, shared_data: Path) -> None:
        folder = shared_data / "github_rest" / "perceval_github"
        facts: Counter[str] = Counter()
        for name, read in (
            ("github_request", READER.issue),
            ("github_request_from_2016_03_01", READER.issue),
            ("github_issue_1", READER.issue),
            ("github_issue_2", READER.issue),
            ("github_issue_2_with_pr", READER.issue),
            ("github_issue_comments_1", issue_comment),
            ("github_issue_comments_2", issue_comment),
            ("github_request_pull_request_1_reviews", review),
            ("github_request_pull_request_2_reviews", review),
            ("github_request_pull_request_1_comments", review_comment),
            ("github_request_pull_request_2_comments", review_comment),
        ):
            found, refused = count(read, load(folder, name))
            assert not refused, name
            facts += found
        found, refused = count(READER.pull, [load(folder, f"github_request_pull_request_{n}") for n in (1, 2)])
        assert not refused
        assert facts + found == {
            "issues_opened": 1,
            "issues_closed": 1,
            "issue_comments": 2,
            "pulls_opened": 2,
            "pull_reviews": 3,
            "review_comments": 6,
        }

    def test_perceval_repository_and_abuse(self, shared_data: Path) -> None:
        folder = shared_data / "github_rest" / "perceval_github"
        assert described(load(folder, "github_repo"), NOW).stargazers == 48188
        error = FAILURES.of_answer(Errand("x"), 403, {}, (folder / "abuse_rate_limit").read_text())
        assert isinstance(error, RateLimited)

    def test_danger(self, shared_data: Path) -> None:
        folder = shared_data / "github_rest" / "danger_js"
        found = Counter[str]()
        for name, read in (
            ("github_comments.json", issue_comment),
            ("github_inline_comments.json", review_comment),
            ("github_inline_comments_with_danger.json", review_comment),
            ("reviews.json", review),
        ):
            facts, refused = count(read, load(folder, name))
            found += facts + Counter({f"{name}: {why}": n for why, n in refused.items()})
        found += count(READER.issue, [load(folder, "github_issue.json")])[0]
        found += count(READER.pull, [load(folder, "github_pr.json")])[0]
        assert found == {
            "issue_comments": 4,
            "review_comments": 10,
            "pull_reviews": 4,
            "pulls_opened": 1,
            "pulls_merged": 1,
        }

    def test_devlake(self, shared_data: Path) -> None:
        folder = shared_data / "github_rest" / "devlake"

        def items(name: str) -> list[Any]:
            return [json.loads(line)["response"]["body_item"] for line in (folder / name).read_text().splitlines()]

        reviews, comments = items("pull_request_reviews.jsonl"), items("pull_request_review_comments.jsonl")
        assert count(review, reviews) == (Counter(pull_reviews=30), Counter())
        assert count(review_comment, comments) == (Counter(review_comments=16), Counter())
