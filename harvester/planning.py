"""What a harvest would cost, source by source, without harvesting."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from connectors.base import Budget, Context, Cost, Plannable, Stream
from harvester.outcomes import verdict
from harvester.pipeline import utc_now
from harvester.reading import Order, open_context, start_of
from harvester.spool import Spool
from harvester.store import Books, Cursor, Store, StoreError

if TYPE_CHECKING:
    from harvester.config import Settings, Source


@dataclass(frozen=True, slots=True)
class Plan:
    """What one source would take. `costs`: by bucket; `unforeseen`: streams that cannot say.

    `left`: what its credentials have left, by credential and bucket, as far as that is known. `outcome`, `message`:
    what is wrong, where the source could not be asked.
    """

    source: str
    costs: tuple[Cost, ...] = ()
    unforeseen: tuple[str, ...] = ()
    left: Mapping[tuple[str, str], Budget] = field(default_factory=dict)
    outcome: str = "ok"
    message: str = ""


def plan(settings: Settings, sources: Sequence[Source], order: Order) -> Iterator[Plan]:
    """A plan per source. Asks the services what has changed, reads and stores nothing."""
    pending = Spool(settings.spool).peek() if settings.spool.is_dir() else []
    try:
        books = Store(settings.database, settings.timezone).books().with_pending(pending)
    except StoreError:  # there is no database yet: everything is new
        books = Books()
    for source in sources:
        yield _plan(settings, source, order, books)


def _plan(settings: Settings, source: Source, order: Order, books: Books) -> Plan:
    context = open_context(settings, source, clock=utc_now, since=order.since, stop=threading.Event())
    context.meter.budgets.update(books.terms.budgets)
    try:
        streams = list(source.connector.open(source.config, context))
        cursors = books.cursors_of(source.name, [stream.spec.name for stream in streams])
        return _added(source, streams, cursors, order, context)
    except Exception as error:  # noqa: BLE001 - a connector's failure is the answer
        return Plan(source.name, (), (), {}, *verdict(source, error))
    finally:
        context.http.close()


def _added(
    source: Source, streams: Sequence[Stream], cursors: Mapping[str, Cursor], order: Order, context: Context
) -> Plan:
    costs: dict[str, Cost] = {}
    unforeseen = []
    before = dict(context.meter.budgets)
    for stream in streams:
        if not hasattr(stream, "plan"):
            unforeseen.append(stream.spec.name)
            continue
        stored = cursors.get(stream.spec.name, Cursor({}, 0))
        for cost in cast("Plannable", stream).plan(start_of(source, stream.spec, stored, full=order.full)):
            known = costs.get(cost.bucket, Cost(cost.bucket, 0, 0))
            costs[cost.bucket] = Cost(cost.bucket, known.requests + cost.requests, known.points + cost.points)
    return Plan(source.name, tuple(costs.values()), tuple(unforeseen), _left(context, before))


def _left(context: Context, before: Mapping[tuple[str, str], Budget]) -> dict[tuple[str, str], Budget]:
    """The allowances of those credentials that this source was answered as."""
    budgets = context.meter.budgets
    asked = {credential for (credential, bucket), left in budgets.items() if before.get((credential, bucket)) != left}
    return {(credential, bucket): left for (credential, bucket), left in budgets.items() if credential in asked}
