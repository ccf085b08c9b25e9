"""What can be asked of GitHub: a REST address, or fields of one node that a GraphQL query asks for."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from connectors.github.failures import Errand

Json = dict[str, Any]
Values = Mapping[str, Any]

CORE, GRAPHQL = "core", "graphql"  # GitHub's names for the allowances that we draw on


@dataclass(frozen=True, slots=True)
class Etag:
    """What proves that an answer is known. `owner`: the token it was given to; another token's never matches."""

    owner: str
    value: str


@dataclass(frozen=True, slots=True)
class Get:
    """A REST question. `path`: below the API's root, or the `next` of a page. `etag`: of the answer that is known.

    `follows`: also to another address, where it has moved; else that is raised as Elsewhere.
    """

    errand: Errand
    path: str
    parameters: Mapping[str, str | int] = field(default_factory=dict)
    shape: Literal["list", "object"] = "list"
    etag: Etag | None = None
    follows: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """A REST answer. `next`: the address of the following page, None at the end. `is_known`: a 304, nothing else."""

    data: Any = None
    next: str | None = None
    etag: Etag | None = None
    is_known: bool = False

    @property
    def items(self) -> list[Any]:
        """The entries of a list."""
        return list(self.data)


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """What is asked of one node; several may be asked for at once, each under a name of its own.

    `head`: how the node is found, as in "node(id: $id)". `on`: its type, where `head` finds an interface. `body`:
    the fields. Their $variables have `types`. `connections`: how many lists GitHub walks for given values: a hundred
    are a point. `most`: of these in one query.
    """

    name: str
    head: str
    body: str
    types: Mapping[str, str]
    connections: Callable[[Values], int]
    on: str | None = None
    fragments: str = ""
    most: int = 25


@dataclass(frozen=True, slots=True)
class Query:
    """Fields asked of one node, with values for their variables. `weight`: about how many nodes will come."""

    errand: Errand
    fields: Fields
    values: Values
    weight: int = 1

    @property
    def is_divisible(self) -> bool:
        """Whether less can be asked for at a time, by whoever asks."""
        return "first" in self.fields.types


Ask = Get | Query

Answer = Any
"""A Page for a Get, the node as a dict for a Query."""

T = TypeVar("T")
Asking = Generator[Sequence[Ask] | T, list[Answer], None]
"""Work that asks: it yields asks and is sent their answers, in order, or it yields results.

A failure of one of the asks is raised where they were yielded.
"""


def points_of(asks: Sequence[Query]) -> int:
    """What a query costs by GitHub's rule: a hundredth of the lists it walks, rounded, at least one.

    https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
    """
    return max(1, (sum(ask.fields.connections(ask.values) for ask in asks) + 50) // 100)
