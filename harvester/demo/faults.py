"""Faults to inject into a demo service: which request they hit, and what they do to its answer."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from harvester.demo.exchange import Answer, Request, as_json

Fault = Callable[[Answer], Answer]

HTML = "text/html; charset=utf-8"
UNICORN = b"<!DOCTYPE html><html><head><title>Unicorn!</title></head><body>502 Bad Gateway</body></html>"
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)

EXCEEDED = "API rate limit exceeded for user ID 1."
DOCS = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"
MESSAGES = {
    401: "Bad credentials",
    403: "Resource not accessible by personal access token",
    404: "Not Found",
    410: "Issues are disabled for this repo",
    422: "Validation Failed",
    451: "Repository access blocked",
    500: "Server Error",
    503: "Service unavailable",
}


class VirtualClock:
    """A clock that moves when told. Call it for the time."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def __call__(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move on; a test's `sleep` may call this."""
        self._now += by


@dataclass(slots=True)
class _Rule:
    pattern: re.Pattern[str]
    fault: Fault
    first: int
    last: int
    seen: int = 0
    hits: int = 0


@dataclass(slots=True)
class Faults:
    """The faults waiting in one service."""

    _rules: list[_Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def inject(self, fault: Fault, path: str = "", *, nth: int = 1, times: int = 1) -> None:
        """Hit the nth request, and so many in all, whose "METHOD /path?query" this pattern is found in."""
        with self._lock:
            self._rules.append(_Rule(re.compile(path), fault, nth, nth + times - 1))

    def clear(self) -> None:
        """No more faults."""
        with self._lock:
            self._rules.clear()

    @property
    def hits(self) -> int:
        """How many answers were spoilt so far: a test that hits nothing tests nothing."""
        return sum(rule.hits for rule in self._rules)

    def apply(self, request: Request, answer: Answer) -> Answer:
        """The answer, spoilt where a rule says so."""
        target = f"{request.method} {request.target}"
        with self._lock:
            for rule in self._rules:
                if rule.pattern.search(target):
                    rule.seen += 1
                    if rule.first <= rule.seen <= rule.last:
                        rule.hits += 1
                        answer = rule.fault(answer)
        return answer


def status(code: int, message: str = "") -> Fault:
    """A plain refusal with GitHub's error body: 401, 404, 410, 422, 451, 500, 503 …"""

    def fault(_: Answer) -> Answer:
        return as_json({"message": message or MESSAGES.get(code, "Error"), "status": str(code)}, code)

    return fault


def html(code: int = 502) -> Fault:
    """A page for people instead of an answer, honestly labelled."""
    return lambda _: Answer(code, {"Content-Type": HTML}, UNICORN)


def html_as_json() -> Fault:
    """A page for people with status 200 and a JSON content type."""
    return lambda answer: replace(answer, status=200, body=UNICORN)


def bad_json() -> Fault:
    """Status 200 and full length, but the JSON is cut short."""
    return lambda answer: replace(answer, body=answer.body[: max(1, len(answer.body) // 2)])


def empty() -> Fault:
    """Status 200 and nothing else."""
    return lambda answer: replace(answer, status=200, body=b"")


def wire(how: Literal["reset", "truncated", "trickle", "silence"]) -> Fault:
    """The connection fails: reset, cut in the body, a byte now and then, or no word until the client gives up."""
    return lambda answer: replace(answer, wire=how)


def secondary_limit(code: Literal[403, 429] = 403, *, retry_after: int | None = 60) -> Fault:
    """GitHub's secondary limit, which no header announces; Retry-After may be missing."""

    def fault(answer: Answer) -> Answer:
        headers = dict(answer.headers)
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        return as_json({"message": SECONDARY, "documentation_url": DOCS + "#secondary"}, code, headers)

    return fault


def primary_limit(
    code: Literal[403, 429] = 403,
    *,
    reset_in: int = 900,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Fault:
    """GitHub's primary limit: nothing remains until the reset."""

    def fault(answer: Answer) -> Answer:
        reset = int(clock().timestamp()) + reset_in
        headers = {**answer.headers, "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
        body = {"message": EXCEEDED, "documentation_url": DOCS}
        return as_json(body, code, headers)

    return fault


def no_permission() -> Fault:
    """A good token that lacks a right."""
    return status(403, "Resource not accessible by personal access token")


def graphql_partial(error: str = "SERVICE_UNAVAILABLE") -> Fault:
    """GraphQL with status 200, the last top-level field null, and an error saying so."""

    def fault(answer: Answer) -> Answer:
        data = json.loads(answer.body).get("data") or {}
        lost = next((name for name in reversed(data) if data[name] is not None and name != "rateLimit"), "data")
        problem = {"type": error, "path": [lost], "message": "Something went wrong while executing your query."}
        return as_json({"data": {**data, lost: None}, "errors": [problem]}, 200, answer.headers)

    return fault


def graphql_error(error: str = "RATE_LIMITED", message: str = EXCEEDED) -> Fault:
    """GraphQL with status 200 and no data at all."""
    return lambda answer: as_json({"errors": [{"type": error, "message": message}]}, 200, answer.headers)


KINDS: Mapping[str, Callable[[], Fault]] = {
    "500": lambda: status(500),
    "502 html": html,
    "503": lambda: status(503),
    "reset": lambda: wire("reset"),
    "truncated": lambda: wire("truncated"),
    "trickle": lambda: wire("trickle"),
    "silence": lambda: wire("silence"),
    "bad json": bad_json,
    "html 200": html_as_json,
    "empty 200": empty,
    "secondary 403": secondary_limit,
    "secondary 403 bare": lambda: secondary_limit(retry_after=None),
    "secondary 429": lambda: secondary_limit(429),
    "secondary 429 bare": lambda: secondary_limit(429, retry_after=None),
    "primary 403": primary_limit,
    "primary 429": lambda: primary_limit(429),
    "401": lambda: status(401),
    "403": no_permission,
    "404": lambda: status(404),
    "410": lambda: status(410),
    "422": lambda: status(422),
    "451": lambda: status(451),
    "graphql partial": graphql_partial,
    "graphql rate limited": graphql_error,
}
"""Every kind of fault by name, for tests over all of them."""
