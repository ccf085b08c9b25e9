"""Several GraphQL asks on one sheet: a single query, and its answer taken apart again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from connectors.github.asks import Fields, Json, Query

_VARIABLE = re.compile(r"\$(\w+)")


def compose(asks: Sequence[Query]) -> tuple[str, Json]:
    """The text of one query for several asks, and its variables. No value is ever part of the text.

    Their fragments must be the same, where they have any.
    """
    return _text(tuple(ask.fields for ask in asks)), {
        f"{name}_{n}": ask.values[name] for n, ask in enumerate(asks) for name in ask.fields.types
    }


@lru_cache(maxsize=64)
def _text(sheet: tuple[Fields, ...]) -> str:
    name = "_".join(dict.fromkeys(fields.name for fields in sheet))
    declared = ", ".join(
        f"${each}_{n}: {kind}" for n, fields in enumerate(sheet) for each, kind in fields.types.items()
    )
    asked = "\n".join(_asked(fields, n) for n, fields in enumerate(sheet))
    limit = "rateLimit { cost limit remaining resetAt }"
    fragments = max((fields.fragments for fields in sheet), key=len)
    return f"query {name}({declared}) {{\n{limit}\n{asked}\n}}\n{fragments}"


def _asked(fields: Fields, number: int) -> str:
    body = f"... on {fields.on} {{ {fields.body} }}" if fields.on else fields.body
    return _VARIABLE.sub(rf"$\g<1>_{number}", f"a{number}: {fields.head} {{ __typename {body} }}")


def take_apart(asks: Sequence[Query], said: Mapping[str, Any], errors: Sequence[Any]) -> list[tuple[Any, list[Json]]]:
    """What was said to each ask, and the errors that concern it; one of no ask in particular concerns all."""
    parts: list[tuple[Any, list[Json]]] = [(said.get(f"a{n}"), []) for n in range(len(asks))]
    for error in errors:
        known = error if isinstance(error, dict) else {}
        path = known.get("path")
        name = path[0] if isinstance(path, list) and path else None
        concerned = [n for n in range(len(asks)) if name == f"a{n}"] or range(len(asks))
        for n in concerned:
            parts[n][1].append(known)
    return parts
