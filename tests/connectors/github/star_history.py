"""A star history as GitHub tells it, for the tests of reading one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from github_script import NOW, World

from harvester.demo.exchange import Answer, Request, as_json

HISTORY = "/repos/ann/one/stargazers/history"
SUNDAY = date(2026, 11, 22)  # of the week of NOW, which is Tuesday 24 November, 04:00 in Los Angeles
WEEK = timedelta(days=7)


def week(sunday: date, *days: int) -> dict[str, Any]:
    counts = [*days, *([0] * (7 - len(days)))]
    epoch = int(datetime(sunday.year, sunday.month, sunday.day, tzinfo=UTC).timestamp())
    return {"week": epoch, "total": sum(counts), "days": counts}


def tell(
    github: World, *pages: list[Any], stars: int | None = None, born: str = "2024-01-01T00:00:00Z", **more: Any
) -> None:
    """A history of some pages, the newest first; as many stars as it tells of, unless it is said otherwise."""
    if stars is None:
        stars = sum(sum(one["days"]) for page in pages for one in page if isinstance(one, dict) and "total" in one)
    github.script.add(stargazers_count=stars, created_at=born, **more)
    github.script.seen.clear()

    def answer(request: Request) -> Answer:
        number = int(request.query.get("page", 1))
        url = f"{github.service.url}/repositories/1/stargazers/history?page={number + 1}"
        headers = {"Link": f'<{url}>; rel="next"'} if number < len(pages) else {}
        return as_json(pages[number - 1], headers=headers)

    github.script.said[HISTORY] = answer
    github.script.said["/repositories/1/stargazers/history"] = answer


def months(count: int, first: date = SUNDAY) -> list[dict[str, Any]]:
    """So many weeks back from `first`, one star on each Monday."""
    return [week(first - n * WEEK, 0, 1) for n in range(count)]


def asked(github: World) -> int:
    """How often the history was asked for since it was last told."""
    return len(github.script.paths("history"))


def later(github: World, days: int = 0) -> None:
    """The clock goes on."""
    github.options["clock"] = lambda: NOW + timedelta(days=days)
