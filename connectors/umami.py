"""Readers of a site, as Umami counts them: your own server (version 2 or 3) or Umami Cloud."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from connectors.abreast import abreast
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
from connectors.daily import Sheet, State, covered, read_days, within
from connectors.errors import AuthFailed, ConnectorError, Gone, Malformed, NotPermitted, in_words
from connectors.pace import Pace
from connectors.pages import DAY, count_of, day_of, page_of, split_site

CLOUD = "https://api.umami.is/v1"
PER_PAGE = 500
"""Paths of an answer; the service's own default."""

WINDOW = 92
"""Days of one question; each path takes one. Over half a year Umami tells months where it was asked for days."""

CALLS, SPAN = 50, timedelta(seconds=15)  # of a key of Umami Cloud
_TOO_MUCH = 1.5  # a server that ignores the filter tells twice the site's views for two paths
_BORN = date(2020, 1, 1)  # of a site without figures ClickHouse says that they begin in 1970

PAGES = StreamSpec(
    "pages",
    (Metric("post_reads", Kind.DAILY), Metric("post_visitors", Kind.DAILY)),
    permission="view the website",
)
VISITS = StreamSpec("visits", (Metric("site_visits", Kind.DAILY),), permission="view the website")


@dataclass(frozen=True, slots=True, kw_only=True)
class UmamiConfig:
    """Raises ValueError("key: why") for an address or id that cannot be one, and for no credential or two."""

    site: str = field(metadata={"help": "the site that is counted: example.org"})
    website: str = field(metadata={"help": "its website id in Umami (Settings, Websites, Edit)"})
    api_key: Secret | None = field(default=None, metadata={"help": "key of Umami Cloud (Settings, API keys)"})
    token: Secret | None = field(
        default=None, metadata={"help": "token of your own Umami, as its /api/auth/login answers it; with api_url"}
    )
    api_url: str | None = field(
        default=None, metadata={"help": "address of your own Umami; without it Umami Cloud is asked"}
    )

    def __post_init__(self) -> None:
        for key, value in (("site", self.site), ("api_url", self.api_url)):
            try:
                if value is not None:
                    split_site(value)
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None
        if not re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", self.website):
            raise ValueError("website: write the id that Umami shows, like 4fb7fa4c-5b46-438d-94b3-3a8fb9bc2e8b")
        if (self.api_key is None) == (self.token is None):
            raise ValueError("api_key: write either api_key (Umami Cloud) or token (your own Umami)")
        if self.token is not None and self.api_url is None:
            raise ValueError("api_url: a token belongs to your own Umami; write its address")

    @property
    def base(self) -> str:
        """Scheme and host of the site; Umami tells paths."""
        return split_site(self.site)[0]

    @property
    def endpoint(self) -> str:
        """Where the website's figures are asked for."""
        address = "".join(split_site(self.api_url)) if self.api_url else CLOUD
        return f"{address}{'' if self.token is None else '/api'}/websites/{self.website}"


_Series = tuple[dict[date, int], dict[date, int]]
"""Page views and visitors by day."""


@dataclass(frozen=True, slots=True)
class _Api:
    config: UmamiConfig
    context: Context
    pace: Pace

    def get(self, what: str, params: dict[str, str | int] | None = None) -> Any:
        """The JSON of /websites/ID/`what`."""
        config, source = self.config, self.context.source
        if config.api_key is not None:
            self.pace.step()
            headers = {"x-umami-api-key": config.api_key.reveal()}
        else:
            headers = {"Authorization": f"Bearer {config.token.reveal() if config.token else ''}"}
        named = "API key" if config.api_key is not None else "token"
        meanings: dict[type[ConnectorError], tuple[str, str]] = {
            # Umami answers 401 to a website of somebody else too.
            AuthFailed: (
                f"{source}: Umami does not accept the {named} for website {config.website}",
                f"make a new {named} by a user who sees the website, and check `website`",
            ),
            NotPermitted: (
                f"{source}: the {named} may not read website {config.website}",
                "let its user view the website; Umami Cloud has its API from the plan Pro on",
            ),
            Gone: (
                f"{source}: no website {config.website}, or no Umami API at {config.endpoint}",
                "check `website` and `api_url`",
            ),
        }
        with in_words(meanings):
            page = self.context.http.fetch(f"{config.endpoint}/{what}", params=params, headers=headers)
        return page.json()

    def beginning(self, today: date) -> date:
        """The day of the first figure; today for a site without any."""
        said = self.get("daterange")
        if not isinstance(said, dict):
            raise Malformed(f"{self.config.endpoint}: answered something else than a range of dates")
        told = next((said[name] for name in ("startDate", "mindate") if said.get(name)), None)
        try:
            first = day_of(str(told)[:10]) if told else today
        except ValueError as error:
            raise Malformed(f"{self.config.endpoint}: {error}") from None
        return first if first >= _BORN else today

    def series(self, first: date, last: date, path: str | None = None) -> _Series:
        """Page views and visitors by day, of the site or of one path; a day without any is left out.

        Raises ValueError for figures that cannot be used.
        """
        # Version 2 knows the filter as `url`, version 3 as `path`; each drops what it does not know.
        filters: dict[str, str | int] = {} if path is None else {"url": path, "path": path}
        said = self.get("pageviews", {**_range(first, last), "unit": "day", "timezone": "UTC", **filters})
        if not isinstance(said, dict) or not all(isinstance(said.get(k), list) for k in ("pageviews", "sessions")):
            raise Malformed(f"{self.config.endpoint}: answered something else than page views by day")
        views, visitors = (
            {_midnight(point, first, last): count_of(point["y"]) for point in said[name]}
            for name in ("pageviews", "sessions")
        )
        return views, visitors

    def paths(self, first: date, last: date) -> list[Any]:
        """The paths that were read in these days."""
        try:
            return self._paths("path", first, last)
        except Malformed:  # version 2 answers 400: there the type is called `url`
            return self._paths("url", first, last)

    def _paths(self, kind: str, first: date, last: date) -> list[Any]:
        found: dict[Any, None] = {}
        offset = 0
        while True:
            asked = {**_range(first, last), "type": kind, "limit": PER_PAGE, "offset": offset}
            # Old versions want these here too.
            rows = self.get("metrics", {**asked, "unit": "day", "timezone": "UTC"})
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise Malformed(f"{self.config.endpoint}: answered something else than a list of paths")
            known = len(found)
            found |= dict.fromkeys(str(row.get("x")) for row in rows)
            # Some versions know no offset and tell the same again.
            if len(rows) < PER_PAGE or len(found) == known or self.context.is_stopping():
                return list(found)
            offset += len(rows)

    def visits(self, day: date) -> int:
        """Visits of the site on a day. Raises ValueError where this version counts none."""
        said = self.get("stats", _range(day, day))
        told = said.get("visits") if isinstance(said, dict) else None
        return count_of(told.get("value") if isinstance(told, dict) else told)  # version 2: {value, prev}


def _range(first: date, last: date) -> dict[str, str | int]:
    """Both ends belong to it."""
    start, end = (datetime.combine(day, time(), UTC).timestamp() for day in (first, last + DAY))
    return {"startAt": int(start) * 1000, "endAt": int(end) * 1000 - 1}


def _midnight(point: Any, first: date, last: date) -> date:
    told = point["x"]
    if not isinstance(told, str) or not re.fullmatch(r"([T ]00:00:00(\.0+)?Z?)?", told[10:]):
        raise ValueError(f"{told!r} is not a day")
    return within(day_of(told[:10]), first, last)


@dataclass(frozen=True, slots=True)
class Pages:
    """Page views and visitors per path, a question each: only that means the same in every version.

    What a path gave is yielded at once, and counts when its window was read to the end.
    """

    api: _Api
    spec: StreamSpec = PAGES

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield what is new since cursor; a path that cannot be used is a reject, and its days are partial."""
        api = self.api
        website = api.config.website
        return read_days(api.context, cursor, website, beginning=api.beginning, piece=self._piece, length=WINDOW)

    def _piece(self, first: date, last: date, checkpoint: Cursor) -> Iterator[Batch]:
        context, flaw, told = self.api.context, "", 0
        totals = _usable(self.api, first, last)[0]
        today = context.clock().date()
        # Without the running day, which grows while it is read.
        whole = sum(views for day, views in totals.items() if day < today)
        paths = self.api.paths(first, last) if any(totals.values()) else []
        for path, answer in abreast(context, paths, lambda path: self._ask(path, first, last)):
            sheet = Sheet()
            try:
                told += _take(sheet, *answer.result(), today)
            except (ValueError, TypeError, LookupError) as error:
                sheet.refuse(path, error)
                flaw = "some paths could not be read"
            if told > whole * _TOO_MUCH:
                raise Malformed(
                    f"{self.api.config.endpoint}: tells {told} reads of pages where the site has {whole}, as if it "
                    "did not know the filter by path",
                    remedy="update Umami",
                )
            yield sheet.batch()
        if context.is_stopping():
            return
        state: State = "partial" if flaw else "measured"
        yield Batch(checkpoint=checkpoint, coverage=covered(first, last, today, state, flaw))

    def _ask(self, path: str, first: date, last: date) -> tuple[Subject, _Series]:
        page = page_of(self.api.config.base, path)
        if "," in path:
            raise ValueError("Umami takes a comma in a filter for two paths")
        return page, self.api.series(first, last, path)


def _take(sheet: Sheet, page: Subject, series: _Series, today: date) -> int:
    """Keep what was read of a path; its page views before today."""
    views, visitors = series
    for day in sorted({*views, *visitors}):
        sheet.add(day, page, {"post_reads": views.get(day, 0), "post_visitors": visitors.get(day, 0)})
    return sum(count for day, count in views.items() if day < today)


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits of the whole site, a question per day that had any."""

    api: _Api
    spec: StreamSpec = VISITS

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield what is new since cursor; a day that cannot be used is a reject, and its window is partial."""
        api = self.api
        website = api.config.website
        return read_days(api.context, cursor, website, beginning=api.beginning, piece=self._piece, length=WINDOW)

    def _piece(self, first: date, last: date, checkpoint: Cursor) -> Iterator[Batch]:
        api, sheet = self.api, Sheet()
        site = Subject(api.config.base, f"{api.config.base}/", "account", url=f"{api.config.base}/")
        days = sorted(day for day, views in _usable(api, first, last)[0].items() if views)
        for day, answer in abreast(api.context, days, api.visits):
            sheet.take((day, answer), lambda row: (row[0], site, {"site_visits": row[1].result()}))
        if api.context.is_stopping():
            return
        today = api.context.clock().date()
        yield sheet.batch(checkpoint, sheet.covered(first, last, today, "Umami told no visits of some days"))


def _usable(api: _Api, first: date, last: date) -> _Series:
    """The site's own days; without them nothing can be said of any page."""
    try:
        return api.series(first, last)
    except (ValueError, TypeError, LookupError) as error:
        raise Malformed(f"{api.config.endpoint}: page views by day cannot be used: {error}") from None


def open_streams(config: UmamiConfig, context: Context) -> Sequence[Stream]:
    """Pages and visits; both need the same right."""
    api = _Api(config, context, Pace(context, CALLS, SPAN))
    return Pages(api), Visits(api)


CONNECTOR = Connector(
    "umami",
    UmamiConfig,
    open_streams,
    (PAGES, VISITS),
    "readers of the pages of a site, per day, as Umami counts them",
)
