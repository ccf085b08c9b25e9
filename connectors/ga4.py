"""Readers of a site, as Google Analytics 4 counts them (Data API v1beta)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import (
    Batch,
    Budget,
    Connector,
    Context,
    Cursor,
    Kind,
    Metric,
    Secret,
    Stream,
    StreamSpec,
    Subject,
)
from connectors.daily import Sheet, State, by_day, read_days, within
from connectors.errors import Malformed, RateLimited
from connectors.google import Google
from connectors.pages import DAY, count_of, day_of, noon, page_of, spans, split_site

PER_PAGE = 10_000
"""Rows of an answer; Google allows 250,000, which would be some 50 MB."""

RE_READ = 7 * DAY
"""How far behind the last read the next one starts: Google revises days while it processes them."""

PROVISIONAL = 2
"""Days, today included, that Google is still processing ("24-48 hours")."""

SCOPE = "https://www.googleapis.com/auth/analytics.readonly"

_EARLIEST = date(2015, 8, 14)  # the API refuses earlier days
_TOKENS = "tokens a day"
_TOKENS_A_DAY = 200_000  # of a standard property
_PACIFIC = ZoneInfo("America/Los_Angeles")  # whose midnight renews quotas
_PERMISSION = "Viewer of the property"

PAGES = StreamSpec(
    "pages",
    (Metric("post_reads", Kind.DAILY, tz="site"), Metric("post_visitors", Kind.DAILY, tz="site")),
    permission=_PERMISSION,
)
VISITS = StreamSpec("visits", (Metric("site_visits", Kind.DAILY, tz="site"),), permission=_PERMISSION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ga4Config:
    """Raises ValueError("key: why") for a site, a property or an address that cannot be one."""

    site: str = field(metadata={"help": "the site that is counted: example.org"})
    property_id: int = field(metadata={"help": "number of the GA4 property (Admin, Property details)"})
    account_key: Secret = field(
        metadata={"help": "JSON key file of a service account that is a Viewer of the property"}
    )
    api_url: str = field(default="https://analyticsdata.googleapis.com", metadata={"help": "address of the Data API"})

    def __post_init__(self) -> None:
        for key in ("site", "api_url"):
            try:
                split_site(getattr(self, key))
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None
        if self.property_id < 1:
            raise ValueError("property_id: write the number of the property, not the measurement id (G-…)")

    @property
    def base(self) -> str:
        """Scheme and host of the site; Google tells paths."""
        return split_site(self.site)[0]

    @property
    def endpoint(self) -> str:
        """The one address that is asked."""
        return f"{''.join(split_site(self.api_url))}/v1beta/properties/{self.property_id}:runReport"


@dataclass(frozen=True, slots=True)
class _Report:
    """One page of a report.

    `zone`: of the property. `state`: what holds for all of its figures. `is_lossy`: pages are summed up as (other).
    """

    rows: list[Any]
    total: int
    zone: tzinfo
    state: tuple[State, str]
    is_lossy: bool


@dataclass(frozen=True, slots=True)
class _Api:
    config: Ga4Config
    context: Context
    google: Google

    def report(
        self, dimensions: Sequence[str], metrics: Sequence[str], first: date, last: date, offset: int, limit: int
    ) -> _Report:
        """Rows by dimensions, in their order: any other could change between two pages."""
        query = {
            "dimensions": [{"name": name} for name in dimensions],
            "metrics": [{"name": name} for name in metrics],
            "dateRanges": [{"startDate": str(first), "endDate": str(last)}],
            "orderBys": [{"dimension": {"dimensionName": name}} for name in dimensions],
            "limit": str(limit),
            "offset": str(offset),
            "returnPropertyQuota": True,
        }
        try:
            said = self.google.post(self.config.endpoint, query)
        except RateLimited as error:
            raise self._later(error) from None
        rows = said.get("rows", []) if isinstance(said, dict) else None
        # Without rows there is no `rows` at all; the kind tells a report from another answer.
        is_report = isinstance(said, dict) and ("rowCount" in said or said.get("kind") == "analyticsData#runReport")
        if not isinstance(rows, list) or not is_report:
            raise Malformed(f"{self.config.endpoint}: answered something else than a report")
        meta = said["metadata"] if isinstance(said.get("metadata"), dict) else {}
        self._note(said.get("propertyQuota"))
        total = said.get("rowCount", 0)
        is_lossy = meta.get("dataLossFromOtherRow") is True
        zone = _zone(meta.get("timeZone"))
        return _Report(rows, total if isinstance(total, int) else 0, zone, _state(meta), is_lossy)

    def _later(self, error: RateLimited) -> RateLimited:
        """When an exhausted quota comes back, where Google's words tell which it is."""
        now = self.context.clock()
        if "per day" in error.what:
            return RateLimited(error.what, retry_at=_midnight(now))
        if "per hour" in error.what:
            return RateLimited(error.what, retry_at=now + timedelta(hours=1))
        return error

    def _note(self, quota: Any) -> None:
        """Keep what is left of the day's tokens, for `harvest status`."""
        with suppress(ValueError, TypeError, LookupError, AttributeError):
            left = count_of(quota["tokensPerDay"]["remaining"])
            owner = f"{self.config.account_key.reference} at property {self.config.property_id}"
            budget = Budget(max(left, _TOKENS_A_DAY), left, _midnight(self.context.clock()))
            self.context.meter.budgets[owner, _TOKENS] = budget


def _midnight(now: datetime) -> datetime:
    tomorrow = now.astimezone(_PACIFIC).date() + DAY
    return datetime.combine(tomorrow, time(), _PACIFIC).astimezone(UTC)


def _zone(name: Any) -> tzinfo:
    with suppress(KeyError, ValueError, OSError, TypeError):
        return ZoneInfo(name)
    return UTC


def _state(meta: Mapping[str, Any]) -> tuple[State, str]:
    if meta.get("subjectToThresholding"):
        return "partial", "Google withholds small figures, so that nobody is recognised"
    if meta.get("schemaRestrictionResponse", {}).get("activeMetricRestrictions"):
        return "partial", "the account may not see all metrics"
    if samples := meta.get("samplingMetadatas"):
        read = _share(samples)
        return "estimated", f"Google computed these figures from {read} of the events"
    return "measured", ""


def _share(samples: Any) -> str:
    with suppress(ValueError, TypeError, LookupError, ZeroDivisionError):
        return f"{int(samples[0]['samplesReadCount']) / int(samples[0]['samplingSpaceSize']):.1%}"
    return "a part"


@dataclass(frozen=True, slots=True)
class Daily:
    """Figures per day, asked for in pieces of `length` days."""

    spec: StreamSpec
    api: _Api
    dimensions: tuple[str, ...]
    metrics: tuple[str, ...]
    length: int

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield what is new since cursor; a row that cannot be used is a reject, and its day partial."""
        return read_days(
            self.api.context,
            cursor,
            str(self.api.config.property_id),
            beginning=self._beginning,
            piece=self._piece,
            length=self.length,
            re_read=RE_READ,
        )

    def _beginning(self, today: date) -> date:
        """The day of the first figure."""
        report = self.api.report(("date",), ("screenPageViews",), _EARLIEST, today, 0, 1)
        try:
            return _day(report.rows[0]["dimensionValues"][0]["value"]) if report.rows else today
        except (ValueError, TypeError, LookupError) as error:
            raise Malformed(f"{self.api.config.endpoint}: the first day cannot be read ({error!r})"[:300]) from None

    def _piece(self, first: date, last: date, checkpoint: Cursor) -> Iterator[Batch]:
        seen, flaws = 0, dict[date, str]()
        while True:
            report = self.api.report(self.dimensions, self.metrics, first, last, seen, PER_PAGE)
            sheet = Sheet(noon(first).astimezone(report.zone).utcoffset() or timedelta(0))
            for row in report.rows:
                self._take(sheet, row, first, last, flaws)
            seen += len(report.rows)
            if seen >= report.total:
                break
            if not report.rows:
                raise Malformed(f"{self.api.config.endpoint}: told of {report.total} rows and gave {seen}")
            yield sheet.batch()
            if self.api.context.is_stopping():
                return
        today = self.api.context.clock().astimezone(report.zone).date()
        state = report.state
        if report.is_lossy and not flaws:
            state = ("partial", "Google sums up less read pages as (other)")

        def verdict(day: date) -> tuple[State, str]:
            if day > today - PROVISIONAL * DAY:
                return "partial", "Google is still processing these days"
            return ("partial", flaws[day]) if day in flaws else state

        yield sheet.batch(checkpoint, by_day(first, last, today, verdict))

    def _take(self, sheet: Sheet, row: Any, first: date, last: date, flaws: dict[date, str]) -> None:
        day = None
        try:
            name, *where = (value["value"] for value in row["dimensionValues"])
            day = within(_day(name), first, last)
            counts = [count_of(value["value"]) for value in row["metricValues"]]
            if where and re.fullmatch(r"\([a-z ]+\)", where[0]):
                # "(other)": what is beyond the most rows of a day. "(not set)": page views without a page.
                flaws[day] = f"Google tells no page of {counts[0]} reads: {where[0]}"
                return
            names = [metric.name for metric in self.spec.metrics]
            sheet.add(day, self._subject(where), dict(zip(names, counts, strict=True)))
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            sheet.refuse(row, error)
            for spoilt, _ in spans(day or first, day or last, 1):
                flaws[spoilt] = "some rows of the report could not be used"

    def _subject(self, where: list[str]) -> Subject:
        base = self.api.config.base
        return page_of(base, where[0]) if where else Subject(base, f"{base}/", "account", url=f"{base}/")


def _day(text: str) -> date:
    """A day as Google writes it: 20261124."""
    if not re.fullmatch(r"[0-9]{8}", text):
        raise ValueError(f"{text!r} is not a day")
    return day_of(f"{text[:4]}-{text[4:6]}-{text[6:]}")


def open_streams(config: Ga4Config, context: Context) -> Sequence[Stream]:
    """Pages and visits; both need the same right."""
    right = f"in Google Analytics, under Admin, Property access management, add as a Viewer of {config.property_id}:"
    google = Google(context, config.account_key, SCOPE, "Google Analytics", right)
    api = _Api(config, context, google)
    return (
        Daily(PAGES, api, ("date", "pagePath"), ("screenPageViews", "totalUsers"), length=31),
        Daily(VISITS, api, ("date",), ("sessions",), length=366),
    )


CONNECTOR = Connector(
    "ga4",
    Ga4Config,
    open_streams,
    (PAGES, VISITS),
    "readers of the pages of a site, per day, as Google Analytics 4 counts them",
)
