"""Several GraphQL asks on one sheet: a single query, and its answer taken apart again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from connectors.github.asks import Fields, Json, Query

_VARIABLE = re.compile(r"\$(\w+)")


def compose(asks: Sequence[Query]) -> tuple[str, Json]:
    """The text of one query for asks of the same fields, and its variables. No value is ever part of the text."""
    fields = asks[0].fields
    return _text(fields, len(asks)), {
        f"{name}_{n}": ask.values[name] for n, ask in enumerate(asks) for name in fields.types
    }


@cache
def _text(fields: Fields, count: int) -> str:
    declared = ", ".join(f"${name}_{n}: {kind}" for n in range(count) for name, kind in fields.types.items())
    body = f"... on {fields.on} {{ {fields.body} }}" if fields.on else fields.body
    asked = "\n".join(_numbered(f"a{n}: {fields.head} {{ __typename {body} }}", n) for n in range(count))
    limit = "rateLimit { cost limit remaining resetAt }"
    return f"query {fields.name}({declared}) {{\n{limit}\n{asked}\n}}\n{fields.fragments}"


def _numbered(text: str, number: int) -> str:
    return _VARIABLE.sub(rf"$\g<1>_{number}", text)


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
