"""What the streams of one opened source share: the way in and the clients that are free."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from connectors.base import Context
from connectors.errors import NotPermitted
from connectors.github.client import Client
from connectors.github.config import GithubConfig
from connectors.github.connection import Limits
from connectors.github.failures import Failures
from connectors.github.gate import Gate
from connectors.http import check_address

DEADLINE = 4  # times the timeout of one read: for a whole answer


@dataclass(slots=True)
class Access:
    """One client per worker at a time; a client goes on to the next worker with its connection open."""

    config: GithubConfig
    context: Context
    gate: Gate = field(init=False)
    _idle: list[Client] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.gate = Gate(self.context.meter, self.context.clock, self.context.is_stopping)

    def check(self) -> None:
        """Raise NotPermitted where the way in is not safe, whatever there is to read."""
        if not __debug__:
            raise NotPermitted(
                "Python runs with -O, which removes PyGithub's checks of where it sends the token",
                remedy="run without -O and PYTHONOPTIMIZE",
            )
        is_open = urlsplit(self.config.api_url).scheme == "http"
        if is_open and self.config.token is not None and not self.context.allow_private:
            raise NotPermitted("the token would travel unencrypted", remedy="use https:// in api_url")
        check_address(self.config.api_url, self.context.allow_private)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A client for this thread alone."""
        with self._lock:
            client = self._idle.pop() if self._idle else self._connect()
        try:
            yield client
        finally:
            with self._lock:
                self._idle.append(client)

    def _connect(self) -> Client:
        timeout = self.context.timeout
        return Client(
            self.config.api_url,
            self.config.token,
            Limits(timeout, DEADLINE * timeout, allow_private=self.context.allow_private),
            Failures(urlsplit(self.config.api_url).netloc, self.config.token, self.context.clock),
            self.gate,
        )
