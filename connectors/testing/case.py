"""A connector with a fake of its service, and that service in every mood."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import GeneratorType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from connectors.base import Batch, Connector, Context, Cursor, Observation, Secret, Stream
from connectors.errors import AuthFailed, ConnectorError, Malformed, RateLimited, Unavailable
from connectors.http import Http, Lanes

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ZONE = ZoneInfo("Pacific/Auckland")
"""Where it is already tomorrow at NOW, so that a day taken from the wrong clock shows."""

LOGIN_PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body><form></form></body></html>"


class Mood(StrEnum):
    """How the service of a case behaves."""

    FINE = "fine"
    REFUSING = "refuses the credentials"
    DOWN = "is down"
    WEB_PAGE = "answers a login page"
    EMPTY = "answers nothing"
    BUSY = "asks to come back later"


class Answer(NamedTuple):
    """What a fake service answers to a request."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""


FAULTS: Mapping[Mood, tuple[Answer, type[ConnectorError]]] = {
    Mood.REFUSING: (Answer(401), AuthFailed),
    Mood.DOWN: (Answer(503), Unavailable),
    Mood.WEB_PAGE: (Answer(200, {"Content-Type": "text/html"}, LOGIN_PAGE), Malformed),
    Mood.EMPTY: (Answer(200, {"Content-Type": "application/json"}), Malformed),
    Mood.BUSY: (Answer(429, {"Retry-After": "90"}), RateLimited),
}
"""What a web service answers in a mood, and what a connector must make of it."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A connector with what it takes to run it.

    `answer`: the service, asked through `Context.http`; faults are then made by the suite. A connector with a
    transport of its own sets `serving` instead: a context in which its service is in that mood. With neither the
    connector asks no web service, and its facts lie in `folder`. `secrets`: texts that must show nowhere.
    """

    connector: Connector
    config: Any
    answer: Callable[[requests.PreparedRequest], Answer] | None = None
    serving: Callable[[Mood], AbstractContextManager[object]] | None = None
    secrets: Sequence[str] = ()
    folder: Path = field(default_factory=Path)
    now: datetime = NOW


def known_secret(value: str) -> Secret:
    """A Secret for a configuration in a test."""
    return Secret("env:TEST", lambda: value)


class Wire(BaseAdapter):
    """A transport that asks a function instead of the network, and counts."""

    def __init__(self, answer: Callable[[requests.PreparedRequest], Answer]) -> None:
        super().__init__()
        self._answer = answer
        self.count = 0

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Answer in the author's words."""
        self.count += 1
        status, headers, body = self._answer(request)
        raw = urllib3.HTTPResponse(
            io.BytesIO(body), dict(headers), status, preload_content=False, decode_content=False
        )
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """Nothing is open."""


class Reading(NamedTuple):
    """A stream with all that it gave."""

    stream: Stream
    batches: list[Batch]

    @property
    def observations(self) -> list[Observation]:
        """The facts of all batches."""
        return [one for batch in self.batches for one in batch.observations]


@contextmanager
def opened(
    case: Case, mood: Mood = Mood.FINE, *, is_stopping: bool = False
) -> Iterator[tuple[Sequence[Stream], Wire, Context]]:
    """The streams of a case with its service in a mood."""
    wire = Wire((case.answer or _nobody) if mood is Mood.FINE else lambda _: FAULTS[mood][0])
    with (
        (case.serving or (lambda _: nullcontext()))(mood),
        Http(transport=wire, allow_private=True, clock=lambda: case.now, lanes=Lanes()) as http,
    ):
        context = Context(
            source="suite",
            http=http,
            clock=lambda: case.now,
            timezone=ZONE,
            folder=case.folder,
            allow_private=True,
            is_stopping=lambda: is_stopping,
        )
        yield case.connector.open(case.config, context), wire, context


def _nobody(request: requests.PreparedRequest) -> Answer:
    raise AssertionError(f"{request.method} {request.url} was asked, but the case has no `answer`")


def read(stream: Stream, cursor: Cursor) -> Iterator[Batch]:
    """The batches of a read, closed as the pipeline closes it."""
    batches = stream.read(cursor)
    with closing(batches) if isinstance(batches, GeneratorType) else nullcontext():
        yield from batches


def read_all(case: Case) -> list[Reading]:
    """Every stream from the start, the service being well."""
    with opened(case) as (streams, _, _):
        return [Reading(stream, list(read(stream, {}))) for stream in streams]


def hold(condition: object, message: str) -> None:
    """Raise AssertionError with the message unless the condition is true."""
    # Not a bare assert: it says more, and it is still there under -O.
    if not condition:
        raise AssertionError(message)
