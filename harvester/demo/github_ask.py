"""What a GraphQL resolver knows: its arguments, who asks, and how much the query has had already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harvester.demo.faults import LIMITS_EXCEEDED
from harvester.demo.github_access import Asker
from harvester.demo.github_connections import Slice, cut_connection
from harvester.demo.graphql_failures import FieldFailed
from harvester.demo.things import Repo
from harvester.demo.world import World

Key = Callable[[Any], tuple[Any, int]]
Asked = Callable[[Any, "Ask"], Any]


@dataclass(slots=True)
class Context:
    """One query under way. `appetite`: once so many nodes were served, what asks for more fails."""

    world: World
    asker: Asker
    rate: Mapping[str, Any]
    appetite: int | None = None
    served: int = 0

    def serve(self, nodes: int) -> None:
        """Count nodes. Raises FieldFailed where those before them were too many; the limit is cumulative."""
        if self.appetite is not None and self.served >= self.appetite:
            raise FieldFailed("RESOURCE_LIMITS_EXCEEDED", LIMITS_EXCEEDED)
        self.served += nodes

    def labour(self, effort: int) -> None:
        """Count what costs as much as so many nodes and returns none. Raises FieldFailed where it is too much."""
        self.served += effort
        if self.appetite is not None and self.served > self.appetite:
            raise FieldFailed("RESOURCE_LIMITS_EXCEEDED", LIMITS_EXCEEDED)


@dataclass(frozen=True, slots=True)
class Ask:
    """One field asked for, with its arguments."""

    arguments: Mapping[str, Any]
    context: Context

    @property
    def world(self) -> World:
        """What is asked about."""
        return self.context.world

    @property
    def asker(self) -> Asker:
        """Who asks."""
        return self.context.asker

    def need(self, permission: str, repo: Repo) -> None:
        """Raises FieldFailed where the token lacks a right on a repository."""
        if self.asker.lacks(permission, repo):
            raise FieldFailed("FORBIDDEN", self.asker.refusal, {"saml_failure": False})

    def page(self, things: Iterable[Any], key: Key, *, down: bool = False) -> Slice:
        """The part of a list asked for, in this order."""
        self.context.serve(0)
        part = cut_connection([(key(thing), thing) for thing in things], self.arguments, down=down)
        self.context.serve(len(part.shown))
        return part

    def sorted_page(self, things: Iterable[Any], keys: Mapping[str, Key], default: str) -> Slice:
        """The part asked for, in the order that `orderBy` names, or by `default`, upwards."""
        order = self.arguments.get("orderBy") or {}
        key = keys[order.get("field", default)]
        return self.page(things, key, down=order.get("direction") == "DESC")

    def hidden(self, total: int) -> Slice:
        """A list that is counted, and shown to nobody."""
        return replace(self.page((), lambda _: (0, 0)), total=total)


def by_creation(thing: Any) -> tuple[Any, int]:
    """Where a thing stands in the order of creation."""
    return thing.created_at, thing.id


def by_update(thing: Any) -> tuple[Any, int]:
    """Where a thing stands in the order of its last change."""
    return thing.updated_at, thing.id
