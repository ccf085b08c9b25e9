"""Downloads of Python packages by day, as pypistats.org counts them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from connectors.base import (
    Batch,
    Connector,
    Context,
    Coverage,
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
from connectors.pages import DAY, count_of, day_of, noon, split_site

REMEMBERED = 180
"""Days that the service keeps."""

AT_ONCE = 20
PACE = 2.0
"""Seconds between requests beyond the first AT_ONCE: the service takes 30 a minute."""

_EVERYTHING = "__all__"  # the service's own name for all packages together
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")

DOWNLOADS = StreamSpec("downloads", (Metric("downloads", Kind.DAILY),), retention_days=REMEMBERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PypiConfig:
    """Raises ValueError("key: why") for what is no package or no address."""

    packages: tuple[str, ...] = field(metadata={"help": "names of the packages on PyPI"})
    mirrors: bool = field(default=False, metadata={"help": "whether downloads by mirrors count too"})
    api_url: str = field(default="https://pypistats.org/api", metadata={"help": "address of the API"})

    def __post_init__(self) -> None:
        if not self.packages or not all(_NAME.fullmatch(name) for name in self.packages):
            raise ValueError('packages: name at least one as PyPI does, as in ["requests"]')
        try:
            split_site(self.api_url)
        except ValueError:
            raise ValueError("api_url: write an address that begins with https://") from None

    @property
    def names(self) -> tuple[str, ...]:
        """The packages, each once, as the index writes them (PEP 503)."""
        return tuple(dict.fromkeys(re.sub(r"[-_.]+", "-", name).lower() for name in self.packages))


@dataclass(slots=True)
class _Days:
    """Downloads by day, and what could not be used."""

    counts: dict[date, int] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Downloads:
    """All days that the service remembers, once a day: it counts no more often, and asks not to be asked more."""

    config: PypiConfig
    context: Context
    spec: StreamSpec = DOWNLOADS

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """A batch for each package that has news; a package that is unknown is a problem, all of them an error."""
        today = self.context.clock().date()
        due = [name for name in self.config.names if _through(cursor, name) < today - DAY]
        if not due:
            yield Batch(coverage=to_come(today - DAY, today))
            return
        counted = self._ask(_EVERYTHING)
        days = {day for day, count in counted.counts.items() if count}
        if not days:
            raise Malformed(f"{self.config.api_url}: has counted nothing at all")
        failures: list[ConnectorError] = []
        firsts: list[date] = []
        flaw = ""
        for number, name in enumerate(due, 1):
            if self.context.is_stopping() or (number >= AT_ONCE and self.context.wait(PACE)):
                return
            try:
                told = self._ask(name)
            except Gone as error:
                failures.append(_unknown(name, error))
                continue
            flaw = "some days could not be used" if told.rejects else flaw
            batch = self._batch(name, told, days)
            firsts += [fact.occurred_at.date() for fact in batch.observations[:1]]
            yield batch
        if failures and len(failures) == len(due):
            raise failures[0]
        flaw = f"packages that are not known: {len(failures)} of {len(due)}" if failures else flaw
        yield Batch(problems=failures, coverage=self._coverage(cursor, due, days, firsts, flaw))

    def _ask(self, name: str) -> _Days:
        address = f"{self.config.api_url.rstrip('/')}/packages/{name}/overall"
        page = self.context.http.get(address, params={"mirrors": "true" if self.config.mirrors else "false"})
        said = None if page is None else page.json()
        if not isinstance(said, dict) or not isinstance(said.get("data"), list):
            raise Malformed(f"{address}: answered no list of days")
        told, category = _Days(), "with_mirrors" if self.config.mirrors else "without_mirrors"
        for row in said["data"]:
            try:
                if row["category"] != category:
                    raise ValueError(f"not {category}, as was asked")
                told.counts[day_of(row["date"])] = count_of(row["downloads"])
            except (ValueError, TypeError, LookupError) as error:
                told.rejects.append(Reject(f"{name}: {row}"[:200], f"{type(error).__name__}: {error}"[:200]))
        return told

    def _batch(self, name: str, told: _Days, days: set[date]) -> Batch:
        """The days of a package. A nought on a day on which nothing at all was counted is none."""
        since = self.context.since or date.min
        url = f"https://pypi.org/project/{name}/"
        return Batch(
            [
                Observation("downloads", name, str(day), noon(day), float(count))
                for day, count in sorted(told.counts.items())
                if day in days and day >= since
            ],
            told.rejects,
            {name: {"through": str(max(days))}},
            [Subject(name, name, "repo", name, url)],
        )

    def _coverage(
        self, cursor: Cursor, due: list[str], days: set[date], firsts: list[date], flaw: str
    ) -> list[Coverage]:
        """From the first day of any package, or the last read, to the last day that was counted.

        A package has no row for a day without downloads, so a day that was counted is complete.
        """
        last, oldest = max(days), min(days)
        known = min((_through(cursor, name) for name in due), default=date.min)
        first = max(min(firsts, default=last), self.context.since or date.min)
        spans = []
        if known > date.min:
            if known + DAY < oldest:
                reason = f"{DOWNLOADS.metrics[0].name} of more than {REMEMBERED} days ago are not told"
                spans.append(Coverage(known + DAY, oldest - DAY, "lost", reason))
            first = max(oldest, min(first, known))
        silence = "pypistats.org counted nothing on these days"
        today = self.context.clock().date()
        return [*spans, *coverage_of(min(first, last), last, days, flaw, silence), *to_come(last, today)]


def _through(cursor: Cursor, name: str) -> date:
    known = cursor.get(name) or {}
    return day_of(known["through"]) if known.get("through") else date.min


def _unknown(name: str, error: Gone) -> Gone:
    return Gone(
        f"{name}: pypistats.org knows no such package ({error.what})",
        remedy="check `packages`; a new package is known on the day after its first download",
        subject=name,
    )


def open_streams(config: PypiConfig, context: Context) -> tuple[Stream, ...]:
    """The one stream."""
    return (Downloads(config, context),)


CONNECTOR = Connector(
    "pypi",
    PypiConfig,
    open_streams,
    (DOWNLOADS,),
    "downloads of Python packages by day, as pypistats.org counts them",
)
