"""Ask a source whether it can be read, storing nothing: the first facts of every stream, from the start."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING

from connectors.base import Context, Stream
from connectors.errors import ConnectorError
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
            yield _first_facts(source, stream, context)
    except Exception as error:  # noqa: BLE001 - a connector's failure is the answer
        yield Outcome(source.name, "", *verdict(source, error))
    finally:
        context.http.close()


def _first_facts(source: Source, stream: Stream, context: Context) -> Outcome:
    """Read until there is a fact; what cannot be read is told on the way there."""
    before, found = context.meter.requests, 0
    problems: list[ConnectorError] = []
    try:
        batches = stream.read({})
        with closing(batches) if isinstance(batches, Generator) else nullcontext():
            while not found and (batch := next(iter(batches), None)) is not None:
                problems += batch.problems
                found = len(batch.observations)
    except Exception as error:  # noqa: BLE001 - the same
        return Outcome(source.name, stream.spec.name, *verdict(source, error))
    word, message = word_for(problems), redact("; ".join(map(str, problems)))
    return Outcome(source.name, stream.spec.name, word, message, found, 0, context.meter.requests - before)
