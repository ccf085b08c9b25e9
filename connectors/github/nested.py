"""Fetches what did not fit: the rest of the lists that hang on a node."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from connectors.errors import Gone, Unavailable
from connectors.github.asks import Answer, Ask, Json, Query
from connectors.github.failures import Errand
from connectors.github.queries import Nested, entries, goes_on_at

WEIGHT = 50  # of one more page of a list


def complete(
    errand: Errand, nodes: Sequence[Json], nested: Sequence[Nested]
) -> Generator[list[Ask] | Any, list[Answer], None]:
    """Put the rest of each list into the nodes themselves; asks only where there is more."""
    for each in nested:
        lacking = [(node, following) for node in nodes if (following := _following(errand, node, each))]
        while lacking:
            asks: list[Ask] = [
                Query(errand, each.more, {"id": node.get("id"), "after": after}, WEIGHT) for node, after in lacking
            ]
            answers = yield from ask_each(errand, asks)
            rest = []
            for (node, _), more in zip(lacking, answers, strict=True):
                shown, following = entries(errand, more.get(each.name))
                node[each.name]["nodes"] += shown
                if following is not None:
                    rest.append((node, following))
            lacking = rest
        inner = [one for node in nodes for one in nodes_of(node, each.name)]
        if each.inside and inner:
            yield from complete(errand, inner, each.inside)


def ask_each(errand: Errand, asks: list[Ask]) -> Generator[list[Ask] | Any, list[Answer], list[Answer]]:
    """The answers to questions about single nodes. Raises Unavailable where one was deleted since it was listed."""
    try:
        return (yield asks)
    except Gone as error:
        raise Unavailable(
            f"{errand.whole}: some were deleted while they were read",
            remedy="the next run goes on from here",
            subject=errand.subject,
        ) from error


def nodes_of(node: Json, name: str) -> list[Json]:
    """The entries of a list inside a node."""
    shown = (node.get(name) or {}).get("nodes") or ()
    return [one for one in shown if isinstance(one, dict)]


def is_short(node: Json, nested: Sequence[Nested]) -> bool:
    """Whether a list in the node has fewer entries than it says there are, though it was read to its end."""
    for each in nested:
        said = node.get(each.name) or {}
        shown = nodes_of(node, each.name)
        if len(shown) < int(said.get("totalCount") or 0) or any(is_short(one, each.inside) for one in shown):
            return True
    return False


def _following(errand: Errand, node: Json, each: Nested) -> str | None:
    """Where the list goes on; None where it is whole, or was not told at all."""
    said = node.get(each.name)
    return None if said is None else goes_on_at(errand, said)
