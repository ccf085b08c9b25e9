"""Stars per day from GitHub's star history, whose days are those of Los Angeles."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Batch, Observation, Reject
from connectors.errors import Gone, Malformed
from connectors.github.client import Page
from connectors.github.failures import SwitchedOff
from connectors.github.readings import Visit, stars_by_level

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
DAY = timedelta(days=1)
WEEK = timedelta(days=7)

# An unstar lowers the day on which the star was given; the first page, 30 weeks, is read again at every run.
REFRESH = 30 * WEEK


@dataclass(slots=True)
class Stars:
    """Reads star histories, and remembers for the run which repositories have none."""

    _without: dict[int, bool] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def by_day(self, visit: Visit) -> Iterator[Batch]:
        """Every day of the history at first, 30 weeks of it later. Raises SwitchedOff where there is none."""
        page = self._first_page(visit)
        if page is None:
            name = visit.repository.name
            raise SwitchedOff(f"{name} has no star history here: its stars are counted from levels", subject=name)
        yield from _History.of(visit).read(visit, page)

    def by_level(self, visit: Visit) -> Iterator[Batch]:
        """The number of stars now, of repositories without a history only."""
        if self._is_without(visit):
            yield from stars_by_level(visit)

    def _is_without(self, visit: Visit) -> bool:
        with self._lock:
            known = self._without.get(visit.repository.id)
        return self._first_page(visit) is None if known is None else known

    def _first_page(self, visit: Visit) -> Page | None:
        try:
            # Without per_page: 30 weeks are the default and the most.
            page = visit.client.page(visit.errand, f"{visit.repository.path}/stargazers/history")
        except Gone:  # the repository itself has just answered: it is the history that is not there
            page = None
        with self._lock:
            self._without[visit.repository.id] = page is None
        return page


@dataclass(frozen=True, slots=True)
class _History:
    """One repository's history. Zeros are facts only where they may take something back, or nearly so.

    `today`: in Los Angeles; what comes after it is padding. `through`: until when it was read before.
    """

    today: date
    born: date
    through: date | None
    first_day: date | None

    @classmethod
    def of(cls, visit: Visit) -> _History:
        part, since = visit.part or {}, visit.context.since
        first_day = date.fromisoformat(part["from"]) if "from" in part else None
        through = date.fromisoformat(part["through"]) if "through" in part else None
        if since is not None:
            first_day = since if visit.part is None else first_day and min(first_day, since)
            through = through and min(through, since)
        return cls(_day(visit.context.clock()), _day(visit.repository.created_at), through, first_day)

    def read(self, visit: Visit, page: Page) -> Iterator[Batch]:
        """The first page, and as many more as reach back to what is known. Only the end is sure of anything."""
        subjects, seen = [visit.repository.subject], set[date]()
        while True:
            facts: list[Observation] = []
            rejects: list[Reject] = []
            for entry in page.items:
                try:
                    week, days = _week(entry)
                except ValueError as error:
                    rejects.append(Reject(f"a week of the star history of {visit.repository.name}", str(error)))
                    continue
                seen.add(week)
                facts += self._facts(visit.repository.subject.id, week, days)
            if page.next is None or self._reaches(seen):
                break
            yield Batch(facts, rejects, subjects=subjects)
            page = visit.client.page(visit.errand, page.next)
        if not seen and visit.repository.stargazers > 0:
            raise Malformed(
                f"{visit.errand.whole}: the history is empty though there are {visit.repository.stargazers} stars",
                remedy="not stored as zero; tried again later",
                subject=visit.repository.name,
            )
        part = {"through": self.today.isoformat()}
        if self.first_day is not None:
            part["from"] = self.first_day.isoformat()
        yield Batch(facts, rejects, part, subjects)

    def _facts(self, subject: str, week: date, days: list[int]) -> Iterator[Observation]:
        for offset, count in enumerate(days):
            day = week + offset * DAY
            is_told = count > 0 or (day > self.today - REFRESH and day >= self.born)
            if is_told and day <= self.today and (self.first_day is None or day >= self.first_day):
                midnight = datetime.combine(day, time(), LOS_ANGELES).astimezone(UTC)
                yield Observation("stars", subject, day.isoformat(), midnight, value=count)

    def _reaches(self, seen: set[date]) -> bool:
        """True once the weeks seen reach from today back to what is known: newest first is not promised."""
        goal = self.through or self.first_day
        return goal is not None and bool(seen) and max(seen) > self.today - WEEK and min(seen) <= goal


def _day(moment: datetime) -> date:
    return moment.astimezone(LOS_ANGELES).date()


def _week(entry: Any) -> tuple[date, list[int]]:
    """The Sunday and the counts of its seven days. Raises ValueError."""
    said = entry if isinstance(entry, dict) else {}
    week, days = said.get("week"), said.get("days")
    if isinstance(week, bool) or not isinstance(week, int) or not isinstance(days, list) or len(days) != 7:
        raise ValueError(f"no week of seven days: {str(entry)[:80]}")
    if any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in days):
        raise ValueError(f"no counts: {str(days)[:80]}")
    try:
        return datetime.fromtimestamp(week, UTC).date(), days
    except (OverflowError, OSError) as error:
        raise ValueError(f"{week} is no date") from error
