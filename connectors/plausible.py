"""Readers of a site, as Plausible Analytics counts them (Stats API v2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from connectors.base import (
    Batch,
    Connector,
    Context,
    Coverage,
    Cursor,
    Kind,
    Metric,
    Secret,
    Stream,
    StreamSpec,
    Subject,
)
from connectors.daily import Sheet, covered, read_days, within
from connectors.errors import AuthFailed, ConnectorError, Gone, Malformed, NotPermitted, in_words
from connectors.pages import count_of, day_of, page_of, split_site

PER_PAGE = 10_000
"""Rows of an answer; the service's own default and its most."""

_PERMISSION = "Stats API key"
# Why imported figures are not there although nothing is missing (`skip_imported_reason` of plausible/analytics).
_NOTHING_SKIPPED = {None, "not_requested", "no_imported_data", "out_of_range", "manual_exclusion"}

PAGES = StreamSpec(
    "pages",
    (Metric("post_reads", Kind.DAILY, tz="site"), Metric("post_visitors", Kind.DAILY, tz="site")),
    permission=_PERMISSION,
)
VISITS = StreamSpec("visits", (Metric("site_visits", Kind.DAILY, tz="site"),), permission=_PERMISSION)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlausibleConfig:
    """Raises ValueError("key: why") for a site or an address that cannot be one."""

    site: str = field(metadata={"help": "the site as Plausible names it, its domain: example.org"})
    api_key: Secret = field(metadata={"help": 'a key of the kind "Stats API" (Plausible: Settings, API Keys)'})
    api_url: str = field(
        default="https://plausible.io",
        metadata={"help": "address of your own Plausible; Community Edition 3 or newer has the API that is needed"},
    )

    def __post_init__(self) -> None:
        for key in ("site", "api_url"):
            try:
                split_site(getattr(self, key))
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None

    @property
    def site_id(self) -> str:
        """The site without scheme, as the API wants it."""
        base, path = split_site(self.site)
        return base.partition("://")[2] + path

    @property
    def base(self) -> str:
        """Where the site's pages lie; its paths start at the host whatever the site is called."""
        return split_site(self.site)[0]

    @property
    def endpoint(self) -> str:
        """The one address that is asked."""
        return "".join(split_site(self.api_url)) + "/api/v2/query"


@dataclass(frozen=True, slots=True)
class _Answer:
    """One page of an answer. `offset`: how far the site's clocks are ahead of UTC; `first`: its first day."""

    rows: list[Any]
    total: int | None
    first: date | None
    offset: timedelta
    state: Literal["measured", "partial", "estimated"]
    reason: str


@dataclass(frozen=True, slots=True)
class _Api:
    config: PlausibleConfig
    context: Context

    def ask(
        self, metrics: Sequence[str], dimensions: Sequence[str], days: str | tuple[date, date], offset: int = 0
    ) -> _Answer:
        """One page of a query, in the order of its dimensions: any other order could change between two pages."""
        query = {
            "site_id": self.config.site_id,
            "metrics": metrics,
            "dimensions": dimensions,
            "date_range": days if isinstance(days, str) else [str(day) for day in days],
            "order_by": [[dimension, "asc"] for dimension in dimensions],
            "include": {"imports": True, "total_rows": True},
            "pagination": {"limit": PER_PAGE, "offset": offset},
        }
        headers = {"Authorization": f"Bearer {self.config.api_key.reveal()}"}
        source, site = self.context.source, self.config.site_id
        meanings: dict[type[ConnectorError], tuple[str, str]] = {
            # Plausible answers 401 to an unknown site too, so that nobody can find out which sites there are.
            AuthFailed: (
                f"{source}: Plausible does not accept the key for {site}",
                f'make a new key of the kind "Stats API" by an account that sees {site}, and check `site`',
            ),
            NotPermitted: (
                f"{source}: Plausible keeps its Stats API closed to this key",
                "the plan of the account that owns the key must include the Stats API and be paid",
            ),
            Gone: (
                f"{source}: no site {site}, or no Stats API v2",
                "check `site` and `api_url`; a Community Edition before 3.0 has no Stats API v2",
            ),
        }
        with in_words(meanings):
            page = self.context.http.post_json(self.config.endpoint, query, headers=headers)
        return _read(page.json(), page.url)


def _read(said: Any, url: str) -> _Answer:
    if not isinstance(said, dict) or not isinstance(said.get("results"), list):
        raise Malformed(f"{url}: answered something else than the results of a query")
    meta = said["meta"] if isinstance(said.get("meta"), dict) else {}
    query = said["query"] if isinstance(said.get("query"), dict) else {}
    total = meta.get("total_rows")
    first, offset = _echo(query.get("date_range"))
    state, reason = _soundness(meta)
    is_number = isinstance(total, int) and not isinstance(total, bool)
    return _Answer(said["results"], total if is_number else None, first, offset, state, reason)


def _echo(date_range: Any) -> tuple[date | None, timedelta]:
    """The first day and the site's offset from UTC, as the echoed query tells them; older servers tell only days."""
    with suppress(ValueError, TypeError, IndexError):
        return day_of(str(date_range[0])[:10]), datetime.fromisoformat(str(date_range[1])).utcoffset() or timedelta(0)
    return None, timedelta(0)


def _soundness(meta: dict[str, Any]) -> tuple[Literal["measured", "partial", "estimated"], str]:
    warnings = meta.get("metric_warnings")
    if warnings:
        names = ", ".join(sorted(map(str, warnings))) if isinstance(warnings, dict) else str(warnings)
        return "partial", f"Plausible warns about {names}"[:300]
    skipped = meta.get("imports_skip_reason")
    if skipped not in _NOTHING_SKIPPED or meta.get("warning"):
        return "partial", f"imported figures are left out ({skipped or meta['warning']})"[:300]
    if meta.get("imports_included"):
        return "estimated", "figures imported into Plausible from elsewhere are among them"
    return "measured", ""


@dataclass(frozen=True, slots=True)
class Daily:
    """Figures per day, asked for in pieces of `length` days.

    The first read goes back to where the site's figures begin. The cursor's one part is named by the site.
    """

    spec: StreamSpec
    api: _Api
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]
    length: int

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield what is new since cursor; a row that cannot be used is a reject, and its days are partial."""
        site = self.api.config.site_id
        return read_days(
            self.api.context, cursor, site, beginning=self._beginning, piece=self._piece, length=self.length
        )

    def _beginning(self, today: date) -> date:
        """The day of the first figure."""
        overview = self.api.ask(("visits",), ("time:month",), "all")
        begins_on = overview.first
        for row in overview.rows:
            with suppress(ValueError, TypeError, LookupError):
                month = day_of(row["dimensions"][0])
                begins_on = begins_on or month
        return begins_on or today

    def _piece(self, first: date, last: date, checkpoint: Cursor) -> Iterator[Batch]:
        seen, flaw = 0, ""
        while True:
            answer = self.api.ask(self.metrics, self.dimensions, (first, last), seen)
            batch = self._batch(answer, first, last)
            if batch.rejects:
                flaw = "some rows of the answer could not be used"
            seen += len(answer.rows)
            if answer.total is None:
                is_last = len(answer.rows) < PER_PAGE
            elif seen < answer.total and not answer.rows:
                raise Malformed(f"{self.api.config.endpoint}: told of {answer.total} rows and gave {seen}")
            else:
                is_last = seen >= answer.total
            if is_last:
                break
            yield batch
            if self.api.context.is_stopping():
                return
        yield replace(
            batch,
            checkpoint=checkpoint,
            coverage=self._coverage(answer, first, last, flaw),
        )

    def _coverage(self, answer: _Answer, first: date, last: date, flaw: str) -> list[Coverage]:
        today = (self.api.context.clock() + answer.offset).date()
        if flaw and answer.state != "partial":
            return covered(first, last, today, "partial", flaw)
        return covered(first, last, today, answer.state, answer.reason)

    def _batch(self, answer: _Answer, first: date, last: date) -> Batch:
        sheet = Sheet(answer.offset)
        for row in answer.rows:
            sheet.take(row, lambda row: self._parts(row, first, last))
        return sheet.batch()

    def _parts(self, row: Any, first: date, last: date) -> tuple[date, Subject, dict[str, int]]:
        if not isinstance(row, dict) or not isinstance(row.get("dimensions"), list):
            raise TypeError("not a row of dimensions and metrics")
        day, *where = row["dimensions"]
        values = row.get("metrics")
        if not isinstance(values, list) or len(values) != len(self.metrics):
            raise ValueError(f"has not the metrics {', '.join(self.metrics)}")
        names = [metric.name for metric in self.spec.metrics]
        counts = dict(zip(names, map(count_of, values), strict=True))
        return within(day_of(day), first, last), self._subject(where), counts

    def _subject(self, where: list[Any]) -> Subject:
        config = self.api.config
        if len(self.dimensions) == 1:
            url = f"{config.base}/"
            return Subject(config.site_id, url, "account", url=url)
        (path,) = where
        return page_of(config.base, str(path))


def open_streams(config: PlausibleConfig, context: Context) -> Sequence[Stream]:
    """Pages and visits; both need the same key."""
    api = _Api(config, context)
    return (
        Daily(PAGES, api, ("pageviews", "visitors"), ("time:day", "event:page"), length=92),
        Daily(VISITS, api, ("visits",), ("time:day",), length=366),
    )


CONNECTOR = Connector(
    "plausible",
    PlausibleConfig,
    open_streams,
    (PAGES, VISITS),
    "readers of the pages of a site, per day, as Plausible Analytics counts them",
)
