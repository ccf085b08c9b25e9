"""`harvest demo`: the whole way on a bundled offline example, by the same connectors, pipeline and scoring."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harvester.cli import influence, show
from harvester.cli.now import exit_code, interruptible

if TYPE_CHECKING:
    from harvester.config import Settings
    from harvester.pipeline import Harvest


def run(options: argparse.Namespace) -> int:
    """Serve the demo world, harvest it twice, score it, and say where everything lies."""
    from harvester.config import load
    from harvester.demo.folder import opened
    from harvester.scorejob import rescore

    show.talk(options)
    talk = show.console(options, stderr=True)
    folder = Path(options.folder)
    today = datetime.now(UTC).date()
    with opened(folder, today) as config:
        settings = load(config)
        if not options.quiet:
            talk.print("Harvesting two years of a small world from four loopback services …", soft_wrap=True)
        first = _harvest(settings)
        second = _harvest(settings)
    for outcome in (*first.outcomes, *second.outcomes):
        if outcome.is_failure:
            talk.print(show.plain(f"{outcome.source} {outcome.stream}: {outcome.outcome}: {outcome.message}"))
    out = show.console(options)
    out.print(f"first harvest:  {_counts(first)}")
    out.print(f"second harvest: {_counts(second)}")
    influence.print_table(out, rescore(settings, today=today), grain="month", last=14)
    out.print(
        f"The database: {show.plain(settings.database)}\n"
        f"Ask it:       harvest sql --config {show.plain(folder / 'config.toml')} 'FROM totals LIMIT 10'\n"
        "Your own:     harvest init, add your sources to config.toml, then harvest now",
        soft_wrap=True,
    )
    return exit_code(first) or exit_code(second)


def _harvest(settings: Settings) -> Harvest:
    from harvester.pipeline import harvest
    from harvester.reading import Order

    with interruptible() as stop:
        return harvest(settings, settings.select(), Order(), stop=stop)


def _counts(done: Harvest) -> str:
    requests = sum(outcome.requests for outcome in done.outcomes)
    return f"{done.loaded.stored} new facts, {done.loaded.revised} revised, {requests} requests"
