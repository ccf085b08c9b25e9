"""GraphQL connections: a list, cut by first/after or last/before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harvester.demo.github_lists import Position, Refused, cursor_of, read_cursor
from harvester.demo.graphql_failures import FieldFailed

Placed = tuple[Position, Any]


@dataclass(frozen=True, slots=True)
class Slice:
    """What a connection shows of a list: things with their places in the order."""

    shown: Sequence[Placed]
    total: int
    has_next: bool = False
    has_previous: bool = False


def cut_connection(placed: Sequence[Placed], arguments: Mapping[str, Any], *, down: bool = False) -> Slice:
    """The part of a list that was asked for."""
    ordered = sorted(placed, key=lambda each: each[0], reverse=down)
    after, before = arguments.get("after"), arguments.get("before")
    start, end = 0, len(ordered)
    if after is not None:
        mark = _read(after, ordered)
        start = sum(1 for position, _ in ordered if (position >= mark if down else position <= mark))
    if before is not None:
        mark = _read(before, ordered)
        end = sum(1 for position, _ in ordered if (position > mark if down else position < mark))
    if arguments.get("first") is not None:
        end = min(end, start + arguments["first"])
    elif arguments.get("last") is not None:
        start = max(start, end - arguments["last"])
    else:
        end = start
    return Slice(ordered[start:end], len(ordered), end < len(ordered), start > 0)


def _read(cursor: str, ordered: Sequence[Placed]) -> Position:
    try:
        return read_cursor(cursor, ordered[0][0] if ordered else ())
    except Refused as refusal:
        raise FieldFailed(
            "INVALID_CURSOR_ARGUMENTS", f"`{cursor}` does not appear to be a valid cursor."
        ) from refusal


def _cursor_at(end: int) -> Any:
    return lambda part: cursor_of(part.shown[end][0]) if part.shown else None


CONNECTION = {
    "totalCount": lambda part: part.total,
    "nodes": lambda part: [thing for _, thing in part.shown],
    "edges": lambda part: part.shown,
    "pageInfo": lambda part: part,
}
PAGE_INFO = {
    "hasNextPage": lambda part: part.has_next,
    "hasPreviousPage": lambda part: part.has_previous,
    "startCursor": _cursor_at(0),
    "endCursor": _cursor_at(-1),
}
EDGE = {"cursor": lambda placed: cursor_of(placed[0]), "node": lambda placed: placed[1]}
