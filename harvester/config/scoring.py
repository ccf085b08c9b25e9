"""[scoring] of the configuration, checked against closed lists and ranges."""

from __future__ import annotations

from collections.abc import Callable, Collection
from types import MappingProxyType
from typing import Any

from harvester.config import values
from harvester.config.errors import Mistake, nearest
from harvester.config.model import (
    METRICS,
    MODELS,
    NO_ROLE,
    PERIODS,
    ROLES,
    SCORING_KEYS,
    WEIGHT_KEYS,
    ScoringSettings,
    Weight,
)
from harvester.config.table import Table


def read_scoring(table: Table, metrics: Collection[str], sources: Collection[str]) -> ScoringSettings:
    """[scoring] with [scoring.weights]; `metrics` and `sources` are the names that a weight may bear."""
    default = ScoringSettings()
    settings = ScoringSettings(
        model=table.take("model", values.one_of(MODELS), default.model),
        period=table.take("period", values.one_of(PERIODS), default.period),
        initial_influence=table.take("initial_influence", values.positive, default.initial_influence),
        click_rate=table.take("click_rate", values.rate, default.click_rate),
        participation_rate=table.take("participation_rate", values.rate, default.participation_rate),
        half_life_days=table.take("half_life_days", values.positive, default.half_life_days),
        weights=MappingProxyType(_weights(table.table("weights"), metrics, sources)),
    )
    table.finish(SCORING_KEYS)
    return settings


def _weights(table: Table, metrics: Collection[str], sources: Collection[str]) -> dict[str, Weight]:
    weights: dict[str, Weight] = {}
    for key in table:
        source, slash, metric = key.rpartition("/")
        if slash and source not in sources:
            table.add(key, f'no source "{source}"', nearest(source, sources))
        elif metric not in metrics:
            hint = 'write "source/metric" in quotes' if key in sources else nearest(metric, metrics)
            table.add(key, "unknown metric", hint)
        else:
            weights[key] = table.take(key, _weight(table, key, has_role=_has_role(table, key)), 0.0)
    return weights


def _has_role(table: Table, key: str) -> bool:
    """Whether a bare number is enough: by default, or for one source because of what is said for all of them."""
    source, _, metric = key.rpartition("/")
    if source and table.holds_table(metric):
        return table.table(metric).take("role", lambda role: role, "none") != "none"
    return metric in METRICS - NO_ROLE


def _weight(table: Table, key: str, *, has_role: bool) -> Callable[[Any], Weight]:
    """A number, or a table with a role and its weight; findings inside it are the inner table's."""

    def convert(value: Any) -> Weight:
        if not isinstance(value, dict):
            if (weight := values.not_negative(value)) and not has_role:
                raise Mistake("has no role by default", f'write {{ role = "reads", weight = {weight:g} }}')
            return weight
        inner = table.table(key)
        if "role" not in value:
            inner.add("role", "is missing", f"one of {', '.join(ROLES)}")
        role = inner.take("role", values.one_of(ROLES), "none")
        weight = inner.take("weight", values.not_negative, 1.0)
        inner.finish(WEIGHT_KEYS)
        return MappingProxyType({"role": role, "weight": weight})

    return convert
