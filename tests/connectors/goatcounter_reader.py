"""The goatcounter connector as the tests read it, and what came of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from fake_goatcounter import KEY

from connectors.base import Context, Coverage, Secret
from connectors.goatcounter import CONNECTOR, GoatcounterConfig
from connectors.http import Http

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TODAY = NOW.date()


def stream(key: str = KEY, site: str = "me", api_url: str | None = None, **more):
    config = GoatcounterConfig(site=site, api_key=Secret("env:KEY", lambda: key), api_url=api_url)
    context = Context(source="pages", http=Http(clock=lambda: NOW), clock=lambda: NOW, **more)
    (only,) = CONNECTOR.open(config, context)
    return only


def read(cursor=None, **more):
    return list(stream(**more).read(cursor or {}))


def cursor_at(through: str, begins_on: str | None = "2026-01-01", window=None) -> dict[str, Any]:
    return {"me.goatcounter.com": {"from": begins_on, "through": through, "window": window}}


def facts(batches) -> dict[tuple[str, str], float]:
    """(path, day) → visitors."""
    return {(o.subject.partition(" ")[2], o.key): o.value for batch in batches for o in batch.observations}


def coverage(batches) -> list[Coverage]:
    return [span for batch in batches for span in batch.coverage]


def checkpoint(batches) -> dict[str, Any]:
    moved = {part: value for batch in batches for part, value in (batch.checkpoint or {}).items()}
    return json.loads(json.dumps(moved))
