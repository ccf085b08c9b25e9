"""Turn the totals of the store into factors and influence, and keep them there."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from harvester.store import Store, scored_inputs

if TYPE_CHECKING:
    import scoring
    from harvester.config import ScoringSettings, Settings


def params(settings: ScoringSettings) -> scoring.Params:
    """The [scoring] table as scoring takes it."""
    import scoring

    return scoring.Params(
        model=settings.model,
        period=settings.period,
        initial_influence=settings.initial_influence,
        click_rate=settings.click_rate,
        participation_rate=settings.participation_rate,
        half_life_days=settings.half_life_days,
        weights=dict(settings.weights),
    )


def rescore(settings: Settings, *, today: date, timeout: float = 30.0) -> scoring.Columns:
    """Score everything stored and replace the kept factors and influence. Raises Busy, StoreError."""
    store = Store(settings.database, settings.timezone)
    result = evaluate(settings, today=today)
    tables = {"factors": result.factors, "influence": result.influence, "attribution": result.attribution}
    store.replace(tables, timeout=timeout)
    return result


def evaluate(settings: Settings, *, today: date) -> scoring.Columns:
    """Score everything stored, keeping nothing. Raises Busy, StoreError.

    In arrays: importing pandas takes longer than the score.
    """
    import scoring

    chosen = params(settings.scoring)
    interactions, audience = (
        sorted({key.rpartition("/")[2] for key, by in chosen.table.items() if by.role == role})
        for role in ("interactions", "audience")
    )
    store = Store(settings.database, settings.timezone)
    with store.reading() as connection:
        totals, participants = scored_inputs(connection, interactions, audience)
    return scoring.score_columns(totals, chosen, participants=participants, now=today)
