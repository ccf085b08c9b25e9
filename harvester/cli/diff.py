"""`harvest score --diff DATE`: what has changed in past periods since, and which facts did it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from harvester.cli import show
from harvester.spans import Span
from harvester.wording import figure

if TYPE_CHECKING:
    from rich.console import Console

    from harvester.config import Settings
    from harvester.versions import Difference


def show_difference(options: argparse.Namespace, settings: Settings) -> int:
    """Print the periods whose numbers are other ones now, and why. Raises ValueError for what is no time."""
    from harvester.versions import difference, moment_of

    moment = moment_of(options.diff, settings)
    grain, model = options.period or settings.scoring.period, options.model or settings.scoring.model
    today = datetime.now(UTC).astimezone(settings.timezone).date()
    found = difference(settings, moment, person=options.person, grain=grain, model=model, today=today)
    if options.json:
        show.write_json({"grain": grain, "model": model, **asdict(found)})
        return 0
    _print(show.console(options), found, grain, model, options)
    return 0


def _print(out: Console, found: Difference, grain: str, model: str, options: argparse.Namespace) -> None:
    since = found.moment.strftime("%Y-%m-%d %H:%M")
    if not found.compared:
        out.print(f"Nothing was over by {since} UTC that could have changed since.")
        return
    if not found.periods:
        out.print(f"Of {found.compared} periods that were over by {since} UTC, none has changed since.")
    else:
        out.print(
            f"Of {found.compared} periods that were over by {since} UTC, {len(found.periods)} have changed since"
            f" (model {model}): known then, known now",
            soft_wrap=True,
        )
        out.print(_table(found, grain, options.last))
    out.print("What was learnt since about those periods:")
    lines = list(_reasons(found, grain, options.last))
    for line in lines or ["  nothing: no fact of them came, changed or went"]:
        out.print(show.plain(line), soft_wrap=True)


def _table(found: Difference, grain: str, last: int) -> Any:
    columns = [grain, "E then", "E now", "I then", "I now", "influence then", "now"]
    made = show.table(columns, right=columns[1:])
    for row in found.periods[-last:] if last else found.periods:
        made.add_row(
            Span(grain, row.period).code,
            *(show.factor(value) for value in (*row.factor_e, *row.factor_i)),
            *(show.number(value) for value in row.influence),
        )
    return made


def _reasons(found: Difference, grain: str, last: int) -> Iterable[str]:
    """The facts and days behind it, a line a series and period, latest periods last."""
    rows: list[tuple[date, str]] = [(row["period"], _fact_line(list_of)) for row, list_of in _by_series(found.facts)]
    rows += [(several[0]["period"], _days_line(several)) for several in _by_days(found.days)]
    rows.sort(key=lambda row: row[0])
    shown = rows[-last * 3 :] if last else rows
    if len(shown) < len(rows):
        yield f"  … and {len(rows) - len(shown)} lines before (--last 0 shows all)"
    for period, line in shown:
        yield f"  {Span(grain, period).code}: {line}"


def _by_series(facts: Iterable[Mapping[str, Any]]) -> Iterable[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
    for _, rows in groupby(facts, key=lambda row: (row["period"], row["source"], row["metric"])):
        several = list(rows)
        yield several[0], several


def _fact_line(rows: list[Mapping[str, Any]]) -> str:
    """`stars of work: 3 learnt, 1 revised, 2 taken back, 12 → 16; most wren-hollow/lantern`."""
    counts = {name: sum(row[name] for row in rows) for name in ("learnt", "revised", "taken_back")}
    what = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count)
    was, now = (sum(row[name] for row in rows) for name in ("was", "is"))
    top = max(rows, key=lambda row: (abs(row["is"] - row["was"]), row["subject"]))
    among = f"; most of it {top['subject']}" if len(rows) > 1 else f"; {top['subject']}"
    return f"{rows[0]['metric']} of {rows[0]['source']}: {what or 'revised'} ({figure(was)} → {figure(now)}){among}"


def _by_days(days: Iterable[Mapping[str, Any]]) -> Iterable[list[Mapping[str, Any]]]:
    """Series of one source of which as much more is known are one thing to tell."""
    together: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in days:
        key = (row["period"], row["source"], round(row["days"], 3), row["first_day"], row["last_day"])
        together.setdefault(key, []).append(row)
    return together.values()


def _days_line(rows: list[Mapping[str, Any]]) -> str:
    first, last, days = rows[0]["first_day"], rows[0]["last_day"], rows[0]["days"]
    when = f"{first}" if first == last else f"{first} to {last}"
    metrics = ", ".join(row["metric"] for row in rows)
    amount = f"{abs(days):.3g} {'day' if abs(days) == 1 else 'days'} {'more' if days > 0 else 'less'}"
    return f"{amount} known of {rows[0]['source']} ({when}): {metrics}"
