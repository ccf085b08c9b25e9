"""The demo blog's readers, as Plausible tells them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from harvester.demo.exchange import Answer, Request, as_json
from harvester.demo.things import Reads
from harvester.demo.world import World

Json = dict[str, Any]

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
METRICS = ("visitors", "visits", "pageviews", "events", "views_per_visit", "bounce_rate", "visit_duration")
SESSION_METRICS = ("views_per_visit", "bounce_rate", "visit_duration")
DIMENSIONS = ("event:page", "event:hostname", "time", "time:day", "time:week", "time:month")
NO_ACCESS = (
    "Invalid API key or site ID. Please make sure you're using a valid API key with access to the site "
    "you've requested."
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Quota:
    """So many requests in a window that begins with the first of them."""

    def __init__(self, limit: int, window: timedelta, clock: Callable[[], datetime]) -> None:
        self.limit = limit
        self.window = window
        self.clock = clock
        self.used = 0
        self.reset_at = clock()

    def take(self) -> bool:
        """Count one; false where it is too many."""
        now = self.clock()
        if now >= self.reset_at:
            self.used, self.reset_at = 0, now + self.window
        self.used += 1
        return self.used <= self.limit


@dataclass(frozen=True, slots=True)
class _Query:
    """A checked query of the Stats API."""

    first: date
    last: date
    metrics: Sequence[str]
    dimensions: Sequence[str]
    filters: Sequence[Any]
    order_by: Sequence[Sequence[str]]
    limit: int
    offset: int
    include: Mapping[str, bool]

    @property
    def is_by_page(self) -> bool:
        return "event:page" in self.dimensions or "event:page" in json.dumps(self.filters)


class _Invalid(Exception):
    """The query is refused with this message."""


class Plausible:
    """Stats API v2: POST /api/v2/query. Days of the outage have no rows; days are UTC, the site's time zone.

    `keys`: valid API keys, "demo" by default. The site is the world's. No Retry-After comes with a 429.
    """

    def __init__(
        self,
        world: World,
        *,
        keys: frozenset[str] = frozenset({"demo"}),
        clock: Callable[[], datetime] = _utc_now,
        hourly_limit: int = 600,
    ) -> None:
        self.world = world
        self.keys = keys
        self.quota = Quota(hourly_limit, HOUR, clock)

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        if request.path != "/api/v2/query" or request.method != "POST":
            return as_json({"error": "Not found"}, 404)
        key = request.bearer()
        if not key:
            missing = "Missing API key. Please use a valid Plausible API key as a Bearer Token."
            return as_json({"error": missing}, 401)
        if key not in self.keys:
            return as_json({"error": NO_ACCESS}, 401)
        if not self.quota.take():
            limited = f"Too many API requests. Your API key is limited to {self.quota.limit} requests per hour."
            return as_json({"error": f"{limited} Please contact us to request more capacity."}, 429)
        try:
            asked = json.loads(request.body)
            if asked.get("site_id") != self.world.site:
                return as_json({"error": NO_ACCESS}, 401)
            query = _checked(asked, self.world.now.date(), min(self.world.site_reads, default=None))
        except (_Invalid, ValueError, AttributeError, KeyError, TypeError) as error:
            return as_json({"error": str(error)}, 400)
        with self.world.lock:
            return as_json(self._run(asked, query))

    def _run(self, asked: Json, query: _Query) -> Json:
        sums: defaultdict[tuple[str, ...], list[Reads]] = defaultdict(list)
        for day, page, reads in self._rows(query):
            sums[tuple(_dimension(name, day, page, self.world.site) for name in query.dimensions)].append(reads)
        rows: list[Json] = [
            {"metrics": [_metric(name, reads) for name in query.metrics], "dimensions": list(where)}
            for where, reads in sums.items()
        ]
        for column, direction in reversed(query.order_by):
            part = "metrics" if column in query.metrics else "dimensions"
            at = list(getattr(query, part)).index(column)
            rows.sort(key=lambda row: row[part][at], reverse=direction == "desc")
        meta: Json = {}
        if query.include.get("imports"):
            meta |= {"imports_included": False, "imports_skip_reason": "no_imported_data"}
        if query.include.get("total_rows"):
            meta["total_rows"] = len(rows)
        if query.include.get("time_labels"):
            days = (query.last - query.first).days + 1
            meta["time_labels"] = [str(query.first + timedelta(days=n)) for n in range(days)]
        echo = {
            "site_id": asked["site_id"],
            "metrics": query.metrics,
            "date_range": [f"{query.first}T00:00:00+00:00", f"{query.last}T23:59:59+00:00"],
            "filters": query.filters,
            "dimensions": query.dimensions,
            "order_by": query.order_by,
            "include": query.include,
            "pagination": {"limit": query.limit, "offset": query.offset},
        }
        return {"results": rows[query.offset :][: query.limit], "meta": meta, "query": echo}

    def _rows(self, query: _Query) -> Iterator[tuple[date, str, Reads]]:
        days = self.world.page_reads if query.is_by_page else self.world.site_reads
        for day in sorted(days):
            if not query.first <= day <= query.last or self.world.is_dark(day):
                continue
            if not query.is_by_page:
                yield day, "", self.world.site_reads[day]
                continue
            for page, reads in self.world.page_reads[day].items():
                if all(_passes(rule, page) for rule in query.filters):
                    yield day, page, reads


def _checked(asked: Json, today: date, beginning: date | None) -> _Query:
    metrics, dimensions = asked.get("metrics") or [], asked.get("dimensions") or []
    for at, name in enumerate(metrics):
        if name not in METRICS:
            raise _Invalid(f'#/metrics/{at}: Invalid metric "{name}"')
    for at, name in enumerate(dimensions):
        if name not in DIMENSIONS:
            raise _Invalid(f'#/dimensions/{at}: Invalid dimension "{name}"')
    if not metrics:
        raise _Invalid("#/metrics: Expected a minimum of 1 items but got 0.")
    by_event = [name for name in dimensions if name.startswith("event:")]
    mixed = [name for name in metrics if name in SESSION_METRICS]
    if by_event and mixed:
        raise _Invalid(f"Session metric(s) `{', '.join(mixed)}` cannot be queried along with event dimensions.")
    times = [name for name in dimensions if name.startswith("time")]
    usual = [[times[0], "asc"]] if times else [[metrics[0], "desc"]]
    pagination = asked.get("pagination") or {}
    limit = pagination.get("limit", 10_000)
    if not 1 <= limit <= 10_000:
        raise _Invalid("#/pagination/limit: Expected the value to be <= 10000")
    first, last = _range(asked.get("date_range"), today, beginning or today)
    return _Query(
        first,
        last,
        metrics,
        dimensions,
        asked.get("filters") or [],
        asked.get("order_by") or usual,
        limit,
        pagination.get("offset", 0),
        asked.get("include") or {},
    )


def _range(asked: Any, today: date, beginning: date) -> tuple[date, date]:
    if isinstance(asked, list) and len(asked) == 2:
        first, last = (date.fromisoformat(str(text)[:10]) for text in asked)
        if last < first:
            raise _Invalid("#/date_range: Invalid date range")
        return first, last
    if asked == "day":
        return today, today
    if asked == "all":
        return beginning, today
    if asked == "month":
        return today.replace(day=1), today
    if asked == "year":
        return today.replace(month=1, day=1), today
    if found := re.fullmatch(r"(\d+)d", str(asked)):
        return today - timedelta(days=int(found[1])), today - timedelta(days=1)
    if found := re.fullmatch(r"(\d+)mo", str(asked)):
        months = today.year * 12 + today.month - 1 - int(found[1])
        return date(months // 12, months % 12 + 1, 1), today
    raise _Invalid(f"#/date_range: Invalid date range {json.dumps(asked)}")


def _dimension(name: str, day: date, page: str, site: str) -> str:
    if name == "event:page":
        return page
    if name == "event:hostname":
        return site
    if name == "time:week":
        return str(day - timedelta(days=day.weekday()))
    return str(day.replace(day=1)) if name == "time:month" else str(day)


def _metric(name: str, reads: Sequence[Reads]) -> float:
    views, visits = sum(r.pageviews for r in reads), sum(r.visits for r in reads)
    if name == "visitors":
        return sum(r.visitors for r in reads)  # of several days: their sum, where Plausible knows who came twice
    if name == "visits":
        return visits
    if name == "views_per_visit":
        return round(views / visits, 2)
    if name == "bounce_rate":
        return 61
    return 74 if name == "visit_duration" else views


def _passes(rule: Sequence[Any], page: str) -> bool:
    operator, *rest = rule
    if operator == "and":
        return all(_passes(each, page) for each in rest[0])
    if operator == "or":
        return any(_passes(each, page) for each in rest[0])
    if operator == "not":
        return not _passes(rest[0], page)
    tests: Mapping[str, Callable[[str], bool]] = {
        "is": lambda clause: page == clause,
        "contains": lambda clause: clause in page,
        "matches": lambda clause: re.search(clause, page) is not None,
    }
    test, is_negated = tests[str(operator).removesuffix("_not")], str(operator).endswith("_not")
    return rest[0] != "event:page" or any(test(clause) for clause in rest[1]) != is_negated
