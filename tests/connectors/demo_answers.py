"""A demo service as the conformance suite asks for it: a function, without a socket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from urllib.parse import urlsplit

import requests

from connectors.testing import NOW, Answer
from harvester.demo.exchange import App, Request
from harvester.demo.life import build
from harvester.demo.world import World

KEY = "k3y-of-the-reader-4d1e"


def world_of_readers() -> World:
    """So many days that every stream asks for them in pieces, up to the suite's today."""
    return build(NOW.date(), start=date(2025, 11, 1), plans=())


def answers_of(app: App) -> Callable[[requests.PreparedRequest], Answer]:
    """What the service answers, for `Case.answer`."""

    def answer(asked: requests.PreparedRequest) -> Answer:
        address = urlsplit(str(asked.url))
        body = asked.body.encode() if isinstance(asked.body, str) else asked.body or b""
        headers = {name.lower(): value for name, value in asked.headers.items()}
        said = app.answer(Request(str(asked.method), address.path, address.query, headers, body))
        return Answer(said.status, said.headers, said.body)

    return answer
