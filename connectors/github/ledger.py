"""What one credential has asked for and may still ask: GitHub's hourly allowances and its limits by the minute."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.base import Budget
from connectors.errors import RateLimited
from connectors.github.asks import CORE, GRAPHQL
from connectors.github.failures import Hurried

MINUTE = timedelta(minutes=1)

# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
# A GET is one point, and so is a query that changes nothing, whatever it takes from the hourly allowance.
POINTS_A_MINUTE = {CORE: 900, GRAPHQL: 2_000}
# Time of GitHub's processors, to be estimated by how long answers take: of both APIs together, and of GraphQL.
SECONDS_A_MINUTE = {None: 90.0, GRAPHQL: 60.0}
MOST_AT_ONCE = 100
SHARE = 0.95  # of these limits that we use: GitHub's minute and ours do not begin together

CALM = timedelta(hours=1)  # after so long without a secondary limit, the next one is a first one again
MOST_DOUBLINGS = 6  # of the pause where GitHub does not say how long: about an hour at last


@dataclass(slots=True, eq=False)
class Passage:
    """A request that was let in: its points of the hour, and when it ended, None while it is under way."""

    bucket: str
    points: int
    began: datetime
    ended: datetime | None = None

    def seconds(self, now: datetime) -> float:
        """How long it has taken so far."""
        return ((self.ended or now) - self.began).total_seconds()


@dataclass(slots=True)
class Ledger:
    """The account of one credential, shared by everything in this process that asks with it. Thread-safe.

    After a rate limit nothing is let in before its end: going on while limited can get the token banned.
    """

    budgets: dict[str, Budget] = field(default_factory=dict)
    _limits: dict[str, RateLimited] = field(default_factory=dict)
    _recent: deque[Passage] = field(default_factory=deque)
    _under_way: set[Passage] = field(default_factory=set)
    _worked: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _promised: dict[str, int] = field(default_factory=dict)
    _hurried: int = 0
    _hurried_until: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self, bucket: str, points: int, reserve: int, now: datetime) -> Passage | float:
        """Let a request of so many points in, or say in how many seconds to ask again.

        `reserve`: what of an hourly allowance is left for others to use. Raises RateLimited where the wait is long.
        """
        with self._lock:
            limit = self._limits.get(bucket)
            if limit is not None and now < limit.retry_at:
                raise limit
            self._insist_on_budget(bucket, points, reserve, now)
            if (seconds := self._pace(bucket, now)) > 0:
                return seconds
            passage = Passage(bucket, points, now)
            self._recent.append(passage)
            self._under_way.add(passage)
            self._promised[bucket] = self._promised.get(bucket, 0) + points
            return passage

    def leave(self, passage: Passage, now: datetime) -> None:
        """A request that was let in is answered, or will not be."""
        with self._lock:
            passage.ended = now
            self._under_way.discard(passage)
            self._worked[passage.bucket] += passage.seconds(now)
            self._promised[passage.bucket] -= passage.points

    def left(self, bucket: str, now: datetime) -> float:
        """The share of the hourly allowance that is left, 1 where nothing is known: the least used goes first."""
        with self._lock:
            budget = self._budget(bucket, now)
            return 1.0 if budget is None else (budget.remaining - self._promised.get(bucket, 0)) / budget.limit

    def told(self, bucket: str, budget: Budget, now: datetime) -> None:
        """Note what an answer said is left."""
        with self._lock:
            known = self._budget(bucket, now)
            # Answers overtake each other: within an hour the least counts.
            if known is None or budget.reset_at > known.reset_at or budget.remaining < known.remaining:
                self.budgets[bucket] = budget

    def remember(self, bucket: str, error: RateLimited) -> None:
        """Take note of a limit that concerns every later request."""
        with self._lock:
            if not isinstance(error, Hurried):
                self._hold_back((bucket,), error)
                return
            if not error.is_told:
                self._grow(error)
            self._hold_back(POINTS_A_MINUTE, error)

    def _grow(self, error: Hurried) -> None:
        """GitHub's rule where nothing says how long: a minute, then longer and longer."""
        until, now = self._hurried_until, error.retry_at - MINUTE
        if until is not None and now < until:  # of a request that was under way when the limit was met
            error.retry_at = max(until, error.retry_at)
        else:
            if until is None or now > until + CALM:
                self._hurried = 0
            error.retry_at += (2 ** min(self._hurried, MOST_DOUBLINGS) - 1) * MINUTE
            self._hurried += 1
        self._hurried_until = error.retry_at

    def _hold_back(self, buckets: Iterable[str], error: RateLimited) -> None:
        for bucket in buckets:
            known = self._limits.get(bucket)
            if known is None or known.retry_at < error.retry_at:
                self._limits[bucket] = error

    def _budget(self, bucket: str, now: datetime) -> Budget | None:
        known = self.budgets.get(bucket)
        return known if known is not None and known.reset_at > now else None

    def _insist_on_budget(self, bucket: str, points: int, reserve: int, now: datetime) -> None:
        budget = self._budget(bucket, now)
        if budget is None:
            return
        # A reserve that is more than half of a small allowance would keep us out altogether.
        reserve = min(reserve, budget.limit // 2)
        if budget.remaining - self._promised.get(bucket, 0) - points < reserve:
            raise RateLimited(
                f"of the {bucket} allowance {max(0, budget.remaining)} of {budget.limit} are left"
                + (f", and {reserve} are kept in reserve" if reserve else ""),
                retry_at=budget.reset_at,
                remedy=f"it is full again at {budget.reset_at:%H:%M:%S} UTC, and the next run goes on here",
                bucket=bucket,
            )

    def _pace(self, bucket: str, now: datetime) -> float:
        """Seconds until the oldest requests have left the minute, so that one more fits in."""
        while self._recent and (ended := self._recent[0].ended) is not None and ended <= now - MINUTE:
            passed = self._recent.popleft()
            self._worked[passed.bucket] -= passed.seconds(now)
        if len(self._under_way) >= MOST_AT_ONCE * SHARE:
            return 1.0
        waits = [self._until_fewer(bucket, now)]
        for of, allowed in SECONDS_A_MINUTE.items():
            if of in (None, bucket) and self._busy(of, now) >= allowed * SHARE:
                spent = [p for p in self._recent if of in (None, p.bucket)]
                waits.append(_until_less(spent, allowed * SHARE, now))
        return max(waits)

    def _busy(self, of: str | None, now: datetime) -> float:
        """Seconds of work within the minute, of one API or of both; found without looking at everything."""
        under_way = sum(passed.seconds(now) for passed in self._under_way if of in (None, passed.bucket))
        return under_way + (sum(self._worked.values()) if of is None else self._worked[of])

    def _until_fewer(self, bucket: str, now: datetime) -> float:
        most = int(POINTS_A_MINUTE[bucket] * SHARE)
        if len(self._recent) < most:
            return 0.0
        began = [passed.began for passed in self._recent if passed.bucket == bucket and passed.began > now - MINUTE]
        return 0.0 if len(began) < most else (began[len(began) - most] + MINUTE - now).total_seconds()


def _until_less(spent: list[Passage], allowed: float, now: datetime) -> float:
    """Seconds until less than `allowed` seconds of work lie within the minute."""
    total = sum(passed.seconds(now) for passed in spent)
    if total < allowed:
        return 0.0
    for passed in spent:
        if passed.ended is None:
            return 0.1  # somebody is still at work: look again when there is an answer
        total -= passed.seconds(now)
        if total < allowed:
            return max(0.0, (passed.ended + MINUTE - now).total_seconds())
    return 0.0


@dataclass(slots=True)
class Ledgers:
    """The accounts of this process by credential: two sources with one token share its limits."""

    _by_name: dict[str, Ledger] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, name: str) -> Ledger:
        """The account of the credential that is called so."""
        with self._lock:
            return self._by_name.setdefault(name, Ledger())


SHARED = Ledgers()
