"""The search of Hacker News: by words in the address, newest first, and never more than it likes to tell."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import requests
from wired import asked, said

from connectors.testing import Answer

BORN = 1_700_000_000


@dataclass
class FakeHackerNews:
    """`most`: hits of an answer, 1000 at the real one, whatever is asked for. `cap`: of the total it admits."""

    stories: list[dict[str, Any]] = field(default_factory=list)
    most: int = 1000
    cap: int | None = None
    spoil: Any = None
    requests: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, request: requests.PreparedRequest) -> Answer:
        path, query = asked(request)
        assert path == "/api/v1/search_by_date"
        assert query["restrictSearchableAttributes"] == "url"
        self.requests.append(query)
        if spoilt := self.spoil and self.spoil(query):
            return spoilt
        words = re.findall(r"\w+", query["query"])
        before = int(query.get("numericFilters", "created_at_i<9999999999").removeprefix("created_at_i<"))
        found = [
            hit
            for hit in self.stories
            if hit["created_at_i"] < before and set(words) <= set(re.findall(r"\w+", hit.get("url") or ""))
        ]
        found.sort(key=lambda hit: hit["created_at_i"], reverse=True)
        total = len(found) if self.cap is None else min(len(found), self.cap)
        size = min(self.most, int(query["hitsPerPage"]))
        return said({"hits": found[:size], "nbHits": total, "page": 0, "nbPages": 1, "exhaustiveNbHits": False})


def story(number: int, url: str = "https://example.org/post", **more: Any) -> dict[str, Any]:
    """As the search tells it: the number is a text, the counts are numbers."""
    return {
        "objectID": str(number),
        "title": f"Story {number}",
        "url": url,
        "author": "somebody",
        "points": number,
        "num_comments": 2 * number,
        "created_at_i": BORN + number * 60,
        "_tags": ["story", "author_somebody", f"story_{number}"],
        **more,
    }


def stories(count: int, url: str = "https://example.org/post", first: int = 1) -> list[dict[str, Any]]:
    return [story(number, url) for number in range(first, first + count)]
