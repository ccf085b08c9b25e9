"""An explanation in plain words: one paragraph that a person can read aloud."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from harvester.spans import days

if TYPE_CHECKING:
    from harvester.explaining import Explanation
    from harvester.happenings import Run
    from scoring import Part, Side

_SIDES = {"e": "sharing", "i": "taking part"}
_FORMULAS = {"e": "(R + C) / (T · C_r)", "i": "A·i / (T_A · A_r)"}
_NOTHING = 0.02
"""A factor this near to 1 says "about as before"."""


def paragraph(told: Explanation, model: str) -> str:
    """What happened, in the order in which a listener asks."""
    sentences = _essay(told) if model == "essay" else _chained(told)
    sentences += [*_gaps(told), *_silences(told), *_renames(told), *_vanished(told), *_left_out(told)]
    return " ".join(sentences)


def figure(value: float) -> str:
    """A number as one says it: 1,234, 17, 4.3, 0.25, 3.8e34."""
    if not math.isfinite(value):
        return "nothing"
    if value >= 1e12:
        return f"{value:.1e}".replace("e+", "e")
    if value >= 20 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def named(source: str, metric: str) -> str:
    """A series in words: stars of work."""
    return f"{_spoken(metric)} of {source}"


def times(log_effect: float) -> str:
    """What a series alone would have made of the factor: ×1.614."""
    return f"×{math.exp(log_effect):.3f}" if log_effect < 2 else f"×{figure(math.exp(min(log_effect, 700)))}"


def _chained(told: Explanation) -> list[str]:
    anatomy, row = told.anatomy, told.anatomy.factors["chained"]
    influence, before = anatomy.influence["chained"], anatomy.before["chained"]
    name = told.span.name[0].upper() + told.span.name[1:]
    if influence["status"] == "no data":
        held = figure(influence["influence"])
        return [f"{name}: nothing was observed, so both factors are 1 and the influence is held at {held}."]
    found = [f"In {told.span.name} {_change('e', row)}, and {_change('i', row)}."]
    if influence["status"] == "base":
        found.append("The period belongs to the base, where the influence stands at its start by definition.")
    elif before is not None:
        step = "stayed at" if math.isclose(before, influence["influence"], rel_tol=0.005) else "went"
        moved = f"from {figure(before)} to" if step == "went" else ""
        found.append(" ".join(f"The influence {step} {moved} {figure(influence['influence'])}.".split()))
    if row["provisional"]:
        found.append("The period is still running, so all of this is provisional.")
    if told.quiet:
        parts = " and ".join(f"{_SIDES[side]} {share:.0%}" for side, share in told.quiet.items())
        found.append(f"It was a quiet time throughout: of what is usual, {parts} came.")
    for side, each in (("e", anatomy.e), ("i", anatomy.i)):
        found += _drivers(told, side, each, row[f"factor_{side}"])
    return found


def _change(side: str, row: Mapping[str, Any]) -> str:
    """Sharing reached 2.1 times as many as before (E = 2.141), which chance alone could do."""
    factor, low, high = row[f"factor_{side}"], row[f"{side}_low"], row[f"{side}_high"]
    letter = side.upper()
    status = str(row[f"{side}_status"])
    if status == "no data":
        return f"of {_SIDES[side]} nothing was observed ({letter} is held at 1)"
    if status == "new":
        return f"{_SIDES[side]} was seen for the first time ({letter} = 1)"
    if factor >= 1.5:
        change = f"brought {factor:.1f} times as much as before"
    elif abs(factor - 1) < _NOTHING:
        change = "brought about as much as before"
    else:
        change = f"brought {abs(factor - 1):.0%} {'more' if factor > 1 else 'less'} than before"
    doubt = ", which may be chance" if low <= 1 <= high and abs(factor - 1) >= _NOTHING else ""
    return f"{_SIDES[side]} {change} ({letter} = {factor:.3f}{doubt})"


def _drivers(told: Explanation, side: str, found: Side, factor: float) -> list[str]:
    """Which series moved the factor, with its largest subject; and on which days."""
    if abs(math.log(factor)) < _NOTHING:
        return []
    rises = factor > 1
    movers = [part for part in found.parts if (part.log_effect > 0) == rises and abs(part.log_effect) >= _NOTHING / 2]
    if not movers:
        return []
    first = movers[0]
    sentence = (
        f"The factor {side.upper()} {'rose' if rises else 'fell'} most with {named(first.source, first.metric)}: "
        f"{figure(first.count)} where {figure(first.level_before * first.coverage)} were usual "
        f"({times(first.log_effect)}){_largest(told, first)}"
    )
    if rest := [f"{named(part.source, part.metric)} ({times(part.log_effect)})" for part in movers[1:3]]:
        sentence += f"; then {' and '.join(rest)}"
    return [f"{sentence}.", *_spike(told, side)]


def _largest(told: Explanation, part: Part) -> str:
    mine = [
        row
        for row in told.evidence.subjects
        if (row["source"], row["metric"]) == (part.source, part.metric) and row["total"] > 0
    ]
    if not mine:
        return ""
    top = max(mine, key=lambda row: row["total"])
    if len(mine) == 1:
        return f", all to {top['subject']}"
    return f", {figure(top['total'])} of them to {top['subject']}"


def _spike(told: Explanation, side: str) -> list[str]:
    run = told.spikes.get(side)
    if run is None or told.anatomy.factors["chained"][f"factor_{side}"] < 1:
        return []
    many = figure(run.total / run.days / run.usual)
    brought = f"{figure(run.total)} of the period's {figure(run.within)} (weighted)"
    return [f"It was a spike: {days(run.first, run.last)} brought {brought}, {many} times what is usual."]


def _silences(told: Explanation) -> list[str]:
    """Days on which a source said 0 of what it reports daily: a sentence a source and run."""
    together: dict[tuple[str, date, date], list[Run]] = {}
    for run in told.silences:
        together.setdefault((run.source, run.first, run.last), []).append(run)
    sentences = []
    for (source, first, last), runs in together.items():
        nothing = " and no ".join(_spoken(run.metric) for run in runs)
        usual = " and ".join(figure(run.usual) for run in runs)
        sentences.append(
            f"The source {source} reported no {nothing} at all {_during(first, last)}, where {usual} a day are usual:"
            " an outage of its counting rather than a silence. It said that it had measured, so these days count as "
            "zeros, and lower the level until it has recovered."
        )
    return sentences


def _gaps(told: Explanation) -> list[str]:
    """What was not observed: a sentence a source and state."""
    together: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in told.evidence.gaps:
        if row["state"] != "estimated":
            together.setdefault((row["source"], row["state"], row["reason"]), []).append(row)
    sentences = []
    for (source, state, reason), rows in together.items():
        metrics = " and ".join(sorted({_spoken(row["metric"]) for row in rows}))
        first, last = min(row["first_day"] for row in rows), max(row["last_day"] for row in rows)
        what = {"partial": "only partly seen", "lost": "lost for good"}.get(state, "not seen")
        because = f" ({reason})" if reason else ""
        sentences.append(
            f"{metrics[0].upper()}{metrics[1:]} of {source} were {what} {_during(first, last)}{because}; "
            "what was missed counts as unknown, not as zero."
        )
    if unseen := never_seen(told):
        sentences.append(f"Nothing is known of {' and '.join(unseen)} in this period; that moves nothing.")
    return sentences


def never_seen(told: Explanation) -> list[str]:
    """Series of which nothing was observed in the period, and no gap says why: it was read only later."""
    known = {(row["source"], row["metric"]) for row in told.evidence.gaps}
    return [
        named(part.source, part.metric)
        for side in (told.anatomy.e, told.anatomy.i)
        for part in side.parts
        if part.compared == "not observed" and (part.source, part.metric) not in known
    ]


def _spoken(metric: str) -> str:
    return metric.replace("_", " ")


def _during(first: date, last: date) -> str:
    return f"on {days(first, last)}" if first == last else f"from {days(first, last)}"


def _renames(told: Explanation) -> list[str]:
    """Of a rename in the period, or of something renamed that plays a part in it."""
    start, end = told.span.start, told.span.ends_on
    subjects = {(row["source"], row["subject"]) for row in told.evidence.subjects}
    sentences = []
    for row in told.evidence.renames:
        since, until = row["last_seen"] or row["seen_at"], row["seen_at"]
        if since.date() < end and until.date() >= start:
            when = _between(since.date(), until.date())
            sentences.append(
                f"{row['former']} was renamed {row['name']} {when}; the past of both stands under the new name, so "
                "the rename moved nothing."
            )
        elif (row["source"], row["current"]) in subjects:
            sentences.append(
                f"{row['current']} was called {row['former']} {'then' if until.date() >= end else 'before'}."
            )
    return sentences


def _between(first: date, last: date) -> str:
    if (last - first) <= timedelta(days=1):
        return f"on {days(last, last, with_year=True)}"
    return f"between {days(first, first, with_year=True)} and {days(last, last, with_year=True)}"


def _vanished(told: Explanation) -> list[str]:
    return [
        f"{row['facts']} {_spoken(row['metric'])} of {row['subject']} were taken back on "
        f"{days(row['day'], row['day'])} ({row['cause']})."
        for row in told.evidence.vanished
    ]


def _left_out(told: Explanation) -> list[str]:
    acts = left_out(told.evidence.left_out)
    if not acts:
        return []
    parts = []
    if acts.get("bot"):
        parts.append(f"{acts['bot']} {'act' if acts['bot'] == 1 else 'acts'} of bots")
    if acts.get("self"):
        parts.append(f"{acts['self']} of one's own")
    return [f"Left out: {' and '.join(parts)}."]


def left_out(rows: Sequence[dict[str, Any]]) -> Counter[str]:
    """How many acts were left out, by whose they were."""
    acts: Counter[str] = Counter()
    for row in rows:
        acts[row["who"]] += round(row["acts"])
    return acts


def _essay(told: Explanation) -> list[str]:
    row, influence = told.anatomy.factors["essay"], told.anatomy.influence["essay"]
    sentences = []
    for side in _SIDES:
        factor, status = row[f"factor_{side}"], str(row[f"{side}_status"])
        if status == "ok":
            sentences.append(f"In {told.span.name} {side.upper()} = {_FORMULAS[side]} = {factor:.3f}.")
        else:
            sentences.append(f"{side.upper()} has no value in {told.span.name} ({status}), and the chain is held.")
    sentences.append(f"The influence by the essay's formula is {figure(influence['influence'])}.")
    if influence["status"].startswith("zero"):
        sentences.append("A factor of zero makes it zero for ever: the formula says so.")
    return sentences
