"""Curves of earlier parameters: kept as they were when the parameters changed, never redrawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harvester.store.rows import answer

if TYPE_CHECKING:
    import duckdb

    Rows = list[dict[str, Any]]

_KEPT = ("factors", "influence")
_FORGET = "DELETE FROM store.former_{name} WHERE params = $params OR params IN (SELECT params FROM store.{name})"
_KEEP = "INSERT INTO store.former_{name} FROM store.{name} WHERE params <> $params"


@dataclass(frozen=True, slots=True)
class Curve:
    """The parameters of a curve: their hash, and as JSON what they are. `scored_at`: aware."""

    params: str
    settings: str
    scored_at: datetime


def keep_former(connection: duckdb.DuckDBPyConnection, curve: Curve) -> None:
    """Before a curve replaces all that is shown: keep that, if it is of other parameters. Part of a transaction.

    Who goes back to parameters used before goes on with their curve.
    """
    names = {"params": curve.params}
    for name in _KEPT:
        # What is shown now is newer than what was kept of the same parameters earlier.
        connection.execute(_FORGET.format(name=name), names)
        connection.execute(_KEEP.format(name=name), names)
    connection.execute("UPDATE store.curves SET is_shown = false WHERE params <> $params AND is_shown", names)
    connection.execute(
        "INSERT INTO store.curves (params)"
        " SELECT $params WHERE NOT EXISTS (FROM store.curves WHERE params = $params)",
        names,
    )


def note_drawn(connection: duckdb.DuckDBPyConnection, curve: Curve) -> None:
    """Note that the curve is shown, and drawn anew. Part of a transaction."""
    connection.execute(
        "UPDATE store.curves SET is_shown = true, settings = $settings, last_scored = $at,"
        " first_scored = coalesce(first_scored, $at) WHERE params = $params",
        {
            "params": curve.params,
            "settings": curve.settings,
            "at": curve.scored_at.astimezone(UTC).replace(tzinfo=None),
        },
    )


def kept(connection: duckdb.DuckDBPyConnection, params: str, grain: str | None = None) -> dict[str, Rows]:
    """Factors and influence of a curve as it was last drawn, shown or former; of one grain, if it is named.

    As rows: importing NumPy takes longer than a harvest that brings nothing new.
    """
    of = "WHERE params = $params AND grain = coalesce($grain, grain)"
    return {
        name: answer(
            connection,
            f"FROM {name} {of} UNION ALL FROM former_{name} {of} ORDER BY person, model, grain, period",
            {"params": params, "grain": grain},
        )
        for name in _KEPT
    }
