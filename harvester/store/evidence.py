"""What lies behind a period of a person: subjects, days, gaps, renames, what was left out, and the facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from harvester.store import answer, sql

if TYPE_CHECKING:
    import duckdb

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The answers of the queries named behind_…, each a list of rows. `facts`: only where they were asked for."""

    subjects: Rows
    days: Rows
    left_out: Rows
    gaps: Rows
    renames: Rows
    vanished: Rows
    facts: Rows


def evidence(
    connection: duckdb.DuckDBPyConnection,
    *,
    person: str,
    grain: str,
    before: date,
    period: date,
    ends_on: date,
    first: date,
    metrics: Sequence[str],
    with_facts: bool,
) -> Evidence:
    """What is stored of the period [period, ends_on) in these metrics; days from `first` on, to see what is usual."""
    names = {"person": person, "metrics": list(metrics)}
    span = {**names, "period": period, "ends_on": ends_on}
    return Evidence(
        subjects=_ask(connection, "behind_subjects", {**names, "grain": grain, "period": period, "before": before}),
        days=_ask(connection, "behind_days", {**names, "first": first, "ends_on": ends_on}),
        left_out=_ask(connection, "behind_left_out", span),
        gaps=_ask(connection, "behind_gaps", span),
        renames=_ask(connection, "behind_renames", names),
        vanished=_ask(connection, "behind_vanished", span),
        facts=_ask(connection, "behind_rows", span) if with_facts else [],
    )


def _ask(connection: duckdb.DuckDBPyConnection, name: str, values: dict[str, Any]) -> Rows:
    return answer(connection, sql.text(f"queries/{name}"), values)
