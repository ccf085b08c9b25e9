"""A site of Stack Exchange as its API shows it, with its quota, its pauses and its errors with 400."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass, field
from typing import Any

import requests
from wired import asked

from connectors.testing import Answer

KEY = "se-key-fake((9Q"
ME = 42
BORN = 1_700_000_000  # 14 November 2023
ERRORS = {"bad_parameter": 400, "throttle_violation": 502, "key_required": 405, "temporarily_unavailable": 503}


def refused(name: str, message: str = "no", status: int = 400) -> Answer:
    return packed({"error_id": ERRORS[name], "error_name": name, "error_message": message}, status)


def packed(body: Any, status: int = 200) -> Answer:
    """Always compressed, whatever the client accepts."""
    headers = {"Content-Type": "application/json; charset=utf-8", "Content-Encoding": "gzip"}
    return Answer(status, headers, gzip.compress(json.dumps(body).encode()))


def owner(user: int) -> dict[str, Any]:
    link = f"https://stackoverflow.com/users/{user}/name"
    return {"user_id": user, "user_type": "registered", "display_name": "O&#39;Neil", "link": link}


@dataclass
class FakeStackExchange:
    """`answers` and `posts`: number → creation; `scores` by post; `comments`: number → (post, creation, user)."""

    answers: dict[int, int] = field(default_factory=dict)
    posts: dict[int, int] = field(default_factory=dict)
    scores: dict[int, Any] = field(default_factory=dict)
    comments: dict[int, tuple[int, int, int | None]] = field(default_factory=dict)
    users: set[int] = field(default_factory=lambda: {ME})
    quota: int = 300
    backoffs: dict[str, float] = field(default_factory=dict)
    most: int = 100
    spoil: Any = None
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __call__(self, request: requests.PreparedRequest) -> Answer:
        path, query = asked(request)
        path = path.removeprefix("/2.3/")
        self.requests.append((path, query))
        if spoilt := self.spoil and self.spoil(path, query):
            return spoilt
        if query.get("key") not in (None, KEY):
            return refused("bad_parameter", "`key` doesn't match a known application")
        if query["site"] != "stackoverflow":
            return refused("bad_parameter", "No site found for name")
        if self.quota <= 0:
            return refused("throttle_violation", "too many requests from this IP, more available in 3600 seconds")
        self.quota -= 1
        method = re.sub(r"[0-9;]+", "{ids}", path)
        ids = {int(number) for number in re.findall(r"[0-9]+", path)}
        assert len(ids) <= 100
        items = {
            "users/{ids}": self.tell_users,
            "users/{ids}/answers": self.tell_answers,
            "users/{ids}/posts": self.tell_posts,
            "posts/{ids}/comments": self.tell_comments,
        }[method](ids)
        return self.page(method, query, items)

    def page(self, method: str, query: dict[str, str], items: list[dict[str, Any]]) -> Answer:
        size, number = min(int(query["pagesize"]), self.most), int(query.get("page", 1))
        items = sorted(items, key=lambda item: item["creation_date"])
        items = [item for item in items if item["creation_date"] >= int(query.get("fromdate", 0))]
        start = (number - 1) * size
        wrapper = {
            "items": items[start : start + size],
            "has_more": len(items) > start + size,
            "quota_max": 10_000 if "key" in query else 300,
            "quota_remaining": self.quota,
        }
        return packed(wrapper | ({"backoff": self.backoffs[method]} if method in self.backoffs else {}))

    def tell_users(self, ids: set[int]) -> list[dict[str, Any]]:
        return [{**owner(user), "creation_date": BORN} for user in self.users & ids]

    def tell_answers(self, ids: set[int]) -> list[dict[str, Any]]:
        return [
            {"answer_id": number, "question_id": 1, "creation_date": at, "score": 1, "owner": owner(min(ids))}
            for number, at in self.answers.items()
        ]

    def tell_posts(self, ids: set[int]) -> list[dict[str, Any]]:
        return [
            {
                "post_id": number,
                "post_type": "answer",
                "creation_date": at,
                "score": self.scores.get(number, 0),
                "link": f"https://stackoverflow.com/a/{number}",
                "owner": owner(ME),
            }
            for number, at in self.posts.items()
        ]

    def tell_comments(self, ids: set[int]) -> list[dict[str, Any]]:
        gone = {"user_type": "does_not_exist", "display_name": "user7"}
        return [
            {
                "comment_id": number,
                "post_id": post,
                "creation_date": at,
                "owner": gone if user is None else owner(user),
            }
            for number, (post, at, user) in self.comments.items()
            if post in ids
        ]
