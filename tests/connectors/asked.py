"""A connector read against a function that answers its requests, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from connectors.base import Batch, Connector, Context, Coverage, Stream
from connectors.http import Http, Lanes
from connectors.testing import NOW, Answer, Wire


def said(body: Any, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON; a str is sent as it is."""
    text = body if isinstance(body, str) else json.dumps(body)
    sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, sent, text.encode())


def query_of(request: requests.PreparedRequest) -> dict[str, str]:
    """The parameters in the address."""
    return dict(parse_qsl(urlsplit(str(request.url)).query, keep_blank_values=True))


def path_of(request: requests.PreparedRequest) -> str:
    """The path of the address."""
    return urlsplit(str(request.url)).path


def body_of(request: requests.PreparedRequest) -> str:
    """What was posted, as text."""
    body = request.body or b""
    return body if isinstance(body, str) else body.decode()


def streams(connector: Connector, config: Any, answer: Callable[..., Answer], **more: Any) -> dict[str, Stream]:
    """The streams by name; `more` goes into the context."""
    clock = more.pop("clock", lambda: NOW)
    http = Http(transport=Wire(answer), allow_private=True, clock=clock, lanes=Lanes())
    opened = connector.open(config, Context(source="mine", http=http, clock=clock, **more))
    return {stream.spec.name: stream for stream in opened}


def facts(batches: list[Batch]) -> dict[tuple[str, str, str], float]:
    """Values by metric, subject and key."""
    return {(o.metric, o.subject, o.key): o.value for batch in batches for o in batch.observations}


def coverage(batches: list[Batch]) -> list[Coverage]:
    return [span for batch in batches for span in batch.coverage]


def rejects(batches: list[Batch]) -> list[str]:
    """Why each was refused."""
    return [reject.why for batch in batches for reject in batch.rejects]


def checkpoint(batches: list[Batch]) -> dict[str, Any]:
    """The cursor that the next read gets."""
    return {part: value for batch in batches for part, value in (batch.checkpoint or {}).items()}


def until(error: type[Exception], batches: Iterator[Batch]) -> list[Batch]:
    """What was yielded before the error."""
    kept: list[Batch] = []
    try:
        while True:
            kept.append(next(batches))
    except error:
        return kept
