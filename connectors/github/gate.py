"""What all workers of one source share: the count of requests, and the reasons not to send another one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.base import Meter
from connectors.errors import AuthFailed, ConnectorError, RateLimited
from connectors.github.failures import Hurried

BUCKETS = ("core", "graphql")  # GitHub's names for the hourly limits that we draw on

# GitHub allows 900 points a minute, a GET costs one. Beyond this many within a minute requests go one by one,
# which is what its best practices ask for anyway; an answer takes long enough then to stay below the limit.
RUSH = 600
MINUTE = timedelta(minutes=1)


class Stopped(Exception):
    """The run is being stopped: no request is sent any more, and what was read so far is all there will be."""


@dataclass(slots=True)
class Gate:
    """Every request passes here. Safe to use from several threads.

    After a refused token nothing is sent any more, and after a rate limit nothing before its end: going on
    while limited can get the token banned.
    """

    meter: Meter
    clock: Callable[[], datetime]
    is_stopping: Callable[[], bool]
    _refusal: AuthFailed | None = None
    _limits: dict[str, RateLimited] = field(default_factory=dict)
    _sent: deque[datetime] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _one_by_one: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def passage(self, bucket: str) -> Iterator[None]:
        """Hold this while a request is under way. Raises Stopped, AuthFailed or RateLimited instead of letting in."""
        self._check(bucket)
        if not self._is_rush():
            yield
            return
        with self._one_by_one:
            self._check(bucket)
            yield

    def count_request(self) -> None:
        """One more request was sent."""
        with self._lock:
            self.meter.requests += 1
            self._sent.append(self.clock())

    def count_points(self, points: int) -> None:
        """So many GraphQL points were charged."""
        with self._lock:
            self.meter.points += points

    def remember(self, bucket: str, error: ConnectorError) -> None:
        """Take note of an error that concerns every later request."""
        if isinstance(error, AuthFailed):
            self._refusal = error
        elif isinstance(error, RateLimited):
            for limited in BUCKETS if isinstance(error, Hurried) else (bucket,):
                self._limits[limited] = error

    def _check(self, bucket: str) -> None:
        if self.is_stopping():
            raise Stopped
        if self._refusal is not None:
            raise self._refusal
        limit = self._limits.get(bucket)
        if limit is not None and self.clock() < limit.retry_at:
            raise limit

    def _is_rush(self) -> bool:
        with self._lock:
            since = self.clock() - MINUTE
            while self._sent and self._sent[0] < since:
                self._sent.popleft()
            return len(self._sent) >= RUSH
