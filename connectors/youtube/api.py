"""The YouTube Data API v3: questions with a key, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Context, Secret
from connectors.errors import AuthFailed, ConnectorError, Gone, Malformed, NotPermitted, RateLimited
from connectors.youtube.config import YoutubeConfig

PER_PAGE = 50
"""Videos of an answer, the most that the service gives."""

QUOTA = "units a day"
"""What plans call the allowance."""

_QUOTA_ZONE = ZoneInfo("America/Los_Angeles")
_MINUTE = timedelta(minutes=1)
_SPENT = {"quotaExceeded", "dailyLimitExceeded"}
_TOO_FAST = {"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"}
_BAD_KEY = {"keyInvalid", "keyExpired", "API_KEY_INVALID", "API_KEY_EXPIRED", "CREDENTIALS_MISSING"}
_SWITCHED_OFF = {"accessNotConfigured", "SERVICE_DISABLED"}


@dataclass(frozen=True, slots=True)
class DataApi:
    """Each question costs one unit of the quota, 10,000 a day unless Google gave more."""

    config: YoutubeConfig
    key: Secret
    context: Context

    def ask(self, what: str, parameters: Mapping[str, str | int]) -> dict[str, Any]:
        """The answer to GET /`what`. Raises ConnectorError, named by what its reason means."""
        address = f"{self.config.api_url.rstrip('/')}/{what}"
        self.context.meter.spend(points=1)  # refused questions cost a unit too
        try:
            # In a header: an address shows up in logs.
            headers = {"X-Goog-Api-Key": self.key.reveal()}
            page = self.context.http.get(address, params=parameters, headers=headers)
        except ConnectorError as error:
            raise self._meaning(error) from error
        said = None if page is None else page.json()
        if not isinstance(said, dict):
            raise Malformed(f"{address}: answered something else than a list")
        return said

    def channel(self) -> dict[str, Any]:
        """The channel with its snippet, statistics and playlist of uploads. Raises Gone if there is none."""
        parameters = {"part": "snippet,statistics,contentDetails", "id": self.config.channel_id}
        for item in items_of(self.ask("channels", parameters), "channels"):
            if isinstance(item, dict) and item.get("id") == self.config.channel_id:
                return item
        raise Gone(f"{self.context.source}: no channel {self.config.channel_id}", remedy="check `channel`")

    def uploads(self, playlist: str) -> Iterator[list[str]]:
        """The ids of the videos of a playlist, newest first, page by page."""
        token, seen = "", {""}
        while True:
            parameters: dict[str, str | int] = {
                "part": "contentDetails",
                "playlistId": playlist,
                "maxResults": PER_PAGE,
                **({"pageToken": token} if token else {}),
            }
            said = self.ask("playlistItems", parameters)
            try:
                yield [str(item["contentDetails"]["videoId"]) for item in items_of(said, "playlistItems")]
            except (TypeError, LookupError):
                raise Malformed(f"{self.config.api_url}/playlistItems: an item names no video") from None
            token = said.get("nextPageToken") or ""
            if not token:
                return
            if token in seen:
                raise Malformed(f"{self.config.api_url}/playlistItems: comes back to a page that was read")
            seen.add(token)

    def videos(self, ids: list[str]) -> list[Any]:
        """What is told of these videos, at most PER_PAGE; private and deleted ones are left out by the service."""
        parameters: dict[str, str | int] = {"part": "snippet,statistics", "id": ",".join(ids), "maxResults": PER_PAGE}
        return items_of(self.ask("videos", parameters), "videos") if ids else []

    def _meaning(self, error: ConnectorError) -> ConnectorError:
        source, now = self.context.source, self.context.clock()
        if error.codes & _SPENT:
            return RateLimited(
                f"{source}: the day's quota of the API key is used up ({error.what})",
                retry_at=_next_quota(now),
                remedy="it is renewed at midnight in California; harvest less often, or ask Google for more",
            )
        if error.codes & _TOO_FAST:
            return RateLimited(f"{source}: YouTube asks for a slower pace ({error.what})", retry_at=now + _MINUTE)
        if isinstance(error, AuthFailed) or error.codes & _BAD_KEY:
            return AuthFailed(
                f"{source}: YouTube does not accept the API key ({error.what})",
                remedy="make an API key in the Google Cloud console (APIs & Services, Credentials)",
            )
        if error.codes & _SWITCHED_OFF:
            return NotPermitted(
                f"{source}: YouTube Data API v3 is switched off for the key ({error.what})",
                remedy="enable YouTube Data API v3 in the Google Cloud project of the key",
            )
        if isinstance(error, NotPermitted):
            return NotPermitted(
                f"{source}: the API key may not be used so ({error.what})",
                remedy="the key's restrictions must allow YouTube Data API v3 and this machine's address",
            )
        return error


def items_of(said: Mapping[str, Any], what: str) -> list[Any]:
    """The items of an answer; one without any leaves the list out."""
    items = said.get("items", [] if "kind" in said else None)
    if not isinstance(items, list):
        raise Malformed(f"{what}: answered no list of items")
    return items


def _next_quota(now: datetime) -> datetime:
    tomorrow = now.astimezone(_QUOTA_ZONE).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), _QUOTA_ZONE).astimezone(UTC)
