"""`harvest what-if`: the score under changes, beside today's."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harvester.cli import show
from harvester.spans import Span
from harvester.spans import parse as parse_span

if TYPE_CHECKING:
    from rich.console import Console

    from harvester.changes import Change
    from harvester.scorejob import Inputs
    from harvester.whatif import Answer, Point

_SETTINGS = {
    "click_rate": "the click rate C_r",
    "participation_rate": "the participation rate A_r",
    "half_life_days": "the half-life in days",
    "initial_influence": "the influence at the start",
    "base_periods": "the periods of the base",
}


def run(options: argparse.Namespace) -> int:
    """Say what would be, period by period, and which metric would do the most."""
    from harvester.changes import parse
    from harvester.scorejob import inputs
    from harvester.whatif import answer

    settings = show.settings(options)
    today = datetime.now(UTC).astimezone(settings.timezone).date()
    given = inputs(settings, today=today)
    person, grain = given.person(options.person), options.period or settings.scoring.period
    mine = given.of(person, grain)
    try:
        since = parse_span(options.since, grain) if options.since else _last_finished(mine, grain)
    except ValueError as error:
        sys.stderr.write(f"harvest: {error}\n")
        return 2
    model = options.model or settings.scoring.model
    told = answer(mine, parse(options.changes, mine), model=model, since=since)
    if options.json:
        show.write_json(_as_json(told, person, grain, model))
        return 0
    out = show.console(options)
    changed = " and ".join(_spoken(change, mine, since) for change in told.changes)
    out.print(f"What if {show.plain(changed)}?", style="bold", soft_wrap=True)
    _print_curve(out, told, person, grain, model, options.last)
    _print_elasticities(out, told, model)
    return 0


def _last_finished(given: Inputs, grain: str) -> Span:
    """The last period of the totals that is over; where none is, the last."""
    spans = [Span(grain, day.date() if isinstance(day, datetime) else day) for day in
             sorted(set(given.totals["period"].astype("datetime64[D]").tolist()))]  # fmt: skip
    over = [span for span in spans if span.ends_on <= given.today]
    return (over or spans)[-1]


def _spoken(change: Change, given: Inputs, since: Span) -> str:
    """A change in words."""
    if change.kind == "source":
        return f"the source {change.name} were left out"
    if change.kind == "total":
        return f"{change.name} {change.amount} from {since.name} on"
    if change.kind == "weight":
        source, _, metric = change.name.rpartition("/")
        old = given.params.weighting(source, metric).weight
        return f"the weight of {change.name} {change.amount} (today {old:g})"
    return f"{_SETTINGS[change.name]} {change.amount} (today {getattr(given.params, change.name):g})"


def _print_curve(out: Console, told: Answer, person: str, grain: str, model: str, last: int) -> None:
    made = show.table(
        [grain, "E today", "E then", "I today", "I then", "influence today", "then", "change"],
        right=["E today", "E then", "I today", "I then", "influence today", "then", "change"],
    )
    points = told.curve[-last:] if last else told.curve
    for point in points:
        today, then = point.today or {}, point.then or {}
        mark = "*" if (point.today or point.then or {}).get("provisional") else ""
        made.add_row(
            f"{Span(grain, point.period).code}{mark}",
            *(show.factor(row.get(name)) for name in ("factor_e", "factor_i") for row in (today, then)),
            *(show.number(row.get("influence")) for row in (today, then)),
            _percent(today, then),
        )
    out.print(f"Influence of {show.plain(person)} by {grain}, model {model}", soft_wrap=True)
    out.print(made)
    if any((point.today or point.then or {}).get("provisional") for point in points):
        out.print("* still running: provisional")
    for name in told.unseen:
        out.print(f"{show.plain(name)} was not observed from {told.since.name} on: there was nothing to change")
    out.print(_in_short(told.curve[-1], grain), soft_wrap=True)


def _percent(today: Mapping[str, Any], then: Mapping[str, Any]) -> str:
    old, new = today.get("influence"), then.get("influence")
    if not old or new is None:
        return "–"
    change = (new / old - 1) * 100
    if -99.95 < change < 1000:
        return f"{change:+.1f} %"
    return f"×{show.number(new / old)}" if change > 0 else f"÷{show.number(old / new)}" if new else "to 0"


def _in_short(point: Point, grain: str) -> str:
    """The last period in a sentence."""
    when = Span(grain, point.period).code
    if point.today is None or point.then is None:
        return f"In {when} there would be {'no influence to speak of' if point.then is None else 'an influence'}."
    old, new = point.today["influence"], point.then["influence"]
    if abs(new - old) <= 0.0005 * abs(old):
        return f"In short: the influence in {when} would stay at {show.number(old)}."
    interval = ""
    if point.today.get("low") == point.today.get("low"):
        low, high = point.today["low"], point.today["high"]
        within = "within" if low <= new <= high else "outside"
        interval = f", {within} what is uncertain today anyway ({show.number(low)} to {show.number(high)})"
    return (
        f"In short: in {when} the influence would be {show.number(new)} instead of {show.number(old)}"
        f" ({_percent(point.today, point.then)}){interval}."
    )


def _print_elasticities(out: Console, told: Answer, model: str) -> None:
    if not told.elasticities:
        out.print(f"\nIn {told.since.name} nothing was counted that 1 % more of could move.", soft_wrap=True)
        return
    made = show.table(["1 % more of", "which were", "today", "then"], right=["which were", "today", "then"])
    for one in told.elasticities:
        made.add_row(show.plain(one.metric), show.number(one.total), f"{one.today:+.3f} %", f"{one.then:+.3f} %")
    out.print(f"\nWhat 1 % more in {told.since.name} would do to the influence ({model}):", soft_wrap=True)
    out.print(made)


def _as_json(told: Answer, person: str, grain: str, model: str) -> dict[str, Any]:
    return {
        "person": person,
        "grain": grain,
        "model": model,
        "since": told.since.start,
        "params": told.params.hash(),
        "changes": [asdict(change) for change in told.changes],
        "curve": [asdict(point) for point in told.curve],
        "elasticities": [asdict(one) for one in told.elasticities],
        "unseen": told.unseen,
    }
