"""A Matomo to the documented shapes: errors with status 200, days without visits as empty lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl

from asked import body_of, path_of, query_of, said

from connectors.testing import Answer

TOKEN = "mat0mo-t0ken-5c1e"
NO_TOKEN = (
    "Unable to authenticate with the provided token. It is either invalid, expired or is required to be sent as a "
    "POST parameter."
)
NO_VIEW = "You can't access this resource as it requires 'view' access for the website id = 1."


def failed(message: str, status: int = 200) -> Answer:
    return said({"result": "error", "message": message}, status)


@dataclass
class FakeMatomo:
    """`hits`: (day, address, visitor). `most_rows`: more addresses of a day are summed up as “Others”."""

    hits: list[tuple[str, str, str]]
    created_on: str = "2026-11-01"
    zone: str = "UTC"
    most_rows: int = 500
    is_old: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    spoil: Callable[[dict[str, str], Any], Any] | None = None

    def __call__(self, request) -> Answer:
        assert not query_of(request), "nothing of the question stands in the address, least of all the token"
        if request.method != "POST" or path_of(request) != "/index.php":
            return said("<html>not here</html>", 404)
        fields = dict(parse_qsl(body_of(request)))
        if fields.pop("token_auth", None) != TOKEN:
            return failed(NO_TOKEN, 200 if self.is_old else 401)
        self.asked.append(fields)
        if fields.get("idSite") != "1":
            return failed("An unexpected website was found in the request: website id was set to '9' .")
        answer = getattr(self, fields["method"].replace(".", "_"))(fields)
        if self.spoil:
            answer = self.spoil(fields, answer)
        return answer if isinstance(answer, Answer) else said(answer)

    def SitesManager_getSiteFromId(self, _: dict[str, str]) -> Any:  # noqa: N802
        site = {
            "idsite": "1",
            "name": "Blog",
            "main_url": "https://example.org",
            "ts_created": f"{self.created_on} 09:00:00",
            "timezone": self.zone,
        }
        return [site] if self.is_old else site

    def _days(self, fields: dict[str, str]) -> list[str]:
        assert fields["period"] == "day"
        first, last = map(date.fromisoformat, fields["date"].split(","))
        return [str(first + timedelta(days=n)) for n in range((last - first).days + 1)]

    def Actions_getPageUrls(self, fields: dict[str, str]) -> Any:  # noqa: N802
        return {day: self._pages(day, fields) for day in self._days(fields)}

    def _pages(self, day: str, fields: dict[str, str]) -> list[dict[str, Any]]:
        hits: defaultdict[str, list[str]] = defaultdict(list)
        for on, address, visitor in self.hits:
            if on == day:
                hits[address].append(visitor)
        rows: list[dict[str, Any]] = [
            {
                "label": "/" + address.partition("://")[2].partition("/")[2],
                "nb_visits": len(set(who)),
                "nb_hits": len(who),
                "nb_uniq_visitors": len(set(who)),
                "url": address,
                "segment": f"pageUrl=={address}",
            }
            for address, who in sorted(hits.items(), key=lambda one: -len(one[1]))
        ]
        rows, others = rows[: self.most_rows], rows[self.most_rows :]
        if others:
            rows.append({"label": "Others", "nb_visits": 1, "nb_hits": sum(row["nb_hits"] for row in others)})
        assert fields["flat"] == "1"  # else folders are rows, and their pages another question each
        limit = int(fields.get("filter_limit", 100))
        return rows if limit < 0 else rows[:limit]

    def VisitsSummary_get(self, fields: dict[str, str]) -> Any:  # noqa: N802
        visits = {day: len({who for on, _, who in self.hits if on == day}) for day in self._days(fields)}
        return {
            day: {"nb_uniq_visitors": n, "nb_visits": n, "nb_actions": n} if n else [] for day, n in visits.items()
        }
