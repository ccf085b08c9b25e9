"""How the read of a stream ended: the word that `runs` shows, and whether somebody should act."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.errors import (
    AuthFailed,
    ConnectorError,
    Gone,
    Malformed,
    NotPermitted,
    RateLimited,
    Unavailable,
)
from harvester.redact import redact
from harvester.spool import SpoolError

if TYPE_CHECKING:
    from harvester.config import Source

log = logging.getLogger(__name__)

_NAMES: Mapping[type[Exception], str] = {
    AuthFailed: "auth failed",
    NotPermitted: "not permitted",
    RateLimited: "rate limited",
    Unavailable: "unavailable",
    Gone: "gone",
    Malformed: "malformed",
    SpoolError: "spool failed",
}
FINE = frozenset({"ok", "not permitted", "under way"})
"""Outcomes that call for nobody."""
SERVED = frozenset({"ok", "partial", "not permitted", "gone"})
"""Outcomes that another read at once would only repeat: the slot has been served."""
PASSING = frozenset({"interrupted", "under way"})
"""Outcomes that say nothing about the source."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the read of one stream ended. `outcome` is the word that `runs` shows."""

    source: str
    stream: str
    outcome: str
    message: str = ""
    observations: int = 0
    rejects: int = 0
    requests: int = 0

    @property
    def is_failure(self) -> bool:
        """Whether somebody should act; a missing right is stated but fails nothing."""
        return self.outcome not in FINE

    @property
    def is_success(self) -> bool:
        """Whether facts of this stream were stored, all or in part."""
        return self.outcome in ("ok", "partial")


def failed_sources(outcomes: Iterable[Outcome]) -> list[str]:
    """Sources that somebody should look at: a read failed, or no right let anything be read at all."""
    by_source: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.outcome == "under way":
            continue
        by_source.setdefault(outcome.source, []).append(outcome)
    return sorted(
        source
        for source, of in by_source.items()
        if any(outcome.is_failure for outcome in of) or not any(outcome.is_success for outcome in of)
    )


def ends_source(error: Exception | None) -> bool:
    """Whether the other streams of the source would only hear the same again."""
    if isinstance(error, RateLimited):
        return error.bucket is None
    return isinstance(error, AuthFailed | SpoolError)


def word_for(problems: Sequence[ConnectorError]) -> str:
    """The word for a read that came to its end with these problems of single subjects."""
    return "partial" if any(not isinstance(problem, NotPermitted) for problem in problems) else "ok"


def verdict(source: Source, error: Exception) -> tuple[str, str]:
    """The word and the message for what ended a read."""
    for kind, word in _NAMES.items():
        if isinstance(error, kind):
            return word, redact(str(error))
    log.debug("defect in connector %s", source.connector.name, exc_info=error)
    what = f"{type(error).__name__}: {error}"
    return "defect", redact(
        f"a defect in connector {source.connector.name} ({what}); please report it, -v shows where"
    )
