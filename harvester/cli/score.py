"""`harvest score`: the influence table, from what is stored or was stored once, or as it was kept."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harvester.cli import influence, show

if TYPE_CHECKING:
    from harvester.config import Settings
    from harvester.scorejob import Inputs

Tables = Mapping[str, "list[dict[str, Any]]"]


def run(options: argparse.Namespace) -> int:
    """Print the table, or every column as JSON."""
    if options.example:
        return _example(options)
    asked = [name for name in ("diff", "params", "forecast", "tune") if getattr(options, name) not in (None, False)]
    # What was to be expected, and what was known to be best, can be asked of any time.
    if options.as_of is not None and set(asked) & {"diff", "params"}:
        asked.insert(0, "as_of")
    if len(asked) > 1:
        names = " and ".join(f"--{name.replace('_', '-')}" for name in asked)
        sys.stderr.write(f"harvest: {names} are different questions; ask one at a time\n")
        return 2
    settings = show.settings(options)
    try:
        if options.diff is not None:
            from harvester.cli.diff import show_difference

            return show_difference(options, settings)
        if options.forecast is not None or options.tune:
            from harvester.cli.ahead import show_forecast, show_tuning

            return (show_tuning if options.tune else show_forecast)(options, settings, _given(options, settings)[0])
        tables, said = _tables(options, settings)
    except ValueError as error:
        sys.stderr.write(f"harvest: {error}\n")
        return 2
    grain = options.period or settings.scoring.period
    models = (options.model,) if options.model else influence.MODELS
    if options.json:
        show.write_json(_as_json(tables, grain, models, options.person))
        return 0
    out = show.console(options)
    influence.print_table(out, tables, grain=grain, last=options.last, models=models, person=options.person)
    for line in said:
        out.print(show.plain(line), soft_wrap=True)
    return 0


def _tables(options: argparse.Namespace, settings: Settings) -> tuple[Tables, list[str]]:
    """Factors and influence as they are asked for, and which they are. Raises ValueError."""
    from harvester.cli.curves import kept_curve, told_apart

    if options.params is not None:
        return kept_curve(settings, options.params)
    given, when = _given(options, settings)
    scores = given.score()
    said = [*when, *told_apart(settings, given.params)]
    grain = options.period or settings.scoring.period
    return {name: influence.rows_of(getattr(scores, name), grain) for name in ("factors", "influence")}, said


def _given(options: argparse.Namespace, settings: Settings) -> tuple[Inputs, list[str]]:
    """What is known now, or was known at a time, and a line that says so. Raises ValueError."""
    from harvester.scorejob import inputs
    from harvester.versions import as_of, moment_of

    if options.as_of is None:
        return inputs(settings, today=datetime.now(UTC).astimezone(settings.timezone).date()), []
    moment = moment_of(options.as_of, settings)
    here = moment.astimezone(settings.timezone)
    said = f"As known on {here:%Y-%m-%d} at {here:%H:%M}: of what was stored later, nothing is used."
    return as_of(settings, moment), [said]


def _as_json(tables: Tables, grain: str, models: tuple[str, ...], person: str | None) -> dict[str, object]:
    return {
        name: [row for row in influence.chosen_of(tables[name], grain, person) if row["model"] in models]
        for name in ("factors", "influence")
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
