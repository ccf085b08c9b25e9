"""The plausible connector as the tests read it, and what came of it."""

from __future__ import annotations

from fake_plausible import KEY, NOW

from connectors.base import Context, Coverage, Secret
from connectors.http import Http
from connectors.plausible import CONNECTOR, PlausibleConfig


def context(**more) -> Context:
    return Context(source="readers", http=Http(clock=lambda: NOW), clock=lambda: NOW, **more)


def streams(key: str = KEY, **more):
    config = PlausibleConfig(site="example.org", api_key=Secret("env:KEY", lambda: key))
    pages, visits = CONNECTOR.open(config, context(**more))
    return {"pages": pages, "visits": visits}


def read(name: str, cursor=None, **more):
    return list(streams(**more)[name].read(cursor or {}))


def facts(batches) -> dict[tuple[str, str, str], float]:
    return {(o.metric, o.subject, o.key): o.value for batch in batches for o in batch.observations}


def coverage(batches) -> list[Coverage]:
    return [span for batch in batches for span in batch.coverage]
