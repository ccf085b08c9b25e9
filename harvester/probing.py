"""Ask a source whether it can be read, storing nothing: the first page of every stream, from the start."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING

from connectors.base import Context, Stream
from harvester.outcomes import Outcome, verdict, word_for
from harvester.pipeline import utc_now
from harvester.reading import open_context
from harvester.redact import redact

if TYPE_CHECKING:
    from harvester.config import Settings, Source


def probe(settings: Settings, source: Source) -> Iterator[Outcome]:
    """An outcome per stream; one with an empty stream name where the source does not even open."""
    context = open_context(settings, source, clock=utc_now, stop=threading.Event())
    try:
        for stream in source.connector.open(source.config, context):
            yield _first_page(source, stream, context)
    except Exception as error:  # noqa: BLE001 - a connector's failure is the answer
        yield Outcome(source.name, "", *verdict(source, error))
    finally:
        context.http.close()


def _first_page(source: Source, stream: Stream, context: Context) -> Outcome:
    before = context.meter.requests
    try:
        batches = stream.read({})
        with closing(batches) if isinstance(batches, Generator) else nullcontext():
            batch = next(iter(batches), None)
    except Exception as error:  # noqa: BLE001 - the same
        return Outcome(source.name, stream.spec.name, *verdict(source, error))
    problems = batch.problems if batch else ()
    found = len(batch.observations) if batch else 0
    word, message = word_for(problems), redact("; ".join(map(str, problems)))
    return Outcome(source.name, stream.spec.name, word, message, found, 0, context.meter.requests - before)
