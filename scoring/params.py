"""Every setting and weight of a score, checked."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from numbers import Real
from types import MappingProxyType
from typing import Any, cast

from scoring.roles import DEFAULTS, NOT_COUNTED, ROLES, Role, Weighting

MODELS = ("chained", "essay")
GRAINS = ("day", "week", "month")

FORMULAS = 1
"""Part of every hash: raise it when a formula changes, so that no cached row passes for a new one."""


@dataclass(frozen=True, kw_only=True)
class Params:
    """The settings of [scoring].

    `model` and `period` say which of the results to show first; all of them are computed. `half_life_days`: after
    so many days an observation counts half in a level. `base_periods`: covered periods whose level is the base of
    the chained index. `weights`: metric or "source/metric" to a weight (the role stays), or to
    {"role": …, "weight": …}; the rest keeps its default. Raises ValueError naming the key and what is allowed.
    """

    model: str = "chained"
    period: str = "week"
    initial_influence: float = 100
    click_rate: float = 0.1
    participation_rate: float = 0.5
    half_life_days: float = 28
    base_periods: int = 4
    weights: Mapping[str, float | Mapping[str, Any]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        _one_of("model", self.model, MODELS)
        _one_of("period", self.period, GRAINS)
        _number("initial_influence", self.initial_influence, "a finite number above 0", above=0)
        _number("half_life_days", self.half_life_days, "a finite number above 0", above=0)
        for key in ("click_rate", "participation_rate"):
            if _number(key, getattr(self, key), "a share above 0 and at most 1", above=0) > 1:
                raise ValueError(f"{key} must be a share above 0 and at most 1, got {getattr(self, key)!r}")
        if isinstance(self.base_periods, bool) or not isinstance(self.base_periods, int) or self.base_periods < 1:
            raise ValueError(f"base_periods must be a whole number, 1 or more, got {self.base_periods!r}")
        if not isinstance(self.weights, Mapping):
            raise ValueError(f"weights must map metrics to weights, got {self.weights!r}")  # noqa: TRY004 - one error
        object.__setattr__(self, "weights", MappingProxyType(dict(self.weights)))
        _ = self.table  # refuses what is wrong with the weights now, not at the first score

    def __reduce__(self) -> tuple[Any, ...]:
        values = {setting.name: getattr(self, setting.name) for setting in fields(self)}
        return partial(Params, **{**values, "weights": dict(self.weights)}), ()

    @cached_property
    def table(self) -> Mapping[str, Weighting]:
        """The weighting of every metric and "source/metric" that has one, defaults included."""
        table = dict(DEFAULTS)
        # Plain metrics first: an override for one source that gives a weight alone inherits their role.
        for key in sorted(self.weights, key=lambda key: ("/" in str(key), str(key))):
            table[key] = _weighting(key, self.weights[key], table)
        return MappingProxyType(table)

    def weighting(self, source: str, metric: str) -> Weighting:
        """Role and weight of a metric at a source; `NOT_COUNTED` if it has none."""
        return self.table.get(f"{source}/{metric}") or self.table.get(metric) or NOT_COUNTED

    def hash(self) -> str:
        """Twelve hexadecimal digits that differ whenever a setting or an effective weight does."""
        return self._hash

    @cached_property
    def _hash(self) -> str:
        weights = {key: [entry.role, entry.weight] for key, entry in self.table.items()}
        text = json.dumps([FORMULAS, self._settings(), weights], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def told(self) -> str:
        """Every setting and effective weight, as JSON: what the hash stands for."""
        weights = {key: {"role": entry.role, "weight": entry.weight} for key, entry in self.table.items()}
        return json.dumps({**self._settings(), "formulas": FORMULAS, "weights": weights}, sort_keys=True)

    def _settings(self) -> dict[str, str | float]:
        return {
            setting.name: _canonical(getattr(self, setting.name))
            for setting in fields(self)
            if setting.name != "weights"
        }


def _weighting(key: Any, value: Any, known: Mapping[str, Weighting]) -> Weighting:
    if not isinstance(key, str) or not key.rpartition("/")[2]:
        raise ValueError(f'weights: a key is a metric or "source/metric", got {key!r}')
    name = f'weight of "{key}"'
    inherited = known.get(key.rpartition("/")[2], NOT_COUNTED)
    if not isinstance(value, Mapping):
        value = {"weight": value}
    if unknown := set(value) - {"role", "weight"}:
        raise ValueError(f"{name}: unknown {', '.join(sorted(map(repr, unknown)))}; allowed are 'role' and 'weight'")
    weight = _number(name, value.get("weight", 1.0), "a finite number, 0 or more")
    role = value.get("role", inherited.role)
    _one_of(f'role of "{key}"', role, ROLES)
    if role == "none" and weight > 0 and "role" not in value:
        raise ValueError(
            f'{name}: the metric has no role by default; write {{"role": …, "weight": {weight:g}}}'
            f" with a role of {', '.join(ROLES)}"
        )
    return Weighting(cast("Role", role), weight)


def _one_of(key: str, value: Any, allowed: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{key} must be one of {', '.join(allowed)}, got {value!r}")


def _number(key: str, value: Any, allowed: str, above: float | None = None) -> float:
    # bool is a Real to Python, and a slip to everybody else.
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{key} must be {allowed}, got {value!r}")  # noqa: TRY004 - callers handle one error
    try:
        number = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        number = math.inf
    if not math.isfinite(number) or number < 0 or (above is not None and number <= above):
        raise ValueError(f"{key} must be {allowed}, got {value!r}")
    return number


def _canonical(value: str | float) -> str | float:
    return value if isinstance(value, str) else float(value)  # 100 and 100.0 are one setting
