"""A request and its answer, as the demo services see them: no sockets here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Literal, Protocol
from urllib.parse import parse_qsl

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived. `base`: scheme and host the client used. `in_flight`: requests under way, this one included.

    `takes`: seconds until its answer goes back.
    """

    method: str
    path: str
    raw_query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base: str = "http://127.0.0.1"
    in_flight: int = 1
    takes: float = 0.0

    @property
    def target(self) -> str:
        """Path and query, as sent."""
        return f"{self.path}?{self.raw_query}" if self.raw_query else self.path

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; of a repeated one the last."""
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))

    def bearer(self) -> str | None:
        """The credential in the Authorization header, "" where there is one we cannot read."""
        value = self.headers.get("authorization")
        if value is None:
            return None
        scheme, _, secret = value.partition(" ")
        return secret.strip() if scheme.lower() in ("bearer", "token") else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back, and how: `wire` says what happens to it on its way."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    wire: Literal["whole", "reset", "truncated", "trickle", "silence"] = "whole"

    def with_headers(self, **headers: str) -> Answer:
        """The same with more headers; an underscore in a name is a hyphen."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **more})


class App(Protocol):
    """A service without its socket."""

    def answer(self, request: Request) -> Answer:
        """Answer one request; called from many threads."""
        ...


def as_json(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer that carries JSON."""
    return Answer(status, {"Content-Type": JSON, **(headers or {})}, to_bytes(data))


def to_bytes(data: Any) -> bytes:
    """JSON as services send it: compact, UTF-8."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def http_date(at: datetime) -> str:
    """An instant as HTTP headers write it."""
    return format_datetime(at, usegmt=True)


def matches(etag: str, if_none_match: str | None) -> bool:
    """Weak comparison of an ETag with an If-None-Match header."""
    if if_none_match is None:
        return False
    plain = etag.removeprefix("W/")
    return any(tag.strip().removeprefix("W/") in (plain, "*") for tag in if_none_match.split(","))
