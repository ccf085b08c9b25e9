"""Readers of a site, as Matomo counts them (Reporting API)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from connectors.answers import hint_of
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
from connectors.daily import Piece, Sheet, State, by_day, read_days
from connectors.errors import AuthFailed, ConnectorError, Gone, Malformed, NotPermitted, SwitchedOff, in_words
from connectors.pages import DAY, count_of, day_of, noon, page_at, split_site

RE_READ = 7 * DAY
"""Where reports are archived by cron or logs are imported, a day's figures come days later."""

PAGES_WINDOW = 7
"""Days of one question: a day has up to 500 rows of some twenty columns, unless its owner allows more."""

VISITS_WINDOW = 92

PAGES = StreamSpec(
    "pages",
    (Metric("post_reads", Kind.DAILY, tz="site"), Metric("post_visitors", Kind.DAILY, tz="site")),
    permission="view access to the website",
)
VISITS = StreamSpec(
    "visits", (Metric("site_visits", Kind.DAILY, tz="site"),), permission="view access to the website"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatomoConfig:
    """Raises ValueError("key: why") for an address or id that cannot be one."""

    api_url: str = field(metadata={"help": "address of the Matomo: https://matomo.example.org"})
    site_id: int = field(metadata={"help": "number of the website in Matomo (Administration, Websites, Manage)"})
    token: Secret = field(metadata={"help": "an auth token (Matomo: Administration, Personal, Security)"})
    segment: str | None = field(
        default=None, metadata={"help": "count only the visits of this segment, as in countryCode==de"}
    )

    def __post_init__(self) -> None:
        try:
            split_site(self.api_url)
        except ValueError as error:
            raise ValueError(f"api_url: {error}") from None
        if self.site_id < 1:
            raise ValueError("site_id: write the number that Matomo shows")

    @property
    def endpoint(self) -> str:
        """The one address that is asked."""
        return "".join(split_site(self.api_url)).removesuffix("/index.php") + "/index.php"

    @property
    def part(self) -> str:
        """What the cursor is named by: a segment counts something else."""
        return f"{self.site_id} {self.segment}" if self.segment else str(self.site_id)


@dataclass(frozen=True, slots=True)
class _Site:
    """The website as Matomo keeps it. `url`: its main address."""

    url: str
    created_on: date
    zone: tzinfo


@dataclass(slots=True)
class _Api:
    config: MatomoConfig
    context: Context
    _site: _Site | None = None

    def ask(self, method: str, **fields: str) -> Any:
        """The JSON that an API method answers."""
        config, source = self.config, self.context.source
        # In English, as the kind of an error can be told by its text only.
        sent = {"module": "API", "method": method, "idSite": str(config.site_id), "format": "JSON", "language": "en"}
        who = f"make a token of a user with view access to website {config.site_id}, and check `site_id`"
        meanings: dict[type[ConnectorError], tuple[str, str]] = {
            AuthFailed: (f"{source}: Matomo does not accept the token", who),
            NotPermitted: (f"{source}: the token may not read website {config.site_id}", who),
            SwitchedOff: (f"{source}: Matomo has no such report", "switch its plugins Actions and VisitsSummary on"),
            Gone: (f"{source}: no Matomo at {config.endpoint}, or no website {config.site_id}", "check `api_url`"),
        }
        token = config.token.reveal()
        with in_words(meanings):
            # In the body: tokens made for "secure requests only" are refused in an address, and addresses are logged.
            page = self.context.http.post_form(config.endpoint, sent | fields, secrets={"token_auth": token})
            said = page.json()
            if isinstance(said, dict) and said.get("result") == "error":  # with status 200, as a rule
                raise _refusal(f"{config.endpoint}: {method}", hint_of(page.body, {token}))
        return said

    def days(self, method: str, first: date, last: date, **fields: str) -> dict[date, Any]:
        """What an API method tells of each day."""
        segment = {"segment": self.config.segment} if self.config.segment else {}
        said = self.ask(method, period="day", date=f"{first},{last}", **segment, **fields)
        if isinstance(said, list) and first == last:  # one day may come without its name
            return {first: said}
        if not isinstance(said, dict):
            raise Malformed(f"{self.config.endpoint}: {method} answered something else than reports of days")
        try:
            return {day_of(day): report for day, report in said.items()}
        except ValueError as error:
            raise Malformed(f"{self.config.endpoint}: {method}: {error}") from None

    def site(self) -> _Site:
        """Asked once: its days begin where it lies, and there are none before it was made."""
        if self._site is None:
            said = self.ask("SitesManager.getSiteFromId")
            told = said[0] if isinstance(said, list) and said else said  # a list up to Matomo 3
            try:
                created_on = day_of(told["ts_created"][:10])
                url = "".join(split_site(told["main_url"]))
                self._site = _Site(url, created_on, _zone(str(told.get("timezone", ""))))
            except (ValueError, TypeError, LookupError, AttributeError) as error:
                raise Malformed(
                    f"{self.config.endpoint}: website {self.config.site_id} cannot be read ({error!r})"[:300]
                ) from None
        return self._site

    def read(self, cursor: Cursor, piece: Piece, length: int) -> Iterator[Batch]:
        return read_days(
            self.context,
            cursor,
            self.config.part,
            beginning=lambda today: min(self.site().created_on, today),
            piece=piece,
            length=length,
            re_read=RE_READ,
        )

    def today(self) -> date:
        """The running day where the site lies."""
        return self.context.clock().astimezone(self.site().zone).date()

    def sheet(self, first: date) -> Sheet:
        return Sheet(noon(first).astimezone(self.site().zone).utcoffset() or timedelta(0))


def _zone(name: str) -> tzinfo:
    """A zone as Matomo writes it: Europe/Berlin, or UTC+5.5."""
    if found := re.fullmatch(r"UTC([+-][0-9]{1,2}(?:\.[0-9]+)?)", name):
        return timezone(timedelta(hours=float(found[1])))
    with suppress(KeyError, ValueError, OSError):
        return ZoneInfo(name)
    return UTC


def _refusal(where: str, message: str) -> ConnectorError:
    what, text = f"{where} says “{message}”", message.lower()
    if "authenticate" in text or "logged in" in text:
        return AuthFailed(what)
    if "access" in text and "requires" in text:
        return NotPermitted(what)
    if "unexpected website" in text:
        return Gone(what)
    if "segment" in text:
        return Malformed(what, remedy="check `segment`")
    if "plugin" in text or "does not exist" in text:
        return SwitchedOff(what)
    return Malformed(what)


@dataclass(frozen=True, slots=True)
class Pages:
    """Page views and visitors per page address."""

    api: _Api
    spec: StreamSpec = PAGES

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield what is new since cursor; a row that cannot be used is a reject, and its day is partial."""
        return self.api.read(cursor, self._piece, PAGES_WINDOW)

    def _piece(self, first: date, last: date, checkpoint: Cursor) -> Iterator[Batch]:
        told = self.api.days("Actions.getPageUrls", first, last, flat="1", filter_limit="-1")
        today, sheet = self.api.today(), self.api.sheet(first)
        flaws: dict[date, str] = {}
        for day, rows in told.items():
            if not isinstance(rows, list):
                raise Malformed(f"{self.api.config.endpoint}: the pages of {day} are no list")
            if first <= day <= last and (flaw := _take(sheet, day, rows)):
                flaws[day] = flaw
        yield sheet.batch(checkpoint, by_day(first, last, today, _verdict(told, flaws)))


def _take(sheet: Sheet, day: date, rows: list[Any]) -> str:
    """Keep a day's rows; what is wrong with them."""
    counts: dict[str, dict[str, int]] = {}
    pages: dict[str, Subject] = {}
    flaw = ""
    for row in rows:
        try:
            if "url" not in row:
                # "Others": what is beyond the most rows that Matomo keeps. "Page URL not defined" is of no page.
                flaw = f"Matomo tells no address of the {count_of(row['nb_hits'])} reads of “{row['label']}”"
                continue
            page = page_at(row["url"])
            known = counts.setdefault(page.id, {"post_reads": 0})
            known["post_reads"] += count_of(row["nb_hits"])
            if "nb_uniq_visitors" in row:
                known["post_visitors"] = known.get("post_visitors", 0) + count_of(row["nb_uniq_visitors"])
            else:
                flaw = "Matomo tells no visitors of some pages"
            pages[page.id] = page
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            sheet.refuse(row, error)
            flaw = "some rows of the report could not be used"
    for name, page in pages.items():
        sheet.add(day, page, counts[name])
    return flaw


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits of the whole site."""

    api: _Api
    spec: StreamSpec = VISITS

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield what is new since cursor; a day that cannot be used is a reject and partial."""
        return self.api.read(cursor, self._piece, VISITS_WINDOW)

    def _piece(self, first: date, last: date, checkpoint: Cursor) -> Iterator[Batch]:
        told = self.api.days("VisitsSummary.get", first, last)
        today, sheet, url = self.api.today(), self.api.sheet(first), f"{self.api.site().url}/"
        site = Subject(url, url, "account", url=url)
        flaws: dict[date, str] = {}
        for day, report in told.items():
            if report == [] or not first <= day <= last:  # nobody came
                continue
            known = len(sheet.rejects)
            sheet.take((day, report), lambda row: (row[0], site, {"site_visits": count_of(row[1]["nb_visits"])}))
            if len(sheet.rejects) > known:
                flaws[day] = "the report could not be used"
        yield sheet.batch(checkpoint, by_day(first, last, today, _verdict(told, flaws)))


def _verdict(told: Mapping[date, Any], flaws: Mapping[date, str]) -> Any:
    def verdict(day: date) -> tuple[State, str]:
        if day not in told:
            return "missing", "Matomo says nothing about these days"
        return ("partial", flaws[day]) if day in flaws else ("measured", "")

    return verdict


def open_streams(config: MatomoConfig, context: Context) -> Sequence[Stream]:
    """Pages and visits; both need the same right."""
    api = _Api(config, context)
    return Pages(api), Visits(api)


CONNECTOR = Connector(
    "matomo",
    MatomoConfig,
    open_streams,
    (PAGES, VISITS),
    "readers of the pages of a site, per day, as Matomo counts them",
)
