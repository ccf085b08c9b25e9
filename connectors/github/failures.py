"""What PyGithub, requests and GitHub's answers can fail with, in the terms of connectors.errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from connectors.answers import failure_of, hint_of, retry_at
from connectors.errors import (
    AuthFailed,
    ConnectorError,
    Gone,
    Malformed,
    NotPermitted,
    RateLimited,
    Unavailable,
)
from connectors.github.connection import Moved, NotFollowed, Oversized, StillWorking
from connectors.github.pygithub import BadAttributeException, GithubException, IncompletableObject

EXPECTED = (
    GithubException,
    BadAttributeException,
    requests.RequestException,
    HTTPError,  # urllib3's own, from reading a body
    OSError,
    ValueError,
    TypeError,
    AssertionError,
    RuntimeError,
    OverflowError,
)
"""Everything that PyGithub and what it stands on were seen to raise; anything else is a defect of ours."""

Headers = Mapping[str, Any]


class SwitchedOff(NotPermitted):
    """The repository, or this server, does not offer this at all: a state of coverage, not a failure."""


class Blocked(Gone):
    """GitHub has taken the repository down."""


class Elsewhere(Gone):
    """It is at another `address` now."""

    def __init__(self, what: str, *, address: str, subject: str | None = None) -> None:
        super().__init__(what, subject=subject)
        self.address = address


class Forbidden(NotPermitted):
    """GraphQL refused a field at `path`; `partial` is what it told beside."""

    path: tuple[Any, ...] = ()
    partial: Any = None


class Hurried(RateLimited):
    """A secondary limit: it holds for everything this token asks, whichever hourly allowance that draws on.

    `is_told`: GitHub said itself how long.
    """

    is_told: bool = False


class Lacks(Malformed):
    """This server's GraphQL has not got a `field` that we ask for: an Enterprise Server that is older."""

    def __init__(self, what: str, *, field: str, remedy: str = "", subject: str | None = None) -> None:
        super().__init__(what, remedy=remedy, subject=subject)
        self.field = field


class TooMuch(Unavailable):
    """GitHub ran out of time or resources over an answer: a smaller question may get one."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What a request is for, as messages name it. `subject`: the repository, where one is concerned."""

    what: str
    subject: str | None = None
    permission: str = "Metadata: read"

    @property
    def whole(self) -> str:
        """The thing asked for and whose it is."""
        return f"{self.what} of {self.subject}" if self.subject else self.what


@dataclass(frozen=True, slots=True)
class Failures:
    """Turns failures into ConnectorErrors. Rate limits are known by status and headers, never by English text.

    `credential`: its reference, for messages; None without one.
    """

    host: str
    credential: str | None
    clock: Callable[[], datetime]

    def of_answer(self, errand: Errand, status: int, headers: Headers, body: str) -> ConnectorError:
        """The error that a status other than 200 means."""
        said = _object(body)
        retry_at = self._retry_at(status, headers, said)
        if retry_at is not None:
            return self._limited(errand, headers, retry_at)
        subject = errand.subject
        if status == HTTPStatus.UNAUTHORIZED:
            return self._refused()
        if status == HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS or "block" in said:
            return Blocked(
                f"{subject or errand.what} is blocked by GitHub", remedy="take it out of repos", subject=subject
            )
        if status == HTTPStatus.FORBIDDEN:
            return self._forbidden(errand, headers, _quoted(body))
        if status == HTTPStatus.NOT_FOUND:
            return Gone(
                f"{subject or errand.what} is gone or private: {self.host} answers 404 to {errand.whole}",
                remedy="correct its name in repos, or give the token access to it",
                subject=subject,
            )
        if status == HTTPStatus.GONE:
            return SwitchedOff(f"{errand.whole} are switched off", subject=subject)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
            # GitHub gives up an answer after ten seconds, with one of these two.
            is_too_much = status in (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
            return (TooMuch if is_too_much else Unavailable)(
                f"{self.host} answered {status} to {errand.whole}", remedy="tried again later", subject=subject
            )
        return Malformed(f"{self.host} answered {status} to {errand.whole}{_quoted(body)}", subject=subject)

    def of_exception(self, errand: Errand, error: Exception) -> ConnectorError:
        """The error that one of EXPECTED means."""
        about, subject = f"{errand.whole}: {self.host}", errand.subject
        if isinstance(error, GithubException) and not isinstance(error, IncompletableObject):
            return self.of_answer(errand, error.status, _lower(error.headers), json.dumps(error.data))
        if isinstance(error, Moved):
            return Unavailable(
                f"{errand.whole}: moved to another name while it was read",
                remedy="the next run asks under the new one",
                subject=subject,
            )
        if isinstance(error, NotFollowed):
            return Elsewhere(f"{errand.whole} has moved", address=error.address, subject=subject)
        if isinstance(error, StillWorking):
            return Unavailable(f"{about} is still computing the answer", subject=subject)
        if isinstance(error, Oversized):
            return Malformed(f"{about} sent more than any answer needs", subject=subject)
        if isinstance(error, requests.ReadTimeout):
            return TooMuch(f"{about} did not answer in time", subject=subject)
        if isinstance(error, RuntimeError):  # how PyGithub refuses a redirect to another host or scheme
            return Malformed(f"{about} redirects to another host", remedy="check api_url", subject=subject)
        if isinstance(error, requests.RequestException | HTTPError | OSError | ValueError):
            failure = failure_of(error, about)
            failure.subject = subject
            return failure
        return Malformed(f"{about} sent what is not documented ({type(error).__name__})", subject=subject)

    def of_graphql(self, errand: Errand, errors: Sequence[Mapping[str, Any]], headers: Headers) -> ConnectorError:
        """The error that the "errors" of a GraphQL answer mean, taken together."""
        kinds = {str(error.get("type") or "") for error in errors}
        extensions = [more for error in errors if isinstance(more := error.get("extensions"), dict)]
        subject = errand.subject
        if kinds & {"RATE_LIMITED", "RATE_LIMIT"}:
            return self._limited(errand, {**headers, "x-ratelimit-remaining": "0"}, self._reset(headers))
        if any(more.get("saml_failure") for more in extensions):
            return self._forbidden(errand, {"x-github-sso": "required"})
        if kinds & {"FORBIDDEN", "INSUFFICIENT_SCOPES"}:
            refused = self._forbidden(errand, {})
            forbidden = Forbidden(refused.what, remedy=refused.remedy, subject=subject)
            where = next((error.get("path") for error in errors if error.get("type") == "FORBIDDEN"), None)
            forbidden.path = tuple(where) if isinstance(where, list) else ()
            return forbidden
        if "NOT_FOUND" in kinds:
            return self.of_answer(errand, HTTPStatus.NOT_FOUND, {}, "")
        unknown = next((more.get("fieldName") for more in extensions if more.get("code") == "undefinedField"), None)
        if unknown is not None:
            return Lacks(f"{errand.whole}: {self.host} knows no field {unknown}", field=str(unknown), subject=subject)
        # Time-outs carry no type, resource limits one of several: both pass with a smaller question.
        return TooMuch(f"{self.host} could not answer {errand.whole} completely", subject=subject)

    def of_body(self, errand: Errand, body: str) -> ConnectorError:
        """The error that a body which is not JSON means: half an answer passes, another kind does not."""
        text = body.strip()
        if text[:1] in ("{", "["):
            return Unavailable(f"{errand.whole}: the answer of {self.host} was cut off", subject=errand.subject)
        seen = "an empty answer" if not text else "HTML" if text[:1] == "<" else "no JSON"
        return Malformed(
            f"{errand.whole}: {self.host} sent {seen} instead of JSON",
            remedy="check api_url, and whether a proxy or login page answers for it",
            subject=errand.subject,
        )

    def _refused(self) -> AuthFailed:
        if self.credential is None:
            return AuthFailed(f"{self.host} answers nobody without a token", remedy="set token")
        return AuthFailed(
            f"{self.host} refused the token {self.credential}",
            remedy="it has expired or was revoked: make a new one and put it there",
        )

    def _forbidden(self, errand: Errand, headers: Headers, said: str = "") -> NotPermitted:
        if "x-github-sso" in headers:
            return NotPermitted(
                f"{errand.whole}: the organisation wants the token authorised for its single sign-on",
                remedy="do so at https://github.com/settings/tokens",
                subject=errand.subject,
            )
        told = str(headers.get("x-accepted-github-permissions") or "")
        needed = _spelt(told) if "=read" in told and "write" not in told else errand.permission
        have = f"the token {self.credential} has not got" if self.credential else "a request without token has not"
        return NotPermitted(
            f"{errand.whole}: {have} the permission {needed}{said}",
            remedy="grant it (a write permission is never needed)" if self.credential else "set token",
            subject=errand.subject,
        )

    def _limited(self, errand: Errand, headers: Headers, retry_at: datetime) -> RateLimited:
        resource = str(headers.get("x-ratelimit-resource") or "") or None
        remedy = "" if self.credential else "set token: 5,000 requests an hour instead of 60"
        back = f"back at {retry_at:%H:%M:%S} UTC"
        if _is_used_up(headers):
            said = f"{errand.whole}: {self.host} says the {resource or 'hourly'} limit is used up; {back}"
            return RateLimited(said, retry_at=retry_at, remedy=remedy, subject=errand.subject, bucket=resource)
        said = f"{errand.whole}: {self.host} says too many requests at a time; {back}"
        limit = Hurried(said, retry_at=retry_at, remedy=remedy, subject=errand.subject)
        limit.is_told = "retry-after" in headers
        return limit

    def _retry_at(self, status: int, headers: Headers, said: Mapping[str, Any]) -> datetime | None:
        if status not in (403, 429, 503):
            return None
        if "retry-after" in headers:
            return retry_at({"retry-after": str(headers["retry-after"])}, self.clock())
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            return None
        # A secondary limit without Retry-After looks like a refusal but for the page of the manual it names.
        names_limits = "rate-limit" in str(said.get("documentation_url"))
        if _is_used_up(headers) or status == HTTPStatus.TOO_MANY_REQUESTS or names_limits:
            return self._reset(headers)
        return None

    def _reset(self, headers: Headers) -> datetime:
        """When a used-up limit is full again; else in a minute, GitHub's word for where nothing says how long."""
        reset = str(headers.get("x-ratelimit-reset")) if _is_used_up(headers) else ""
        return retry_at({"x-ratelimit-reset": reset}, self.clock())


def _spelt(permissions: str) -> str:
    """As the settings page of a token writes it: "Pull requests: read" for "pull_requests=read"."""
    return re.sub(r"(\w)(\w*)=", lambda m: f"{m[1].upper()}{m[2].replace('_', ' ')}: ", permissions)


def _is_used_up(headers: Headers) -> bool:
    return headers.get("x-ratelimit-remaining") == "0"


def _object(body: str) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _quoted(body: str) -> str:
    said = hint_of(body.encode(), ())
    return f' ("{said}")' if said else ""


def _lower(headers: Mapping[str, Any] | None) -> Headers:
    return {name.lower(): value for name, value in (headers or {}).items()}
