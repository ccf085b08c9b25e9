"""Faults to inject into a demo service: which request they hit, and what they do to its answer."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from harvester.demo.exchange import Answer, Request, as_json, to_bytes

Fault = Callable[[Answer, Request], Answer]

HTML = "text/html; charset=utf-8"
UNICORN = b"<!DOCTYPE html><html><head><title>Unicorn!</title></head><body>502 Bad Gateway</body></html>"
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)

EXCEEDED = "API rate limit exceeded for user ID 1."
DOCS = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"
SOMETHING = "Something went wrong while executing your query."
SLOW = f"{SOMETHING} This may be the result of a timeout, or it could be a GitHub bug."
TOO_LATE = (
    "We couldn't respond to your request in time. Sorry about that. Please try resubmitting your request and "
    "contact us if the problem persists."
)
LIMITS_EXCEEDED = "Resource limits for this query exceeded."
MESSAGES = {
    401: "Bad credentials",
    403: "Resource not accessible by personal access token",
    404: "Not Found",
    410: "Issues are disabled for this repo",
    422: "Validation Failed",
    451: "Repository access blocked",
    500: "Server Error",
    503: "Service unavailable",
    504: TOO_LATE,
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
        """Hit the nth request, and so many in all, whose "METHOD /path?query", or body, this pattern is found in."""
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

    @property
    def seen(self) -> int:
        """How many requests looked like one to be spoilt, those after it included."""
        return sum(rule.seen for rule in self._rules)

    def apply(self, request: Request, answer: Answer) -> Answer:
        """The answer, spoilt where a rule says so."""
        text = f"{request.method} {request.target}"
        if request.body:
            text += f"\n{request.body.decode(errors='replace')}"
        with self._lock:
            for rule in self._rules:
                if rule.pattern.search(text):
                    rule.seen += 1
                    if rule.first <= rule.seen <= rule.last:
                        rule.hits += 1
                        answer = rule.fault(answer, request)
        return answer


def status(code: int, message: str = "") -> Fault:
    """A plain refusal with GitHub's error body: 401, 404, 410, 422, 451, 500, 503, 504 …"""
    return lambda *_: as_json({"message": message or MESSAGES.get(code, "Error"), "status": str(code)}, code)


def html(code: int = 502) -> Fault:
    """A page for people instead of an answer, honestly labelled."""
    return lambda *_: Answer(code, {"Content-Type": HTML}, UNICORN)


def html_as_json() -> Fault:
    """A page for people with status 200 and a JSON content type."""
    return lambda answer, _: replace(answer, status=200, body=UNICORN)


def bad_json() -> Fault:
    """Status 200 and full length, but the JSON is cut short."""
    return lambda answer, _: replace(answer, body=answer.body[: max(1, len(answer.body) // 2)])


def empty() -> Fault:
    """Status 200 and nothing else."""
    return lambda answer, _: replace(answer, status=200, body=b"")


def wrong_shape() -> Fault:
    """Status 200 with an object where a list was asked for, and with a list where it was an object."""

    def fault(answer: Answer, _: Request) -> Answer:
        said = json.loads(answer.body)
        return replace(answer, status=200, body=to_bytes({"items": said} if isinstance(said, list) else [said]))

    return fault


def cut_list() -> Fault:
    """A list that ends too early and says nothing of it: half of its items, and no page after them."""

    def fault(answer: Answer, _: Request) -> Answer:
        kept = {name: value for name, value in answer.headers.items() if name != "Link"}
        return replace(answer, headers=kept, body=to_bytes(_halved(json.loads(answer.body))))

    return fault


def _halved(said: Any, *, is_top: bool = True) -> Any:
    if isinstance(said, list) and is_top:
        return said[: len(said) // 2]
    if isinstance(said, dict):
        whole = {key: _halved(value, is_top=key in ("nodes", "edges")) for key, value in said.items()}
        return whole | ({"hasNextPage": False} if "hasNextPage" in said else {})
    return said


def moved(number: int) -> Fault:
    """What was asked of a repository is now, all of a sudden, at another one: 301 to the same below its id."""

    def fault(answer: Answer, request: Request) -> Answer:
        below = re.sub(
            r"^(/api/v3)?/(repos/[^/]+/[^/]+|repositories/\d+)", rf"\1/repositories/{number}", request.target
        )
        url = request.base + below
        return as_json({"message": "Moved Permanently", "url": url}, 301, {**answer.headers, "Location": url})

    return fault


def wire(how: Literal["reset", "truncated", "trickle", "silence"]) -> Fault:
    """The connection fails: reset, cut in the body, a byte now and then, or no word until the client gives up."""
    return lambda answer, _: replace(answer, wire=how)


def secondary_limit(code: Literal[403, 429] = 403, *, retry_after: int | None = 60) -> Fault:
    """GitHub's secondary limit, which no header announces; Retry-After may be missing."""

    def fault(answer: Answer, _: Request) -> Answer:
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

    def fault(answer: Answer, _: Request) -> Answer:
        reset = int(clock().timestamp()) + reset_in
        headers = {**answer.headers, "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
        body = {"message": EXCEEDED, "documentation_url": DOCS}
        return as_json(body, code, headers)

    return fault


def no_permission() -> Fault:
    """A good token that lacks a right."""
    return status(403, "Resource not accessible by personal access token")


def graphql_partial(error: str = "SERVICE_UNAVAILABLE", message: str = SOMETHING) -> Fault:
    """GraphQL with status 200, the last top-level field null, and an error saying so; error "" has no type."""

    def fault(answer: Answer, _: Request) -> Answer:
        data = json.loads(answer.body).get("data") or {}
        lost = next((name for name in reversed(data) if data[name] is not None and name != "rateLimit"), "data")
        problem = {**({"type": error} if error else {}), "path": [lost], "message": message}
        return as_json({"data": {**data, lost: None}, "errors": [problem]}, 200, answer.headers)

    return fault


def graphql_error(error: str = "RATE_LIMITED", message: str = EXCEEDED, **more: str) -> Fault:
    """GraphQL with status 200 and no data at all."""
    return lambda answer, _: as_json({"errors": [{"type": error, **more, "message": message}]}, 200, answer.headers)


KINDS: Mapping[str, Callable[[], Fault]] = {
    "500": lambda: status(500),
    "502 html": html,
    "503": lambda: status(503),
    "504": lambda: status(504),
    "reset": lambda: wire("reset"),
    "truncated": lambda: wire("truncated"),
    "trickle": lambda: wire("trickle"),
    "silence": lambda: wire("silence"),
    "bad json": bad_json,
    "html 200": html_as_json,
    "empty 200": empty,
    "wrong shape": wrong_shape,
    "301 elsewhere": lambda: moved(1),
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
    "graphql resource limits": lambda: graphql_partial("RESOURCE_LIMITS_EXCEEDED", LIMITS_EXCEEDED),
    "graphql timeout": lambda: graphql_partial("", SLOW),
    "graphql rate limited": graphql_error,
    "graphql rate limit": lambda: graphql_error("RATE_LIMIT", code="graphql_rate_limit"),
}
"""Every kind of fault by name, for tests over all of them."""

SILENT: Mapping[str, Callable[[], Fault]] = {"cut-off list": cut_list}
"""The faults that no answer shows: only a later one can set right what they spoilt."""
