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
    body = json.dumps({"query": query, "variables": variables or {}, "operationName": operation}).encode()
    headers = {"user-agent": "tests", "authorization": f"Bearer {token}"}
    return github.answer(Request("POST", "/graphql", headers=headers, body=body))


def ask(github: GitHub, query: str, *, token: str = "demo", operation: str | None = None, **variables: Any) -> Any:
    """Post a query that is answered with status 200; the answer's JSON."""
    answer = send(github, query, variables, token=token, operation=operation)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def get(github: GitHub, path: str, *, token: str = "demo", accept: str = "") -> Answer:
    """Get a path, query and all."""
    where, _, query = path.partition("?")
    headers = {"user-agent": "tests", "authorization": f"Bearer {token}", "accept": accept}
    return github.answer(Request("GET", where, query, headers))
