"""What a GraphQL query costs by GitHub's rule, and which sizes GitHub refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    value_from_ast_untyped,
)

MOST_NODES = 500_000
MOST_AT_ONCE = 100


class TooLarge(Exception):
    """GitHub refuses the query for its size; `kind` as in MAX_NODE_LIMIT_EXCEEDED."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(slots=True)
class Cost:
    """`requests`: connections to be walked; `nodes`: the most they may return. GitHub's points follow."""

    requests: int = 0
    nodes: int = 0

    @property
    def points(self) -> int:
        """What it takes from the hour's allowance."""
        return max(1, round(self.requests / 100))


@dataclass(frozen=True, slots=True)
class Reckoner:
    """Reckons up one query: each connection counts as often as its parents may have nodes."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]

    def cost_of(self, operation: OperationDefinitionNode) -> Cost:
        """What GitHub would charge; raises TooLarge where it refuses."""
        given = {
            each.variable.name.value: value_from_ast_untyped(each.default_value)
            for each in operation.variable_definitions or ()
            if each.default_value is not None
        }
        cost = Cost()
        asked = Reckoner(self.schema, self.fragments, {**given, **self.variables})
        asked._add(operation.selection_set, self.schema.query_type, 1, cost)
        if cost.nodes > MOST_NODES:
            raise TooLarge(
                "MAX_NODE_LIMIT_EXCEEDED",
                f"This query requests up to {cost.nodes:,} possible nodes which exceeds the maximum limit of "
                f"{MOST_NODES:,}.",
            )
        return cost

    def _add(
        self, selections: SelectionSetNode | None, parent: GraphQLNamedType | None, many: int, cost: Cost
    ) -> None:
        for asked, owner in self._fields(selections, parent):
            found = owner.fields.get(asked.name.value)
            if found is None:  # __typename, __schema, __type
                continue
            returned, inside = get_named_type(found.type), many
            if returned.name.endswith("Connection"):
                cost.requests += many
                inside = many * self._size(asked, returned)
                cost.nodes += inside
            elif (ids := self._argument(asked, "ids")) is not None:
                inside = many * len(ids)
            self._add(asked.selection_set, returned, inside, cost)

    def _fields(
        self, selections: SelectionSetNode | None, parent: GraphQLNamedType | None
    ) -> Iterator[tuple[FieldNode, GraphQLObjectType | GraphQLInterfaceType]]:
        for each in selections.selections if selections else ():
            if not self._is_wanted(each):
                continue
            if isinstance(each, FieldNode):
                if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
                    yield each, parent
                continue
            assert isinstance(each, InlineFragmentNode | FragmentSpreadNode)  # noqa: S101  # there is nothing else
            part = each if isinstance(each, InlineFragmentNode) else self.fragments[each.name.value]
            kind = parent if part.type_condition is None else self.schema.get_type(part.type_condition.name.value)
            yield from self._fields(part.selection_set, kind)

    def _is_wanted(self, selection: SelectionNode) -> bool:
        for directive in selection.directives or ():
            if directive.name.value in ("skip", "include"):
                said = self._argument(directive, "if")
                if bool(said) == (directive.name.value == "skip"):
                    return False
        return True

    def _argument(self, asked: FieldNode | DirectiveNode, name: str) -> Any:
        found = next((each for each in asked.arguments or () if each.name.value == name), None)
        return None if found is None else value_from_ast_untyped(found.value, dict(self.variables))

    def _size(self, asked: FieldNode, connection: GraphQLNamedType) -> int:
        name = asked.name.value
        for bound in ("first", "last"):
            size = self._argument(asked, bound)
            if isinstance(size, int):
                if not 1 <= size <= MOST_AT_ONCE:
                    raise TooLarge(
                        "EXCESSIVE_PAGINATION",
                        f"Requesting {size} records on the `{name}` connection exceeds the `{bound}` limit of "
                        f"{MOST_AT_ONCE} records.",
                    )
                return size
        if any(inner.name.value in ("nodes", "edges") for inner, _ in self._fields(asked.selection_set, connection)):
            raise TooLarge(
                "MISSING_PAGINATION_BOUNDARIES",
                f"You must provide a `first` or `last` value to properly paginate the `{name}` connection.",
            )
        return 0
