"""`harvest now`: one harvest of the named sources, then the score."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connectors.base import Kind
from harvester import cycles
from harvester.cli import influence, show
from harvester.store import StoreError, warm

if TYPE_CHECKING:
    from harvester.config import Settings, Source
    from harvester.outcomes import Outcome
    from harvester.pipeline import Harvest
    from harvester.reading import Order

SOME_FAILED, BUSY, ALL_FAILED, INTERRUPTED = 3, 4, 5, 130


def run(options: argparse.Namespace) -> int:
    """Harvest, load, score, and say how it went; the exit code of architecture A1."""
    from harvester.reading import Order

    settings: Settings = show.settings(options)
    sources = settings.select(options.sources)
    order = Order(
        full=options.full or options.since is not None, since=options.since, lock_timeout=options.lock_timeout
    )
    if options.plan:
        from harvester.cli.plan import show_plan

        return show_plan(options, settings, sources, order)
    return harvest_and_report(options, settings, sources, order)


def harvest_and_report(
    options: argparse.Namespace, settings: Settings, sources: Sequence[Source], order: Order
) -> int:
    """The harvest itself; `options.json` and `options.lock_timeout` are heeded."""
    from harvester.pipeline import harvest
    from harvester.scorejob import get_ready

    cycles.work()
    with warm():
        with interruptible() as stop, _progress(options, sources) as tell:
            drawing = _drawing(sources)

            def heard(outcome: Outcome) -> None:
                if outcome.observations and (outcome.source, outcome.stream) in drawing:
                    drawing.clear()  # once is enough; it takes place beside the other reads, which mostly wait
                    get_ready()
                tell(outcome)

            done = harvest(settings, sources, order, stop=stop, heard=heard)
        scores = None
        if not done.busy:
            try:
                scores = _score(options, settings)
            except StoreError as error:
                done = replace(done, busy=error)
    _report(options, settings, done, scores)
    return exit_code(done)


def exit_code(done: Harvest) -> int:
    """What the outcome of a harvest is worth as an exit code."""
    from harvester.outcomes import failed_sources

    if done.is_interrupted:
        return INTERRUPTED
    if done.busy:
        return BUSY
    if not failed_sources(done.outcomes):
        return 0
    return SOME_FAILED if any(outcome.is_success for outcome in done.outcomes) else ALL_FAILED


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set: the harvest ends at its next batch with everything fetched stored."""
    stop = threading.Event()

    def ask(_signal: int, _frame: object) -> None:
        if stop.is_set():
            # The spool and the store lose nothing by it; an exception would wait for the reads that hang.
            sys.stderr.write("harvest: interrupted\n")
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        stop.set()
        sys.stderr.write("harvest: ending at the next page; once more to end at once\n")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _drawing(sources: Sequence[Source]) -> set[tuple[str, str]]:
    """The streams whose facts draw a score: (source, stream). Levels alone mostly draw none."""
    streams = [(source.name, spec) for source in sources for spec in source.connector.streams]
    return {(name, spec.name) for name, spec in streams if any(m.kind is not Kind.LEVEL for m in spec.metrics)}


@contextmanager
def _progress(options: argparse.Namespace, sources: Sequence[Source]) -> Iterator[Any]:
    """Tell of each stream as it ends: under a progress bar on a terminal, as plain lines elsewhere."""

    def tell(outcome: Outcome) -> None:
        if outcome.is_failure or not options.quiet:
            show.say(_line(outcome), sys.stderr)

    if options.json:
        yield lambda _: None
        return
    if options.quiet:
        yield tell
        return
    talk = show.console(options, stderr=True)
    if not talk.is_terminal:
        yield tell
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("harvesting"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=talk, transient=True) as bar:
        task = bar.add_task("harvest", total=sum(len(source.connector.streams) for source in sources))

        def heard(outcome: Outcome) -> None:
            bar.console.print(show.plain(_line(outcome)), soft_wrap=True)
            bar.update(task, advance=1)

        yield heard


def _line(outcome: Outcome) -> str:
    name = f"{outcome.source} {outcome.stream}".strip()
    text = f"{name}: {outcome.outcome}, {outcome.observations} facts read, {outcome.requests} requests"
    return f"{text}: {outcome.message}" if outcome.message else text


def _score(options: argparse.Namespace, settings: Settings) -> Any:
    """The scores to be shown; None for none: as JSON they are not told, and with --quiet only where they are new."""
    from datetime import UTC, datetime

    from harvester.scorejob import kept_scores, rescore

    today = datetime.now(UTC).astimezone(settings.timezone).date()
    is_new = rescore(settings, today=today, timeout=options.lock_timeout)
    if options.json or (options.quiet and not is_new):
        return None
    return kept_scores(settings, grain=settings.scoring.period)


def _report(options: argparse.Namespace, settings: Settings, done: Harvest, scores: Any) -> None:
    from harvester.outcomes import failed_sources

    if options.json:
        show.write_json(_as_json(done))
        return
    for note in done.damaged:
        show.say(f"spool: {note}", sys.stderr)
    if done.busy:
        show.say(f"harvest: {done.busy}; everything fetched is safe in {settings.spool}", sys.stderr)
        return
    failed = failed_sources(done.outcomes)
    show.say(
        f"{done.loaded.stored} new facts and {done.loaded.revised} revised in {settings.database}"
        + (f"; failed: {', '.join(failed)} (see above, and `harvest status`)" if failed else ""),
        sys.stdout,
    )
    if scores is not None:
        influence.print_table(show.console(options), scores, grain=settings.scoring.period, last=8)


def _as_json(done: Harvest) -> dict[str, Any]:
    return {
        "run_id": done.run_id,
        "exit_code": exit_code(done),
        "stored": done.loaded.stored,
        "revised": done.loaded.revised,
        "busy": str(done.busy) if done.busy else None,
        "damaged": list(done.damaged),
        "streams": [
            {
                "source": outcome.source, "stream": outcome.stream, "outcome": outcome.outcome,
                "message": outcome.message, "observations": outcome.observations, "rejects": outcome.rejects,
                "requests": outcome.requests,
            }
            for outcome in done.outcomes
        ],
    }  # fmt: skip
