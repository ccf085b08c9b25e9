"""Runs a parsed GraphQL query over resolvers, and says what it costs by GitHub's rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harvester.demo.graphql_language import BadQuery, Document, Field, Selection, fields_of, value_of

MOST_NODES = 500_000


class FieldFailed(Exception):
    """One field cannot be answered: it is null, and the rest is fine. `kind` as in NOT_FOUND."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Node:
    """An object of the schema: its type's name, what it stands for, and where that belongs."""

    type: str
    value: Any
    home: Any = None


Plain = Callable[[Node], Any]
Asked = Callable[[Node, Mapping[str, Any], Any], Any]


@dataclass(frozen=True, slots=True)
class Schema:
    """What can be asked: type → field → resolver, `plain` ones without arguments, `asked` ones with them.

    `interfaces`: other names an object's type goes by. `connections`: fields whose cost counts.
    """

    plain: Mapping[str, Mapping[str, Plain]]
    asked: Mapping[str, Mapping[str, Asked]]
    interfaces: Mapping[str, frozenset[str]]
    connections: frozenset[str]


@dataclass(slots=True)
class Run:
    """One query under way. `context` reaches the resolvers that take arguments."""

    schema: Schema
    document: Document
    variables: Mapping[str, Any]
    context: Any
    errors: list[dict[str, Any]] = field(default_factory=list)

    def execute(self) -> dict[str, Any]:
        """The data, with nulls where a field failed; `errors` says which."""
        return self._object(Node("Query", None), self.document.selections, [])

    def _object(self, node: Node, selections: tuple[Selection, ...], path: list[str | int]) -> dict[str, Any]:
        names = self.schema.interfaces.get(node.type, frozenset()) | {node.type}
        asked: dict[str, list[Field]] = {}
        for each in fields_of(selections, names, self.document, self.variables):
            asked.setdefault(each.key, []).append(each)
        answer: dict[str, Any] = {}
        for key, fields in asked.items():
            inner = tuple(s for f in fields for s in f.selections)
            try:
                found = self._resolve(node, fields[0])
            except FieldFailed as failure:
                found = failure
            answer[key] = self._complete(found, inner, [*path, key])
        return answer

    def _resolve(self, node: Node, asked: Field) -> Any:
        if asked.name == "__typename":
            return node.type
        plain = self.schema.plain.get(node.type, {}).get(asked.name)
        if plain is not None:
            return plain(node)
        resolver = self.schema.asked.get(node.type, {}).get(asked.name)
        if resolver is None:
            raise BadQuery(
                f"Field '{asked.name}' doesn't exist on type '{node.type}'",
                extensions={"code": "undefinedField", "typeName": node.type, "fieldName": asked.name},
            )
        arguments = {name: value_of(value, self.variables) for name, value in asked.arguments.items()}
        return resolver(node, arguments, self.context)

    def _complete(self, found: Any, selections: tuple[Selection, ...], path: list[str | int]) -> Any:
        if isinstance(found, list):
            return [self._complete(item, selections, [*path, at]) for at, item in enumerate(found)]
        if isinstance(found, FieldFailed):
            self.errors.append({"type": found.kind, "path": path, "message": str(found)})
            return None
        if isinstance(found, Node):
            if not selections:
                raise BadQuery(f"Field must have selections ({path[-1]} returns {found.type})")
            return self._object(found, selections, path)
        return found


@dataclass(slots=True)
class Cost:
    """`requests`: connections to be walked; `nodes`: the most they may return. GitHub's points follow."""

    requests: int = 0
    nodes: int = 0

    @property
    def points(self) -> int:
        """What it takes from the hour's allowance."""
        return max(1, round(self.requests / 100))


def cost_of(run: Run) -> Cost:
    """What GitHub would charge; raises BadQuery where it refuses the query's size."""
    cost = Cost()
    _add(run, run.document.selections, 1, cost)
    if cost.nodes > MOST_NODES:
        raise BadQuery(
            f"This query requests up to {cost.nodes:,} possible nodes which exceeds the maximum limit of "
            f"{MOST_NODES:,}.",
            type="MAX_NODE_LIMIT_EXCEEDED",
        )
    return cost


def _add(run: Run, selections: tuple[Selection, ...], parents: int, cost: Cost) -> None:
    for asked in fields_of(selections, None, run.document, run.variables):
        many = parents
        if asked.name in run.schema.connections:
            cost.requests += parents
            many = parents * _size(run, asked)
            cost.nodes += many
        elif asked.name == "nodes" and "ids" in asked.arguments:
            many = parents * len(value_of(asked.arguments["ids"], run.variables) or ())
        _add(run, asked.selections, many, cost)


def _size(run: Run, asked: Field) -> int:
    sizes = [value_of(asked.arguments[name], run.variables) for name in ("first", "last") if name in asked.arguments]
    size = next((s for s in sizes if s is not None), None)
    if size is None:
        inner = {f.name for f in fields_of(asked.selections, None, run.document, run.variables)}
        if inner & {"nodes", "edges"}:
            raise BadQuery(
                f"You must provide a `first` or `last` value to properly paginate the `{asked.name}` connection.",
                type="MISSING_PAGINATION_BOUNDARIES",
            )
        return 0
    if not 1 <= size <= 100:
        raise BadQuery(
            f"Requesting {size} records on the `{asked.name}` connection exceeds the `first` limit of 100 records.",
            type="EXCESSIVE_PAGINATION",
        )
    return int(size)
