"""GraphQL connections: a list, cut by first/after or last/before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harvester.demo.github_lists import Position, Refused, cursor_of, read_cursor
from harvester.demo.graphql_run import FieldFailed, Node

Placed = tuple[Position, Node]


@dataclass(frozen=True, slots=True)
class Slice:
    """What a connection shows of a list."""

    shown: Sequence[Placed]
    total: int
    has_next: bool
    has_previous: bool


def connect(kind: str, placed: Sequence[Placed], arguments: Mapping[str, Any], *, down: bool = False) -> Node:
    """A connection named `kind` + Connection over items that carry their place in the order."""
    ordered = sorted(placed, key=lambda each: each[0], reverse=down)
    after, before = arguments.get("after"), arguments.get("before")
    start, end = 0, len(ordered)
    if after is not None:
        mark = _read(after)
        start = sum(1 for position, _ in ordered if (position >= mark if down else position <= mark))
    if before is not None:
        mark = _read(before)
        end = sum(1 for position, _ in ordered if (position > mark if down else position < mark))
    if arguments.get("first") is not None:
        end = min(end, start + arguments["first"])
    elif arguments.get("last") is not None:
        start = max(start, end - arguments["last"])
    else:
        end = start
    part = Slice(ordered[start:end], len(ordered), end < len(ordered), start > 0)
    return Node(f"{kind}Connection", part, kind)


def _read(cursor: str) -> Position:
    try:
        return read_cursor(cursor)
    except Refused as refusal:
        raise FieldFailed(
            "INVALID_CURSOR_ARGUMENTS", f"`{cursor}` does not appear to be a valid cursor."
        ) from refusal


def total_count(connection: Node) -> int:
    """How long the list is."""
    return int(connection.value.total)


def nodes(connection: Node) -> list[Node]:
    """What is shown of it."""
    return [node for _, node in connection.value.shown]


def edges(connection: Node) -> list[Node]:
    """The same, each with its cursor."""
    return [Node(f"{connection.home}Edge", placed) for placed in connection.value.shown]


def page_info(connection: Node) -> Node:
    """Where the slice begins and ends."""
    return Node("PageInfo", connection.value)


PAGE_INFO = {
    "hasNextPage": lambda node: node.value.has_next,
    "hasPreviousPage": lambda node: node.value.has_previous,
    "startCursor": lambda node: cursor_of(node.value.shown[0][0]) if node.value.shown else None,
    "endCursor": lambda node: cursor_of(node.value.shown[-1][0]) if node.value.shown else None,
}
CONNECTION = {"totalCount": total_count, "nodes": nodes, "edges": edges, "pageInfo": page_info}
EDGE = {"cursor": lambda node: cursor_of(node.value[0]), "node": lambda node: node.value[1]}
