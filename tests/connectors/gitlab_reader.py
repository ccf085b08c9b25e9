"""The gitlab connector as the tests read it, and what came of it."""

from __future__ import annotations

from datetime import date

from fake_gitlab import PATH, TOKEN
from wired import facts, secret, spans, streams_of

from connectors.gitlab import CONNECTOR, GitlabConfig
from connectors.testing import NOW

TODAY = NOW.date()
BORN = date(2026, 1, 5)


def at(day: int, ms: int = 0) -> str:
    return f"2026-11-{day:02d}T10:00:00.{ms:03d}Z"


def opened(fake, name, *, token: str | None = TOKEN, **more):
    keys = {key: more.pop(key) for key in ("projects", "user", "bots", "api_url") if key in more}
    config = GitlabConfig(**{"projects": (PATH,), "token": secret(token) if token else None, **keys})
    return streams_of(CONNECTOR, config, fake, **more)[name]


def read(fake, name, cursor=None, **more):
    return list(opened(fake, name, **more).read(cursor or {}))


def values(batches, metric):
    return {key: value for (name, _, key), value in facts(batches).items() if name == metric}


def attrs(batches, metric):
    told = [fact for batch in batches for fact in batch.observations if fact.metric == metric]
    return {fact.key: (fact.actor, dict(fact.attrs)) for fact in told}


def states(batches):
    return {span.metrics[0]: (span.state, span.reason) for span in spans(batches)}
