"""`harvest demo`: the whole way on a bundled offline example, by the same connectors, pipeline and scoring."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from harvester import cycles
from harvester.cli import influence, show
from harvester.cli.now import exit_code, interruptible

if TYPE_CHECKING:
    from harvester.config import Settings
    from harvester.pipeline import Harvest


def run(options: argparse.Namespace) -> int:
    """Serve the demo world, harvest it, harvest it again, score it, and say where everything lies."""
    from harvester.store import warm

    with warm():
        return _demonstrate(options)


def _demonstrate(options: argparse.Namespace) -> int:
    from harvester.config import load
    from harvester.demo.folder import opened
    from harvester.demo.life import reading_days
    from harvester.scorejob import kept_scores, rescore

    show.talk(options)
    talk = show.console(options, stderr=True)
    folder = Path(options.folder)
    now = datetime.now(UTC)
    # Counters show growth between readings, and a rename two names: a first run reads the world as it was a week
    # before the rename, a week after it, lately, and as it is.
    stops = [] if (folder / "harvest.duckdb").exists() else reading_days(now.date())
    harvests = {}
    with opened(folder, now.date(), ago=max(stops, default=0)) as demo:
        settings = load(demo.config)
        cycles.work()
        if not options.quiet:
            talk.print("Harvesting two years of a small world from three loopback services and a file …")
        for ago, next_stop in zip(stops, [*stops[1:], 0], strict=True):
            harvests[f"{ago} days ago"] = _harvest(settings, now - timedelta(days=ago))
            demo.advance(ago - next_stop)
        harvests["today"] = _harvest(settings, now)
        harvests["once more"] = _harvest(settings, now)
    for outcome in (each for done in harvests.values() for each in done.outcomes):
        if outcome.is_failure:
            talk.print(show.plain(f"{outcome.source} {outcome.stream}: {outcome.outcome}: {outcome.message}"))
    out = show.console(options)
    for when, done in harvests.items():
        out.print(f"{when + ':':<14}{_counts(done)}")
    rescore(settings, today=now.date())
    influence.print_table(out, kept_scores(settings, grain="month"), grain="month", last=14)
    out.print(
        f"The database: {show.plain(settings.database)}\n"
        f"Ask it:       harvest sql --config {show.plain(folder / 'config.toml')} 'FROM totals LIMIT 10'\n"
        "Your own:     harvest init, add your sources to config.toml, then harvest now",
        soft_wrap=True,
    )
    return next((code for done in harvests.values() if (code := exit_code(done))), 0)


def _harvest(settings: Settings, now: datetime) -> Harvest:
    from harvester.pipeline import harvest
    from harvester.reading import Order

    with interruptible() as stop:
        return harvest(settings, settings.select(), Order(), stop=stop, clock=lambda: now)


def _counts(done: Harvest) -> str:
    requests = sum(outcome.requests for outcome in done.outcomes)
    return f"{done.loaded.stored} new facts, {done.loaded.revised} revised, {requests} requests"
