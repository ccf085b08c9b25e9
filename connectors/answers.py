"""From a status, a header or a failure of the transport to an error named by what to do next."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import requests.exceptions as r
import urllib3.exceptions as u

from connectors.errors import (
    AuthFailed,
    ConnectorError,
    Gone,
    Malformed,
    NotPermitted,
    RateLimited,
    Unavailable,
)

DEFAULT_PAUSE = timedelta(seconds=60)
SHORTEST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(days=1)  # a longer one is a mistake of the server, and asking daily harms nobody
LONGEST_HINT = 200
SHORTEST_SECRET = 6  # masking shorter words would blank out ordinary text

_EPOCH = 1_000_000_000  # a reset header above this is an instant, below it a number of seconds
_REMAINING = ("x-ratelimit-remaining", "ratelimit-remaining", "x-rate-limit-remaining")
# Where Google ("reason", "status"), Stack Exchange ("error_name"), WordPress.com and OAuth ("error") say what it is.
_CODES = ("reason", "status", "error_name", "error")
_RESET = ("x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset")

OUTCOMES: dict[type[Exception], tuple[type[ConnectorError], str]] = {
    r.RequestException: (Unavailable, "the request failed"),
    r.ConnectionError: (Unavailable, "the connection failed"),
    r.ConnectTimeout: (Unavailable, "connecting took too long"),
    r.ReadTimeout: (Unavailable, "the answer took too long"),
    r.Timeout: (Unavailable, "the exchange took too long"),
    r.SSLError: (Unavailable, "the certificate or the encryption is not accepted"),
    r.ProxyError: (Unavailable, "the proxy failed"),
    r.RetryError: (Unavailable, "the retries are used up"),
    r.HTTPError: (Unavailable, "the server answered with an error"),
    r.ChunkedEncodingError: (Unavailable, "the answer broke off"),
    r.StreamConsumedError: (Unavailable, "the answer was read twice"),
    r.UnrewindableBodyError: (Unavailable, "the request cannot be sent again"),
    r.ContentDecodingError: (Malformed, "the answer is not compressed as it says"),
    r.InvalidJSONError: (Malformed, "the answer is not JSON"),
    r.JSONDecodeError: (Malformed, "the answer is not JSON"),
    r.TooManyRedirects: (Malformed, "the redirects do not end"),
    r.URLRequired: (Malformed, "the address is not valid"),
    r.MissingSchema: (Malformed, "the address is not valid"),
    r.InvalidSchema: (Malformed, "the address is not valid"),
    r.InvalidURL: (Malformed, "the address is not valid"),
    r.InvalidProxyURL: (Malformed, "the address of the proxy is not valid"),
    r.InvalidHeader: (Malformed, "a header of the request is not valid; check token and key for line breaks"),
    u.HTTPError: (Unavailable, "the request failed"),
    u.PoolError: (Unavailable, "the connection failed"),
    u.RequestError: (Unavailable, "the request failed"),
    u.SSLError: (Unavailable, "the certificate or the encryption is not accepted"),
    u.ProxyError: (Unavailable, "the proxy failed"),
    u.DecodeError: (Malformed, "the answer is not compressed as it says"),
    u.ProtocolError: (Unavailable, "the connection broke off"),
    u.MaxRetryError: (Unavailable, "the connection failed"),
    u.HostChangedError: (Unavailable, "the connection failed"),
    u.TimeoutStateError: (Unavailable, "the exchange took too long"),
    u.TimeoutError: (Unavailable, "the exchange took too long"),
    u.ReadTimeoutError: (Unavailable, "the answer took too long"),
    u.ConnectTimeoutError: (Unavailable, "connecting took too long"),
    u.NewConnectionError: (Unavailable, "no connection could be made"),
    u.NameResolutionError: (Unavailable, "the name does not resolve"),
    u.EmptyPoolError: (Unavailable, "the connection failed"),
    u.FullPoolError: (Unavailable, "the connection failed"),
    u.ClosedPoolError: (Unavailable, "the connection was closed"),
    u.LocationValueError: (Malformed, "the address is not valid"),
    u.LocationParseError: (Malformed, "the address is not valid"),
    u.URLSchemeUnknown: (Malformed, "the address is not valid"),
    u.ResponseError: (Unavailable, "the server answered with an error"),
    u.ResponseNotChunked: (Unavailable, "the answer broke off"),
    u.BodyNotHttplibCompatible: (Unavailable, "the answer broke off"),
    u.IncompleteRead: (Unavailable, "the answer broke off"),
    u.InvalidChunkLength: (Unavailable, "the answer broke off"),
    u.InvalidHeader: (Malformed, "a header of the answer is not valid"),
    u.HeaderParsingError: (Malformed, "a header of the answer is not valid"),
    u.ProxySchemeUnknown: (Malformed, "the address of the proxy is not valid"),
    u.ProxySchemeUnsupported: (Malformed, "the address of the proxy is not valid"),
    u.UnrewindableBodyError: (Unavailable, "the request cannot be sent again"),
    OSError: (Unavailable, "the connection failed"),
    ValueError: (Malformed, "the address or a header is not valid"),
}
"""What each exception of the transport means for the caller. A test holds it against the libraries."""


def failure_of(error: Exception, where: str) -> ConnectorError:
    """The error for an exception of the transport.

    Its text is left out but for the system's own word: it quotes addresses with their secrets.
    """
    kind = next(kind for kind in type(error).__mro__ if kind in OUTCOMES)
    outcome, what = OUTCOMES[kind]
    detail = _system_word(error)
    return outcome(f"{where}: {what}" + (f" ({detail})" if detail else ""))


def _system_word(error: BaseException) -> str:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if message := getattr(cause, "verify_message", None):
            return str(message)
        # requests' own exceptions are OSErrors too, without a word of the system.
        if isinstance(cause, OSError) and not isinstance(cause, requests.RequestException) and cause.strerror:
            return cause.strerror
        inner = getattr(cause, "reason", None) or next(
            (value for value in cause.args if isinstance(value, BaseException)), None
        )
        cause = inner if isinstance(inner, BaseException) else cause.__cause__ or cause.__context__
    return ""


def refusal_of(status: int, headers: Mapping[str, str], where: str, now: datetime, hint: str = "") -> ConnectorError:
    """The error for a status that is no success; `headers` with lower-case names."""
    what = f"{where}: answered {status}" + (f" ({hint})" if hint else "")
    is_spent = any(headers.get(name, "").strip() == "0" for name in _REMAINING)
    asks_to_wait = "retry-after" in headers
    if status == 401:
        return AuthFailed(what, remedy="check the token or key")
    if status == 429 or (status == 403 and (asks_to_wait or is_spent)) or (status == 503 and asks_to_wait):
        return RateLimited(what, retry_at=retry_at(headers, now))
    if status in {402, 403, 407}:
        is_challenge = "cf-mitigated" in headers
        remedy = (
            "the site wants a browser; ask its owner to let harvesters in" if is_challenge else "check the rights"
        )
        return NotPermitted(what, remedy=remedy)
    if status in {404, 410, 451}:
        return Gone(what, remedy="check the address")
    if status in {408, 425} or status >= 500:
        return Unavailable(what)
    return Malformed(what)


def retry_at(headers: Mapping[str, str], now: datetime) -> datetime:
    """When the server wants us back: Retry-After in seconds or as a date, or a reset header; within a day."""
    if (asked := _instant(headers.get("retry-after", ""), now)) is None:
        resets = (_instant(headers.get(name, ""), now) for name in _RESET)
        asked = next((instant for instant in resets if instant), now + DEFAULT_PAUSE)
    return min(max(asked, now + SHORTEST_PAUSE), now + LONGEST_PAUSE)


def _instant(text: str, now: datetime) -> datetime | None:
    text = text.strip()
    try:
        if re.fullmatch(r"[0-9]{1,15}(\.[0-9]*)?", text):
            number = float(text)
            return datetime.fromtimestamp(number, UTC) if number > _EPOCH else now + timedelta(seconds=number)
        date = parsedate_to_datetime(text)
        # A date without a zone is GMT by RFC 9110.
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def hint_of(body: bytes, secrets: Iterable[str]) -> str:
    """What the service says about a refusal, on one line, from a JSON body; nothing that was sent as a secret."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    text = _message(said)
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "…")
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= LONGEST_HINT else text[: LONGEST_HINT - 1] + "…"


def codes_of(body: bytes, secrets: Iterable[str]) -> frozenset[str]:
    """What a service calls a refusal in words made for programs, from a JSON body; nothing sent as a secret."""
    try:
        return frozenset(_codes(json.loads(body))) - set(secrets)
    except (ValueError, RecursionError):
        return frozenset()


def _codes(said: Any) -> Iterator[str]:
    if isinstance(said, list):
        for one in said:
            yield from _codes(one)
    elif isinstance(said, Mapping):
        for name, value in said.items():
            if name in _CODES and isinstance(value, str) and re.fullmatch(r"[A-Za-z_]{3,60}", value):
                yield value
            yield from _codes(value)


def _message(said: Any) -> str:
    if isinstance(said, str):
        return said
    if isinstance(said, Mapping):
        for name in ("message", "error", "error_message", "detail", "error_description", "title"):
            if found := _message(said.get(name)):
                return found
    return ""
