"""How often a feed may be asked, and at which address: what its answers allow, whatever the schedule says."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from connectors.base import Batch, Context, Coverage, Cursor
from connectors.errors import ConnectorError, Gone, RateLimited
from connectors.http import Page, without_secrets

log = logging.getLogger(__name__)

T = TypeVar("T")

HOUR = timedelta(hours=1)
LONGEST_PAUSE = timedelta(hours=23)
"""The longest pause: a day, less the hour that summer time takes, or a daily schedule would skip every second day."""

WEEK = 7 * timedelta(days=1) - HOUR
"""How long one that is gone for good (410) is left alone."""

SIGHTINGS = 3
"""How often in a row a permanent redirect is seen before it is believed: many are a mistake of an afternoon."""

NO_VALIDATORS: Mapping[str, str | None] = {"etag": None, "last_modified": None}
"""What a checkpoint says to have the next read ask for the whole: parts that it does not name stay as they were."""

_NOT_MODIFIED = 304
_GONE_FOR_GOOD = 410
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


@dataclass(frozen=True, slots=True)
class Manners:
    """What the answers of a feed so far allow, as a cursor keeps it.

    `due`: from when on it may be asked again. `pace`: how long it last asked to be left alone. `move`: where it has
    moved. `gone_at`: when it said that it is gone for good.
    """

    due: datetime | None = None
    pace: timedelta = timedelta(0)
    move: Move = field(default_factory=Move)
    gone_at: datetime | None = None

    @classmethod
    def of(cls, part: Mapping[str, Any], configured: str) -> Manners:
        """Of this configured address, read tolerantly: what is missing or damaged counts as never said."""
        pace = part.get("pace")
        return cls(
            due=instant(part.get("due")),
            pace=timedelta(seconds=min(pace, LONGEST_PAUSE.total_seconds()) if type(pace) is int else 0),
            move=Move.of(part.get("move"), configured),
            gone_at=instant(part.get("gone_at")),
        )

    def rests(self, now: datetime) -> bool:
        """Whether the last answer still holds. A due time further off than any pause is that of another clock."""
        longest = WEEK if self.gone_at else LONGEST_PAUSE
        return self.due is not None and now < self.due <= now + longest

    def left_alone(self, context: Context, configured: str, *, key: str) -> Batch:
        """What is said without asking. Raises Gone where the feed has said that it will not come back.

        `key`: of the configuration, which says what is asked.
        """
        until = f"{self.due:%Y-%m-%d %H:%M} UTC"
        if self.gone_at is not None:
            raise Gone(
                f"{without_secrets(configured)}: answered 410 on {self.gone_at:%Y-%m-%d}, it is gone for good",
                remedy=f"take the source out or correct its {key}; it is asked again after {until}",
            )
        # Of no metric: silence would mean a measured day, and what is known of its days stays known.
        today, reason = context.today(), f"the last answer holds until {until}"
        return Batch(coverage=[Coverage(today, today, "missing", reason, metrics=())])

    def after(self, answer: Answer[Any], now: datetime, pace: timedelta, *, has_validators: bool) -> Manners:
        """What holds when it has answered. `pace`: what the feed itself asks for now."""
        due = due_after(now, pause_after(answer.page, pace, has_validators=has_validators))
        return Manners(due, pace, answer.move)

    def after_refusal(self, error: Gone, now: datetime) -> Manners | None:
        """What holds when it has said that it is gone for good; None where it may come back."""
        if error.status != _GONE_FOR_GOOD:
            return None
        return replace(self, due=due_after(now, WEEK), gone_at=now)

    def part(self) -> dict[str, Any]:
        """As a cursor keeps it."""
        return {
            "due": self.due.isoformat() if self.due else None,
            "pace": int(self.pace.total_seconds()),
            "move": self.move.part(),
            "gone_at": self.gone_at.isoformat() if self.gone_at else None,
        }


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What came: the page without its body, what was in that (None: not changed), and where the feed has moved."""

    page: Page
    content: T | None
    move: Move


@dataclass(frozen=True, slots=True)
class Visit(Generic[T]):
    """How a feed is asked. `read`: makes of a page what is wanted of it; raises Malformed where that is not in it."""

    context: Context
    configured: str
    read: Callable[[Page], T]
    headers: Mapping[str, str] = field(default_factory=dict)

    def ask(self, move: Move, validators: Cursor | None) -> Answer[T]:
        """Ask the address that was learnt while it serves. The first answer of the configured one forgets it."""
        if move.address:
            try:
                page, content = self._ask_at(move.address, validators)
            except RateLimited:
                raise
            except ConnectorError as error:
                log.info("%s: %s; asking the configured address again", self.context.source, error)
                move, validators = Move(), None  # which are of the other address
            else:
                return Answer(page, content, move.after(page, self.configured))
        page, content = self._ask_at(self.configured, validators)
        return Answer(page, content, move.after(page, self.configured))

    def _ask_at(self, url: str, validators: Cursor | None) -> tuple[Page, T | None]:
        page = self.context.http.ask(url, headers=self.headers, validators=validators)
        content = None if page.status == _NOT_MODIFIED else self.read(page)
        # What was in it has been read, and a feed may have megabytes.
        return replace(page, body=b""), content


def instant(text: Any) -> datetime | None:
    """An instant as a cursor has it, in UTC; None for anything else."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


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
