"""Which curve is shown: that of the parameters in the configuration; those of earlier ones are kept and named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harvester.store import Store, answer
from harvester.store.curves import kept

if TYPE_CHECKING:
    import scoring
    from harvester.config import Settings


def told_apart(settings: Settings, params: scoring.Params) -> list[str]:
    """A line for each kept curve of other parameters: until when, and what is different; none where there is none."""
    others = [curve for curve in _curves(settings) if curve["params"] != params.hash()]
    if not others:
        return []
    lines = [f"Shown: the curve of the parameters {params.hash()}, which are the configuration's."]
    for curve in others:
        until = f", last drawn on {curve['last_scored']:%Y-%m-%d}" if curve["last_scored"] else ""
        other = (
            "; ".join(_differences(json.loads(curve["settings"]), json.loads(params.told())))
            if curve["settings"]
            else ""
        )
        lines.append(
            f"Kept beside it: {curve['params']}{until}{f', with {other}' if other else ''}"
            f" (harvest score --params {curve['params']})."
        )
    return lines


def kept_curve(settings: Settings, asked: str) -> tuple[Mapping[str, list[dict[str, Any]]], list[str]]:
    """The tables of a curve by its hash, or by the beginning of it. Raises ValueError with those there are."""
    curves = _curves(settings)
    found = [curve for curve in curves if asked and curve["params"].startswith(asked)]
    if len(found) != 1:
        there = ", ".join(curve["params"] for curve in curves) or "none yet; `harvest now` draws the first"
        raise ValueError(
            f'{"several curves begin" if found else "no curve begins"} with "{asked}"; there are: {there}'
        )
    with Store(settings.database, settings.timezone).reading() as connection:
        tables = kept(connection, found[0]["params"])
    when = f", as it was drawn on {found[0]['last_scored']:%Y-%m-%d}" if found[0]["last_scored"] else ""
    said = f"Shown: the curve of the parameters {found[0]['params']}{when}."
    return tables, [said]


def _curves(settings: Settings) -> list[dict[str, Any]]:
    with Store(settings.database, settings.timezone).reading() as connection:
        return answer(connection, "FROM curves ORDER BY is_shown DESC, last_scored DESC NULLS LAST, params")


def _differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    """Settings and weights of the other curve where they are not as here."""
    for key in sorted({*theirs, *ours} - {"weights"}):
        if theirs.get(key) != ours.get(key):
            yield f"{key} {_spoken(theirs.get(key))} (here {_spoken(ours.get(key))})"
    there, here = theirs.get("weights", {}), ours.get("weights", {})
    for key in sorted({*there, *here}):
        if there.get(key) != here.get(key):
            yield f"weight of {key} {_weight(there.get(key))} (here {_weight(here.get(key))})"


def _spoken(value: Any) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _weight(value: Mapping[str, Any] | None) -> str:
    return f"{value['weight']:g} as {value['role']}" if value else "none"
