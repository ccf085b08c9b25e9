"""A GoatCounter as its API shows it: visitors by path and day, lists that are cut short, and a refusal when told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import responses

KEY = "gc-key-9a3b7d"
COUNTER = "https://me.goatcounter.com"
DAY = timedelta(days=1)


@dataclass
class FakeGoatCounter:
    """Counts `hits`: path → day → visitors. A stats entry for every day asked, as the service does; `silent` days
    are left out. `limit_at`: the number of the request that is refused with 429."""

    hits: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    tells_days_of_total: bool = True
    most: int = 100
    limit_at: int | None = None
    limit_headers: dict[str, str] = field(default_factory=lambda: {"X-Rate-Limit-Reset": "1"})
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    spoil: Any = None

    def __call__(self, request) -> tuple[int, dict[str, str], str]:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return 401, {}, json.dumps({"error": "unknown token"})
        parts = urlsplit(request.url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        what = parts.path.rpartition("/")[2]
        self.asked.append((what, query))
        if self.limit_at == len(self.asked):
            return 429, self.limit_headers, json.dumps({"error": "rate limited exceeded"})
        answer = self.total(query) if what == "total" else self.list(query)
        if self.spoil:
            answer = self.spoil(what, answer)
        return answer if isinstance(answer, tuple) else (200, {}, json.dumps(answer))

    def days(self, query: dict[str, str]) -> list[str]:
        start, end = (datetime.fromisoformat(query[name]).date() for name in ("start", "end"))
        days = [str(start + n * DAY) for n in range((end - start).days + 1)]
        return [day for day in days if day not in self.silent]

    def total(self, query: dict[str, str]) -> dict[str, Any]:
        sums = {day: sum(counts.get(day, 0) for counts in self.hits.values()) for day in self.days(query)}
        total = sum(sums.values())
        stats = [{"day": day, "hourly": [0] * 24, "daily": count} for day, count in sums.items()]
        days = {"stats": stats} if self.tells_days_of_total else {}
        return {"total": total, "total_events": 0, "total_utc": total, **days}

    def list(self, query: dict[str, str]) -> dict[str, Any]:
        days = self.days(query)
        excluded = set(query.get("exclude_paths", "").split(","))
        listed = []
        for path_id, (path, counts) in enumerate(self.hits.items(), 1):
            stats = [{"day": day, "hourly": [0] * 24, "daily": counts.get(day, 0)} for day in days]
            if any(stat["daily"] for stat in stats) and str(path_id) not in excluded:
                about = {"path": path, "path_id": path_id, "title": path.title(), "event": path in self.events}
                listed.append({**about, "count": 1, "max": 1, "stats": stats})
        size = min(int(query["limit"]), self.most)
        return {"hits": listed[:size], "total": 0, "more": len(listed) > size}


@contextmanager
def served() -> Iterator[FakeGoatCounter]:
    """A counter at its address."""
    fake = FakeGoatCounter()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        for what in ("total", "hits"):
            wire.add_callback(responses.GET, f"{COUNTER}/api/v0/stats/{what}", fake)
        yield fake
