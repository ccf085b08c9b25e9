"""A GitLab as its REST API shows it: pages by header, system notes, private profiles, rights per question."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlencode

import requests
from wired import asked, said

from connectors.testing import Answer

TOKEN = "glpat-fake-token-7Qx"
PATH = "team/engine"
HOST = "https://gitlab.com"


def person(number: int, name: str | None = None) -> dict[str, Any]:
    return {"id": number, "username": name or f"user{number}", "state": "active"}


def thread(number: int, at: str, by: int = 7, notes: int = 0, **more: Any) -> dict[str, Any]:
    """An issue or a merge request; `at`: when it was made and last changed."""
    base = {"id": 1000 + number, "iid": number, "title": f"T{number}", "state": "opened", "author": person(by)}
    return {**base, "created_at": at, "updated_at": at, "user_notes_count": notes, **more}


def note(number: int, at: str, by: int = 7, *, system: bool = False, kind: str | None = None, **more: Any):
    return {"id": number, "type": kind, "system": system, "created_at": at, "author": person(by), "body": "x", **more}


@dataclass
class FakeGitlab:
    """`notes`: by path and number. `links`: tells the next page by address only. `rights`: what the token may."""

    issues: list[dict[str, Any]] = field(default_factory=list)
    merge_requests: list[dict[str, Any]] = field(default_factory=list)
    notes: dict[tuple[str, int], list[dict[str, Any]]] = field(default_factory=dict)
    approvals: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    starrers: list[tuple[int, str]] = field(default_factory=list)
    hidden: int = 0
    fetches: dict[str, Any] = field(default_factory=dict)
    total: int | None = None
    about: dict[str, Any] = field(default_factory=dict)
    paths: tuple[str, ...] = (PATH,)
    most: int = 100
    links: str = ""
    may_push: bool = True
    spoil: Any = None
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    tokens: list[tuple[str, str | None]] = field(default_factory=list)

    def __call__(self, request: requests.PreparedRequest) -> Answer:
        path, query = asked(request)
        token = request.headers.get("PRIVATE-TOKEN")
        path = path.removeprefix("/api/v4/")
        self.requests.append((path, query))
        self.tokens.append((str(request.url), token))
        if spoilt := self.spoil and self.spoil(path, query):
            return spoilt
        if token not in (None, TOKEN):
            return said({"message": "401 Unauthorized"}, 401)
        return self.answer(path, query, token)

    def answer(self, path: str, query: dict[str, str], token: str | None) -> Answer:
        if found := re.fullmatch(r"projects/([^/]+)", path):
            known = unquote(found[1])
            return self.project() if known in (*self.paths, "9") else said({"message": "404 Project Not Found"}, 404)
        what = path.removeprefix("projects/9/")
        if what == "starrers":
            people = [{"starred_since": at, "user": person(number)} for number, at in self.starrers]
            return self.page(path, people, query)
        if what in ("issues", "merge_requests"):
            return self.page(path, self.changed(getattr(self, what), query), query)
        if found := re.fullmatch(r"(issues|merge_requests)/(\d+)/notes", what):
            return self.page(path, self.notes.get((found[1], int(found[2])), []), query)
        if token is None:
            return said({"message": "401 Unauthorized"}, 401)
        if found := re.fullmatch(r"merge_requests/(\d+)/approvals", what):
            return said({"approved": True, "approved_by": self.approvals.get(int(found[1]), [])})
        assert what == "statistics", what
        if not self.may_push:
            return said({"message": "403 Forbidden"}, 403)
        days = [{"count": count, "date": day} for day, count in self.fetches.items()]
        total = sum(count for count in self.fetches.values() if isinstance(count, int))
        return said({"fetches": {"total": total if self.total is None else self.total, "days": days}})

    def project(self) -> Answer:
        about = {
            "id": 9,
            "path_with_namespace": self.paths[-1],
            "name": "Engine",
            "web_url": f"{HOST}/{self.paths[-1]}",
        }
        about |= {"created_at": "2026-01-05T09:00:00.000Z", "star_count": len(self.starrers) + self.hidden}
        return said({**about, "issues_enabled": True, "merge_requests_enabled": True, **self.about})

    def changed(self, threads: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
        assert (query["state"], query["scope"], query["order_by"], query["sort"]) == (
            "all",
            "all",
            "updated_at",
            "asc",
        )
        after = query.get("updated_after", "0001-01-01T00:00:00Z")
        since = datetime.fromisoformat(after)
        found = [one for one in threads if datetime.fromisoformat(one["updated_at"]) >= since]
        return sorted(found, key=lambda one: one["updated_at"])

    def page(self, path: str, items: list[Any], query: dict[str, str]) -> Answer:
        number, size = int(query.get("page", 1)), min(int(query["per_page"]), self.most)
        start, has_more = (number - 1) * size, len(items) > number * size
        headers = {"RateLimit-Limit": "2000", "RateLimit-Remaining": "1999", "RateLimit-Reset": "1795867260"}
        if self.links and has_more:  # keyset pages: no totals, no numbers, only where to go on
            more = urlencode({**query, "page": number + 1})
            headers["Link"] = f'<{self.links}/api/v4/{path}?{more}>; rel="next", <{HOST}>; rel="first"'
        elif not self.links:
            headers["X-Next-Page"] = str(number + 1) if has_more else ""
        return said(items[start : start + size], headers=headers)
