"""How often pages were shown and clicked in Google's search, as Search Console counts it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from connectors.base import (
    Batch,
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
from connectors.errors import Malformed
from connectors.google import Google
from connectors.pages import DAY, count_of, day_of, noon, page_at, spans, split_site

PER_PAGE = 10_000
"""Rows of an answer; Google allows 25,000, which with long addresses would be more than 10 MB."""

MOST_ROWS = 50_000
"""Of a day; what is beyond is not told at all."""

RE_READ = 5 * DAY
"""How far behind the last read the next one starts: the last two or three days are preliminary."""

PROVISIONAL = 3
"""Days, today included, that are preliminary where Google does not say which are."""

WINDOW = 31
"""Days of one question; what a question costs grows with them."""

RETENTION = 485
"""Days that Google keeps: sixteen months."""

SCOPE = "https://www.googleapis.com/auth/webmasters.readonly"

_TZ = "America/Los_Angeles"
_PACIFIC = ZoneInfo(_TZ)

SEARCH = StreamSpec(
    "search",
    (Metric("impressions", Kind.DAILY, tz=_TZ), Metric("clicks", Kind.DAILY, tz=_TZ)),
    permission="restricted user of the property",
    retention_days=RETENTION,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchconsoleConfig:
    """Raises ValueError("key: why") for a property or an address that cannot be one."""

    site: str = field(
        metadata={"help": "the property as Search Console names it: sc-domain:example.org, or https://example.org/"}
    )
    account_key: Secret = field(
        metadata={"help": "JSON key file of a service account that is a user of the property"}
    )
    api_url: str = field(default="https://searchconsole.googleapis.com", metadata={"help": "address of the API"})

    def __post_init__(self) -> None:
        if not re.fullmatch(r"sc-domain:[\w.-]+|https?://[^/\s?#]+/[^\s?#]*", self.site):
            raise ValueError(
                "site: write the property as Search Console names it: sc-domain:example.org, or https://example.org/ "
                "with the slash"
            )
        try:
            split_site(self.api_url)
        except ValueError as error:
            raise ValueError(f"api_url: {error}") from None

    @property
    def endpoint(self) -> str:
        """The one address that is asked."""
        site = quote(self.site, safe="")
        return f"{''.join(split_site(self.api_url))}/webmasters/v3/sites/{site}/searchAnalytics/query"


@dataclass(frozen=True, slots=True)
class Search:
    """Impressions and clicks per page and day, fresh days included."""

    config: SearchconsoleConfig
    context: Context
    google: Google
    spec: StreamSpec = SEARCH
    per_page: int = PER_PAGE
    most_rows: int = MOST_ROWS

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield what is new since cursor; a row that cannot be used is a reject, and its day partial."""
        return read_days(
            self.context,
            cursor,
            self.config.site,
            beginning=self._beginning,
            piece=self._piece,
            length=WINDOW,
            re_read=RE_READ,
        )

    def _today(self) -> date:
        """Google's own: days are Pacific ones."""
        return self.context.clock().astimezone(_PACIFIC).date()

    def _ask(self, dimensions: Sequence[str], first: date, last: date, start: int = 0) -> tuple[list[Any], Any]:
        """Rows of an answer, and the day from which on they are preliminary, None where Google does not say."""
        query = {
            "startDate": str(first),
            "endDate": str(last),
            "dimensions": dimensions,
            "type": "web",
            "dataState": "all",  # "final" leaves the last two or three days out
            "rowLimit": self.per_page,
            "startRow": start,
        }
        said = self.google.post(self.config.endpoint, query)
        rows = said.get("rows", []) if isinstance(said, dict) else None
        # Without rows there is no `rows` at all; how it was aggregated is said all the same.
        if not isinstance(rows, list) or not ("rows" in said or "responseAggregationType" in said):
            raise Malformed(f"{self.config.endpoint}: answered something else than search analytics")
        meta = said["metadata"] if isinstance(said.get("metadata"), dict) else {}
        return rows, meta.get("first_incomplete_date") or meta.get("firstIncompleteDate")

    def _beginning(self, today: date) -> date:
        """The first day with a figure: before it the property was not counted, or not shown."""
        rows, _ = self._ask(("date",), self._today() - RETENTION * DAY, today)
        try:
            return min((day_of(row["keys"][0]) for row in rows), default=min(self._today(), today))
        except (ValueError, TypeError, LookupError) as error:
            raise Malformed(f"{self.config.endpoint}: the first day cannot be read ({error!r})"[:300]) from None

    def _piece(self, first: date, last: date, checkpoint: Cursor) -> Iterator[Batch]:
        seen, flaws, told = 0, dict[date, str](), Counter[date]()
        while True:
            rows, incomplete = self._ask(("date", "page"), first, last, seen)
            sheet = Sheet(noon(first).astimezone(_PACIFIC).utcoffset() or timedelta(0))
            for row in rows:
                self._take(sheet, row, first, last, flaws, told)
            seen += len(rows)
            # Fewer than asked for is the end, as Google documents it.
            if len(rows) < self.per_page:
                break
            yield sheet.batch()
            if self.context.is_stopping():
                return
        today = self._today()
        verdict = self._verdict(today, incomplete, flaws, told)
        yield sheet.batch(checkpoint, by_day(first, last, today, verdict))

    def _verdict(self, today: date, incomplete: Any, flaws: dict[date, str], told: Counter[date]) -> Any:
        try:
            fresh = day_of(incomplete) if incomplete else today - (PROVISIONAL - 1) * DAY
        except ValueError:
            fresh = today - (PROVISIONAL - 1) * DAY

        def verdict(day: date) -> tuple[State, str]:
            if day < today - RETENTION * DAY:
                return "lost", "Google keeps sixteen months"
            if day in flaws:
                return "partial", flaws[day]
            if told[day] >= self.most_rows:
                return "partial", f"Google tells {self.most_rows:,} pages of a day and no more"
            return ("partial", "preliminary figures") if day >= fresh else ("measured", "")

        return verdict

    def _take(
        self, sheet: Sheet, row: Any, first: date, last: date, flaws: dict[date, str], told: Counter[date]
    ) -> None:
        known = len(sheet.rejects)
        sheet.take(row, lambda row: self._parts(row, first, last, told))
        if len(sheet.rejects) > known:
            for day in _days_of(row, first, last):
                flaws[day] = "some rows of the answer could not be used"

    def _parts(self, row: Any, first: date, last: date, told: Counter[date]) -> tuple[date, Subject, dict[str, int]]:
        name, address = row["keys"]
        day = within(day_of(name), first, last)
        counts = {metric.name: count_of(row[metric.name]) for metric in self.spec.metrics}
        page = page_at(address)
        told[day] += 1
        return day, page, counts


def _days_of(row: Any, first: date, last: date) -> list[date]:
    """The day that a refused row is of, or, where it does not tell, all that were asked for."""
    try:
        return [within(day_of(row["keys"][0]), first, last)]
    except (ValueError, TypeError, LookupError):
        return [day for day, _ in spans(first, last, 1)]


def open_streams(config: SearchconsoleConfig, context: Context) -> Sequence[Stream]:
    """The one stream; clicks and impressions come together."""
    right = f"in Search Console, under Settings, Users and permissions of {config.site}, add as a restricted user:"
    google = Google(context, config.account_key, SCOPE, "Search Console", right)
    return (Search(config, context, google),)


CONNECTOR = Connector(
    "searchconsole",
    SearchconsoleConfig,
    open_streams,
    (SEARCH,),
    "impressions and clicks of pages in Google's search, per day",
)
