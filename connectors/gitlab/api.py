"""The REST API v4 of a GitLab: questions, pages, and what its refusals mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

from connectors.base import Budget, Context
from connectors.errors import AuthFailed, Gone, Malformed, NotPermitted
from connectors.gitlab.config import GitlabConfig
from connectors.http import Page
from connectors.instants import instant_of
from connectors.pages import day_of

PER_PAGE = 100
"""Items of an answer, the most that the service gives."""

Parameters = Mapping[str, str | int]
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,]*\brel="?next"?')


@dataclass(frozen=True, slots=True)
class Project:
    """A project as it is called now; `about`: all that is told of it."""

    id: int
    path: str
    about: Mapping[str, Any]

    def first_day(self, known: Mapping[str, Any], context: Context) -> date:
        """From when on it is known: since it was made, or since the read before."""
        if known.get("through"):
            return min(day_of(known["through"]), context.today())
        since = context.since or date.min
        try:
            return max(instant_of(self.about["created_at"], context.clock()).date(), since)
        except (ValueError, LookupError):
            return max(context.today(), since)


@dataclass(frozen=True, slots=True)
class Api:
    """`found`: the projects that this run has looked up, shared by its streams."""

    config: GitlabConfig
    context: Context
    found: dict[str, Project] = field(default_factory=dict)

    def project(self, path: str) -> Project:
        """The project at a path, also a former one. Raises Gone if there is none, or none that may be seen."""
        if path not in self.found:
            about = self.get(f"projects/{quote(path, safe='')}", path)
            try:
                self.found[path] = Project(int(about["id"]), str(about["path_with_namespace"]), about)
            except (ValueError, TypeError, LookupError):
                raise Malformed(f"{self.config.host}: does not tell of a project", subject=path) from None
        return self.found[path]

    def get(self, what: str, subject: str, parameters: Parameters | None = None) -> Any:
        """The JSON of one answer about `subject`."""
        return self._ask(f"{self.config.endpoint}/{what}", subject, parameters or {}).json()

    def page(self, what: str, subject: str, parameters: Parameters) -> tuple[list[Any], bool]:
        """One page of a list, and whether more follow. Totals are not asked for: long lists have none."""
        page = self._ask(f"{self.config.endpoint}/{what}", subject, {"per_page": PER_PAGE, **parameters})
        items = _items(page)
        return items, self._next(page, len(items)) is not None

    def items(self, what: str, subject: str, parameters: Parameters | None = None) -> Iterator[list[Any]]:
        """All pages of a list, as the headers lead on: by number, or by address where that is all there is."""
        address = f"{self.config.endpoint}/{what}"
        query: Parameters = {"per_page": PER_PAGE, **(parameters or {})}
        seen = set()
        while True:
            page = self._ask(address, subject, query)
            items = _items(page)
            yield items
            following = self._next(page, len(items))
            if following is None:
                return
            if following in seen:
                raise Malformed(f"{address}: comes back to a page that was read", subject=subject)
            seen.add(following)
            if following.isdecimal():
                query = {**query, "page": int(following)}
            else:
                address, query = following, {}

    def _next(self, page: Page, count: int) -> str | None:
        number, link = page.headers.get("x-next-page"), page.headers.get("link", "")
        if number:
            return number
        if found := _NEXT.search(link):
            address = urljoin(page.url, str(found[1]))
            if urlsplit(address)[:2] != urlsplit(self.config.endpoint)[:2]:
                raise Malformed(
                    f"{self.config.host}: names a next page at another address",
                    remedy="set `api_url` to the address that this GitLab calls itself by (external_url)",
                )
            return address
        if number is None and not link and count >= PER_PAGE:
            raise Malformed(f"{self.config.host}: gave a full page and not what follows it")
        return None

    def _ask(self, address: str, subject: str, query: Parameters) -> Page:
        config, source = self.config, self.context.source
        headers = {"PRIVATE-TOKEN": config.token.reveal()} if config.token else {}
        # Escaped here: a path of a project in the address must keep its %2F.
        url = f"{address}?{urlencode(query)}" if query else address
        try:
            page = self.context.http.get(url, headers=headers)
        except AuthFailed as error:
            raise AuthFailed(
                f"{source}: {config.host} does not accept the token ({error.what})"
                if config.token
                else f"{source}: {config.host} tells this to nobody without a token ({error.what})",
                remedy=f"make one with the scope read_api at {config.host}/-/user_settings/personal_access_tokens",
            ) from error
        except NotPermitted as error:
            raise NotPermitted(
                f"{subject}: not told to this token ({error.what})",
                remedy="it takes the scope read_api, and a role in the project that may see it",
                subject=subject,
            ) from error
        except Gone as error:
            raise Gone(
                f"{subject}: gone, or not to be seen with this token ({error.what})",
                remedy="check `projects`, or give the token's owner access",
                subject=subject,
            ) from error
        if page is None:
            raise Malformed(f"{config.host}: answered 304 to a question without a condition")
        self._note(page)
        return page

    def _note(self, page: Page) -> None:
        """Keep what is left of the minute's requests, where the service says so."""
        told = [page.headers.get(f"ratelimit-{name}", "") for name in ("limit", "remaining", "reset")]
        if all(re.fullmatch("[0-9]{1,10}", value) for value in told):
            limit, remaining, reset = map(int, told)
            reference = self.config.token.reference if self.config.token else "no token"
            budget = Budget(limit, remaining, datetime.fromtimestamp(reset, UTC))
            self.context.meter.budgets[f"{reference} at {self.config.host}", "requests a minute"] = budget


def _items(page: Page) -> list[Any]:
    items = page.json()
    if not isinstance(items, list):
        raise Malformed(f"{page.url.partition('?')[0]}: answered something else than a list")
    return items
