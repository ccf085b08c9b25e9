"""Scores as they were known at a time, and what has changed in them since: by which facts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from harvester.scorejob import Inputs, inputs, inputs_of, metrics_of, params
from harvester.store import Store, answer, sql
from harvester.store.asof import as_known

if TYPE_CHECKING:
    from harvester.config import Settings

_EQUAL = 1e-9
"""Relative: less is the last bit of another order of sums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A past period whose numbers have changed: each pair is what was known then, and what is known now."""

    period: date
    factor_e: tuple[float | None, float | None]
    factor_i: tuple[float | None, float | None]
    influence: tuple[float | None, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What changed in the `compared` periods that were over at `moment`.

    `facts`, `days`: which facts and which days' coverage were learnt since, rows of the queries changed_….
    """

    moment: datetime
    compared: int
    periods: tuple[Changed, ...]
    facts: list[dict[str, Any]]
    days: list[dict[str, Any]]


def moment_of(text: str, settings: Settings) -> datetime:
    """A time as it is written: a day (its end), or a day and a time of the configured zone. Raises ValueError."""
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            found = datetime.combine(day + timedelta(days=1), time(), settings.timezone)
        else:
            found = datetime.fromisoformat(text)
            found = found if found.tzinfo else found.replace(tzinfo=settings.timezone)
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is not a time; write a day as 2026-11-24, or a time as 2026-11-24T18:00"
        ) from None


def as_of(settings: Settings, moment: datetime) -> Inputs:
    """Everything that was stored by a moment, as scoring takes it, with that day as today."""
    with as_known(Store(settings.database, settings.timezone), moment) as then:
        today = moment.astimezone(settings.timezone).date()
        return inputs_of(then, params(settings.scoring), today=today)


def difference(
    settings: Settings, moment: datetime, *, person: str | None, grain: str, model: str, today: date
) -> Difference:
    """What is known now of periods that were over at a moment, and was not known then. Raises ConfigError."""
    now = inputs(settings, today=today)
    who = now.person(person)
    then = as_of(settings, moment)
    until = then.today
    before, after = (_numbers(given.of(who, grain), model, until) for given in (then, now))
    periods = []
    for period in sorted({*before, *after}):
        old, new = before.get(period, {}), after.get(period, {})
        pairs = {name: (old.get(name), new.get(name)) for name in ("factor_e", "factor_i", "influence")}
        if any(not _is_same(*pair) for pair in pairs.values()):
            periods.append(Changed(period=period, **pairs))
    asked = {
        "person": who, "grain": grain, "until": _start_of(until, grain), "moment": moment.replace(tzinfo=None),
        "metrics": metrics_of(now.params, "reads", "comments", "interactions", "clicks", "audience", "participants"),
    }  # fmt: skip
    with Store(settings.database, settings.timezone).reading() as connection:
        facts = answer(connection, sql.text("queries/changed_facts"), asked)
        days = answer(connection, sql.text("queries/changed_coverage"), asked)
    return Difference(moment=moment, compared=len({*before, *after}), periods=tuple(periods), facts=facts, days=days)


def _start_of(day: date, grain: str) -> date:
    """The first day of the period that was still running."""
    if grain == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if grain == "week" else day


def _numbers(given: Inputs, model: str, until: date) -> dict[date, Mapping[str, float]]:
    """Factors and influence of the periods that were over."""
    scores = given.score()
    found: dict[date, dict[str, float]] = {}
    for table, names in ((scores.factors, ("factor_e", "factor_i")), (scores.influence, ("influence",))):
        chosen = table["model"] == model
        columns = [table[name][chosen].tolist() for name in ("period", "ends_on", *names)]
        for period, ends_on, *values in zip(*columns, strict=True):
            if ends_on.date() <= until:
                found.setdefault(period.date(), {}).update(zip(names, values, strict=True))
    return dict(found)


def _is_same(old: float | None, new: float | None) -> bool:
    if old is None or new is None or math.isnan(old) or math.isnan(new):
        return (old is None or math.isnan(old)) == (new is None or math.isnan(new))
    return math.isclose(old, new, rel_tol=_EQUAL)
