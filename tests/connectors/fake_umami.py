"""An Umami server to the documented shapes, version 2 or 3, that drops what it does not know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from asked import path_of, query_of, said

from connectors.testing import Answer

WEBSITE = "4fb7fa4c-5b46-438d-94b3-3a8fb9bc2e8b"
KEY = "umami-k3y-0b7d"

Hit = tuple[str, str, str]
"""Day, path, visitor; two hits of a visitor on a day are one visit."""


@dataclass
class FakeUmami:
    """`hits`: everything that was counted. `spoil(what, query, answer)` may change an answer."""

    hits: list[Hit]
    version: int = 3
    is_cloud: bool = True
    most_rows: int = 500
    knows_offset: bool = True
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    spoil: Callable[[str, dict[str, str], Any], Any] | None = None

    def __call__(self, request) -> Answer:
        prefix = f"/v1/websites/{WEBSITE}/" if self.is_cloud else f"/api/websites/{WEBSITE}/"
        sent = request.headers.get("x-umami-api-key") if self.is_cloud else request.headers.get("Authorization")
        if sent != (KEY if self.is_cloud else f"Bearer {KEY}"):
            error = {"message": "Unauthorized", "code": "unauthorized", "status": 401}
            return said({"error": error} if self.version == 3 else "Unauthorized", 401)
        if not path_of(request).startswith(prefix):
            return said({"error": {"message": "Not found"}}, 404)
        what, query = path_of(request).removeprefix(prefix), query_of(request)
        self.asked.append((what, query))
        answer = getattr(self, f"_{what}")(query)
        if self.spoil:
            answer = self.spoil(what, query, answer)
        return answer if isinstance(answer, Answer) else said(answer)

    def _daterange(self, _: dict[str, str]) -> Any:
        names = ("startDate", "endDate") if self.version == 3 else ("mindate", "maxdate")
        days = sorted(day for day, _, _ in self.hits)
        told = (f"{days[0]}T08:15:00.000Z", f"{days[-1]}T20:01:00.000Z") if days else (None, None)
        return dict(zip(names, told, strict=True))

    def _within(self, query: dict[str, str]) -> list[Hit]:
        first, last = (datetime.fromtimestamp(int(query[k]) / 1000, UTC).date() for k in ("startAt", "endAt"))
        found = [hit for hit in self.hits if first <= date.fromisoformat(hit[0]) <= last]
        wanted = query.get("path" if self.version == 3 else "url")
        return found if wanted is None else [hit for hit in found if hit[1] in wanted.split(",")]

    def _pageviews(self, query: dict[str, str]) -> Any:
        if query.get("timezone") != "UTC" or query.get("unit") != "day":
            return said({"error": "Bad request"}, 400)
        span = int(query["endAt"]) - int(query["startAt"])
        is_month = span > 190 * 86_400_000
        views: dict[str, int] = defaultdict(int)
        visitors: dict[str, set[str]] = defaultdict(set)
        for day, _, visitor in self._within(query):
            day = f"{day[:7]}-01" if is_month else day  # noqa: PLW2901
            views[day] += 1
            visitors[day].add(visitor)
        end = "T00:00:00Z" if self.version == 3 else " 00:00:00"
        return {
            "pageviews": [{"x": day + end, "y": count} for day, count in sorted(views.items())],
            "sessions": [{"x": day + end, "y": len(who)} for day, who in sorted(visitors.items())],
        }

    def _metrics(self, query: dict[str, str]) -> Any:
        if query["type"] != ("path" if self.version == 3 else "url"):
            return said({"error": {"message": "Bad request", "status": 400}}, 400)
        counts: dict[str, int] = defaultdict(int)
        for _, path, _ in self._within(query):
            counts[path] += 1
        rows = [{"x": path, "y": n} for path, n in sorted(counts.items(), key=lambda one: -one[1])]
        start = int(query.get("offset", 0)) if self.knows_offset else 0
        return rows[start : start + min(int(query.get("limit", 500)), self.most_rows)]

    def _stats(self, query: dict[str, str]) -> Any:
        hits = self._within(query)
        visits, visitors = len({(d, v) for d, _, v in hits}), len({v for _, _, v in hits})
        told = {"pageviews": len(hits), "visitors": visitors, "visits": visits, "bounces": 0, "totaltime": 9}
        if self.version == 3:
            return {**told, "comparison": dict.fromkeys(told, 0)}
        return {name: {"value": value, "prev": 0} for name, value in told.items()}
