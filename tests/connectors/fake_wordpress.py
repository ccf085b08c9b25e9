"""The stats of WordPress.com to their documented shapes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from asked import path_of, query_of, said

from connectors.testing import Answer

TOKEN = "wp-t0ken-!aa9"
SITE = "/rest/v1.1/sites/ann.example"


def refused(status: int, error: str, message: str) -> Answer:
    return said({"error": error, "message": message}, status)


@dataclass
class FakeWordpress:
    """`views`: by day and number of the post; 0 is the home page. `most_rows`: the most posts of a day."""

    views: dict[tuple[str, int], int]
    gmt_offset: Any = 0
    most_rows: int | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    spoil: Callable[[str, dict[str, str], Any], Any] | None = None

    def __call__(self, request) -> Answer:
        what, query = path_of(request), query_of(request)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return refused(400, "invalid_token", "The OAuth2 token is invalid.")
        if not what.startswith(SITE):
            return refused(404, "unknown_blog", "Unknown blog")
        what = what.removeprefix(SITE)
        self.asked.append((what, query))
        if what == "":
            answer: Any = {"ID": 5, "URL": "https://ann.example", "options": {"gmt_offset": self.gmt_offset}}
        elif what == "/stats/visits":
            answer = self._visits(query)
        else:
            answer = self._top_posts(query)
        if self.spoil:
            answer = self.spoil(what, query, answer)
        return answer if isinstance(answer, Answer) else said(answer)

    def _visits(self, query: dict[str, str]) -> Any:
        last, quantity = date.fromisoformat(query["date"]), int(query["quantity"])
        sums: defaultdict[str, int] = defaultdict(int)
        for (day, _), count in self.views.items():
            sums[day if query["unit"] == "day" else f"{day[:7]}-01"] += count
        names = [last.replace(day=1)]
        if query["unit"] == "day":
            names = [last - timedelta(days=n) for n in range(quantity)]
        else:
            while len(names) < quantity:
                names.append((names[-1] - timedelta(days=1)).replace(day=1))
        rows = [[str(name), sums[str(name)]] for name in reversed(names)]
        return {"date": str(last), "unit": query["unit"], "fields": ["period", "views"], "data": rows}

    def _top_posts(self, query: dict[str, str]) -> Any:
        last = date.fromisoformat(query["date"])
        days = [str(last - timedelta(days=n)) for n in range(int(query["num"]))]
        most = self.most_rows or int(query["max"]) or None
        return {"date": str(last), "period": "day", "days": {day: self._day(day, most) for day in days}}

    def _day(self, day: str, most: int | None) -> dict[str, Any]:
        counts = sorted(((n, c) for (on, n), c in self.views.items() if on == day), key=lambda one: -one[1])
        rows = [
            {
                "id": number,
                "href": f"https://ann.example/{f'post-{number}/' if number else ''}",
                "date": "2026-01-05 10:00:00",
                "title": f"Post {number}" if number else "Home page / Archives",
                "type": "post" if number else "homepage",
                "views": count,
            }
            for number, count in counts
        ]
        total = sum(count for _, count in counts)
        shown = rows if most is None else rows[:most]
        others = total - sum(row["views"] for row in shown)
        return {"postviews": shown, "total_views": total, "other_views": others}
