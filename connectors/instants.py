"""Instants as services write them: checked, aware and in UTC."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=2)  # of the service's clock; what lies further ahead has not happened


def instant_of(value: Any, now: datetime) -> datetime:
    """An instant written as in ISO 8601 with its offset. Raises ValueError for anything else."""
    with suppress(TypeError, ValueError, OverflowError):
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is not None:
            return _plausible(instant.astimezone(UTC), now)
    raise ValueError(f"{value!r} is not a possible instant with its offset from UTC")


def instant_of_seconds(value: Any, now: datetime) -> datetime:
    """An instant given as a number of seconds since 1970. Raises ValueError for anything else."""
    with suppress(TypeError, ValueError, OverflowError, OSError):
        if not isinstance(value, bool):
            return _plausible(datetime.fromtimestamp(value, UTC), now)
    raise ValueError(f"{value!r} are not the seconds of a possible instant")


def _plausible(instant: datetime, now: datetime) -> datetime:
    if not _EARLIEST <= instant <= now + _AHEAD:
        raise ValueError(f"{instant} is not a time at which it can have happened")
    return instant
