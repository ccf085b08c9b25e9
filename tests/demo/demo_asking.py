"""Asks the fake GitHub without a socket."""

from __future__ import annotations

import json
from typing import Any

from harvester.demo.exchange import Answer, Request
from harvester.demo.github import GitHub


def send(
    github: GitHub,
    query: str,
    variables: dict[str, Any] | None = None,
    *,
    token: str = "demo",
    operation: str | None = None,
) -> Answer:
    """Post a query."""
    body = {"query": query, "variables": variables or {}, "operationName": operation}
    return post(github, "/graphql", body, token=token)


def ask(github: GitHub, query: str, *, token: str = "demo", operation: str | None = None, **variables: Any) -> Any:
    """Post a query that is answered with status 200; the answer's JSON."""
    answer = send(github, query, variables, token=token, operation=operation)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def get(github: GitHub, path: str, *, token: str = "demo", **headers: str) -> Answer:
    """Get a path, query and all; an underscore in the name of a header is a hyphen."""
    where, _, query = path.partition("?")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return github.answer(Request("GET", where, query, _headers(token) | named))


def post(github: GitHub, path: str, body: Any = None, *, token: str = "demo") -> Answer:
    """Post JSON, or nothing."""
    sent = b"" if body is None else json.dumps(body).encode()
    return github.answer(Request("POST", path, headers=_headers(token), body=sent))


def _headers(token: str) -> dict[str, str]:
    return {"user-agent": "tests", "authorization": f"Bearer {token}"}
