"""The one door through which connectors ask the web: bounded in time and size, closed to private addresses."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any, NoReturn
from urllib.parse import SplitResult, unquote, urldefrag, urlencode, urljoin

import requests
import urllib3
from requests.adapters import BaseAdapter

from connectors.addresses import (
    Resolver,
    check_address,
    check_literal,
    origin,
    resolve,
    split,
    without_secrets,
)
from connectors.answers import codes_of, failure_of, hint_of, refusal_of
from connectors.base import Meter
from connectors.errors import ConnectorError, Malformed, Unavailable
from connectors.wire import Deadline, Guard, GuardedAdapter

__all__ = ["Http", "Lanes", "Page", "check_address", "without_secrets"]

MIB = 1024 * 1024
MOST_REDIRECTS = 10

_PIECE = 64 * 1024
_HINT_BYTES = 4096
_REDIRECTS = {301, 302, 303, 307, 308}
_PERMANENT = {301, 308}
_NOT_MODIFIED = 304
_KEEP_METHOD = {307, 308}
# What may follow a redirect to another origin: nothing that identifies or authorises.
_HARMLESS = {"accept", "accept-language", "content-type"}
_ALWAYS = {"Accept-Encoding": "gzip", "Accept": "*/*"}
_VALIDATORS = {"etag": "If-None-Match", "last_modified": "If-Modified-Since"}


def utc_now() -> datetime:
    """The instant, aware and in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, repr=False)
class Page:
    """A successful (2xx) answer, its body complete and decoded; from `ask` also "not modified" (304), without body.

    `url`: after redirects. `headers`: names in lower case. `validators`: "etag" and "last_modified" verbatim,
    only what came; made to be stored in a checkpoint. `moved_to`: where a chain of permanent redirects led.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    validators: dict[str, str]
    moved_to: str | None = None

    def json(self) -> Any:
        """The body as JSON. Raises Malformed if it is anything else, such as a login page under a JSON type."""
        try:
            return json.loads(self.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise Malformed(f"{without_secrets(self.url)}: answered {self._looks_like()} instead of JSON") from None

    def _looks_like(self) -> str:
        start = self.body.lstrip()[:1]
        if not start:
            return "nothing"
        return "a web page" if start == b"<" else "something else"

    def __repr__(self) -> str:
        return f"Page({without_secrets(self.url)!r}, {self.status}, {len(self.body)} bytes)"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class Lanes:
    """How many exchanges with one host may run at once, over all doors that share this table."""

    def __init__(self, per_host: int = 4) -> None:
        self._per_host = per_host
        self._semaphores = defaultdict[str, threading.BoundedSemaphore](lambda: threading.BoundedSemaphore(per_host))
        self._lock = threading.Lock()

    @contextmanager
    def lane(self, host: str, wait: float) -> Iterator[None]:
        """Hold one of the host's lanes. Raises Unavailable when none gets free within `wait` seconds."""
        with self._lock:
            semaphore = self._semaphores[host]
        if not semaphore.acquire(timeout=wait):
            raise Unavailable(f"{host}: {self._per_host} other requests to it did not end in time")
        try:
            yield
        finally:
            semaphore.release()


SHARED_LANES = Lanes()


@dataclass(slots=True, repr=False)  # its repr stands in tracebacks with locals, and would show the secrets
class _Exchange:
    """What is asked, and what may still be sent along after the next redirect."""

    method: str
    url: str
    headers: dict[str, str]
    conditions: dict[str, str]
    body: bytes | None = None
    moved_to: str | None = None
    is_permanent: bool = True
    secrets: set[str] = field(default_factory=set)

    @property
    def where(self) -> str:
        """The address as it may be told."""
        return without_secrets(self.url)

    def follow(self, status: int, target: str) -> None:
        """Turn to where a redirect points, without credentials if that is another origin."""
        parts = split(target)
        is_same = _is_same_or_safer(split(self.url), parts)
        if self.method != "GET" and not (is_same and status in _KEEP_METHOD):
            raise Malformed(
                f"{without_secrets(self.url)}: moved to {without_secrets(target)}", remedy="configure the new address"
            )
        if not is_same:
            self.headers = {name: value for name, value in self.headers.items() if name.lower() in _HARMLESS}
        self.url = self._without_user(parts)
        self.is_permanent = self.is_permanent and status in _PERMANENT
        if self.is_permanent:
            self.moved_to = self.url

    def _without_user(self, parts: SplitResult) -> str:
        """The URL bare; user and password go into a header, where they neither leak nor outlive a redirect."""
        if "@" not in parts.netloc:
            return urldefrag(parts.geturl()).url
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.headers.setdefault("Authorization", f"Basic {token}")
        self.secrets |= {password, token}
        return urldefrag(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()).url

    @classmethod
    def start(
        cls, method: str, url: str, headers: Mapping[str, str], conditions: dict[str, str], body: bytes | None = None
    ) -> _Exchange:
        """Refuse what is no web address, and know the secrets that no message may repeat."""
        parts = split(url)
        exchange = cls(method, url, dict(headers), conditions, body)
        exchange.url = exchange._without_user(parts)
        for name, value in headers.items():
            if name.lower() not in _HARMLESS:
                exchange.secrets |= {value, value.rpartition(" ")[2]}  # "Bearer KEY": the whole, and the key
        return exchange


def _is_same_or_safer(old: SplitResult, new: SplitResult) -> bool:
    """Same origin, or the same host's move from http to https on the usual ports."""
    is_upgrade = (old.scheme, new.scheme) == ("http", "https") and not old.port and not new.port
    return origin(old) == origin(new) or (is_upgrade and old.hostname == new.hostname)


class Http:
    """The door. One per source, also for several threads at once; the connections stay open between requests.

    An exchange, redirects included, is over after `deadline`, and no wait for the network lasts longer than
    `timeout`. More than `max_bytes` of decoded body is refused. Never sleeps, never tries again. Sends no
    cookies, no ~/.netrc credentials and uses no proxy. Certificates are checked against REQUESTS_CA_BUNDLE
    where that is set. Every failure is a ConnectorError.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        timeout: timedelta = timedelta(seconds=30),
        deadline: timedelta = timedelta(seconds=120),
        max_bytes: int = 10 * MIB,
        meter: Meter | None = None,
        clock: Callable[[], datetime] = utc_now,
        resolver: Resolver = resolve,
        transport: BaseAdapter | None = None,
        lanes: Lanes = SHARED_LANES,
    ) -> None:
        self._allow_private = allow_private
        self._max_bytes = max_bytes
        self._meter = meter or Meter()
        self._clock = clock
        self._lanes = lanes
        self._deadline = Deadline(timeout.total_seconds(), deadline.total_seconds())
        guard = Guard(self._deadline, allow_private=allow_private, resolver=resolver)
        self._transport = transport or GuardedAdapter(guard)
        self._verify = os.environ.get("REQUESTS_CA_BUNDLE") or True

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        validators: Mapping[str, Any] | None = None,
    ) -> Page | None:
        """Fetch `url`; None when it has not changed since the `validators` of an earlier Page (304)."""
        page = self.ask(url, params=params, headers=headers, validators=validators)
        return None if page.status == _NOT_MODIFIED else page

    def ask(
        self,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        validators: Mapping[str, Any] | None = None,
    ) -> Page:
        """As `get`, but what has not changed is a Page of status 304: how long that holds, and where it was found."""
        conditions = {
            header: value
            for name, header in _VALIDATORS.items()
            if isinstance(value := (validators or {}).get(name), str)
        }
        if params:
            url = _with_params(url, params)
        return self._exchange(_Exchange.start("GET", url, headers or {}, conditions))

    def fetch(
        self, url: str, *, params: Mapping[str, str | int] | None = None, headers: Mapping[str, str] | None = None
    ) -> Page:
        """Fetch `url` whether it has changed or not."""
        return self.ask(url, params=params, headers=headers)

    def post_json(self, url: str, payload: Any, *, headers: Mapping[str, str] | None = None) -> Page:
        """Send `payload` as JSON. A redirect to another origin is not followed."""
        body = json.dumps(payload, separators=(",", ":"), allow_nan=False).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        return self._exchange(_Exchange.start("POST", url, sent, {}, body))

    def post_form(self, url: str, fields: Mapping[str, str], *, secrets: Mapping[str, str] | None = None) -> Page:
        """Send fields as a form does; `secrets` are fields that no message may repeat."""
        hidden = dict(secrets or {})
        body = urlencode({**fields, **hidden}).encode()
        exchange = _Exchange.start("POST", url, {"Content-Type": "application/x-www-form-urlencoded"}, {}, body)
        exchange.secrets |= set(hidden.values())
        return self._exchange(exchange)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Http:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _exchange(self, exchange: _Exchange) -> Page:
        self._deadline.restart()
        for _ in range(MOST_REDIRECTS + 1):
            parts = split(exchange.url)
            check_literal(parts, allow_private=self._allow_private)
            try:
                with (
                    self._lanes.lane(parts.hostname or "", self._deadline.next_wait()),
                    closing(self._send(exchange)) as response,
                ):
                    target = _target(response)
                    if target is None:
                        return self._page(response, exchange)
            # requests and urllib3 let some of each other's and of the system's errors through.
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                # Without the cause, whose text quotes the URL: its query may hold a key.
                raise self._failure(error, exchange.where) from None
            exchange.follow(response.status_code, target)
        raise Malformed(f"{exchange.where}: more than {MOST_REDIRECTS} redirects")

    def _send(self, exchange: _Exchange) -> requests.Response:
        # Without a requests.Session: what it adds (cookies, ~/.netrc, proxies, redirects of its own) must not be.
        request = requests.PreparedRequest()
        request.prepare_method(exchange.method)
        request.prepare_url(exchange.url, None)
        request.prepare_headers({**_ALWAYS, "User-Agent": _user_agent(), **exchange.headers, **exchange.conditions})
        request.prepare_body(exchange.body, None)
        self._meter.spend(requests=1)
        wait = self._deadline.next_wait()
        return self._transport.send(request, stream=True, timeout=(wait, wait), verify=self._verify, proxies={})

    def _page(self, response: requests.Response, exchange: _Exchange) -> Page:
        headers = {name.lower(): value for name, value in response.headers.items()}
        status = response.status_code
        # To a request without a condition it is no answer.
        is_unchanged = status == _NOT_MODIFIED and bool(exchange.conditions)
        if not 200 <= status < 300 and not is_unchanged:
            start, secrets = self._start_of(response), exchange.secrets | _query_values(exchange.url)
            refusal = refusal_of(status, headers, exchange.where, self._clock(), hint_of(start, secrets))
            refusal.codes, refusal.status = codes_of(start, secrets), status
            raise refusal
        body = self._body(response, exchange)
        named = {"etag": headers.get("etag"), "last_modified": headers.get("last-modified")}
        validators = {name: value for name, value in named.items() if value}
        return Page(exchange.url, status, headers, body, validators, exchange.moved_to)

    def _body(self, response: requests.Response, exchange: _Exchange) -> bytes:
        body = bytearray()
        for piece in response.iter_content(_PIECE):
            body += piece
            if len(body) > self._max_bytes:
                raise Malformed(f"{exchange.where}: sent more than {self._max_bytes / MIB:.3g} MiB")
        return bytes(body)

    def _start_of(self, response: requests.Response) -> bytes:
        """The start of a refusal's body; one that cannot be read tells nothing, the status does."""
        try:
            return next(response.iter_content(_HINT_BYTES), b"")
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
            return b""

    def _failure(self, error: Exception, where: str) -> ConnectorError:
        if self._deadline.is_over:
            return Unavailable(f"{where}: not complete after {self._deadline.total:.3g} s")
        return failure_of(error, where)


@cache
def _user_agent() -> str:
    try:
        about = metadata("harvester")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "harvester"
    pages = [entry.partition(",")[2].strip() for entry in about.get_all("Project-URL") or []]
    return f"harvester/{about['Version']}" + (f" (+{pages[0]})" if pages else "")


def _with_params(url: str, params: Mapping[str, str | int]) -> str:
    parts = split(url)
    return parts._replace(query="&".join(filter(None, (parts.query, urlencode(params))))).geturl()


def _target(response: requests.Response) -> str | None:
    location = response.headers.get("location")
    if response.status_code not in _REDIRECTS or not location:
        return None
    # http.client reads header bytes as Latin-1; addresses are UTF-8.
    return urljoin(response.url, location.encode("latin-1").decode("utf-8", "replace"))


def _query_values(url: str) -> set[str]:
    return {unquote(pair.partition("=")[2]) for pair in split(url).query.split("&")} - {""}
