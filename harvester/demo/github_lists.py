"""How GitHub's REST lists are sorted, cut into pages, and linked."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

from harvester.demo.exchange import Answer, as_json

T = TypeVar("T")
Position = tuple[Any, int]  # a time, a number or a name, and the id that settles ties

LARGE = (
    "Pagination with the page parameter is not supported for large datasets, "
    "please use cursor based pagination (after/before)"
)


class Refused(Exception):
    """The request cannot be answered; carries what to say instead."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refuse(status: int, message: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> Refused:
    """An error in GitHub's shape."""
    docs = "https://docs.github.com/rest"
    body = {"message": message, **more, "documentation_url": docs, "status": str(status)}
    return Refused(as_json(body, status, headers))


def accepted(permission: str) -> dict[str, str]:
    """The header that names the right which would have done."""
    return {"X-Accepted-GitHub-Permissions": f"{permission}=read"}


@dataclass(frozen=True, slots=True)
class Paging:
    """How lists are cut. "page": Link counts pages; "cursor": it carries `after`, and never a last page.

    `last_page`: a larger `page` is refused, as GitHub does on large lists.
    """

    style: Literal["page", "cursor"] = "page"
    last_page: int = 100


def choice(query: Mapping[str, str], name: str, allowed: Sequence[str], default: str) -> str:
    """A parameter that takes one of a few values."""
    value = query.get(name, default)
    if value not in allowed:
        raise refuse(422, "Validation Failed", errors=[{"field": name, "code": "invalid"}])
    return value


def since_of(query: Mapping[str, str]) -> datetime:
    """The parameter `since`, or the beginning of time."""
    text = query.get("since")
    if text is None:
        return datetime.min.replace(tzinfo=UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise refuse(422, "Validation Failed", errors=[{"field": "since", "code": "invalid"}]) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def cut(
    items: Sequence[T],
    position: Callable[[T], Position],
    *,
    is_descending: bool,
    url: str,
    query: Mapping[str, str],
    paging: Paging,
    cap: int = 100,
    default: int = 30,
) -> tuple[list[T], str | None]:
    """Sort, take the page asked for, and write the Link header."""
    ordered = sorted(items, key=position, reverse=is_descending)
    size = min(cap, max(1, _number(query, "per_page", default)))
    page = max(1, _number(query, "page", 1))
    if page > paging.last_page:
        raise refuse(422, LARGE)
    start = (page - 1) * size
    if "after" in query:
        after = read_cursor(query["after"], ordered and position(ordered[0]))
        start = sum(1 for item in ordered if _is_not_beyond(position(item), after, is_descending))
    chosen = ordered[start : start + size]
    links: dict[str, dict[str, str]] = {}
    is_last = start + size >= len(ordered)
    if paging.style == "cursor":
        if not is_last:
            links["next"] = {"after": cursor_of(position(chosen[-1]))}
    else:
        pages = -(-len(ordered) // size)
        if page > 1:
            links["prev"] = {"page": str(page - 1)}
        if not is_last:
            links["next"], links["last"] = {"page": str(page + 1)}, {"page": str(pages)}
        if page > 1:
            links["first"] = {"page": "1"}
    return chosen, _link(url, query, links)


def _is_not_beyond(position: Position, after: Position, is_descending: bool) -> bool:
    return position >= after if is_descending else position <= after


def _link(url: str, query: Mapping[str, str], links: Mapping[str, Mapping[str, str]]) -> str | None:
    kept = {name: value for name, value in query.items() if name not in ("page", "after", "before")}
    parts = [f'<{url}?{urlencode({**kept, **where})}>; rel="{rel}"' for rel, where in links.items()]
    return ", ".join(parts) or None


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    return int(text) if text.isdigit() else default


def cursor_of(position: Position) -> str:
    """A place in a list, to go on after it."""
    value, number = position
    written = ["at", value.isoformat(), number] if isinstance(value, datetime) else ["by", value, number]
    return base64.urlsafe_b64encode(json.dumps(written).encode()).decode()


def read_cursor(text: str, like: Position | Sequence[Any] = ()) -> Position:
    """The place a cursor means; refused where it is none of ours, or of a list in another order than `like`."""
    try:
        kind, value, number = json.loads(base64.urlsafe_b64decode(text))
        place = datetime.fromisoformat(value).astimezone(UTC) if kind == "at" else value, int(number)
    except (ValueError, TypeError) as error:
        raise refuse(422, "Invalid cursor") from error
    if like and type(place[0]) is not type(like[0]):
        raise refuse(422, "Invalid cursor")
    return place
