"""One worker's way to GitHub: raw JSON through PyGithub, checked, counted, and with its failures named."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

import github
import requests
from github import Auth, Github
from requests.utils import parse_header_links

from connectors.base import Secret
from connectors.errors import ConnectorError, Malformed
from connectors.github.connection import Connection, Limits, connect
from connectors.github.failures import EXPECTED, Errand, Failures
from connectors.github.gate import Gate

# PyGithub writes to stderr by itself; what it has to say reaches the root logger anyway.
logging.getLogger(github.__name__).handlers.clear()

API_VERSION = "2022-11-28"
PER_PAGE = 100
MEDIA_TYPE = "application/vnd.github+json"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `next`: the address of the following one, None at the end."""

    items: list[Any]
    next: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    """A GraphQL answer: `data` as far as there is any, and what is wrong with the rest."""

    data: Json
    failure: ConnectorError | None


@dataclass(slots=True)
class Client:
    """A Github object and its connection, for one thread at a time.

    PyGithub does auth and transport only: its objects send hidden requests, its PaginatedList takes a 304 for
    an empty list and counts wrongly, and its retries sleep.
    """

    api_url: str
    token: Secret | None
    limits: Limits
    failures: Failures
    gate: Gate
    _github: Github = field(init=False)
    _connection: Connection = field(init=False)

    def __post_init__(self) -> None:
        self._github = Github(
            auth=None if self.token is None else Auth.Token(self.token.reveal()),
            base_url=self.api_url,
            timeout=whole_seconds(self.limits.timeout),
            user_agent=user_agent(),
            per_page=PER_PAGE,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,  # a GraphQL query is a POST; PyGithub would wait a second before it
        )
        self._connection = connect(self.api_url, self.limits, self.gate.count_request)

    def close(self) -> None:
        """Close the sockets."""
        self._connection.close()
        self._github.close()

    def get(self, errand: Errand, path: str, **parameters: str | int) -> Json:
        """A JSON object."""
        _, data = self._ask(errand, "core", "GET", path, parameters)
        return _object(errand, data)

    def page(self, errand: Errand, path: str, **parameters: str | int) -> Page:
        """A page of a JSON list. `path`: below the API's root, or the `next` of another page."""
        headers, data = self._ask(errand, "core", "GET", path, parameters)
        if not isinstance(data, list):
            raise Malformed(f"{errand.whole}: expected a list, got {_kind(data)}", subject=errand.subject)
        return Page(data, self._next(errand, headers, path))

    def graphql(self, errand: Errand, query: str, variables: Mapping[str, Any]) -> Reply:
        """Ask GraphQL. Partial data beside errors is kept: `failure` says what the errors mean.

        The door is requestJson on graphql_url: PyGithub's graphql_query raises on any error and loses the data.
        """
        question = {"query": query, "variables": dict(variables)}
        url = self._github.requester.graphql_url
        headers, data = self._ask(errand, "graphql", "POST", url, {}, question)
        answer = _object(errand, data)
        errors, said = answer.get("errors"), answer.get("data")
        failure = self.failures.of_graphql(errand, errors, headers) if errors else None
        if failure is not None:
            self.gate.remember("graphql", failure)
        if not isinstance(said, dict):
            raise failure or Malformed(f"{errand.whole}: a GraphQL answer without data", subject=errand.subject)
        limit = said.get("rateLimit")
        self.gate.count_points(limit["cost"] if isinstance(limit, dict) else 0)
        return Reply(said, failure)

    def _ask(
        self,
        errand: Errand,
        bucket: str,
        verb: str,
        path: str,
        parameters: Mapping[str, str | int],
        body: Json | None = None,
    ) -> tuple[Mapping[str, Any], Any]:
        with self.gate.passage(bucket):
            try:
                return self._send(errand, verb, path, parameters, body)
            except ConnectorError as error:
                self.gate.remember(bucket, error)
                raise

    def _send(
        self, errand: Errand, verb: str, path: str, parameters: Mapping[str, str | int], body: Json | None
    ) -> tuple[Mapping[str, Any], Any]:
        headers = {"Accept": MEDIA_TYPE, "X-GitHub-Api-Version": API_VERSION}
        self._connection.begin()
        try:
            # Of an absolute address PyGithub takes the path and asks its own host, so no token goes astray.
            status, answered, text = self._github.requester.requestJson(
                verb, path, dict(parameters), headers, body, self._connection
            )
        except EXPECTED as error:
            # Time that ran out surfaces as any of several errors.
            is_late = self._connection.time.is_over
            raise self.failures.of_exception(errand, requests.ReadTimeout() if is_late else error) from error
        if status != HTTPStatus.OK:
            raise self.failures.of_answer(errand, status, answered, text)
        try:
            return answered, json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self.failures.of_body(errand, text) from error

    def _next(self, errand: Errand, headers: Mapping[str, Any], path: str) -> str | None:
        for link in parse_header_links(str(headers.get("link") or "")):
            if link.get("rel") != "next":
                continue
            url = str(link.get("url"))
            if urlsplit(url).hostname != urlsplit(self.api_url).hostname:
                raise Malformed(f"{errand.whole}: the next page is on another host", subject=errand.subject)
            if url == path:
                raise Malformed(f"{errand.whole}: the next page is the same page", subject=errand.subject)
            return url
        return None


def user_agent() -> str:
    """How we introduce ourselves, as GitHub asks every client to."""
    try:
        ours = version("harvester")
    except PackageNotFoundError:  # run from a checkout that is not installed
        ours = "0"
    return f"harvester/{ours} PyGithub/{version('pygithub')}"


def whole_seconds(span: timedelta) -> int:
    """PyGithub insists on an int, and 0 would mean no time at all."""
    return max(1, math.ceil(span.total_seconds()))


def _object(errand: Errand, data: Any) -> Json:
    if not isinstance(data, dict):
        raise Malformed(f"{errand.whole}: expected an object, got {_kind(data)}", subject=errand.subject)
    return data


def _kind(data: Any) -> str:
    return {dict: "an object", list: "a list", type(None): "null"}.get(type(data), type(data).__name__)
