"""From a period's totals to E, I and the influence: pure functions, pandas in and out.

Everything but `Params` and the roles is loaded when first asked for: checking a configuration needs `Params`
alone, and must not wait for pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scoring.params import GRAINS, MODELS, Params
from scoring.roles import DEFAULTS, ROLES, Role, Weighting

if TYPE_CHECKING:
    from scoring.ahead import forecast, forecast_columns, forecast_influence
    from scoring.api import Example, essay_example, score, score_columns
    from scoring.parts import Anatomy, Part, Side, anatomy
    from scoring.result import Columns, Result
    from scoring.status import Status
    from scoring.tuning import Trial, tune

__all__ = [
    "DEFAULTS",
    "GRAINS",
    "MODELS",
    "ROLES",
    "Anatomy",
    "Columns",
    "Example",
    "Params",
    "Part",
    "Result",
    "Role",
    "Side",
    "Status",
    "Trial",
    "Weighting",
    "anatomy",
    "essay_example",
    "forecast",
    "forecast_columns",
    "forecast_influence",
    "score",
    "score_columns",
    "tune",
]

_LAZY = {
    "Anatomy": "scoring.parts",
    "Columns": "scoring.result",
    "Example": "scoring.api",
    "Part": "scoring.parts",
    "Result": "scoring.result",
    "Side": "scoring.parts",
    "Trial": "scoring.tuning",
    "Status": "scoring.status",
    "anatomy": "scoring.parts",
    "essay_example": "scoring.api",
    "forecast": "scoring.ahead",
    "forecast_columns": "scoring.ahead",
    "forecast_influence": "scoring.ahead",
    "score": "scoring.api",
    "score_columns": "scoring.api",
    "tune": "scoring.tuning",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'scoring' has no attribute {name!r}")
    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
