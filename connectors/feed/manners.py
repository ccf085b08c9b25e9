"""How often a feed may be asked, and at which address: what its answers allow, whatever the schedule says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.http import Page, without_secrets

HOUR = timedelta(hours=1)
LONGEST_PAUSE = timedelta(hours=23)
"""The longest pause: a day, less the hour that summer time takes, or a daily schedule would skip every second day."""

WEEK = 7 * timedelta(days=1) - HOUR
"""How long one that is gone for good (410) is left alone."""

SIGHTINGS = 3
"""How often in a row a permanent redirect is seen before it is believed: many are a mistake of an afternoon."""

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?([0-9]{1,10})")
_PERIODS = {"hourly": 1, "daily": 24, "weekly": 7 * 24, "monthly": 30 * 24, "yearly": 365 * 24}


@dataclass(frozen=True, slots=True)
class Move:
    """Where permanent redirects led at the latest answers, and how many of those agreed in a row."""

    to: str = ""
    seen: int = 0

    @classmethod
    def of(cls, part: Any, configured: str) -> Move:
        """As a cursor has it; none where that is damaged or leads where it must not."""
        to, seen = (part.get("to"), part.get("seen")) if isinstance(part, Mapping) else (None, None)
        if isinstance(to, str) and type(seen) is int and _is_worth_knowing(configured, to):
            return cls(to, seen)
        return cls()

    @property
    def address(self) -> str:
        """The address to ask in place of the configured one; "" while that holds."""
        return self.to if self.seen >= SIGHTINGS else ""

    def after(self, page: Page, configured: str) -> Move:
        """What is known of the move when this page has answered."""
        if page.moved_to is None:
            # The address that was learnt answers by itself; the configured one no longer points elsewhere.
            return self if self.address else Move()
        if not _is_worth_knowing(configured, page.moved_to):
            return Move()
        return Move(page.moved_to, min(self.seen + 1, SIGHTINGS) if page.moved_to == self.to else 1)

    def part(self) -> dict[str, Any] | None:
        """As a cursor keeps it."""
        return {"to": self.to, "seen": self.seen} if self.to else None


def _is_worth_knowing(configured: str, to: str) -> bool:
    # A cursor is no place for a key, nor may one that was sent encrypted be sent in the clear from now on.
    plain = [url.partition("#")[0].lower() for url in (configured, to)]
    is_public = all(without_secrets(url) == url for url in plain)
    return is_public and (plain[1].startswith("https:") or not plain[0].startswith("https:"))


def pause_after(page: Page, pace: timedelta, *, has_validators: bool) -> timedelta:
    """How long a feed is left alone after this answer. `pace`: what the feed itself asks for, zero for nothing."""
    found = _MAX_AGE.search(page.headers.get("cache-control", "").lower())
    fresh = timedelta(seconds=int(found[1])) if found else timedelta(0)
    return min(max(HOUR, fresh, pace) if has_validators else LONGEST_PAUSE, LONGEST_PAUSE)


def due_after(now: datetime, pause: timedelta) -> datetime:
    """From when on it may be asked again. Whole minutes: no slot is skipped for the seconds the last one took."""
    return now.replace(second=0, microsecond=0) + pause


def pace_of(ttl: str, period: str, frequency: str) -> timedelta:
    """What `<ttl>` (minutes) or sy:updatePeriod and sy:updateFrequency ask for; zero where they say nothing."""
    minutes = _number(ttl)
    if period in _PERIODS or _number(frequency):
        # The module's own defaults: daily, once.
        minutes = max(minutes, 60 * _PERIODS.get(period, 24) // (_number(frequency) or 1))
    return timedelta(minutes=minutes)


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,7}", text) else 0
