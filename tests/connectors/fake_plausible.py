"""A Plausible as its Stats API shows it: figures by day and page, some rows at a time, and what it says of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import responses

from connectors.plausible import PER_PAGE

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
KEY = "pl-key-5f1e8c"
URL = "https://plausible.io/api/v2/query"


@dataclass
class FakePlausible:
    """Answers queries from `pages` and `visits`; `spoil` may change an answer before it is sent."""

    pages: dict[tuple[str, str], tuple[Any, Any]] = field(default_factory=dict)
    visits: dict[str, Any] = field(default_factory=dict)
    begins_on: str = "2026-11-01"
    offset: str = "+00:00"
    most_rows: int = PER_PAGE
    asked: list[dict[str, Any]] = field(default_factory=list)
    meta: dict[str, Any] = field(
        default_factory=lambda: {"imports_included": False, "imports_skip_reason": "no_imported_data"}
    )
    spoil: Any = None

    def __call__(self, request) -> tuple[int, dict[str, str], str]:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return 401, {}, json.dumps({"error": "Invalid API key or site ID."})
        query = json.loads(request.body)
        self.asked.append(query)
        answer = self.answer(query)
        if self.spoil:
            answer = self.spoil(query, answer)
        return answer if isinstance(answer, tuple) else (200, {}, json.dumps(answer))

    def answer(self, query: dict[str, Any]) -> dict[str, Any]:
        first, last = (self.begins_on, str(TODAY)) if query["date_range"] == "all" else query["date_range"]
        if query["dimensions"] == ["time:day", "event:page"]:
            rows = [{"dimensions": list(k), "metrics": list(v)} for k, v in sorted(self.pages.items())]
        elif query["dimensions"] == ["time:day"]:
            rows = [{"dimensions": [k], "metrics": [v]} for k, v in sorted(self.visits.items())]
        else:
            months = sorted({f"{day[:7]}-01" for day in self.visits})
            rows = [{"dimensions": [month], "metrics": [1]} for month in months]
        rows = [row for row in rows if first <= row["dimensions"][0] <= last or query["date_range"] == "all"]
        start, size = query["pagination"]["offset"], min(query["pagination"]["limit"], self.most_rows)
        echo = {"date_range": [f"{first}T00:00:00{self.offset}", f"{last}T23:59:59{self.offset}"]}
        return {"results": rows[start : start + size], "meta": {"total_rows": len(rows), **self.meta}, "query": echo}


@contextmanager
def served() -> Iterator[FakePlausible]:
    """A Plausible at its address."""
    fake = FakePlausible()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        wire.add_callback(responses.POST, URL, fake)
        yield fake
