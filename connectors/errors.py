"""Why a read failed, named by what the caller does next.

ConnectorError
├── AuthFailed      stop the source and tell the user
├── NotPermitted    skip this stream (or subject) and record it in coverage
│   └── SwitchedOff the same, and a better credential would not help
├── RateLimited     come back at `retry_at`
├── Unavailable     back off and try again
├── Gone            disable: it will not come back by itself
└── Malformed       keep the cursor and alert: what came is not what is documented
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta


class ConnectorError(Exception):
    """A source could not be read. `what` says what happened to what, `remedy` what the user can do.

    `subject` names the one subject (repository, page …) that is concerned, where it is not the whole stream.
    Neither text may hold a secret. `codes`: what a service calls the refusal in words made for programs, which tell
    more than its status does (`quotaExceeded`, `throttle_violation`); empty where it says none. `status`: HTTP's
    own, of a refusal; None where nothing was refused by one.
    """

    def __init__(self, what: str, *, remedy: str = "", subject: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.subject = subject
        self.codes: frozenset[str] = frozenset()
        self.status: int | None = None

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}" if self.remedy else self.what


class AuthFailed(ConnectorError):
    """The credentials were refused; asking again with them is pointless and may lock the account."""


class NotPermitted(ConnectorError):
    """The credentials are good but lack a right, or the feature is switched off, for this stream or subject."""


class SwitchedOff(NotPermitted):
    """The service has the feature and its owner has switched it off."""


class RateLimited(ConnectorError):
    """The source asked us to come back at `retry_at` (aware, UTC).

    `bucket` names the one allowance that is used up, where the service has several: streams that draw on another
    may go on.
    """

    def __init__(
        self,
        what: str,
        *,
        retry_at: datetime,
        remedy: str = "",
        subject: str | None = None,
        bucket: str | None = None,
    ) -> None:
        if retry_at.utcoffset() != timedelta(0):
            raise ValueError(f"retry_at must be UTC, got {retry_at!r}")
        super().__init__(what, remedy=remedy, subject=subject)
        self.retry_at = retry_at
        self.bucket = bucket


class Unavailable(ConnectorError):
    """A passing failure: an outage, a reset, a time-out, a half answer."""


class Gone(ConnectorError):
    """The target does not exist any more (404, 410, 451), or never did."""


class Malformed(ConnectorError):
    """An answer that is not what its service documents: HTML for JSON, a login page for a feed."""


@contextmanager
def in_words(meanings: Mapping[type[ConnectorError], tuple[str, str]]) -> Iterator[None]:
    """A refusal in the words of its service: (what it means there, what to do), by kind of error.

    What the door saw stays in brackets; an error of another kind passes as it is.
    """
    try:
        yield
    except (AuthFailed, NotPermitted, Gone) as error:
        if type(error) not in meanings:
            raise
        what, remedy = meanings[type(error)]
        told = type(error)(f"{what} ({error.what})", remedy=remedy)
        told.codes, told.status = error.codes, error.status
        raise told from error
