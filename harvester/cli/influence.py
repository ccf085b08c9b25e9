"""The influence table: what fed the factors of each period, and what became of the influence in both models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harvester.cli import show

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    Row = dict[str, Any]
    Tables = Mapping[str, Sequence[Row]]

MODELS = ("chained", "essay")
_DAY = {"day": "%m-%d", "week": "%m-%d", "month": "%Y-%m"}
_ABSURD = 1e9
_INPUTS = {"R": "reads", "C": "comments", "T": "clicks", "A·i": "interactions", "T_A": "audience"}


def print_table(
    out: Console,
    tables: Tables,
    *,
    grain: str,
    last: int,
    models: tuple[str, ...] = MODELS,
    person: str | None = None,
) -> None:
    """One table a person: R, C, T, A·i, T_A, and per model E, I and the influence; reasons below it."""
    people = [person] if person else sorted({row["person"] for row in tables["factors"]})
    shown = 0
    for each in people:
        rows = _rows(tables, each, grain)
        if not rows:
            continue
        shown += 1
        _print_person(out, each, grain, rows[-last:] if last else rows, models)
    if not shown:
        _print_start(out, person or "me", grain, models)


def _print_start(out: Console, person: str, grain: str, models: tuple[str, ...]) -> None:
    """The table before anything counts: the influence stands where it starts."""
    made = _empty_table(grain, models)
    made.add_row("now", *["–"] * (len(_INPUTS)), *["–", "–", "I_0"] * len(models))
    out.print(f"Influence of {show.plain(person)} by {grain}", soft_wrap=True)
    out.print(made)
    out.print("Nothing that counts has been harvested yet: add sources to config.toml, or log a talk (harvest log).")


def rows_of(table: Mapping[str, Any], grain: str) -> list[Row]:
    """The rows of a table of arrays, of one grain."""
    chosen = table["grain"] == grain
    columns = [values[chosen].tolist() for values in table.values()]
    return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]


def chosen_of(rows: Sequence[Row], grain: str, person: str | None) -> list[Row]:
    """Those of one grain, and of one person where it is named."""
    return [row for row in rows if row["grain"] == grain and person in (None, row["person"])]


def _rows(tables: Tables, person: str, grain: str) -> list[Row]:
    """Factors and influence of a person side by side, one entry a period."""
    periods: dict[Any, Row] = {}
    for row in chosen_of(tables["factors"], grain, person):
        periods.setdefault(row["period"], {})[row["model"]] = row
    for row in chosen_of(tables["influence"], grain, person):
        periods.setdefault(row["period"], {}).setdefault(row["model"], {}).update(
            influence=row["influence"], status=row["status"]
        )
    return [{"period": period, **periods[period]} for period in sorted(periods)]


def _empty_table(grain: str, models: tuple[str, ...]) -> Table:
    made = show.figures()
    made.add_column(grain)
    for name in _INPUTS:
        made.add_column(name, justify="right")
    for model in models:
        made.add_column("E", justify="right")
        made.add_column("I", justify="right")
        made.add_column(model, justify="right")
    return made


def _print_person(out: Console, person: str, grain: str, rows: list[Row], models: tuple[str, ...]) -> None:
    made = _empty_table(grain, models)
    for row in rows:
        either = next(iter(row[model] for model in MODELS if model in row))
        cells = [f"{row['period']:{_DAY[grain]}}{'*' if either.get('provisional') else ''}"]
        cells += [show.number(either.get(name)) for name in _INPUTS.values()]
        for model in models:
            part = row.get(model, {})
            cells += [show.factor(part.get("factor_e")), show.factor(part.get("factor_i"))]
            cells.append(show.number(part.get("influence")))
        made.add_row(*cells)
    out.print(f"Influence of {show.plain(person)} by {grain}, from {rows[0]['period']:%Y-%m-%d} on", soft_wrap=True)
    out.print(made)
    for line in _notes(rows, models, grain):
        out.print(line, soft_wrap=True)


def _notes(rows: list[Row], models: tuple[str, ...], grain: str) -> list[str]:
    """Why a cell is empty, once per reason, with the periods it holds for."""
    notes = []
    if any(part.get("provisional") for row in rows for part in row.values() if isinstance(part, dict)):
        notes.append("* still running: provisional")
    for model in models:
        for letter, name in (("E", "e_status"), ("I", "i_status")):
            reasons: dict[str, list[str]] = {}
            for row in rows:
                status = row.get(model, {}).get(name) or "ok"
                if status not in ("ok", "provisional"):
                    reasons.setdefault(status, []).append(f"{row['period']:{_DAY[grain]}}")
            notes += [f"{model} {letter}: {show.plain(why)} ({_some(when)})" for why, when in reasons.items()]
    if any((row.get("essay", {}).get("influence") or 0) > _ABSURD for row in rows if "essay" in models):
        notes.append("essay: the literal product of its factors grows without bound (docs/scoring.md says why)")
    return notes


def _some(days: list[str]) -> str:
    return ", ".join(days) if len(days) <= 4 else f"{len(days)} periods, {days[0]} to {days[-1]}"
