"""Checks of what a connector reads from a service that is well."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

from connectors.base import Cursor, Kind, Metric, Observation
from connectors.testing.case import ZONE, Case, hold, opened, read, read_all

_AHEAD = timedelta(days=2)
_FIRST_DAY = date(1990, 1, 1)


def check_facts(case: Case) -> None:
    """Each stream yields declared facts about described subjects, at possible times, each identity with one fact."""
    today = case.now.astimezone(ZONE).date()
    kinds: dict[tuple[str, str], Kind] = {}
    for stream, batches in read_all(case):
        metrics = {metric.name: metric for metric in stream.spec.metrics}
        described: set[str] = set()
        seen: dict[tuple[str, str, str], Observation] = {}
        for batch in batches:
            for subject in batch.subjects:
                hold(subject.id and subject.name, f"{subject!r} lacks an id or a name")
                hold(
                    subject.published_at is None or _is_utc(subject.published_at),
                    f"{subject!r}: published_at is not UTC",
                )
                described.add(subject.id)
            for one in batch.observations:
                hold(one.metric in metrics, f"{stream.spec.name} does not declare metric {one.metric}")
                hold(one.subject in described, f"{one.subject} has facts but no Subject in its batch or before")
                _check_fact(one, metrics[one.metric], case.now, today)
                kind = metrics[one.metric].kind
                is_alone = kinds.setdefault((one.metric, one.subject), kind) == kind
                hold(is_alone, f"{one.metric} of {one.subject} come in two kinds, and would count twice")
                same = seen.setdefault((one.metric, one.subject, one.key), one)
                hold(same == one, f"one identity, two facts: {same!r} and {one!r}")
        hold(seen, f"{stream.spec.name} yielded no fact; the case must hold one for each stream")


def _is_utc(instant: datetime) -> bool:
    return instant.utcoffset() == timedelta(0)


def _check_fact(one: Observation, metric: Metric, now: datetime, today: date) -> None:
    hold(_is_utc(one.occurred_at), f"{one!r}: occurred_at is not UTC")
    hold(one.occurred_at.date() >= _FIRST_DAY, f"{one!r} happened before {_FIRST_DAY}")
    hold(one.occurred_at <= now + _AHEAD, f"{one!r} has not happened yet")
    hold(math.isfinite(one.value) and one.value >= 0, f"{one!r}: the value must be finite and not negative")
    hold(_is_json(one.attrs), f"{one!r}: attrs must be JSON")
    if metric.kind is Kind.EVENT:
        return
    hold(_is_day(one.key), f"{one!r}: the key of a {metric.kind} fact must be a day, YYYY-MM-DD")
    if metric.kind is Kind.LEVEL:
        hold(one.key == str(today), f"{one!r}: a LEVEL is keyed by Context.today(), which is {today}")
    else:
        distance = abs(date.fromisoformat(one.key) - one.occurred_at.date())
        hold(distance <= timedelta(days=1), f"{one!r}: occurred_at is not in the day of its key")


def _is_day(key: str) -> bool:
    try:
        return date.fromisoformat(key).isoformat() == key
    except ValueError:
        return False


def _is_json(value: object) -> bool:
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False


def check_coverage(case: Case) -> None:
    """What is said about days is possible, and says why where it is not a measurement."""
    tomorrow = case.now.astimezone(ZONE).date() + timedelta(days=1)
    for stream, batches in read_all(case):
        names = {metric.name for metric in stream.spec.metrics}
        for span in chain.from_iterable(batch.coverage for batch in batches):
            hold(span.first_day <= span.last_day, f"{span!r} ends before it begins")
            hold(span.first_day >= _FIRST_DAY, f"{span!r} begins before {_FIRST_DAY}")
            hold(span.last_day <= tomorrow, f"{span!r} reaches into the future")
            hold(
                set(span.metrics or ()) <= names,
                f"{span!r} speaks of metrics that {stream.spec.name} does not declare",
            )
            # With no metric, "missing" says that there was nothing to read: silence would mean a measured day.
            is_about = span.metrics != () or span.state == "missing"
            hold(is_about, f"{span!r} speaks of no metric; None means all")
            hold(span.state == "measured" or span.reason, f"{span!r} gives no reason")


def check_rereading(case: Case) -> None:
    """Reading again from the start says the same: a re-harvest is free of effect."""
    for first, again in zip(read_all(case), read_all(case), strict=True):
        hold(
            _facts(first.observations) == _facts(again.observations),
            f"{first.stream.spec.name}: two reads of the same say different things",
        )


def _facts(observations: Sequence[Observation]) -> dict[tuple[str, str, str], Observation]:
    return {(one.metric, one.subject, one.key): one for one in observations}


def check_resuming(case: Case) -> None:
    """Checkpoints are JSON; from each of them, what follows is not lost."""
    for stream, batches in read_all(case):
        name, whole = stream.spec.name, _facts(list(chain.from_iterable(batch.observations for batch in batches)))
        hold(any(batch.checkpoint is not None for batch in batches), f"{name} never gave a checkpoint")
        cursor: dict[str, Any] = {}
        for position, batch in enumerate(batches, 1):
            if batch.checkpoint is None:
                continue
            is_cursor = _is_json(batch.checkpoint) and all(isinstance(part, str) for part in batch.checkpoint)
            hold(is_cursor, f"{name}: a checkpoint is not JSON: {batch.checkpoint!r}")
            cursor = cursor | json.loads(json.dumps(batch.checkpoint))
            before = chain.from_iterable(earlier.observations for earlier in batches[:position])
            after = _read_from(case, name, cursor)
            lost = whole.keys() - _facts([*before, *after]).keys()
            hold(not lost, f"{name}: going on from {cursor!r} loses {sorted(lost)[:3]}")


def _read_from(case: Case, name: str, cursor: Cursor) -> list[Observation]:
    with opened(case) as (streams, _, _):
        (stream,) = (one for one in streams if one.spec.name == name)
        return [one for batch in read(stream, cursor) for one in batch.observations]
