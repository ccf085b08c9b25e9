"""`harvest score`: the influence table, recomputed from what is stored."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harvester.cli import influence, show

if TYPE_CHECKING:
    from scoring import Columns


def run(options: argparse.Namespace) -> int:
    """Print the table, or every column as JSON."""
    if options.example:
        return _example(options)
    from harvester.scorejob import evaluate

    settings = show.settings(options)
    scores = evaluate(settings, today=datetime.now(UTC).astimezone(settings.timezone).date())
    grain = options.period or settings.scoring.period
    models = (options.model,) if options.model else influence.MODELS
    if options.json:
        show.write_json(_as_json(scores, grain, models, options.person))
        return 0
    influence.print_table(
        show.console(options), scores, grain=grain, last=options.last, models=models, person=options.person
    )
    return 0


def _as_json(scores: Columns, grain: str, models: tuple[str, ...], person: str | None) -> dict[str, object]:
    return {
        name: [row for row in influence.rows_of(table, grain, person) if row["model"] in models]
        for name, table in (("factors", scores.factors), ("influence", scores.influence))
    }


def _example(options: argparse.Namespace) -> int:
    """The essay's own numbers through the same code, and where the essay's arithmetic slips."""
    import scoring

    out = show.console(options)
    example = scoring.essay_example()
    out.print("The essay's worked example, computed by the code that scores your data:")
    out.print("  I_0 = 100, n = 10; R = 1000, C = 50, T = 10000, C_r = 0.1;")
    out.print("  A = 100, i = 10, T_A = 1000, A_r = 0.5")
    out.print(f"  E    = (R + C) / (T · C_r)       = {example.factor_e:.2f}")
    out.print(f"  I    = (A · i) / (T_A · A_r)     = {example.factor_i:.0f}")
    out.print(f"  I_10 = I_0 · E^10 · I^10         ≈ {example.influence:,.0f}")
    out.print(
        "The essay itself prints E = 10.5 and I_10 ≈ 3.2 × 10^8. Neither follows from its\n"
        "numbers: they give 1.05, and an E of 10.5 would give 1.7 × 10^15. harvester\n"
        "keeps to the formulas."
    )
    return 0
