"""`harvest explain`: a factor taken apart, and what happened in plain words."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harvester.cli import show
from harvester.wording import figure, left_out, named, never_seen, paragraph, times

if TYPE_CHECKING:
    from rich.console import Console

    from harvester.explaining import Explanation
    from scoring import Part, Side

_SUBJECTS = 3
_LETTERS = {"e": ("reads", "comments", "clicks"), "i": ("interactions", "participants", "audience")}
_NAMES = {"e": "E, the effect of sharing", "i": "I, the effect of taking part"}


def run(options: argparse.Namespace) -> int:
    """Explain one period, in both its factors."""
    from harvester.explaining import explain
    from harvester.spans import parse

    settings = show.settings(options)
    try:
        span = parse(options.span, options.period)
    except ValueError as error:
        sys.stderr.write(f"harvest: {error}\n")
        return 2
    today = datetime.now(UTC).astimezone(settings.timezone).date()
    told = explain(settings, span, person=options.person, today=today, with_facts=options.rows)
    model = options.model or settings.scoring.model
    if options.json:
        show.write_json(_as_json(told, model, with_facts=options.rows))
        return 0
    _print(show.console(options), told, model)
    if options.rows:
        _print_facts(show.console(options), told.evidence.facts)
    return 0


def _as_json(told: Explanation, model: str, *, with_facts: bool) -> dict[str, Any]:
    known = asdict(told.evidence)
    rows = {"rows": known.pop("facts")}
    del known["days"]  # what is usual was taken from them; `harvest sql 'FROM daily'` has them
    return {
        "model": model,
        "period": told.span.code,
        "in_words": paragraph(told, model),
        **asdict(told.anatomy),
        **known,
        "spikes": {side: asdict(run) for side, run in told.spikes.items()},
        "silences": [asdict(run) for run in told.silences],
        "quiet": told.quiet,
        **(rows if with_facts else {}),
    }


def _print(out: Console, told: Explanation, model: str) -> None:
    row, influence = told.anatomy.factors[model], told.anatomy.influence[model]
    before = told.anatomy.before[model]
    came = f"{show.number(before)} → " if before is not None else ""
    interval = (
        f", between {show.number(influence['low'])} and {show.number(influence['high'])} (90 %)"
        if model == "chained"
        else ""
    )
    who = show.plain(told.anatomy.person)
    out.print(f"{told.span.code}, {told.span.name}, of {who} by the model {model}", soft_wrap=True)
    out.print(
        f"influence {came}{show.number(influence['influence'])}{interval}; status: {influence['status']};"
        f" {row['coverage']:.0%} observed",
        soft_wrap=True,
    )
    for name, side in (("e", told.anatomy.e), ("i", told.anatomy.i)):
        out.print(f"\n{_NAMES[name]}:", style="bold")
        out.print(_fraction(row, name, side, model), soft_wrap=True)
        _print_series(out, told, side, _FORMS[model])
        if doubts := _doubts(row, name, side, model):
            out.print(doubts, soft_wrap=True)
    out.print()
    for line in (*_missing(told), *_not_counted(told)):
        out.print(show.plain(line), soft_wrap=True)
    out.print(f"\n{show.plain(paragraph(told, model))}")


_FORMS = {"chained": ("count", "usual", "level", "moves it by"), "essay": ("count", "usual", "level", "")}


def _fraction(row: Mapping[str, Any], name: str, side: Side, model: str) -> str:
    """The factor as a fraction with its numbers."""
    factor, letter = row[f"factor_{name}"], name.upper()
    reads, comments, clicks = (show.number(row[each]) for each in _LETTERS["e"])
    acts, _, audience = (show.number(row[each]) for each in _LETTERS["i"])
    status = str(row[f"{name}_status"])
    if model == "essay":
        formula = (
            f"(R + C) / (T · C_r) = ({reads} + {comments}) / ({clicks} · {row['click_rate']:g})"
            if name == "e"
            else f"A·i / (T_A · A_r) = {acts} / ({audience} · {row['participation_rate']:g})"
        )
        return f"{letter} = {formula} = {show.factor(factor)}" + ("" if status == "ok" else f" ({status})")
    said = "" if status == "ok" else f" ({status})"
    return (
        f"{letter} = {show.number(side.above)} / {show.number(side.below)} = {show.factor(factor)}{said}:"
        " level now over level before, weighted"
    )


def _print_series(out: Console, told: Explanation, side: Side, heads: Sequence[str]) -> None:
    made = show.table(["series", *heads[:3], "weight", "seen", heads[3]], right=[*heads, "weight", "seen"])
    for part in side.parts:
        effect = times(part.log_effect) if part.compared == "compared" else part.compared
        made.add_row(
            named(part.source, part.metric),
            show.number(part.count) if part.coverage else "–",
            show.number(part.level_before) if part.compared == "compared" else "–",
            show.number(part.level),
            f"{part.weight:g}",
            f"{part.coverage:.0%}",
            effect if heads[3] else "",
        )
        for subject in _largest(told, part):
            made.add_row(f"  {show.plain(_short(subject['subject']))}", show.number(subject["total"]))
    if side.parts:
        out.print(made)
    else:
        out.print("no series of it was ever seen")


def _largest(told: Explanation, part: Part) -> list[dict[str, Any]]:
    mine = [row for row in told.evidence.subjects if (row["source"], row["metric"]) == (part.source, part.metric)]
    return sorted((row for row in mine if row["total"]), key=lambda row: -row["total"])[:_SUBJECTS]


def _short(subject: str) -> str:
    """A subject for a narrow column: of an address, its end tells the most."""
    bare = subject.partition("://")[2] or subject
    return bare if len(bare) <= 28 else f"…{bare[-27:]}"


def _doubts(row: Mapping[str, Any], name: str, side: Side, model: str) -> str:
    """The interval, and the series whose noise makes it as wide as it is."""
    if model == "essay" or str(row[f"{name}_status"]) in ("no data", "new"):
        return ""
    wide = sorted((part for part in side.parts if part.doubt >= 0.1), key=lambda part: -part.doubt)
    of = ", ".join(
        f"{part.doubt:.0%} of it from {named(part.source, part.metric)}"
        + (f", which jump {figure(part.dispersion)} times more than chance" if part.dispersion >= 2 else "")
        for part in wide[:2]
    )
    low, high = show.factor(row[f"{name}_low"]), show.factor(row[f"{name}_high"])
    chance = (
        "contains 1: chance alone may do that" if row[f"{name}_low"] <= 1 <= row[f"{name}_high"] else "leaves out 1"
    )
    return f"90 % interval {low} to {high}, which {chance}; {show.plain(of) or 'no doubt from any series'}"


def _missing(told: Explanation) -> list[str]:
    lines = []
    for row in told.evidence.gaps:
        reason = f": {row['reason']}" if row["reason"] else ""
        lines.append(
            f"{row['state']}: {named(row['source'], row['metric'])}, {row['first_day']} to {row['last_day']}{reason}"
        )
    lines += [f"not observed at all: {name}" for name in never_seen(told)]
    return lines or ["missing: nothing"]


def _not_counted(told: Explanation) -> list[str]:
    acts = left_out(told.evidence.left_out)
    detail = {
        who: ", ".join(f"{round(row['acts'])} {row['metric']}" for row in told.evidence.left_out if row["who"] == who)
        for who in acts
    }
    names = {"bot": "bots", "self": "oneself"}
    return [
        f"left out of {names.get(who, who)}: {count} acts ({detail[who]})" for who, count in sorted(acts.items())
    ] or ["left out: nothing of bots or oneself"]


def _print_facts(out: Console, facts: Sequence[dict[str, Any]]) -> None:
    made = show.table(["day", "source", "metric", "subject", "key", "actor", "value", "left out"], right=["value"])
    for row in facts:
        made.add_row(
            f"{row['day']:%m-%d}", show.plain(row["source"]), show.plain(row["metric"]), show.plain(row["subject"]),
            show.plain(row["key"]), show.plain(row["actor"] or ""), show.number(row["value"]), row["left_out"],
        )  # fmt: skip
    out.print(made)
    out.print(f"{len(facts)} facts")
