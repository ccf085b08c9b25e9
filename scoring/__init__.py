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
    from scoring.ahead import forecast
    from scoring.api import Example, essay_example, score, score_columns
    from scoring.parts import Anatomy, Part, Side, anatomy
    from scoring.result import Columns, Result
    from scoring.status import Status

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
    "Weighting",
    "anatomy",
    "essay_example",
    "forecast",
    "score",
    "score_columns",
]

_LAZY = {
    "Anatomy": "scoring.parts",
    "Columns": "scoring.result",
    "Example": "scoring.api",
    "Part": "scoring.parts",
    "Result": "scoring.result",
    "Side": "scoring.parts",
    "Status": "scoring.status",
    "anatomy": "scoring.parts",
    "essay_example": "scoring.api",
    "forecast": "scoring.ahead",
    "score": "scoring.api",
    "score_columns": "scoring.api",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'scoring' has no attribute {name!r}")
    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
