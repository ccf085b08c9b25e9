"""GitHub's limits: points an hour per user, points and CPU a minute, requests at once; all by a clock."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from harvester.demo.exchange import Answer, Request, as_json
from harvester.demo.faults import DOCS, SECONDARY
from harvester.demo.github_access import Purse

Resource = Literal["core", "graphql", "search"]

MINUTE = timedelta(minutes=1)
WINDOWS = {"core": timedelta(hours=1), "graphql": timedelta(hours=1), "search": MINUTE}
BAN = 60  # seconds of a ban that does not say how long it is


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


@dataclass(frozen=True, slots=True)
class _Spent:
    """A request of the running minute: its points by the secondary limits' count, and its seconds of CPU."""

    at: datetime
    is_graphql: bool
    points: int
    seconds: float


@dataclass(slots=True)
class Limits:
    """What everybody may ask for. Primary limits hold always, secondary ones where `secondary` says so.

    `at_once`: requests under way, REST and GraphQL together. The CPU of a request is estimated by the time its
    answer takes: `seconds`, or what the service lets it take. Who goes on while limited is banned for longer.
    `primary_status`, `secondary_status`: 403 and 429 both occur. `retry_after`: None leaves the header out.
    `graphql_type`: what an exhausted hour is called by GraphQL, which GitHub has changed. `refusals`: how many there
    were of each kind; a polite client never draws any.
    """

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    secondary: bool = False
    rest_points_a_minute: int = 900
    graphql_points_a_minute: int = 2_000
    at_once: int = 100
    cpu_a_minute: float = 90.0
    graphql_cpu_a_minute: float = 60.0
    seconds: float | None = None
    primary_status: Literal[403, 429] = 403
    secondary_status: Literal[403, 429] = 403
    retry_after: int | None = BAN
    graphql_type: Literal["RATE_LIMIT", "RATE_LIMITED"] = "RATE_LIMIT"
    refusals: Counter[str] = field(default_factory=Counter)
    _buckets: dict[tuple[str, Resource], _Bucket] = field(default_factory=dict)
    _recent: dict[str, deque[_Spent]] = field(default_factory=dict)
    _banned_until: dict[str, datetime] = field(default_factory=dict)

    def charge(self, purse: Purse, resource: Resource, request: Request, points: int = 1) -> Answer | None:
        """Count a request that costs so many points of the hour; an answer where it is refused."""
        bucket = self._bucket(purse, resource)
        if self.secondary and (kind := self._offence(purse, resource, request)):
            self.refusals[kind] += 1
            return self._slow_down(purse)
        if bucket.used + points > bucket.limit:
            bucket.used = bucket.limit
            self.refusals[f"primary {resource}"] += 1
            return self._used_up(purse, resource)
        bucket.used += points
        return None

    def refund(self, purse: Purse, resource: Resource) -> None:
        """A 304 costs nothing of the hour."""
        self._bucket(purse, resource).used -= 1

    def headers(self, purse: Purse, resource: Resource) -> dict[str, str]:
        """The X-RateLimit headers of every answer."""
        numbers = self.rate(purse, resource)
        named = {f"X-RateLimit-{name.title()}": str(number) for name, number in numbers.items()}
        return {**named, "X-RateLimit-Resource": resource}

    def rate(self, purse: Purse, resource: Resource) -> dict[str, int]:
        """limit, used, remaining and reset (epoch) of the running hour, or minute of `search`."""
        return self._bucket(purse, resource).as_dict()

    def overview(self, purse: Purse) -> dict[str, Any]:
        """The body of GET /rate_limit, as the newest API version has it."""
        kinds: tuple[Resource, ...] = ("core", "graphql", "search")
        return {"resources": {resource: self.rate(purse, resource) for resource in kinds}}

    def _bucket(self, purse: Purse, resource: Resource) -> _Bucket:
        """A window begins with its first request."""
        now, known = self.clock(), self._buckets.get((purse.name, resource))
        if known is None or known.reset_at <= now:
            limit = {"core": purse.core, "graphql": purse.graphql, "search": purse.search}[resource]
            known = self._buckets[purse.name, resource] = _Bucket(limit, 0, now + WINDOWS[resource])
        return known

    def _offence(self, purse: Purse, resource: Resource, request: Request) -> str:
        """Which secondary limit this request breaks, if any; it counts against the minute unless it does."""
        now = self.clock()
        if self._banned_until.get(purse.name, now) > now:
            return "going on"
        recent = self._recent.setdefault(purse.name, deque())
        while recent and recent[0].at <= now - MINUTE:
            recent.popleft()
        is_graphql = resource == "graphql"
        points = 1 if is_graphql or request.method in ("GET", "HEAD", "OPTIONS") else 5
        seconds = request.takes if self.seconds is None else self.seconds
        spent = [*recent, _Spent(now, is_graphql, points, seconds)]
        own = [each for each in spent if each.is_graphql == is_graphql]
        allowed = self.graphql_points_a_minute if is_graphql else self.rest_points_a_minute
        if request.in_flight > self.at_once:
            return "at once"
        if sum(each.points for each in own) > allowed:
            return "graphql points" if is_graphql else "rest points"
        if is_graphql and sum(each.seconds for each in own) > self.graphql_cpu_a_minute:
            return "graphql cpu"
        if sum(each.seconds for each in spent) > self.cpu_a_minute:
            return "cpu"
        recent.append(spent[-1])
        return ""

    def _slow_down(self, purse: Purse) -> Answer:
        self._banned_until[purse.name] = self.clock() + timedelta(seconds=self.retry_after or BAN)
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        body = {"message": SECONDARY, "documentation_url": DOCS + "#about-secondary-rate-limits"}
        return as_json(body, self.secondary_status, headers)

    def _used_up(self, purse: Purse, resource: Resource) -> Answer:
        if resource == "graphql":  # refused with status 200, as everything there
            is_new = self.graphql_type == "RATE_LIMIT"
            code = {"code": "graphql_rate_limit"} if is_new else {}
            message = f"API rate limit {'already ' if is_new else ''}exceeded for {purse.whom}."
            return as_json({"errors": [{"type": self.graphql_type, **code, "message": message}]})
        body = {"message": f"API rate limit exceeded for {purse.whom}.", "documentation_url": DOCS}
        return as_json(body, self.primary_status)
