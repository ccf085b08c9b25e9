"""What counters of readers have in common: days, counts and the addresses of pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

from connectors.base import LONGEST_ID, Subject

DAY = timedelta(days=1)

_MOST = 10**12
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COUNT = re.compile(r"[0-9]{1,12}")
# A site has so many pages of which much is told: each is made out once, and not for each of its days.
_remembered = lru_cache(maxsize=10_000)
# What may stand in a path, a query and a fragment as it is; % so that what is escaped is not escaped twice.
_SAFE = "/%:@!$&'()*+,;=~-._?#[]"


def day_of(value: Any) -> date:
    """A day written YYYY-MM-DD and nothing else. Raises ValueError."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError(f"{value!r} is not a day")
    return date.fromisoformat(value)


def count_of(value: Any) -> int:
    """A whole number that is not negative, also written as text, as some services do. Raises ValueError."""
    if isinstance(value, str) and _COUNT.fullmatch(value):
        return int(value)
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not is_whole or not 0 <= value <= _MOST:
        raise ValueError(f"{value!r} is not a count")
    return int(value)


def page_url(host: str, path: str) -> str:
    """The canonical address of a page: host is example.org or http://localhost:8000, path as the service tells it.

    Raises ValueError for what is no path, such as "(not set)".
    """
    if not path.startswith("/"):
        raise ValueError(f"{path!r} is not a path")
    base = host if "://" in host else f"https://{host}"
    # The service knows paths; a newline or a letter outside ASCII in one is written as addresses write it.
    return base + quote(path, safe=_SAFE)


@_remembered
def page_of(base: str, path: str) -> Subject:
    """A page as facts are about it: `base` with the scheme, the path as the service tells it.

    The id is the path as told: two paths can be the same address once they are escaped. Raises ValueError for what is
    no path or too long.
    """
    url = page_url(base, path)
    if len(stable := base + path) > LONGEST_ID:
        raise ValueError(f"an address of {len(stable)} characters")
    return Subject(stable, url, "post", url=url)


@_remembered
def page_at(address: str) -> Subject:
    """The same of a page told by its whole address."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{address[:200]!r} is not an address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return page_of(f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}", path)


@_remembered
def split_site(text: str) -> tuple[str, str]:
    """(scheme and host, path without its last slash) of a site as people write it: example.org, or its address.

    Raises ValueError for what is neither.
    """
    parts = urlsplit(text.strip() if "://" in text else f"https://{text.strip()}")
    try:
        where = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        where = ""
    is_host = re.fullmatch(r"[\w.-]+(:[0-9]+)?", where) and parts.netloc.lower() == where
    if parts.scheme not in ("http", "https") or not is_host or parts.query or parts.fragment:
        raise ValueError("write a site like example.org, or its address")
    return f"{parts.scheme}://{where}", parts.path.rstrip("/")


def noon(day: date, offset: timedelta = timedelta(0)) -> datetime:
    """An instant that lies in `day` where clocks are `offset` ahead of UTC, also an hour off by daylight saving."""
    return datetime.combine(day, time(12), UTC) - offset


def spans(first: date, last: date, days: int) -> Iterator[tuple[date, date]]:
    """`first` to `last` in pieces of at most so many days, oldest first."""
    while first <= last:
        end = min(first + timedelta(days=days - 1), last)
        yield first, end
        first = end + DAY
