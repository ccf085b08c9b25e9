"""pypistats.org and the download counts of npm: rows by day, with the days that they forget to count."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote

import requests
from wired import asked, said

from connectors.testing import Answer

DAY = timedelta(days=1)


def each(first: date, last: date) -> list[date]:
    return [first + n * DAY for n in range((last - first).days + 1)]


@dataclass
class FakePypiStats:
    """`packages`: downloads by day; `counted`: days on which the service counted. A row for what is not nought."""

    packages: dict[str, dict[date, Any]]
    counted: list[date]
    zeros: frozenset[date] = frozenset()
    spoil: Any = None
    requests: list[str] = field(default_factory=list)

    def __call__(self, request: requests.PreparedRequest) -> Answer:
        path, query = asked(request)
        found = re.fullmatch(r"/api/packages/([a-z0-9_-]+)/overall", path)
        assert found, path
        name = found[1]
        self.requests.append(name)
        if spoilt := self.spoil and self.spoil(name):
            return spoilt
        if name == "__all__":
            counts: dict[date, Any] = dict.fromkeys(self.counted, 10**9)
        elif name in self.packages:
            counts = {day: count for day, count in self.packages[name].items() if day in self.counted and count != 0}
        else:  # also a package that was never downloaded
            return Answer(404, {"Content-Type": "text/html"}, b"<html>404</html>")
        counts |= dict.fromkeys(self.zeros, 0)
        category = "with_mirrors" if query["mirrors"] == "true" else "without_mirrors"
        rows = [{"category": category, "date": str(day), "downloads": count} for day, count in sorted(counts.items())]
        return said({"data": rows, "package": name, "type": "overall_downloads"})


@dataclass
class FakeNpm:
    """Every day asked for is told, as a nought where it was not counted; no more than 18 months, cut in front."""

    packages: dict[str, dict[date, Any]]
    counted_until: date
    holes: frozenset[date] = frozenset()
    spoil: Any = None
    requests: list[str] = field(default_factory=list)

    def __call__(self, request: requests.PreparedRequest) -> Answer:
        path = unquote(asked(request)[0])
        found = re.fullmatch(r"/downloads/range/([0-9-]+):([0-9-]+)(?:/(.+))?", path)
        assert found, path
        first, last, name = date.fromisoformat(found[1]), date.fromisoformat(found[2]), found[3]
        self.requests.append(path.removeprefix("/downloads/range/"))
        if spoilt := self.spoil and self.spoil(name):
            return spoilt
        if name and name not in self.packages:
            return said({"error": f"package {name} not found"}, 404)
        start = max(first, last - 548 * DAY, date(2015, 1, 10))
        rows = [{"downloads": self.count(name, day), "day": str(day)} for day in each(start, last)]
        about = {"package": name} if name else {}
        return said({"start": str(start), "end": str(last), **about, "downloads": rows})

    def count(self, name: str | None, day: date) -> Any:
        if day > self.counted_until or day in self.holes:
            return 0
        return self.packages[name].get(day, 0) if name else 10**9
