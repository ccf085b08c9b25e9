"""The Stack Exchange API v2.3: its pages, its pauses and its quota, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

from connectors.base import Budget, Context
from connectors.errors import AuthFailed, ConnectorError, Malformed, RateLimited, Unavailable
from connectors.pages import DAY
from connectors.stackexchange.config import StackexchangeConfig

PER_PAGE = 100
"""Items of an answer, the most that the service gives."""

MARGIN = 1
"""Seconds beyond a `backoff`: clients that came back to the second were throttled all the same."""

LONGEST_WAIT = 60
"""Seconds that a read waits for a `backoff`; for a longer one the source comes back later."""

_AFTER_THROTTLE = timedelta(minutes=10)  # bans last "30 seconds to a few minutes", and asking again renews them
_NO_KEY = "no key"


@dataclass(frozen=True, slots=True)
class Api:
    """`pauses`: by method, until when the service asked not to call it."""

    config: StackexchangeConfig
    context: Context
    pauses: dict[str, datetime] = field(default_factory=dict)

    def ask(self, method: str, ids: str, **parameters: str | int) -> dict[str, Any] | None:
        """One page of a method such as `users/{ids}/answers`; None where the run is to end instead.

        Waits for the `backoff` that the last answer of the method asked for.
        """
        if not self._pause(method):
            return None
        address = f"{self.config.api_url.rstrip('/')}/{method.format(ids=ids)}"
        query: dict[str, str | int] = {"site": self.config.site, "pagesize": PER_PAGE, **parameters}
        try:
            said = self._get(address, query | self._key())
        except Malformed as error:
            raise self._meaning(error, address, query) from error
        except (Unavailable, AuthFailed) as error:
            raise self._meaning(error, address, {}) from error
        self._heed(method, said)
        return said

    def _key(self) -> dict[str, str | int]:
        key = self.config.api_key
        return {"key": key.reveal()} if key else {}

    def _get(self, address: str, query: Mapping[str, str | int]) -> dict[str, Any]:
        page = self.context.http.get(address, params=query)
        said = None if page is None else page.json()
        if not isinstance(said, dict) or not isinstance(said.get("items"), list):
            raise Malformed(f"{address}: answered something else than a list of items")
        return said

    def _pause(self, method: str) -> bool:
        now = self.context.clock()
        until = self.pauses.pop(method, now)
        if (until - now).total_seconds() > LONGEST_WAIT:
            raise RateLimited(f"{self.context.source}: Stack Exchange asked for a pause", retry_at=until)
        budget = self.context.meter.budgets.get(self._bucket())
        if budget and budget.remaining <= 0 and budget.reset_at > now:
            raise RateLimited(
                f"{self.context.source}: the day's {budget.limit} requests are used up",
                retry_at=budget.reset_at,
                remedy=self._more(),
            )
        return until <= now or not self.context.wait((until - now).total_seconds())

    def _heed(self, method: str, said: Mapping[str, Any]) -> None:
        now, backoff = self.context.clock(), said.get("backoff")
        if isinstance(backoff, int | float) and 0 < backoff < DAY.total_seconds():
            self.pauses[method] = now + timedelta(seconds=backoff + MARGIN)
        limit, remaining = said.get("quota_max"), said.get("quota_remaining")
        if isinstance(limit, int) and isinstance(remaining, int):
            midnight = datetime.combine(now.date() + DAY, time(), UTC)
            self.context.meter.budgets[self._bucket()] = Budget(limit, remaining, midnight)

    def _bucket(self) -> tuple[str, str]:
        return (self.config.api_key.reference if self.config.api_key else _NO_KEY, "stackexchange")

    def _more(self) -> str:
        return (
            "harvest less often" if self.config.api_key else "a key of stackapps.com (`api_key`) gives 10,000 a day"
        )

    def _meaning(self, error: ConnectorError, address: str, query: Mapping[str, str | int]) -> ConnectorError:
        """The service says everything with 400; what it means stands in a word."""
        source = self.context.source
        if "throttle_violation" in error.codes:
            retry_at = self.context.clock() + _AFTER_THROTTLE
            return RateLimited(f"{source}: throttled ({error.what})", retry_at=retry_at, remedy=self._more())
        if "bad_parameter" in error.codes and self._key() and self._works(address, query):
            return self._refused(error)
        if isinstance(error, AuthFailed) or error.codes & {"key_required", "access_denied"}:
            return self._refused(error)
        if error.codes & {"temporarily_unavailable", "internal_error"}:
            return Unavailable(error.what)
        if "bad_parameter" in error.codes:
            return Malformed(f"{source}: {error.what}", remedy="check `site` and `users`")
        return error

    def _works(self, address: str, query: Mapping[str, str | int]) -> bool:
        """Whether the same question is answered without the key, which then was what is wrong."""
        try:
            self._get(address, query)
        except ConnectorError:
            return False
        return True

    def _refused(self, error: ConnectorError) -> AuthFailed:
        return AuthFailed(
            f"{self.context.source}: Stack Exchange does not accept the key ({error.what})",
            remedy="take the key of your application from stackapps.com, or leave `api_key` out",
        )

    def walk(self, method: str, ids: str, begin: int | None) -> Iterator[tuple[list[Any], int | None]]:
        """All items of a method, oldest first, and where each next page begins.

        By date and not by page number: what is deleted meanwhile moves later items to pages that were read. Where
        more items than a page holds have one second, it goes on by number within that second.
        """
        page = 1
        while True:
            since = {} if begin is None else {"fromdate": begin}
            said = self.ask(method, ids, sort="creation", order="asc", page=page, **since)
            if said is None:
                return
            items = said["items"]
            if not said.get("has_more"):
                yield items, None
                return
            dates = [item.get("creation_date") for item in items if isinstance(item, dict)]
            last = max((at for at in dates if isinstance(at, int)), default=None)
            if last is None:
                raise Malformed(f"{self.config.api_url}/{method}: has more items and gave none")
            page, begin = (page + 1, begin) if last == begin else (1, last)
            yield items, begin
