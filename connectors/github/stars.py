"""Stars per day from GitHub's star history, whose days are those of Los Angeles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Batch, Observation, Reject
from connectors.errors import Gone, Malformed
from connectors.github.asks import Asking, Etag, Get, Page
from connectors.github.failures import Blocked, SwitchedOff
from connectors.github.levels import reading
from connectors.github.planning import Rounds
from connectors.github.visit import OVERLAP, Visit

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
DAY = timedelta(days=1)
WEEK = timedelta(days=7)

NEWEST = 30  # weeks that the first page tells of
PAGE = NEWEST * WEEK
STALE = timedelta(days=7)  # after so long it is read again, or looked for again, whatever the signs say
CERTAIN = 2  # times that a history must have been missing before it is not looked for every time: one may pass


@dataclass(slots=True)
class Stars:
    """Reads star histories, and remembers for the run which repositories have none, and which have no stars."""

    _without: set[int] = field(default_factory=set)
    _starless: set[int] = field(default_factory=set)

    def by_day(self, visit: Visit) -> Asking[Batch]:
        """Every day of the history at first, then what has changed. Raises SwitchedOff where there is no history."""
        repository, known = visit.repository, _Known.of(visit)
        if known.is_starless(visit):
            self._starless.add(repository.id)
            yield Batch()
            return
        if known.is_current(visit):
            yield Batch()
            return
        if known.is_missing(visit):
            raise self._none(visit)
        path = f"{repository.path}/stargazers/history"
        try:
            # Without per_page: 30 weeks are the default and the most.
            (page,) = yield [Get(visit.errand, path, etag=known.etag)]
            if page.is_known and not known.explains(repository.stargazers):
                # The last 30 weeks are as they were, so an older one must have changed; a 304 links to none.
                (page,) = yield [Get(visit.errand, path)]
        except Gone as error:
            if isinstance(error, Blocked) or known.through is not None:
                raise
            # The repository itself has just answered: it is the history that is not there.
            missing = {"times": known.misses + 1, "at": visit.context.clock().isoformat()}
            yield Batch(checkpoint={"": {"missing": missing}})
            raise self._none(visit) from None
        yield from _History(visit, known).read(page)

    def forecast(self, visit: Visit) -> Rounds:
        """A request per 30 weeks at first, one later."""
        known = _Known.of(visit)
        if known.is_starless(visit) or known.is_current(visit) or known.is_missing(visit):
            return []
        weeks = (_day(visit.context.clock()) - max(_sunday(_day(visit.repository.created_at)), known.begins)) / WEEK
        pages = 1 if known.through else ceil((int(weeks) + 1) / 30)
        return [[Get(visit.errand, visit.repository.path)] for _ in range(pages)]

    def by_level(self, visit: Visit) -> Asking[Batch]:
        """The number of stars now, of repositories without a history only."""
        number = visit.repository.id
        if number in self._without or (self._without and number in self._starless):
            yield reading(visit, {"stars": visit.repository.stargazers})

    def _none(self, visit: Visit) -> SwitchedOff:
        self._without.add(visit.repository.id)
        name = visit.repository.name
        return SwitchedOff(f"{name} has no star history here: its stars are counted from levels", subject=name)


@dataclass(slots=True)
class _Known:
    """What the last read left in the cursor.

    `weeks`: stars by the Sunday of the week, of days within what was wanted; they tell whether an older page must
    have changed. `days`: the counts of the days of the newest of them, as they were told; of days to come, 0.
    `count`, `updated_at`: of the repository when they were read. `gap`: by how many its count exceeded the history,
    which had been read to its end. `misses`: how often there was no history, last at `missed_at`.
    """

    first_day: date | None = None
    through: date | None = None
    read_at: datetime | None = None
    count: int = 0
    updated_at: str = ""
    gap: int = 0
    etag: Etag | None = None
    weeks: dict[date, int] = field(default_factory=dict)
    days: dict[date, list[int]] = field(default_factory=dict)
    misses: int = 0
    missed_at: datetime | None = None

    @classmethod
    def of(cls, visit: Visit) -> _Known:
        part, since = visit.part or {}, visit.context.since
        if "begins" not in part:
            missing = part.get("missing")
            if missing is None:
                return cls(first_day=since)
            return cls(since, misses=missing["times"], missed_at=datetime.fromisoformat(missing["at"]))
        first_day = date.fromisoformat(part["from"]) if "from" in part else None
        through = date.fromisoformat(part["through"])
        if since is not None:
            first_day, through = first_day and min(first_day, since), min(through, since)
        begins, counts = date.fromisoformat(part["begins"]), part["weeks"]
        weeks = [begins + n * WEEK for n in range(len(counts))]
        told = part.get("days", []) if since is None else []
        return cls(
            first_day,
            through,
            datetime.fromisoformat(part["read"]) if since is None else None,
            part["count"],
            part["updated"],
            part["gap"],
            Etag(*part["etag"]) if part.get("etag") and since is None else None,
            dict(zip(weeks, counts, strict=True)),
            {week: days for week, days in zip(reversed(weeks), reversed(told), strict=False) if days is not None},
        )

    def is_current(self, visit: Visit) -> bool:
        """Whether nothing has changed since: a star that is given or taken moves the count, or the repository.

        Of a repository that was changed just before it was read, the same second may have seen more.
        """
        repository = visit.repository
        is_same = (self.count, self.updated_at) == (repository.stargazers, repository.updated_at.isoformat())
        if not is_same or self.read_at is None:
            return False
        return self.read_at - repository.updated_at > OVERLAP and visit.context.clock() - self.read_at < STALE

    def is_starless(self, visit: Visit) -> bool:
        """Whether there is nothing to be read yet."""
        return self.through is None and visit.repository.stargazers == 0

    def is_missing(self, visit: Visit) -> bool:
        """Whether there was certainly no history a short while ago."""
        is_recent = self.missed_at is not None and visit.context.clock() - self.missed_at < STALE
        return is_recent and self.misses >= CERTAIN

    @property
    def begins(self) -> date:
        """The first day wanted."""
        return self.first_day or date.min

    def explains(self, count: int) -> bool:
        """Whether the weeks that are known make up the repository's count."""
        return self.first_day is not None or sum(self.weeks.values()) + self.gap == count

    def part(self, visit: Visit, etag: Etag | None) -> dict[str, Any]:
        """The part of the cursor that says so."""
        begins = min(self.weeks, default=_sunday(_day(visit.context.clock())))
        ends = max(self.weeks, default=begins)
        weeks = [begins + n * WEEK for n in range((ends - begins) // WEEK + 1)]
        return {
            "through": _day(visit.context.clock()).isoformat(),
            "read": visit.context.clock().isoformat(),
            "count": visit.repository.stargazers,
            "updated": visit.repository.updated_at.isoformat(),
            "gap": self.gap,
            "begins": begins.isoformat(),
            "weeks": [self.weeks.get(week, 0) for week in weeks],
            "days": [self.days.get(week) for week in weeks[-NEWEST:]],
            **({"etag": [etag.owner, etag.value]} if etag else {}),
            **({"from": self.first_day.isoformat()} if self.first_day else {}),
        }


@dataclass(slots=True)
class _History:
    """One repository's history being read."""

    visit: Visit
    known: _Known

    def read(self, page: Page) -> Asking[Batch]:
        """The first page, and as many more as it takes to explain the count. Only the end is sure of anything."""
        visit, known = self.visit, self.known
        etag, seen = page.etag, set[date]()
        while not page.is_known:
            facts, rejects = self._page(page, seen)
            if page.next is None or self._is_enough(seen):
                yield self._end(page, seen, etag, Batch(facts, rejects, subjects=[visit.repository.subject]))
                return
            yield Batch(facts, rejects, subjects=[visit.repository.subject])
            (page,) = yield [Get(visit.errand, page.next)]
        yield Batch(checkpoint={"": known.part(visit, etag)})

    def _page(self, page: Page, seen: set[date]) -> tuple[list[Observation], list[Reject]]:
        facts: list[Observation] = []
        rejects: list[Reject] = []
        subject = self.visit.subject
        today, born = _day(self.visit.context.clock()), _day(self.visit.repository.created_at)
        for entry in page.items:
            try:
                week, days = _week(entry)
            except ValueError as error:
                what = f"a week of the star history of {self.visit.repository.name}"
                rejects.append(Reject(what, str(error)))
                continue
            facts += [
                Observation("stars", subject, day.isoformat(), _midnight(day), value=count)
                for day, count in self._told(week, days, today, born)
            ]
            seen.add(week)
            self.known.weeks[week] = self._sum(week, days)
            self.known.days[week] = [count if day <= today else 0 for day, count in _dated(week, days)]
        return facts, rejects

    def _end(self, page: Page, seen: set[date], etag: Etag | None, batch: Batch) -> Batch:
        visit, known = self.visit, self.known
        if not seen and visit.repository.stargazers > 0:
            raise Malformed(
                f"{visit.errand.whole}: the history is empty though there are {visit.repository.stargazers} stars",
                remedy="not stored as zero; tried again later",
                subject=visit.repository.name,
            )
        if page.next is None:  # GitHub counts some that it does not date: that is no reason to look every time
            known.gap = visit.repository.stargazers - sum(known.weeks.values())
        return replace(batch, checkpoint={"": known.part(visit, etag)})

    def _told(self, week: date, days: list[int], today: date, born: date) -> Iterator[tuple[date, int]]:
        """What is not known. Zeros where they may take something back: in the first page, and in changed weeks."""
        if (told := self.known.days.get(week)) is not None:
            for (day, count), known in zip(_dated(week, days), told, strict=True):
                if count != known and day <= today and self._is_wanted(day):
                    yield day, count
            return
        before = self.known.weeks.get(week)
        is_changed = before is not None and before != self._sum(week, days)
        zeros_since = born if is_changed else max(born, today - PAGE + DAY)
        for day, count in _dated(week, days):
            if (count or day >= zeros_since) and day <= today and self._is_wanted(day):
                yield day, count

    def _sum(self, week: date, days: list[int]) -> int:
        if self.known.first_day is None:
            return sum(days)
        return sum(count for day, count in _dated(week, days) if self._is_wanted(day))

    def _is_wanted(self, day: date) -> bool:
        return self.known.first_day is None or day >= self.known.first_day

    def _is_enough(self, seen: set[date]) -> bool:
        """Whether the weeks seen reach from today back to what is known, and all together explain the count."""
        known = self.known
        goal = known.through or known.first_day
        if goal is None or not seen:
            return False
        # Newest first is not promised; and for a while a Sunday is not listed yet.
        reaches = max(seen) >= _day(self.visit.context.clock()) - WEEK and min(seen) <= goal
        return reaches and known.explains(self.visit.repository.stargazers)


def _day(moment: datetime) -> date:
    return moment.astimezone(LOS_ANGELES).date()


@lru_cache(maxsize=4096)  # the same ones for every repository
def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LOS_ANGELES).astimezone(UTC)


def _sunday(day: date) -> date:
    return day - timedelta(days=(day.weekday() + 1) % 7)


_FROM_SUNDAY = [n * DAY for n in range(7)]


def _dated(week: date, days: list[int]) -> Iterator[tuple[date, int]]:
    return zip(map(week.__add__, _FROM_SUNDAY), days, strict=True)


def _week(entry: Any) -> tuple[date, list[int]]:
    """The Sunday and the counts of its seven days. Raises ValueError."""
    said: Mapping[str, Any] = entry if isinstance(entry, dict) else {}
    week, days = said.get("week"), said.get("days")
    if isinstance(week, bool) or not isinstance(week, int) or not isinstance(days, list) or len(days) != 7:
        raise ValueError(f"no week of seven days: {str(entry)[:80]}")
    if {*map(type, days)} != {int} or min(days) < 0:
        raise ValueError(f"no counts: {str(days)[:80]}")
    try:
        sunday = datetime.fromtimestamp(week, UTC).date()
        _ = sunday + WEEK  # its days have to be dates, too
    except (OverflowError, OSError) as error:
        raise ValueError(f"{week} is no date") from error
    return sunday, days
