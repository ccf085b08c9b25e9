"""What tests of connectors against a fake of their service have in common: no socket, no waiting."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from connectors.base import Batch, Connector, Context, Coverage, Secret, Stream, Subject
from connectors.http import Http, Lanes
from connectors.testing import NOW, Answer, Wire

Fake = Callable[[requests.PreparedRequest], Answer]


def secret(value: str) -> Secret:
    return Secret("env:TEST", lambda: value)


def said(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer in JSON."""
    return Answer(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(body).encode())


def asked(request: requests.PreparedRequest) -> tuple[str, dict[str, str]]:
    """The path of a request and its parameters."""
    address = urlsplit(str(request.url))
    return address.path, {name: values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()}


def streams_of(connector: Connector, config: Any, fake: Fake, **more: Any) -> dict[str, Stream]:
    """The streams by name, opened on a fake. `more`: of the context; `now` sets its clock."""
    now = more.pop("now", NOW)
    http = Http(transport=Wire(fake), clock=lambda: now, lanes=Lanes())
    context = Context(**{"source": "mine", "http": http, "clock": lambda: now, "wait": lambda _: False, **more})
    return {stream.spec.name: stream for stream in connector.open(config, context)}


def facts(batches: list[Batch]) -> dict[tuple[str, str, str], float]:
    """(metric, subject, key) → value, the last one said."""
    return {(o.metric, o.subject, o.key): o.value for batch in batches for o in batch.observations}


def total(batches: list[Batch], metric: str) -> float:
    return sum(value for (name, _, _), value in facts(batches).items() if name == metric)


def spans(batches: list[Batch], metric: str | None = None) -> list[Coverage]:
    """Coverage, of everything or of what speaks of a metric."""
    told = [span for batch in batches for span in batch.coverage]
    return [span for span in told if metric is None or span.metrics is None or metric in span.metrics]


def subjects(batches: list[Batch]) -> dict[str, Subject]:
    return {subject.id: subject for batch in batches for subject in batch.subjects}


def rejects(batches: list[Batch]) -> list[str]:
    return [f"{reject.what}: {reject.why}" for batch in batches for reject in batch.rejects]


def cursor_after(batches: list[Batch], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The cursor as the store would give it back."""
    moved = {part: value for batch in batches for part, value in (batch.checkpoint or {}).items()}
    return json.loads(json.dumps({**(before or {}), **moved}))


def until(error: type[Exception], batches: Iterator[Batch]) -> list[Batch]:
    """What was yielded before the error, which must come."""
    kept: list[Batch] = []
    try:
        while batch := next(batches, None):
            kept.append(batch)
    except error:
        return kept
    raise AssertionError(f"it ended without {error.__name__}")
