"""What if: the score under changes, beside today's, and what a little more of each metric would do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from harvester.changes import Amount, Change
from harvester.config.errors import ConfigError, Problem
from harvester.spans import Span

if TYPE_CHECKING:
    import numpy.typing as npt

    import scoring
    from harvester.scorejob import Inputs

    Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A period of the curve: today's numbers and those under the changes; None where there are none."""

    period: date
    today: Mapping[str, Any] | None
    then: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Elasticity:
    """By how many percent 1 % more of a metric in one period moves its factors and the influence at its end."""

    metric: str
    total: float
    today: float
    then: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`since`: the period from which totals are changed; `unseen`: changed metrics that were not observed then."""

    changes: tuple[Change, ...]
    since: Span
    params: scoring.Params
    curve: tuple[Point, ...]
    elasticities: tuple[Elasticity, ...]
    unseen: tuple[str, ...]


def answer(given: Inputs, changes: Sequence[Change], *, model: str, since: Span) -> Answer:
    """Score with and without the changes; `given` holds one person's totals of one grain.

    Totals are changed in `since` and all later periods. Raises ConfigError where a changed setting is refused.
    """
    changed = _apply(given, changes, since)
    return Answer(
        changes=tuple(changes),
        since=since,
        params=changed.params,
        curve=_curve(given, changed, model),
        elasticities=_elasticities(given, changed, model, since),
        unseen=tuple(
            change.name
            for change in changes
            if change.kind == "total" and not _rows(given.totals, change.name, since).any()
        ),
    )


def _apply(given: Inputs, changes: Sequence[Change], since: Span) -> Inputs:
    totals = dict(given.totals)
    for change in changes:
        if change.kind == "source":
            kept = totals["source"] != change.name
            totals = {name: values[kept] for name, values in totals.items()}
    for change in changes:
        if change.kind == "total" and change.amount is not None:
            totals["total"] = _changed(totals, change.name, change.amount, since)
    return replace(given, totals=totals, params=_params(given.params, changes))


def _params(params: scoring.Params, changes: Sequence[Change]) -> scoring.Params:
    import scoring

    settings = {one.name: getattr(params, one.name) for one in fields(params)}
    weights: dict[str, Any] = dict(params.weights)
    for change in changes:
        if change.amount is None:
            continue
        if change.kind == "setting":
            new = change.amount.of(float(settings[change.name]))
            settings[change.name] = int(new) if change.name == "base_periods" and new == int(new) else new
        elif change.kind == "weight":
            old = params.weighting(*_source_and_metric(change.name))
            if old.role == "none":
                raise ConfigError(
                    [
                        Problem(
                            "",
                            f"{change.name} has no role, so that no weight makes it count",
                            f'give it one in [scoring.weights]: {change.name} = {{ role = "reads", weight = 1 }}',
                        )
                    ]
                )
            weights[change.name] = {"role": old.role, "weight": change.amount.of(old.weight)}
    try:
        return scoring.Params(**{**settings, "weights": weights})
    except ValueError as error:
        raise ConfigError([Problem("", str(error))]) from None


def _source_and_metric(name: str) -> tuple[str, str]:
    source, _, metric = name.rpartition("/")
    return source, metric


def _rows(totals: Mapping[str, npt.NDArray[Any]], name: str, since: Span) -> Mask:
    """The rows of a metric, or of "source/metric", from a period on."""
    source, metric = _source_and_metric(name)
    rows: Mask = (totals["metric"] == metric) & (totals["period"] >= np.datetime64(since.start))
    return rows & (totals["source"] == source) if source else rows


def _changed(
    totals: Mapping[str, npt.NDArray[Any]], name: str, amount: Amount, since: Span
) -> npt.NDArray[np.float64]:
    """The totals with the metric's changed; a new value is that of each period, shared out as the old one was."""
    new = np.ma.filled(np.ma.asarray(totals["total"], dtype=np.float64), np.nan).copy()
    rows = _rows(totals, name, since)
    if amount.is_multiple:
        new[rows] *= amount.number
        return new
    for period in np.unique(totals["period"][rows]):
        here = np.flatnonzero(rows & (totals["period"] == period))
        whole = new[here].sum()
        # A period that was seen in part, the running one for example, brings its part.
        wanted = amount.number * float(totals["coverage"][here].max())
        new[here] = new[here] * (wanted / whole) if whole > 0 else 0.0
        if whole <= 0:
            new[here[0]] = wanted
    return new


def _curve(given: Inputs, changed: Inputs, model: str) -> tuple[Point, ...]:
    today, then = (_by_period(each, model) for each in (given, changed))
    periods = sorted({*today, *then})
    return tuple(Point(period=period, today=today.get(period), then=then.get(period)) for period in periods)


def _by_period(given: Inputs, model: str) -> dict[date, dict[str, Any]]:
    """Factors and influence of each period, and whether it is provisional."""
    scores = given.score()
    rows: dict[date, dict[str, Any]] = {}
    for table, names in (
        (scores.factors, ("factor_e", "factor_i", "provisional")),
        (scores.influence, ("influence", "low", "high", "status")),
    ):
        chosen = table["model"] == model
        columns = [table[name][chosen].tolist() for name in ("period", *names)]
        for period, *values in zip(*columns, strict=True):
            rows.setdefault(period.date(), {}).update(zip(names, values, strict=True))
    return rows


def _elasticities(given: Inputs, changed: Inputs, model: str, since: Span) -> tuple[Elasticity, ...]:
    """Of every metric that the person has in the period, largest effect first."""
    rows = given.totals["period"] == np.datetime64(since.start)
    metrics = sorted(set(given.totals["metric"][rows].tolist()))
    today, then = (_effects(each, model, metrics, since) for each in (given, changed))
    found = []
    for metric in metrics:
        total = float(np.ma.filled(given.totals["total"], 0.0)[rows & (given.totals["metric"] == metric)].sum())
        if today[metric] or then[metric]:
            found.append(Elasticity(metric=metric, total=total, today=today[metric], then=then[metric]))
    return tuple(sorted(found, key=lambda one: (-max(abs(one.today), abs(one.then)), one.metric)))


def _effects(given: Inputs, model: str, metrics: Sequence[str], since: Span) -> dict[str, float]:
    """By how many percent 1 % more of each metric in the period moves the product of its factors."""
    import scoring

    # Later periods say nothing of this one. In one go: as many persons as there are metrics, and one as it is.
    until = given.totals["period"] <= np.datetime64(since.start)
    known = {name: values[until] for name, values in given.totals.items()}
    more = Amount(1.01, is_multiple=True)
    worlds, length = ["", *metrics], int(until.sum())
    again = np.tile(np.arange(length), len(worlds))
    totals = {name: values[again] for name, values in known.items()}
    totals["person"] = np.repeat(np.array(worlds, dtype=object), length)
    totals["total"] = np.concatenate([_changed(known, metric, more, since) for metric in worlds])
    factors = scoring.score_columns(totals, given.params, now=given.today).factors
    here = (factors["period"] == np.datetime64(since.start)) & (factors["model"] == model)
    columns = [factors[name][here].tolist() for name in ("person", "factor_e", "factor_i")]
    logs = {
        person: sum(math.log(factor) for factor in both if factor > 0) for person, *both in zip(*columns, strict=True)
    }
    return {metric: math.expm1(logs.get(metric, 0.0) - logs.get("", 0.0)) * 100 for metric in metrics}
