"""PyGithub's connection over guarded sockets: a deadline, a cap on decoded bytes, no redirect that loses the query.

`requestJson` takes a connection as its parameter `cnx`: the supported door through which all of this comes in.
"""

from __future__ import annotations

import os
from collections.abc import Callable, ItemsView
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.utils import default_headers

from connectors.github.pygithub import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, RequestsResponse
from connectors.wire import Deadline, Guard, GuardedAdapter

MIB = 2**20
MAX_HOPS = 5
CHUNK = 64 * 2**10
_USUAL = dict(default_headers())  # compression above all


class Moved(requests.RequestException):
    """A redirect that PyGithub would follow without the query, to other answers than were asked for."""


class NotFollowed(requests.RequestException):
    """A redirect whose `address` is all that is wanted."""

    address = ""


class Oversized(requests.RequestException):
    """More bytes than any answer needs."""


class StillWorking(requests.RequestException):
    """202: the answer is being computed. PyGithub would sleep and ask again without end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`timeout`: for one wait for the network. `deadline`: for a whole answer. `max_bytes`: of it, decoded.

    A hundred issues with bodies of 65,536 four-byte characters each, GitHub's most, are 25 MiB.
    """

    timeout: timedelta
    deadline: timedelta
    max_bytes: int = 64 * MIB
    allow_private: bool = False


class Received(RequestsResponse):
    """A complete answer: status, headers and decoded text, as PyGithub reads them."""

    def __init__(self, answer: requests.Response, body: bytes) -> None:
        super().__init__(answer)
        self._body = body

    def getheaders(self) -> ItemsView[str, str]:
        """The headers as they came."""
        return self.headers.items()

    def read(self) -> str:
        """The body. GitHub's JSON is UTF-8; guessing at an encoding costs more than parsing."""
        return self._body.decode("utf-8", "replace")


class _Bounded:
    """What both schemes share. PyGithub calls request() and then getresponse(), once per hop."""

    max_bytes: int
    on_request: Callable[[], None]
    time: Deadline
    hops: int
    follows: bool

    # Set by PyGithub's own classes.
    session: requests.Session
    protocol: str
    host: str
    port: int
    verb: str
    url: str
    input: Any
    headers: dict[str, str]
    verify: Any

    def begin(self, *, follows: bool = True) -> None:
        """A new question: its redirects and its time count anew. `follows`: redirects, that is."""
        self.hops, self.follows = 0, follows
        self.time.restart()

    def getresponse(self) -> RequestsResponse:
        """Send the request and read its answer within the limits."""
        self.hops += 1
        self.on_request()
        wait = self.time.next_wait()
        url = f"{self.protocol}://{self.host}:{self.port}{self.url}"
        asked = requests.Request(self.verb, url, headers={**_USUAL, **self.headers}, data=self.input).prepare()
        # Not by the session: it would keep cookies, and go through its settings for each request.
        answer = self.session.get_adapter(url).send(asked, stream=True, timeout=(wait, wait), verify=self.verify)
        with closing(answer):
            if answer.status_code == HTTPStatus.ACCEPTED:
                raise StillWorking
            is_moved = answer.status_code == HTTPStatus.MOVED_PERMANENTLY
            if is_moved and not self.follows:
                told = NotFollowed()
                told.address = answer.headers.get("Location", "")
                raise told
            if is_moved and ("?" in self.url or self.hops > MAX_HOPS):
                raise Moved
            return Received(answer, self._body(answer))

    def _body(self, answer: requests.Response) -> bytes:
        body = bytearray()
        for chunk in answer.iter_content(CHUNK):
            body += chunk
            if len(body) > self.max_bytes:
                raise Oversized
        return bytes(body)


class _Https(_Bounded, HTTPSRequestsConnectionClass):
    pass


class _Http(_Bounded, HTTPRequestsConnectionClass):
    pass


Connection = _Https | _Http


def connect(api_url: str, limits: Limits, on_request: Callable[[], None]) -> Connection:
    """A connection for one worker: PyGithub keeps a question's address on it between two calls.

    Never tries again, sends no ~/.netrc credentials and uses no proxy, like the door of connectors.http.
    """
    address = urlsplit(api_url)
    kind = _Https if address.scheme == "https" else _Http
    verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
    connection = kind(address.hostname or "", address.port, retry=None, verify=verify)
    connection.max_bytes, connection.on_request = limits.max_bytes, on_request
    connection.time = Deadline(limits.timeout.total_seconds(), limits.deadline.total_seconds())
    connection.begin()
    guard = Guard(connection.time, allow_private=limits.allow_private)
    connection.session.mount(f"{address.scheme}://", GuardedAdapter(guard))
    return connection
