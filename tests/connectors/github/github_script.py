"""A GitHub on a loopback socket that says what a test wrote down, and what a connector makes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Batch, Context, Listing, Meter, Observation, Secret, Stream
from connectors.errors import ConnectorError
from connectors.github import CONNECTOR, GithubConfig
from connectors.github.access import Access
from connectors.http import Http
from harvester.demo.exchange import Answer, Request, as_json
from harvester.demo.wire import Service

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TOKEN = "ghp_0123456789abcdefSECRET"

Json = dict[str, Any]
Said = Answer | Callable[[Request], Answer]
Saying = Answer | Callable[[Mapping[str, Any]], Answer | Json]

# The lists that are empty unless a test says otherwise, by the operation that asks for them.
LISTS = {
    "Issues": "issues",
    "Pulls": "pullRequests",
    "Discussions": "discussions",
    "CountedIssues": "issues",
    "CountedPulls": "pullRequests",
    "CountedDiscussions": "discussions",
    "Forks": "forks",
    "Releases": "releases",
}


def repository(number: int = 1, name: str = "ann/one", **more: Any) -> Json:
    """What GET /repos/{owner}/{name} answers with, as far as we read it."""
    return {
        "id": number,
        "node_id": f"R_{number}",
        "full_name": name,
        "created_at": "2026-01-05T10:00:00Z",
        "updated_at": "2026-11-01T00:00:00Z",
        "stargazers_count": 0,
        "subscribers_count": 3,
        "html_url": f"https://github.com/{name}",
        "description": None,
        **more,
    }


def sign(total: int = 0, newest: str | None = None, *, of: str = "updatedAt") -> Json:
    """How many there are of a thing, and when the newest changed, as the pulse tells it."""
    return {"totalCount": total, "nodes": [{of: newest}] if newest else []}


def pulse(number: int = 1, name: str = "ann/one", **more: Any) -> Json:
    """What the pulse tells of a repository."""
    return {
        "__typename": "Repository",
        "id": f"R_{number}",
        "databaseId": number,
        "nameWithOwner": name,
        "createdAt": "2026-01-05T10:00:00Z",
        "updatedAt": "2026-11-01T00:00:00Z",
        "url": f"https://github.com/{name}",
        "description": None,
        "isFork": False,
        "viewerPermission": "ADMIN",
        "hasIssuesEnabled": True,
        "hasDiscussionsEnabled": True,
        "stargazerCount": 0,
        "watchers": {"totalCount": 3},
        "forks": sign(),
        "issues": sign(),
        "pullRequests": sign(),
        "discussions": sign(),
        "releases": {"totalCount": 0},
        **more,
    }


def of_list(*nodes: Any, after: str | None = None, total: int | None = None) -> Json:
    """A page of a GraphQL list; `after`: where the next one begins."""
    info = {"hasNextPage": after is not None, "endCursor": after}
    return {"totalCount": len(nodes) if total is None else total, "pageInfo": info, "nodes": list(nodes)}


def by_alias(variables: Mapping[str, Any]) -> list[Json]:
    """The values that each of the asks of one query has."""
    asks: dict[int, Json] = {}
    for name, value in variables.items():
        plain, _, number = name.rpartition("_")
        asks.setdefault(int(number), {})[plain] = value
    return [asks[number] for number in sorted(asks)]


class Refusal(Exception):
    """GraphQL's error of that type at a path below an ask; `partial`: what it tells of it all the same."""

    def __init__(self, kind: str, *path: str | int, partial: Json | None = None) -> None:
        super().__init__(kind)
        self.error = {"type": kind, "message": "?"} if kind else {"message": "Something went wrong (timeout)"}
        self.path = path
        self.partial = partial


def each(answer: Callable[[Json], Any], cost: int = 1) -> Callable[[Mapping[str, Any]], Json]:
    """Answers every ask of a query by itself; `answer` is given its values, and may raise a Refusal."""

    def say(variables: Mapping[str, Any]) -> Json:
        data: Json = {
            "rateLimit": {"cost": cost, "limit": 5000, "remaining": 4000, "resetAt": "2026-11-24T12:30:00Z"}
        }
        errors = []
        for number, values in enumerate(by_alias(variables)):
            try:
                data[f"a{number}"] = answer(values)
            except Refusal as refusal:
                data[f"a{number}"] = refusal.partial
                errors.append({**refusal.error, "path": [f"a{number}", *refusal.path]})
        return {"data": data, "errors": errors} if errors else {"data": data}

    return say


@dataclass(slots=True)
class Script:
    """Answers by path, and GraphQL by the name of the operation; what is not written down is 404.

    REST lists of a known repository are empty, and so are GraphQL's; the pulse is composed of what was added.
    """

    said: dict[str, Said] = field(default_factory=dict)
    sayings: dict[str, Saying] = field(default_factory=dict)
    shown: dict[str, Json] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        self.seen.append(request)
        said = self.said.get(request.path)
        if callable(said):
            return said(request)
        if said is not None:
            return said
        if request.method == "POST" and request.path.endswith("/graphql"):
            return self._graphql(json.loads(request.body))
        owner_and_name = "/".join(request.path.split("/")[:4])
        if owner_and_name in self.said and request.path != owner_and_name:
            return as_json([])
        return as_json({"message": "Not Found"}, 404)

    def add(self, number: int = 1, name: str = "ann/one", *, pulse: Json | None = None, **more: Any) -> None:
        """A repository that answers. `more`: of its REST description; `pulse`: what GraphQL tells otherwise."""
        told = repository(number, name, **more)
        self.said[f"/repos/{name}"] = as_json(told)
        self.shown[name.lower()] = _pulse_of(told) | (pulse or {})

    def rename(self, old: str, new: str) -> None:
        """What was called `old` is called `new` now; GraphQL finds it under both names, REST redirects."""
        told = self.shown[new.lower()]
        self.shown[old.lower()] = told
        location = f"/repositories/{told['databaseId']}"
        self.said[f"/repos/{old}"] = lambda request: as_json({}, 301, {"Location": request.base + location})
        self.said[location] = self.said[f"/repos/{new}"]

    def paths(self, part: str = "") -> list[str]:
        """Path and query of the requests, those that hold `part`."""
        return [request.target for request in self.seen if part in request.target]

    def queries(self, name: str = "") -> list[Json]:
        """The variables of the GraphQL queries of that name, or of all."""
        asked = [json.loads(request.body) for request in self.seen if request.path.endswith("/graphql")]
        return [one["variables"] for one in asked if not name or operation(one["query"]) == name]

    def _graphql(self, asked: Json) -> Answer:
        name, variables = operation(asked["query"]), asked["variables"]
        saying = self.sayings.get(name) or self._usual(name)
        told = saying(variables) if callable(saying) else saying
        return told if isinstance(told, Answer) else as_json(told)

    def _usual(self, name: str) -> Saying:
        if name == "Pulse":
            return each(self.pulse_of)
        if name == "PulseOfOwner":
            return each(self._pulses_of_owner)
        if name in LISTS:
            return each(lambda values: {"__typename": "Repository", LISTS[name]: of_list()})
        raise AssertionError(f"nothing is written down for {name}")

    def pulse_of(self, values: Json) -> Json:
        """The usual pulse of one repository."""
        told = self.shown.get(f"{values['owner']}/{values['name']}".lower())
        if told is None:
            raise Refusal("NOT_FOUND")
        return _seen_with(told, values)

    def _pulses_of_owner(self, values: Json) -> Json | None:
        login = values["owner"].lower()
        owned = {told["nameWithOwner"]: told for told in self.shown.values() if not told["isFork"]}
        names = sorted(name for name in owned if name.lower().startswith(f"{login}/"))
        begin = int(values["after"] or 0)
        end = begin + values["first"]
        nodes = [_seen_with(owned[name], values) for name in names[begin:end]]
        listed = of_list(*nodes, after=str(end) if end < len(names) else None)
        return {"__typename": "User", "repositories": listed}


def operation(query: str) -> str:
    """The name of the operation in a query's text."""
    found = re.match(r"query (\w+)\(", query)
    assert found, query
    return found[1]


def _pulse_of(told: Json) -> Json:
    shown = {
        "createdAt": told["created_at"],
        "updatedAt": told["updated_at"],
        "stargazerCount": told["stargazers_count"],
        "description": told["description"],
        "url": told["html_url"],
    }
    return pulse(told["id"], told["full_name"], **shown)


def _seen_with(told: Json, values: Json) -> Json:
    switches = {"issues": "issues", "pullRequests": "pulls", "discussions": "discussions", "releases": "releases"}
    return {name: value for name, value in told.items() if values.get(switches.get(name, ""), True)}


@dataclass(slots=True)
class World:
    """A script being served, and how a source is configured for it. `waits`: the waits, which took no time."""

    script: Script
    service: Service[Script]
    config: dict[str, Any] = field(default_factory=lambda: {"repos": ("ann/one",), "user": "Ann"})
    options: dict[str, Any] = field(default_factory=dict)
    token: str | None = field(default=TOKEN, repr=False)
    meter: Meter = field(default_factory=Meter)
    waits: list[float] = field(default_factory=list)

    def streams(self) -> dict[str, Stream]:
        """The streams of the source, opened now."""
        return {s.spec.name: s for s in CONNECTOR.open(self.settings(), self.context())}

    def access(self) -> Access:
        """What the streams of one opened source share."""
        return Access(self.settings(), self.context())

    def settings(self) -> GithubConfig:
        """How the source is configured."""
        token = None if self.token is None else Secret("env:GITHUB_TOKEN", lambda: str(self.token))
        return GithubConfig(**{"api_url": self.service.url, "token": token, **self.config})

    def context(self) -> Context:
        """What the connector is given."""
        defaults: dict[str, Any] = {
            "clock": lambda: NOW,
            "timezone": ZoneInfo("Europe/Berlin"),
            "allow_private": True,
            "timeout": timedelta(seconds=2),
            "meter": self.meter,
            "wait": self._wait,
        }
        return Context(source="work", http=Http(), **{**defaults, **self.options})

    def read(self, stream: str, cursor: Mapping[str, Any] | None = None) -> Harvested:
        """Read one stream of a freshly opened source to its end."""
        return harvest(self.streams()[stream], cursor)

    def say(self, name: str, saying: Saying) -> None:
        """What the operation of that name is answered with."""
        self.script.sayings[name] = saying

    def say_each(self, name: str, answer: Callable[[Json], Any], cost: int = 1) -> None:
        """What each ask of that operation is answered with."""
        self.script.sayings[name] = each(answer, cost)

    def _wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return False


@dataclass(slots=True)
class Harvested:
    """What a read has yielded, and the cursor it leads to."""

    batches: list[Batch]
    cursor: dict[str, Any]
    error: ConnectorError | None = None

    @property
    def observations(self) -> list[Observation]:
        return [o for batch in self.batches for o in batch.observations]

    @property
    def listings(self) -> list[Listing]:
        return [one for batch in self.batches for one in batch.listings]

    @property
    def problems(self) -> list[ConnectorError]:
        return [p for batch in self.batches for p in batch.problems]

    @property
    def rejects(self) -> list[str]:
        return [f"{r.what}: {r.why}" for batch in self.batches for r in batch.rejects]

    @property
    def coverage(self) -> list[tuple[date, date, str]]:
        return [(c.first_day, c.last_day, c.state) for batch in self.batches for c in batch.coverage]

    @property
    def reasons(self) -> str:
        return "; ".join(c.reason for batch in self.batches for c in batch.coverage)

    def keys(self, metric: str) -> list[str]:
        """The keys of a metric, in order."""
        return sorted((o.key for o in self.observations if o.metric == metric), key=lambda key: (len(key), key))


def harvest(stream: Stream, cursor: Mapping[str, Any] | None = None) -> Harvested:
    """Read a stream to its end; an error that stopped it is told beside what came before it."""
    found = Harvested([], dict(cursor or {}))
    try:
        for batch in stream.read(cursor or {}):
            # A checkpoint is kept as JSON.
            found.batches.append(batch)
            found.cursor |= json.loads(json.dumps(batch.checkpoint or {}))
    except ConnectorError as error:
        found.error = error
    return found


@contextmanager
def served() -> Iterator[World]:
    """A script at an address of its own."""
    with Service(Script()).listen() as service:
        yield World(service.app, service)
