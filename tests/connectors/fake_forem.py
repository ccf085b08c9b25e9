"""A Forem (dev.to) to the recorded shapes of its article lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from asked import path_of, query_of, said

from connectors.testing import Answer

KEY = "forem-k3y-71aa"


def article(number: int, **more: Any) -> dict[str, Any]:
    """An article of ann as her own list has it."""
    url = f"https://dev.to/ann/post-{number}"
    return {
        "type_of": "article",
        "id": number,
        "title": f"Post {number}",
        "published": True,
        "published_at": "2026-07-20T10:08:25.487Z",
        "url": url,
        "comments_count": 1,
        "public_reactions_count": 4,
        "page_views_count": 100 + number,
        "canonical_url": url,
        "body_markdown": "text",
        "user": {"username": "ann"},
    } | more


@dataclass
class FakeForem:
    """`articles` are ann's, whose key is KEY. `most_rows`: the most of a page, whatever is asked for."""

    articles: list[dict[str, Any]]
    most_rows: int = 1000
    ignores_page: bool = False
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    spoil: Callable[[int, Any], Any] | None = None

    def __call__(self, request) -> Answer:
        path, query = path_of(request).removeprefix("/api"), query_of(request)
        self.asked.append((path, query))
        if request.headers.get("api-key") not in (None, KEY):
            return said({"error": "unauthorized", "status": 401}, 401)
        if path == "/articles/me/published":
            if "api-key" not in request.headers:
                return said({"error": "unauthorized", "status": 401}, 401)
            return self._page(self.articles, query)
        if path == "/articles":
            mine = self.articles if query["username"] in ("ann", "acme") else []
            hidden = ("page_views_count", "body_markdown")
            return self._page([{k: v for k, v in one.items() if k not in hidden} for one in mine], query)
        if (path, query.get("url")) == ("/users/by_username", "ann") or path == "/organizations/acme":
            return said({"username": "ann"})
        return said({"error": "not found", "status": 404}, 404)

    def _page(self, articles: list[dict[str, Any]], query: dict[str, str]) -> Answer:
        number = 1 if self.ignores_page else int(query.get("page", 1))
        size = min(int(query.get("per_page", 30)), self.most_rows)
        page: Any = articles[(number - 1) * size : number * size]
        if self.spoil:
            page = self.spoil(number, page)
        return page if isinstance(page, Answer) else said(page)
