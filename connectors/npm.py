"""Downloads of npm packages by day, as the registry counts them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from connectors.base import (
    Batch,
    Connector,
    Context,
    Cursor,
    Kind,
    Metric,
    Observation,
    Reject,
    Stream,
    StreamSpec,
    Subject,
)
from connectors.counted import coverage_of, to_come
from connectors.errors import ConnectorError, Gone, Malformed
from connectors.pages import DAY, count_of, day_of, noon, spans, split_site

LONGEST = 365
"""Days of a question; of longer ones the service cuts the beginning off without a word."""

BACK = 548 * DAY
"""How far the first read goes back, some 18 months, unless it is told to go further."""

RE_READ = 30 * DAY
"""How far behind the last read the next one starts: days that were not counted are filled in later."""

EARLIEST = date(2015, 1, 10)
"""The first day that the service tells of."""

_PART = r"[A-Za-z0-9._~-]+"
_NAME = re.compile(rf"(@{_PART}/)?{_PART}")

DOWNLOADS = StreamSpec("downloads", (Metric("downloads", Kind.DAILY),))


@dataclass(frozen=True, slots=True, kw_only=True)
class NpmConfig:
    """Raises ValueError("key: why") for what is no package or no address."""

    packages: tuple[str, ...] = field(metadata={"help": "names of the packages on npm, with their scope if any"})
    api_url: str = field(default="https://api.npmjs.org", metadata={"help": "address of the API"})

    def __post_init__(self) -> None:
        if not self.packages or not all(_NAME.fullmatch(name) for name in self.packages):
            raise ValueError('packages: name at least one as npm does, as in ["express", "@babel/core"]')
        try:
            split_site(self.api_url)
        except ValueError:
            raise ValueError("api_url: write an address that begins with https://") from None


@dataclass(frozen=True, slots=True)
class Downloads:
    """Days of each package, and of all packages together: a day on which all have none was not counted."""

    config: NpmConfig
    context: Context
    spec: StreamSpec = DOWNLOADS

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """A batch for each package and year; a package that is unknown is a problem, all of them an error."""
        today = self.context.clock().date()
        names = tuple(dict.fromkeys(self.config.packages))
        begins = {name: self._begin(cursor.get(name) or {}, today) for name in names}
        counted = self._counted(min(begins.values()), today)
        if not counted:
            raise Malformed(f"{self.config.api_url}: has counted nothing at all")
        failures: list[ConnectorError] = []
        firsts: list[date] = []
        flaw = ""
        for name in names:
            known = dict(cursor.get(name) or {})
            try:
                for first, last in spans(begins[name], today, LONGEST):
                    if self.context.is_stopping():
                        return
                    counts, rejects = self._ask(first, last, name)
                    flaw = "some days could not be used" if rejects else flaw
                    yield self._batch(name, counts, rejects, counted, known)
                firsts += [day_of(known["from"])] if known.get("from") else []
            except Gone as error:
                failures.append(_unknown(name, error))
        if failures and len(failures) == len(names):
            raise failures[0]
        flaw = f"packages that are not known: {len(failures)} of {len(names)}" if failures else flaw
        last = max(counted)
        first = min(max(min(begins.values()), min(firsts, default=last)), last)
        silence = "npm counted nothing on these days"
        known_days = [*coverage_of(first, last, counted, flaw, silence), *to_come(last, today)]
        yield Batch(problems=failures, coverage=known_days)

    def _begin(self, known: Mapping[str, Any], today: date) -> date:
        if known.get("through"):
            return max(min(day_of(known["through"]), today) - RE_READ, EARLIEST)
        return min(max(self.context.since or today - BACK, EARLIEST), today)

    def _counted(self, first: date, last: date) -> set[date]:
        days: set[date] = set()
        for start, end in spans(first, last, LONGEST):
            counts, _ = self._ask(start, end)
            days |= {day for day, count in counts.items() if count}
        return days

    def _ask(self, first: date, last: date, name: str = "") -> tuple[dict[date, int], list[Reject]]:
        """Downloads by day of a package, or of all together."""
        address = f"{self.config.api_url.rstrip('/')}/downloads/range/{first}:{last}" + (f"/{name}" if name else "")
        page = self.context.http.get(address)
        said = None if page is None else page.json()
        if not isinstance(said, dict) or not isinstance(said.get("downloads"), list):
            raise Malformed(f"{address}: answered no list of days")
        counts: dict[date, int] = {}
        rejects: list[Reject] = []
        for row in said["downloads"]:
            try:
                day = day_of(row["day"])
                if not first <= day <= last:
                    raise ValueError(f"{day} is not among the days asked for")
                counts[day] = count_of(row["downloads"])
            except (ValueError, TypeError, LookupError) as error:
                rejects.append(Reject(f"{name}: {row}"[:200], f"{type(error).__name__}: {error}"[:200]))
        return counts, rejects

    def _batch(
        self, name: str, counts: dict[date, int], rejects: list[Reject], counted: set[date], known: dict[str, Any]
    ) -> Batch:
        """The days of a package from its first download on; noughts before it are of no package."""
        begun = day_of(known["from"]) if known.get("from") else None
        first = min((day for day, count in counts.items() if count), default=begun)
        if first is not None:
            begun = min(first, begun or first)
            known["from"] = str(begun)
        if through := max((day for day in counts if day in counted), default=None):
            known["through"] = str(through)
        facts = [
            Observation("downloads", name, str(day), noon(day), float(count))
            for day, count in sorted(counts.items())
            if begun is not None and day >= begun and day in counted
        ]
        url = f"https://www.npmjs.com/package/{name}"
        return Batch(facts, rejects, {name: dict(known)}, [Subject(name, name, "repo", name, url)])


def _unknown(name: str, error: Gone) -> Gone:
    return Gone(
        f"{name}: npm knows no such package ({error.what})",
        remedy="check `packages`; a package that is not public is not counted",
        subject=name,
    )


def open_streams(config: NpmConfig, context: Context) -> tuple[Stream, ...]:
    """The one stream."""
    return (Downloads(config, context),)


CONNECTOR = Connector(
    "npm", NpmConfig, open_streams, (DOWNLOADS,), "downloads of npm packages by day, as the registry counts them"
)
