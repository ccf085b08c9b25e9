"""Reads of the posts of a site on WordPress.com, or of one with Jetpack Stats (REST API v1.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

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
from connectors.daily import Sheet, State, by_day, read_days
from connectors.errors import AuthFailed, ConnectorError, Gone, Malformed, NotPermitted, SwitchedOff, in_words
from connectors.pages import DAY, count_of, day_of, page_at, split_site

API = "https://public-api.wordpress.com/rest/v1.1"

WINDOW = 30
"""Days of one question; 90 are the most of its forerunner."""

_MONTHS = 300  # WordPress.com began in 2005

POSTS = StreamSpec(
    "posts",
    (Metric("post_reads", Kind.DAILY, tz="site"),),
    permission="token of a user who may view the site's stats",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WordpressConfig:
    """Raises ValueError("key: why") for a site or an address that cannot be one."""

    site: str = field(metadata={"help": "the site's domain or its number at WordPress.com: example.wordpress.com"})
    token: Secret = field(metadata={"help": "an OAuth2 access token of WordPress.com, by a user who sees the stats"})
    api_url: str = field(default=API, metadata={"help": "address of the API"})

    def __post_init__(self) -> None:
        for key, value in (("site", self.site), ("api_url", self.api_url)):
            try:
                split_site(value)
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None

    @property
    def site_id(self) -> str:
        """The site as the API names it; a site in a folder of a host is written with "::" there."""
        base, path = split_site(self.site)
        return base.partition("://")[2] + path.replace("/", "::")

    @property
    def endpoint(self) -> str:
        """Where the site is asked for."""
        return "".join(split_site(self.api_url)) + f"/sites/{quote(self.site_id, safe=':')}"


@dataclass(frozen=True, slots=True)
class Posts:
    """Views of posts and pages per day."""

    config: WordpressConfig
    context: Context
    spec: StreamSpec = POSTS

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield what is new since cursor; a row that cannot be used is a reject, and its day is partial."""
        offset = self._offset()
        return read_days(
            self.context,
            cursor,
            self.config.site_id,
            beginning=self._beginning,
            piece=lambda first, last, checkpoint: self._piece(first, last, checkpoint, offset),
            length=WINDOW,
        )

    def _get(self, what: str, params: Mapping[str, str | int] | None = None) -> Any:
        config, source, site = self.config, self.context.source, self.config.site_id
        ask_anew = f"make a new token of WordPress.com by a user who may view the stats of {site}"
        meanings: dict[type[ConnectorError], tuple[str, str]] = {
            AuthFailed: (f"{source}: WordPress.com does not accept the token", ask_anew),
            NotPermitted: (f"{source}: the token may not view the stats of {site}", ask_anew),
            SwitchedOff: (f"{source}: {site} has no stats", "switch Jetpack Stats on, or disable the source"),
            Gone: (f"{source}: WordPress.com knows no site {site}", "check `site`; other hosts need Jetpack"),
        }
        headers = {"Authorization": f"Bearer {config.token.reveal()}"}
        with in_words(meanings):
            try:
                return self.context.http.fetch(f"{config.endpoint}{what}", params=params, headers=headers).json()
            except (Malformed, NotPermitted, Gone) as error:
                raise _told_apart(error) from None

    def _offset(self) -> timedelta:
        """How far the site's clocks are ahead of UTC."""
        said = self._get("", {"fields": "ID,URL,options", "options": "gmt_offset"})
        if not isinstance(said, dict) or "ID" not in said:
            raise Malformed(f"{self.config.endpoint}: answered something else than a site")
        hours = 0.0
        with suppress(ValueError, TypeError, LookupError):  # not everybody is told the options
            hours = float(said["options"]["gmt_offset"])
        return timedelta(hours=hours) if abs(hours) <= 14 else timedelta(0)

    def _beginning(self, today: date) -> date:
        """The day of the first view: first its month, then the day in it."""
        months = self._views("month", _MONTHS, today)
        month = next((day for day, views in months if views), None)
        if month is None:
            return today
        end = min((month.replace(day=28) + 4 * DAY).replace(day=1) - DAY, today)
        days = self._views("day", (end - month).days + 1, end)
        return next((day for day, views in days if views), month)

    def _views(self, unit: str, quantity: int, last: date) -> list[tuple[date, int]]:
        """Views of the whole site, oldest first."""
        asked: dict[str, str | int] = {"unit": unit, "quantity": quantity, "date": str(last), "stat_fields": "views"}
        said = self._get("/stats/visits", asked)
        try:
            day_at, views_at = (said["fields"].index(name) for name in ("period", "views"))
            return sorted((day_of(row[day_at][:10]), count_of(row[views_at] or 0)) for row in said["data"])
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise Malformed(f"{self.config.endpoint}: views by {unit} cannot be read ({error!r})"[:300]) from None

    def _piece(self, first: date, last: date, checkpoint: Cursor, offset: timedelta) -> Iterator[Batch]:
        # max=0: all posts. What is left out all the same is told as other_views.
        asked: dict[str, str | int] = {"period": "day", "num": (last - first).days + 1, "date": str(last), "max": 0}
        said = self._get("/stats/top-posts", asked)
        days = said.get("days") if isinstance(said, dict) else None
        if days == []:  # an empty object, as PHP writes it
            days = {}
        if not isinstance(days, dict):
            raise Malformed(f"{self.config.endpoint}: answered something else than top posts by day")
        sheet, told = Sheet(offset), dict[date, tuple[State, str]]()
        for name, report in days.items():
            try:
                day, rows = day_of(name), report["postviews"]
                others = count_of(report.get("other_views") or 0)
            except (ValueError, TypeError, LookupError, AttributeError) as error:
                raise Malformed(f"{self.config.endpoint}: top posts of {name!r}: {error!r}"[:300]) from None
            if first <= day <= last:
                told[day] = _take(sheet, day, rows, others)
        missing: tuple[State, str] = ("missing", "WordPress.com says nothing about these days")
        today = (self.context.clock() + offset).date()
        yield sheet.batch(checkpoint, by_day(first, last, today, lambda day: told.get(day, missing)))


def _take(sheet: Sheet, day: date, rows: Any, others: int) -> tuple[State, str]:
    """Keep a day's posts; what is known of it then."""
    if not isinstance(rows, list):
        raise Malformed(f"the top posts of {day} are no list")
    counts: dict[str, int] = {}
    posts: dict[str, Subject] = {}
    known = len(sheet.rejects)
    for row in rows:
        try:
            post = _post(row)
            counts[post.id] = counts.get(post.id, 0) + count_of(row["views"])
            posts[post.id] = post
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            sheet.refuse(row, error)
    for name, post in posts.items():
        sheet.add(day, post, {"post_reads": counts[name]})
    if len(sheet.rejects) > known:
        return "partial", "some rows of the answer could not be used"
    if others:
        return "partial", f"WordPress.com tells no post of {others} views"
    return "measured", ""


def _post(row: Any) -> Subject:
    """A post by its number, which outlives its address; the home page and archives have none."""
    page = page_at(row["href"])
    number = count_of(row["id"] or 0)
    published_at = None
    if isinstance(row.get("date"), str) and row["date"].endswith(("Z", "+00:00")):
        published_at = datetime.fromisoformat(row["date"])
    return Subject(
        str(number) if number else page.id,
        page.name,
        "post",
        str(row.get("title") or "")[:500],
        page.url,
        published_at,
    )


def _told_apart(error: ConnectorError) -> ConnectorError:
    """What a status means, by the service's own codes: a bad token is a 400 there, stats that are off are a 404."""
    if error.codes & {"invalid_token", "authorization_required"}:
        return AuthFailed(error.what)
    return SwitchedOff(error.what) if isinstance(error, Gone) and "invalid_blog" in error.codes else error


def open_streams(config: WordpressConfig, context: Context) -> Sequence[Stream]:
    """The one stream; visitors are told of the whole site only, and are no visits."""
    return (Posts(config, context),)


CONNECTOR = Connector(
    "wordpress",
    WordpressConfig,
    open_streams,
    (POSTS,),
    "reads of the posts of a site on WordPress.com or with Jetpack Stats, per day",
)
