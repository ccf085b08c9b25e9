"""Which half-life has predicted a person's own history best: evidence, for the person to judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from scoring import table
from scoring.arrays import FloatArray
from scoring.levels import follow, likely_rate
from scoring.negbin import likely_log_probability
from scoring.panel import panels
from scoring.params import Params
from scoring.roles import SIDES

if TYPE_CHECKING:
    from scoring.columns import Frame

HALF_LIVES = (7.0, 10.0, 14.0, 20.0, 28.0, 40.0, 56.0, 80.0, 112.0, 160.0)
WARM_UP = 4
"""Observed periods of a series before it is predicted: of fewer, no half-life knows anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How well a half-life predicted `counts` counts, each a period ahead from what was known before it.

    `log_score`: the mean logarithm of the probability that it gave to what came; more is better. `gain`: over the
    half-life in force, with its standard error `doubt`, which takes the periods for independent of each other.
    """

    half_life_days: float
    log_score: float
    gain: float
    doubt: float
    counts: int


def tune(
    totals: Frame, params: Params | None = None, *, grain: str = "week", half_lives: Sequence[float] = HALF_LIVES
) -> tuple[Trial, ...]:
    """Try half-lives on the series of E and I in totals, best first; the one in force is among them.

    Every half-life predicts the same counts. Empty where nothing was observed for long enough. Chooses nothing.
    """
    params = params or Params()
    found = [panel for panel in panels(table.read(totals), params) if panel.calendar.grain == grain]
    if not found:
        return ()
    (panel,) = found
    plays = panel.series.plays(*(role for roles in SIDES.values() for role in roles))
    counts, coverage = panel.counts[:, plays], panel.coverage[:, plays]
    scores = {
        days: _log_scores(counts, coverage, panel.calendar.decay(replace(params, half_life_days=days).half_life_days))
        for days in sorted({*map(float, half_lives), float(params.half_life_days)})
    }
    inforce = scores[float(params.half_life_days)]
    if not np.isfinite(inforce).any():
        return ()
    trials = [_trial(days, each, inforce) for days, each in scores.items()]
    return tuple(sorted(trials, key=lambda trial: -trial.log_score))


def _trial(days: float, scores: FloatArray, inforce: FloatArray) -> Trial:
    known = np.isfinite(inforce)
    counts = int(known.sum())
    gains = np.where(known, scores - inforce, 0.0)
    # Series of one period share what happened in it; only periods are taken for independent.
    by_period = gains.sum(axis=1)[known.any(axis=1)]
    doubt = float(by_period.std(ddof=1) * np.sqrt(len(by_period)) / counts) if len(by_period) > 1 else np.inf
    return Trial(
        half_life_days=days,
        log_score=float(scores[known].mean()),
        gain=float(gains.sum() / counts),
        doubt=doubt,
        counts=counts,
    )


def _log_scores(counts: FloatArray, coverage: FloatArray, decay: FloatArray) -> FloatArray:
    """ln p of each count before it was known (T, S); NaN where it is not predicted."""
    levels = follow(counts, coverage, decay)
    level, mass = levels.before()
    dispersion = np.ones_like(levels.dispersion)
    dispersion[1:] = levels.dispersion[:-1]
    seen_before = np.zeros_like(counts)
    seen_before[1:] = np.cumsum(coverage > 0, axis=0)[:-1]
    chosen = (coverage > 0) & (seen_before >= WARM_UP)
    found = np.full(counts.shape, np.nan)
    share, rate = coverage[chosen], likely_rate(level[chosen], mass[chosen])
    variance = dispersion[chosen] * rate * (share + share**2 / mass[chosen])
    # Growth of a counter may be no whole number; its probability is that of its neighbours, between them.
    found[chosen] = likely_log_probability(counts[chosen], share * rate, variance)
    return found
