"""What GitHub knows of a person who does things in other people's repositories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from github_script import Json, Refusal, World, each, of_list
from github_things import reply, said

from harvester.demo.exchange import Answer

ANN = {"__typename": "User", "login": "ann"}
HTML = Answer(502, {"Content-Type": "text/html"}, b"<html>")
BORN = "2020-05-01T00:00:00Z"


def where(number: int = 50, name: str = "bob/lib") -> Json:
    """A repository of somebody else."""
    return {
        "databaseId": number,
        "nameWithOwner": name,
        "url": f"https://github.com/{name}",
        "description": "A library",
        "createdAt": "2019-01-01T00:00:00Z",
        "owner": {"login": name.partition("/")[0]},
    }


@dataclass
class Deeds:
    """What GitHub knows of a person: entries by list, and reviews of pull requests by day."""

    lists: dict[str, list[Json]] = field(default_factory=lambda: {name: [] for name in LISTS.values()})
    reviewed: list[tuple[str, Json]] = field(default_factory=list)
    page: int = 100
    longest: timedelta = timedelta(days=10_000)
    counts: bool = True
    years: list[int] = field(default_factory=lambda: list(range(2026, 2019, -1)))

    def mount(self, github: World) -> None:
        github.say_each("GivenSigns", self.signs)
        github.say("GivenReviews", self._reviews(github))
        for name, connection in LISTS.items():
            github.say_each(name, lambda values, connection=connection: {connection: self.listed(connection, values)})

    def signs(self, values: Json) -> Json:
        if values["reviews"] and not self.counts:
            raise Refusal("")
        told: Json = {"createdAt": BORN}
        for connection in ("issues", "pullRequests", "issueComments"):
            newest = sorted(self.lists[connection], key=lambda one: str(one["updatedAt"]))[-1:]
            told[connection] = {"totalCount": len(self.lists[connection]), "nodes": newest}
        comments = self.lists["repositoryDiscussionComments"]
        told["repositoryDiscussionComments"] = {"totalCount": len(comments)}
        told["answers"] = {"totalCount": sum(1 for one in comments if one.get("isAnswer"))}
        if values["reviews"]:
            since = [at for at, _ in self.reviewed if at >= values["from"]]
            told["contributionsCollection"] = {
                "totalPullRequestReviewContributions": len(since),
                "contributionYears": self.years,
            }
        return told

    def listed(self, connection: str, values: Json) -> Json:
        rows = self.lists[connection]
        if order := values.get("order"):
            rows = sorted(rows, key=lambda one: str(one["updatedAt"]), reverse=order["direction"] == "DESC")
        begin = int(values["after"] or 0)
        end = begin + min(self.page, values["first"])
        return of_list(*rows[begin:end], after=str(end) if end < len(rows) else None, total=len(rows))

    def _reviews(self, github: World) -> Any:

        def answer(variables: Mapping[str, Any]) -> Answer | Json:
            begin, end = (datetime.fromisoformat(variables[f"{name}_0"]) for name in ("from", "to"))
            return HTML if end - begin > self.longest else each(self._spanned)(variables)

        return answer

    def _spanned(self, values: Json) -> Json:
        pulls = [pull for at, pull in self.reviewed if values["from"] <= at < values["to"]]
        begin = int(values["after"] or 0)
        end = begin + self.page
        nodes = [{"pullRequest": pull} for pull in pulls[begin:end]]
        listed = of_list(*nodes, after=str(end) if end < len(pulls) else None)
        return {"contributionsCollection": {"pullRequestReviewContributions": listed}}


LISTS = {
    "GivenIssues": "issues",
    "GivenPulls": "pullRequests",
    "GivenComments": "issueComments",
    "GivenDiscussionComments": "repositoryDiscussionComments",
}


def by_ann(node: Json, **more: Any) -> Json:
    return {**node, "author": ANN, "repository": where(), **more}


def comment(number: int, updated: str = "2026-02-02T00:00:00Z", **more: Any) -> Json:
    on = {"issue": {"number": 7}, "pullRequest": None}
    return by_ann(said(number), updatedAt=updated, **{**on, **more})


def discussed(number: int, *, is_answer: bool = False, **more: Any) -> Json:
    discussion = {"number": 9, "answerChosenAt": "2026-02-09T00:00:00Z" if is_answer else None, "repository": where()}
    return {**reply(number), "author": ANN, "isAnswer": is_answer, "discussion": discussion, **more}


def reviewed(number: int, *reviews: Json, repository: Json | None = None) -> Json:
    return {"number": number, "repository": repository or where(), "reviews": of_list(*reviews)}
