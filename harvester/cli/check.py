"""`harvest check`: is the configuration sound, and does every source answer?"""

from __future__ import annotations

import argparse

from harvester.cli import show
from harvester.cli.now import ALL_FAILED, SOME_FAILED


def run(options: argparse.Namespace) -> int:
    """A table of source, stream, verdict and what to do; exit code as for a harvest, nothing is stored."""
    from harvester.outcomes import failed_sources
    from harvester.probing import probe

    settings = show.settings(options)
    sources = settings.select(options.sources)
    out = show.console(options)
    made = show.table(["source", "stream", "verdict", "what to do"])
    outcomes = [outcome for source in sources for outcome in probe(settings, source)]
    for outcome in outcomes:
        made.add_row(
            *(show.plain(cell) for cell in (outcome.source, outcome.stream, outcome.outcome, outcome.message))
        )
    out.print(made)
    if not sources:
        out.print("no source is enabled; add one to the configuration")
    if not failed_sources(outcomes):
        return 0
    return SOME_FAILED if any(outcome.is_success for outcome in outcomes) else ALL_FAILED
