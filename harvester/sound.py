"""Keep out of the spool what could never be loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache

from connectors.base import Batch, Kind, Observation, Reject, StreamSpec


def sound_part(batch: Batch, spec: StreamSpec) -> Batch:
    """The batch without observations that could not be loaded: those become rejects, never a blocked spool.

    A listing that lost one of its facts is none: what is not told in it would be taken back.
    """
    kinds = {metric.name: metric.kind for metric in spec.metrics}
    faults = [_fault(observation, kinds) for observation in batch.observations]
    if not any(faults):
        return batch
    good = [observation for observation, fault in zip(batch.observations, faults, strict=True) if not fault]
    bad = [
        Reject(f"{observation.metric} {observation.subject} {observation.key}"[:200], fault)
        for observation, fault in zip(batch.observations, faults, strict=True)
        if fault
    ]
    return replace(batch, observations=good, rejects=[*batch.rejects, *bad], listings=())


def _fault(observation: Observation, kinds: Mapping[str, Kind]) -> str:
    kind = kinds.get(observation.metric)
    if kind is None:
        return "the stream does not declare this metric"
    if kind is not Kind.EVENT and not _is_day(observation.key):
        return "the key of a daily or level fact must be a day, YYYY-MM-DD"
    return ""


@lru_cache(maxsize=4096)  # the same days for every subject
def _is_day(key: str) -> bool:
    try:
        return date.fromisoformat(key).isoformat() == key
    except ValueError:
        return False
