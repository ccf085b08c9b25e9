"""One worker's way to GitHub: raw JSON through PyGithub, checked, counted, and with its failures named."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from requests.utils import parse_header_links

from connectors.base import Budget
from connectors.errors import Malformed
from connectors.github.asks import Etag, Get, Json, Page
from connectors.github.connection import Connection, Limits, connect
from connectors.github.credentials import fingerprint
from connectors.github.failures import EXPECTED, Errand, Failures
from connectors.github.pygithub import Auth, Github

API_VERSION = "2022-11-28"
PER_PAGE = 100
MEDIA_TYPE = "application/vnd.github+json"

Headers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """A GraphQL answer: `data` as far as there is any, what is wrong with the rest, and the answer's headers."""

    data: Json
    errors: list[Json]
    headers: Headers


@dataclass(slots=True)
class Client:
    """A Github object and its connection, for one thread at a time and one token.

    PyGithub does auth and transport only: its objects send hidden requests, its PaginatedList takes a 304 for
    an empty list and counts wrongly, and its retries sleep. `heard`: told what each answer's headers say is left.
    """

    api_url: str
    auth: Auth.Auth | None
    limits: Limits
    failures: Failures
    on_request: Callable[[], None]
    heard: Callable[[str, Budget], None]
    token: str | None = field(default=None, repr=False)
    _github: Github = field(init=False)
    _connection: Connection = field(init=False)

    def __post_init__(self) -> None:
        self._github = Github(
            auth=self.auth,
            base_url=self.api_url,
            timeout=whole_seconds(self.limits.timeout),
            user_agent=user_agent(),
            per_page=PER_PAGE,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,  # a GraphQL query is a POST; PyGithub would wait a second before it
        )
        self._connection = connect(self.api_url, self.limits, self.on_request)

    def close(self) -> None:
        """Close the sockets."""
        self._connection.close()
        self._github.close()

    def get(self, asked: Get) -> Page:
        """A page of a JSON list, or a JSON object; a 304 where its etag was drawn by this token and still holds."""
        mine = fingerprint(self.token)
        is_conditional = asked.etag is not None and asked.etag.owner == mine
        known = {"If-None-Match": asked.etag.value} if asked.etag is not None and is_conditional else {}
        headers, data = self._send(
            asked.errand, "GET", asked.path, asked.parameters, None, known, follows=asked.follows
        )
        if data is None:
            return Page(is_known=True, etag=asked.etag)
        if not isinstance(data, list if asked.shape == "list" else dict):
            wanted = "a list" if asked.shape == "list" else "an object"
            raise Malformed(
                f"{asked.errand.whole}: expected {wanted}, got {_kind(data)}", subject=asked.errand.subject
            )
        etag = headers.get("etag")
        following = self._next(asked.errand, headers, asked.path) if asked.shape == "list" else None
        return Page(data, following, Etag(mine, etag) if isinstance(etag, str) else None)

    def graphql(self, errand: Errand, text: str, variables: Json) -> Reply:
        """Ask GraphQL. Partial data beside errors is kept.

        The door is requestJson on graphql_url: PyGithub's graphql_query raises on any error and loses the data.
        """
        question = {"query": text, "variables": variables}
        headers, answer = self._send(errand, "POST", self._github.requester.graphql_url, {}, question, {})
        if not isinstance(answer, dict):
            raise Malformed(f"{errand.whole}: expected an object, got {_kind(answer)}", subject=errand.subject)
        said, listed = answer.get("data"), answer.get("errors")
        errors = [error for error in listed if isinstance(error, dict)] if isinstance(listed, list) else []
        if isinstance(said, dict):
            return Reply(said, errors, headers)
        if errors:
            raise self.failures.of_graphql(errand, errors, headers)
        raise Malformed(f"{errand.whole}: a GraphQL answer without data", subject=errand.subject)

    def post(self, errand: Errand, path: str) -> Json:
        """What a POST without a body answers: the one write, which gets an installation its token."""
        _, data = self._send(errand, "POST", path, {}, {}, {})
        if not isinstance(data, dict):
            raise Malformed(f"{errand.whole}: expected an object, got {_kind(data)}", subject=errand.subject)
        return data

    def _send(
        self,
        errand: Errand,
        verb: str,
        path: str,
        parameters: Mapping[str, str | int],
        body: Json | None,
        more: Mapping[str, str],
        *,
        follows: bool = True,
    ) -> tuple[Headers, Any]:
        headers = {"Accept": MEDIA_TYPE, "X-GitHub-Api-Version": API_VERSION, **more}
        self._connection.begin(follows=follows)
        try:
            # Of an absolute address PyGithub takes the path and asks its own host, so no token goes astray.
            status, answered, text = self._github.requester.requestJson(
                verb, path, dict(parameters), headers, body, self._connection
            )
        except EXPECTED as error:
            # Time that ran out surfaces as any of several errors.
            is_late = self._connection.time.is_over
            raise self.failures.of_exception(errand, requests.ReadTimeout() if is_late else error) from error
        self._hear(answered)
        if status == HTTPStatus.NOT_MODIFIED and more:
            return answered, None
        if status not in (HTTPStatus.OK, HTTPStatus.CREATED):
            raise self.failures.of_answer(errand, status, answered, text)
        try:
            data = _parsed(text)
        except (ValueError, RecursionError) as error:
            raise self.failures.of_body(errand, text) from error
        if data is None:
            raise Malformed(f"{errand.whole}: null for an answer", subject=errand.subject)
        return answered, data

    def _hear(self, headers: Headers) -> None:
        bucket, numbers = headers.get("x-ratelimit-resource"), []
        for name in ("limit", "remaining", "reset"):
            text = str(headers.get(f"x-ratelimit-{name}"))
            if not text.isascii() or not text.isdecimal() or len(text) > 12:
                return
            numbers.append(int(text))
        limit, remaining, reset = numbers
        if isinstance(bucket, str) and limit > 0:
            self.heard(bucket, Budget(limit, remaining, datetime.fromtimestamp(reset, UTC)))

    def _next(self, errand: Errand, headers: Headers, path: str) -> str | None:
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


@cache
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


def _kind(data: Any) -> str:
    return {dict: "an object", list: "a list", type(None): "null"}.get(type(data), type(data).__name__)


def _parsed(text: str) -> Any:
    """Raises ValueError, RecursionError."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # It refuses half a surrogate pair, which GitHub leaves where it cuts a title.
        return json.loads(text)
