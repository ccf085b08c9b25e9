"""`harvest score --forecast H` and `--tune`: what is to be expected, and which half-life has expected it best."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harvester.cli import influence, show
from harvester.spans import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvester.config import Settings
    from harvester.scorejob import Inputs
    from scoring import Trial

_SIDES = {"e": "sharing", "i": "taking part"}


def show_forecast(options: argparse.Namespace, settings: Settings, given: Inputs) -> int:
    """Print what each side is likely to bring, and the influence by it. Raises ValueError for no horizon."""
    import scoring

    grain = options.period or settings.scoring.period
    mine = given.of(given.person(options.person), grain)
    sides, ahead = scoring.forecast_columns(mine.totals, mine.params, options.forecast)
    sides_rows, influence_rows = (influence.rows_of(table, grain) for table in (sides, ahead))
    if options.json:
        show.write_json({"sides": sides_rows, "influence": influence_rows})
        return 0
    out = show.console(options)
    out.print("If things stay as they are; half of all cases lie in the 50 % band, nine tenths in the 90 % one.")
    out.print("Weighted counts of reads and comments (sharing) and of interactions (taking part):")
    bands = ["50 %", "90 %"]
    made = show.table([grain, "side", "mean", *bands], right=["mean", *bands])
    for row in sides_rows:
        made.add_row(_code(grain, row), _SIDES[row["side"]], show.number(row["mean"]), *_bands(row))
    out.print(made)
    out.print("The influence at the end of the period:")
    made = show.table([grain, "influence", *bands], right=["influence", *bands])
    for row in influence_rows:
        made.add_row(_code(grain, row), show.number(row["influence"]), *_bands(row))
    out.print(made)
    return 0


def _code(grain: str, row: dict[str, Any]) -> str:
    return Span(grain, row["period"].date()).code


def _bands(row: dict[str, Any]) -> list[str]:
    return [f"{show.number(row[f'low{band}'])} to {show.number(row[f'high{band}'])}" for band in (50, 90)]


def show_tuning(options: argparse.Namespace, settings: Settings, given: Inputs) -> int:
    """Print how well each half-life predicted; nothing is changed by it."""
    import scoring

    grain = options.period or settings.scoring.period
    mine = given.of(given.person(options.person), grain)
    trials = scoring.tune(mine.totals, mine.params, grain=grain)
    if options.json:
        show.write_json({"grain": grain, "trials": [asdict(trial) for trial in trials]})
        return 0
    out = show.console(options)
    if not trials:
        out.print("No series has been observed for long enough to try half-lives on it: five periods at least.")
        return 0
    out.print(
        f"How well each half-life predicted the next {grain}, from what was known before it, over {trials[0].counts}"
        " counts of your own history: the mean log of the probability that it gave to what came. More is better.",
        soft_wrap=True,
    )
    columns = ["half_life_days", "log score", "gain", "give or take"]
    made = show.table([*columns, ""], right=columns)
    for trial in trials:
        mark = "in force" if trial.half_life_days == mine.params.half_life_days else ""
        doubt = "" if mark else f"{2 * trial.doubt:.4f}"
        made.add_row(f"{trial.half_life_days:g}", f"{trial.log_score:.4f}", f"{trial.gain:+.4f}", doubt, mark)
    out.print(made)
    out.print(show.plain(_advice(trials, mine.params.half_life_days)), soft_wrap=True)
    return 0


def _advice(trials: Sequence[Trial], inforce: float) -> str:
    best = trials[0]
    if best.half_life_days == inforce:
        return f"{inforce:g} days, which are in force, predict best. Nothing needs to change."
    if best.gain < 2 * best.doubt:
        return (
            f"{best.half_life_days:g} days predict best, but no better than chance could make them seem:"
            f" {inforce:g} days, which are in force, may stay. Nothing was changed."
        )
    return (
        f"{best.half_life_days:g} days predict better than the {inforce:g} in force. Nothing was changed: write"
        f" half_life_days = {best.half_life_days:g} under [scoring] to use them, which begins a new curve;"
        f" `harvest what-if half_life_days={best.half_life_days:g}` shows it beforehand."
    )
