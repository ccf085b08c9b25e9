"""A GitHub on a loopback socket that says what a test wrote down, and what a connector makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Batch, Context, Meter, Observation, Secret, Stream
from connectors.errors import ConnectorError
from connectors.github import CONNECTOR, GithubConfig
from connectors.http import Http
from harvester.demo.exchange import Answer, Request, as_json
from harvester.demo.wire import Service

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TOKEN = "ghp_0123456789abcdefSECRET"

Said = Answer | Callable[[Request], Answer]


def repository(number: int = 1, name: str = "ann/one", **more: Any) -> dict[str, Any]:
    """What GET /repos/{owner}/{name} answers with, as far as we read it."""
    return {
        "id": number,
        "full_name": name,
        "created_at": "2026-01-05T10:00:00Z",
        "stargazers_count": 0,
        "subscribers_count": 3,
        "forks_count": 2,
        "html_url": f"https://github.com/{name}",
        "description": None,
        **more,
    }


def issue(number: int, updated_at: str = "2026-02-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    """An issue of the REST list."""
    return {
        "id": 1000 + number,
        "number": number,
        "created_at": "2026-02-01T00:00:00Z",
        "updated_at": updated_at,
        "closed_at": None,
        "state_reason": None,
        "user": {"login": "bob", "type": "User"},
        **more,
    }


def comment(number: int, updated_at: str = "2026-02-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    """A comment of the REST list."""
    return {
        "id": number,
        "created_at": "2026-02-01T00:00:00Z",
        "updated_at": updated_at,
        "user": {"login": "bob", "type": "User"},
        "issue_url": "https://api.github.com/repos/ann/one/issues/7",
        "pull_request_url": "https://api.github.com/repos/ann/one/pulls/7",
        **more,
    }


@dataclass(slots=True)
class Script:
    """Answers by path; what is not written down is 404, lists of a known repository are empty."""

    said: dict[str, Said] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        self.seen.append(request)
        said = self.said.get(request.path)
        if callable(said):
            return said(request)
        if said is not None:
            return said
        owner_and_name = "/".join(request.path.split("/")[:4])
        if owner_and_name in self.said and request.path != owner_and_name:
            return as_json([])
        return as_json({"message": "Not Found"}, 404)

    def add(self, number: int = 1, name: str = "ann/one", **more: Any) -> None:
        """A repository that answers."""
        self.said[f"/repos/{name}"] = as_json(repository(number, name, **more))

    def paths(self, part: str = "") -> list[str]:
        """Path and query of the requests, those that hold `part`."""
        return [request.target for request in self.seen if part in request.target]


@dataclass(slots=True)
class World:
    """A script being served, and how a source is configured for it."""

    script: Script
    service: Service[Script]
    config: dict[str, Any] = field(default_factory=lambda: {"repos": ("ann/one",), "user": "Ann"})
    options: dict[str, Any] = field(default_factory=dict)
    token: str | None = TOKEN
    meter: Meter = field(default_factory=Meter)

    def streams(self) -> dict[str, Stream]:
        """The streams of the source, opened now."""
        token = None if self.token is None else Secret("env:GITHUB_TOKEN", lambda: str(self.token))
        settings = {"api_url": self.service.url, "token": token, **self.config}
        defaults: dict[str, Any] = {
            "clock": lambda: NOW,
            "timezone": ZoneInfo("Europe/Berlin"),
            "allow_private": True,
            "timeout": timedelta(seconds=2),
            "meter": self.meter,
        }
        context = Context(source="work", http=Http(), **{**defaults, **self.options})
        return {s.spec.name: s for s in CONNECTOR.open(GithubConfig(**settings), context)}

    def read(self, stream: str, cursor: Mapping[str, Any] | None = None) -> Harvested:
        """Read one stream of a freshly opened source to its end."""
        return harvest(self.streams()[stream], cursor)


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
            json.dumps(batch.checkpoint)
            found.batches.append(batch)
            found.cursor |= batch.checkpoint or {}
    except ConnectorError as error:
        found.error = error
    return found


@contextmanager
def served() -> Iterator[World]:
    """A script at an address of its own."""
    with Service(Script()).listen() as service:
        yield World(service.app, service)
