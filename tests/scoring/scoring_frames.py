"""Frames of totals, written the short way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

import scoring

Reading = tuple[float, float] | float | None
"""A total with its coverage, a total that was fully covered, or nothing observed."""

MONDAY = date(2024, 1, 1)
LATER = date(2100, 1, 1)
COLUMNS = ["person", "grain", "period", "ends_on", "source", "metric", "subject", "total", "actors", "coverage"]


def weeks(
    series: Mapping[str, Sequence[Reading]], *, start: date = MONDAY, person: str = "me", actors: int = 0
) -> pd.DataFrame:
    """Weekly totals of "source/metric" series, each a list of readings from `start` on."""
    rows: list[dict[str, Any]] = []
    for name, readings in series.items():
        source, metric = name.split("/")
        for number, reading in enumerate(readings):
            if reading is None:
                continue
            total, coverage = reading if isinstance(reading, tuple) else (reading, 1.0)
            period = start + timedelta(weeks=number)
            rows.append(
                {
                    "person": person,
                    "grain": "week",
                    "period": period,
                    "ends_on": period + timedelta(weeks=1),
                    "source": source,
                    "metric": metric,
                    "subject": None if total == 0 else "subject",
                    "total": float(total),
                    "actors": actors,
                    "coverage": coverage,
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def score(totals: pd.DataFrame, **settings: Any) -> scoring.Result:
    """The score with these settings, long after the last period."""
    return scoring.score(totals, scoring.Params(**settings), now=LATER)


def of(table: pd.DataFrame, model: str = "chained", person: str = "me") -> pd.DataFrame:
    """One model's rows of a table, numbered from 0."""
    return table[(table["model"] == model) & (table["person"] == person)].reset_index(drop=True)
