"""The schemas that the demo's GitHub answers by: its own small one, or the published one."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
)


@cache
def small_sdl() -> str:
    """The part of GitHub's schema that the demo has resolvers for."""
    return files("harvester.demo").joinpath("github.graphql").read_text(encoding="utf-8")


@lru_cache(maxsize=16)
def schema_of(sdl: str, without: frozenset[str] = frozenset()) -> GraphQLSchema:
    """The schema in this text, less the fields named Type.field; shared, so nobody may change it."""
    schema = build_schema(sdl, assume_valid=True)
    for field in without:
        kind, _, name = field.partition(".")
        owner = schema.get_type(kind)
        if not isinstance(owner, GraphQLObjectType | GraphQLInterfaceType) or name not in owner.fields:
            raise ValueError(f"the schema has no field {field} to leave out")
        del owner.fields[name]
    times = schema.get_type("DateTime")
    if isinstance(times, GraphQLScalarType):
        times.coerce_input_value = _instant
    return schema


def _instant(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError(f"Could not coerce value {value!r} to DateTime")  # noqa: TRY004 - as for a wrong text
    at = datetime.fromisoformat(value)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
