"""GitHub's limits: points an hour per credential, points a minute, requests at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from harvester.demo.exchange import Answer, as_json
from harvester.demo.faults import DOCS, EXCEEDED, SECONDARY

Resource = Literal["core", "graphql"]

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@dataclass(slots=True)
class _Bucket:
    limit: int
    used: int
    reset_at: datetime

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    def as_dict(self) -> dict[str, int]:
        reset = int(self.reset_at.timestamp())
        return {"limit": self.limit, "used": self.used, "remaining": self.remaining, "reset": reset}


@dataclass(slots=True)
class Limits:
    """What a credential may ask for. Secondary limits are enforced where `secondary` says so.

    `refusals` counts the secondary ones: a polite client never draws any.
    """

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    secondary: bool = False
    rest_points_a_minute: int = 900
    graphql_points_a_minute: int = 2_000
    at_once: int = 100
    refusals: int = 0
    _buckets: dict[tuple[str, Resource], _Bucket] = field(default_factory=dict)
    _recent: dict[tuple[str, Resource], deque[tuple[datetime, int]]] = field(default_factory=dict)

    def bucket(self, credential: str, resource: Resource, limit: int) -> _Bucket:
        """The running hour of a credential; it begins with its first request."""
        now, known = self.clock(), self._buckets.get((credential, resource))
        if known is None or known.reset_at <= now:
            known = self._buckets[credential, resource] = _Bucket(limit, 0, now + HOUR)
        return known

    def charge(
        self, credential: str, resource: Resource, limit: int, points: int = 1, in_flight: int = 1
    ) -> Answer | None:
        """Count a request; an answer where it is refused."""
        bucket = self.bucket(credential, resource, limit)
        if self.secondary and self._is_too_fast(credential, resource, points, in_flight):
            self.refusals += 1
            body = {"message": SECONDARY, "documentation_url": DOCS + "#secondary"}
            return as_json(body, 403, {"Retry-After": "60"})
        if bucket.used + points > bucket.limit:
            bucket.used = bucket.limit
            if resource == "graphql":
                return as_json({"errors": [{"type": "RATE_LIMITED", "message": EXCEEDED}]})
            return as_json({"message": EXCEEDED, "documentation_url": DOCS}, 403)
        bucket.used += points
        return None

    def refund(self, credential: str, resource: Resource, limit: int) -> None:
        """A 304 costs nothing."""
        self.bucket(credential, resource, limit).used -= 1

    def headers(self, credential: str, resource: Resource, limit: int) -> dict[str, str]:
        """The X-RateLimit headers of every answer."""
        numbers = self.bucket(credential, resource, limit).as_dict()
        named = {f"X-RateLimit-{name.title()}": str(number) for name, number in numbers.items()}
        return {**named, "X-RateLimit-Resource": resource}

    def rate(self, credential: str, resource: Resource, limit: int) -> dict[str, int]:
        """limit, used, remaining and reset (epoch) of the running hour."""
        return self.bucket(credential, resource, limit).as_dict()

    def overview(self, credential: str, limit: int, graphql_limit: int) -> dict[str, Any]:
        """The body of GET /rate_limit, as the newest API version has it."""
        core = self.rate(credential, "core", limit)
        graphql = self.rate(credential, "graphql", graphql_limit)
        search = {"limit": 30, "used": 0, "remaining": 30, "reset": core["reset"]}
        return {"resources": {"core": core, "graphql": graphql, "search": search}}

    def _is_too_fast(self, credential: str, resource: Resource, points: int, in_flight: int) -> bool:
        now = self.clock()
        recent = self._recent.setdefault((credential, resource), deque())
        while recent and recent[0][0] <= now - MINUTE:
            recent.popleft()
        recent.append((now, points))
        allowed = self.rest_points_a_minute if resource == "core" else self.graphql_points_a_minute
        return in_flight > self.at_once or sum(cost for _, cost in recent) > allowed
