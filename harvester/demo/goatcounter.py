"""The demo blog's readers, as GoatCounter tells them: it counts visitors, not page views."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from harvester.demo.analytics import SECOND, Quota
from harvester.demo.exchange import Answer, Request, as_json
from harvester.demo.world import World

Json = dict[str, Any]

NOON = 12  # all of a day's readers come in this hour


class GoatCounter:
    """API v0: /me, /paths, /stats/total, /stats/hits and /stats/hits/{path_id}.

    `keys`: valid API keys, "demo" by default; those in `without_rights` draw a 403. `start` and `end` are
    instants: an end at midnight leaves that day out. Days without readers say 0, those of the outage are
    absent, or 0 as well where `is_outage_zero`: a counter that was down cannot know.
    """

    def __init__(
        self,
        world: World,
        *,
        keys: frozenset[str] = frozenset({"demo"}),
        without_rights: frozenset[str] = frozenset(),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        a_second: int = 4,
        is_outage_zero: bool = False,
    ) -> None:
        self.world = world
        self.keys = keys
        self.without_rights = without_rights
        self.quota = Quota(a_second, SECOND, clock)
        self.is_outage_zero = is_outage_zero

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        is_allowed = self.quota.take()
        seconds = max(0, round((self.quota.reset_at - self.quota.clock()).total_seconds()))
        headers = {
            "X-Rate-Limit-Limit": str(self.quota.limit),
            "X-Rate-Limit-Remaining": str(max(0, self.quota.limit - self.quota.used)),
            "X-Rate-Limit-Reset": str(max(1, seconds)),
        }
        if not is_allowed:
            return as_json({"error": "rate limited exceeded"}, 429, headers)
        answer = self._checked(request)
        return Answer(answer.status, {**headers, **answer.headers}, answer.body)

    def _checked(self, request: Request) -> Answer:
        key = request.bearer()
        if not key or key not in self.keys | self.without_rights:
            return as_json({"error": "unknown or invalid API key" if key else "no Authorization header"}, 401)
        path = request.path.removeprefix("/api/v0")
        if path == "/me":
            return as_json({"user": {"id": 1, "site": 1}, "token": {"name": "demo", "permissions": 2}})
        if key in self.without_rights:
            return as_json({"error": "requires [site_read] permissions"}, 403)
        if path == request.path or request.method != "GET":
            return as_json({"error": "not found"}, 404)
        try:
            with self.world.lock:
                return self._say(path, request)
        except ValueError as error:
            return as_json({"errors": {"start": [str(error)]}}, 400)

    def _say(self, path: str, request: Request) -> Answer:
        query = request.query
        first, last = self._range(query)
        included, excluded = _ids(request, "include_paths"), _ids(request, "exclude_paths")
        if path == "/paths":
            return self._paths(int(query.get("limit", "20")), int(query.get("after", "0")))
        if path == "/stats/total":
            names = {name for number, name in self._path_ids().items() if not included or number in included}
            read = {day: names.intersection(self.world.page_reads.get(day, ())) for day in self._days(first, last)}
            days = {day: sum(self._count(name, day) for name in some) for day, some in read.items()}
            total = sum(days.values())
            totals = {"total": total, "total_events": 0, "total_utc": total}
            return as_json({**totals, "stats": [_stat(day, count) for day, count in days.items()]})
        if path == "/stats/hits":
            limit = min(100, max(1, int(query.get("limit", "20"))))
            return self._hits(first, last, limit, included, excluded)
        if path.startswith("/stats/hits/") and path.removeprefix("/stats/hits/").isdigit():
            return as_json({"refs": [], "more": False})
        return as_json({"error": "not found"}, 404)

    def _hits(self, first: date, last: date, limit: int, included: set[int], excluded: set[int]) -> Answer:
        hits: list[Json] = []
        for number, name in self._path_ids().items():
            counts = self._counts(name, first, last)
            count = sum(counts.values())
            if count and number not in excluded and (not included or number in included):
                about: Json = {"count": count, "path_id": number, "path": name, "event": False, "title": name}
                peak = max(counts.values())
                hits.append({**about, "max": peak, "stats": [_stat(d, n) for d, n in counts.items()]})
        hits.sort(key=lambda hit: (-hit["count"], hit["path"]))
        shown = hits[:limit]
        total = sum(hit["count"] for hit in shown)
        return as_json({"hits": shown, "total": total, "more": len(hits) > limit})

    def _paths(self, limit: int, after: int) -> Answer:
        limit = min(200, max(1, limit))
        known = [(number, name) for number, name in self._path_ids().items() if number > after]
        paths = [{"id": n, "path": name, "title": name, "event": False} for n, name in known[:limit]]
        return as_json({"paths": paths, "more": len(known) > limit})

    def _path_ids(self) -> dict[int, str]:
        names = dict.fromkeys(name for day in sorted(self.world.page_reads) for name in self.world.page_reads[day])
        return dict(enumerate(names, 1))

    def _counts(self, name: str, first: date, last: date) -> dict[date, int]:
        return {day: self._count(name, day) for day in self._days(first, last)}

    def _count(self, name: str, day: date) -> int:
        reads = None if self.world.is_dark(day) else self.world.page_reads.get(day, {}).get(name)
        return reads.visitors if reads else 0

    def _days(self, first: date, last: date) -> Iterator[date]:
        """The days that are told of."""
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            if self.is_outage_zero or not self.world.is_dark(day):
                yield day

    def _range(self, query: dict[str, str]) -> tuple[date, date]:
        end = _instant(query["end"]) if query.get("end") else self.world.now
        start = _instant(query["start"]) if query.get("start") else end - timedelta(days=7)
        first = start.date() if start.hour <= NOON else start.date() + timedelta(days=1)
        last = end.date() if end.hour >= NOON else end.date() - timedelta(days=1)
        return first, last


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _ids(request: Request, name: str) -> set[int]:
    found = parse_qs(request.raw_query).get(name, [])
    return {int(number) for part in found for number in part.split(",") if number}


def _stat(day: date, count: int) -> Json:
    hourly = [0] * 24
    hourly[NOON] = count
    return {"day": str(day), "hourly": hourly, "daily": count}
