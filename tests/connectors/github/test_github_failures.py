"""What goes wrong with GitHub, in the terms of connectors.errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import github
import pytest
import requests
import urllib3.exceptions
from github import GithubException
from github_script import NOW, TOKEN

from connectors.errors import (
    AuthFailed,
    ConnectorError,
    Gone,
    Malformed,
    NotPermitted,
    RateLimited,
    Unavailable,
)
from connectors.github.connection import Moved, Oversized, StillWorking
from connectors.github.failures import (
    EXPECTED,
    Blocked,
    Errand,
    Failures,
    Forbidden,
    Hurried,
    Lacks,
    SwitchedOff,
    TooMuch,
)

FAILURES = Failures("api.github.com", "env:GITHUB_TOKEN", lambda: NOW)
ANONYMOUS = Failures("api.github.com", None, lambda: NOW)
ERRAND = Errand("issues", "ann/one", "Issues: read")
RESET = str(int((NOW + timedelta(minutes=20)).timestamp()))
LIMITS_PAGE = (
    "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits"
)


def answer(status: int, headers: dict[str, str] | None = None, **body: Any) -> ConnectorError:
    return FAILURES.of_answer(ERRAND, status, headers or {}, json.dumps(body))


def subclasses(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from subclasses(sub)


def exception(kind: type[BaseException]) -> BaseException:
    if issubclass(kind, GithubException):
        return kind(500, {"message": "?"}, {})
    if issubclass(kind, github.BadAttributeException):
        return kind("x", int, None)
    return kind.__new__(kind)


@pytest.mark.parametrize(
    "kind",
    sorted(
        {
            GithubException,
            *subclasses(GithubException),
            *(e for e in vars(github.GithubException).values() if isinstance(e, type) and issubclass(e, Exception)),
            requests.RequestException,
            *subclasses(requests.RequestException),
            urllib3.exceptions.HTTPError,
            *subclasses(urllib3.exceptions.HTTPError),
            AssertionError,
            TypeError,
            ValueError,
            RuntimeError,
            OverflowError,
            ConnectionResetError,
        },
        key=lambda kind: f"{kind.__module__}.{kind.__name__}",
    ),
    ids=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
def test_every_exception_of_the_libraries_is_expected_and_named(kind: type[BaseException]) -> None:
    error = exception(kind)
    assert isinstance(error, EXPECTED)
    named = FAILURES.of_exception(ERRAND, error)
    assert type(named).__mro__[-4] is ConnectorError
    assert named.subject == "ann/one"
    assert "issues of ann/one" in named.what


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Malformed),
        (401, AuthFailed),
        (403, NotPermitted),
        (404, Gone),
        (408, Unavailable),
        (409, Malformed),
        (410, SwitchedOff),
        (422, Malformed),
        (429, RateLimited),
        (451, Blocked),
        (500, Unavailable),
        (502, TooMuch),
        (503, Unavailable),
        (504, TooMuch),
        (304, Malformed),
        (307, Malformed),
    ],
)
def test_a_status_says_what_to_do_next(status: int, kind: type[ConnectorError]) -> None:
    assert type(answer(status, message="?")) is (kind if kind is not RateLimited else Hurried)


def test_the_exceptions_of_pygithub_are_named_by_their_status() -> None:
    limited = github.RateLimitExceededException(403, {"message": "?"}, {"X-RateLimit-Remaining": "0"})
    refused = github.BadCredentialsException(401, {"message": "Bad credentials"}, {})
    unknown = github.UnknownObjectException(404, None, None)
    named = [FAILURES.of_exception(ERRAND, error) for error in (limited, refused, unknown)]
    assert [type(error) for error in named] == [RateLimited, AuthFailed, Gone]


class TestRateLimits:
    def test_retry_after_in_seconds_is_kept_to(self) -> None:
        error = answer(403, {"retry-after": "17"})
        assert isinstance(error, Hurried)
        assert error.retry_at == NOW + timedelta(seconds=17)

    def test_retry_after_as_a_date_is_kept_to(self) -> None:
        error = answer(429, {"retry-after": "Tue, 24 Nov 2026 12:05:00 GMT"})
        assert isinstance(error, RateLimited)
        assert error.retry_at == datetime(2026, 11, 24, 12, 5, tzinfo=UTC)

    @pytest.mark.parametrize("status", [403, 429])
    def test_a_used_up_limit_waits_for_its_reset(self, status: int) -> None:
        error = answer(
            status, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET, "x-ratelimit-resource": "core"}
        )
        assert type(error) is RateLimited
        assert error.retry_at == NOW + timedelta(minutes=20)
        assert "the core limit is used up" in error.what

    @pytest.mark.parametrize("reset", ["soon", "", "1e400"])
    def test_a_reset_that_is_no_time_waits_a_minute(self, reset: str) -> None:
        error = answer(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset})
        assert isinstance(error, RateLimited)
        assert error.retry_at == NOW + timedelta(minutes=1)

    @pytest.mark.parametrize("status", [403, 429])
    def test_a_secondary_limit_without_retry_after_waits_a_minute(self, status: int) -> None:
        error = answer(status, {"x-ratelimit-remaining": "4000"}, documentation_url=LIMITS_PAGE)
        assert isinstance(error, Hurried)
        assert error.retry_at == NOW + timedelta(minutes=1)

    def test_english_text_alone_is_no_limit(self) -> None:
        error = answer(403, {"x-ratelimit-remaining": "4000"}, message="API rate limit exceeded, says somebody")
        assert isinstance(error, NotPermitted)

    @pytest.mark.parametrize(("headers", "is_told"), [({"retry-after": "17"}, True), ({}, False)])
    def test_whether_github_said_how_long_is_known(self, headers: dict[str, str], is_told: bool) -> None:
        error = answer(429, headers)
        assert isinstance(error, Hurried)
        assert error.is_told is is_told

    def test_which_allowance_is_used_up_is_told(self) -> None:
        error = answer(403, {"x-ratelimit-remaining": "0", "x-ratelimit-resource": "graphql"})
        assert isinstance(error, RateLimited)
        assert error.bucket == "graphql"

    def test_an_outage_that_names_a_time_is_a_limit(self) -> None:
        assert isinstance(answer(503, {"retry-after": "120"}), RateLimited)

    def test_without_a_token_the_remedy_is_a_token(self) -> None:
        error = ANONYMOUS.of_answer(ERRAND, 403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET}, "{}")
        assert "set token" in error.remedy


class TestMessages:
    def test_a_refused_token_is_named_by_its_reference_only(self) -> None:
        error = answer(401, message="Bad credentials")
        assert "env:GITHUB_TOKEN" in error.what
        assert TOKEN not in f"{error!r} {error} {FAILURES!r}"

    def test_a_missing_right_is_named_as_github_names_it(self) -> None:
        error = answer(403, {"x-accepted-github-permissions": "issues=read"}, message="Resource not accessible")
        assert "the permission Issues: read" in error.what
        assert "Resource not accessible" in error.what

    def test_a_missing_right_is_named_from_the_stream_where_github_does_not(self) -> None:
        error = answer(403, {})
        assert "Issues: read" in error.what
        assert "never" in error.remedy

    def test_single_sign_on_is_told_from_a_missing_right(self) -> None:
        error = answer(
            403, {"x-github-sso": "required; url=https://github.com/orgs/x/sso?authorization_request=SECRET"}
        )
        assert isinstance(error, NotPermitted)
        assert "single sign-on" in error.what
        assert "authorization_request" not in str(error)

    def test_a_missing_repository_may_be_a_private_one(self) -> None:
        error = answer(404, message="Not Found")
        assert error.what.startswith("ann/one is gone or private")

    def test_a_blocked_repository_is_gone_with_any_status(self) -> None:
        assert isinstance(answer(403, message="Repository access blocked", block={"reason": "tos"}), Gone)

    def test_a_failure_of_the_network_repeats_no_address(self) -> None:
        error = FAILURES.of_exception(ERRAND, requests.ConnectionError("http://user:hunter2@h/?token=x"))
        assert isinstance(error, Unavailable)
        assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Moved(), Unavailable),
        (StillWorking(), Unavailable),
        (Oversized(), Malformed),
        (requests.ReadTimeout(), TooMuch),
        (requests.ConnectTimeout(), Unavailable),
        (RuntimeError("Github server redirected from host a to b"), Malformed),
        (AssertionError("other.example"), Malformed),
    ],
)
def test_what_the_transport_raises_is_named(error: Exception, kind: type[ConnectorError]) -> None:
    assert type(FAILURES.of_exception(ERRAND, error)) is kind


class TestGraphql:
    def named(self, *errors: Any, **headers: str) -> ConnectorError:
        return FAILURES.of_graphql(ERRAND, errors, {name.replace("_", "-"): value for name, value in headers.items()})

    @pytest.mark.parametrize(
        ("errors", "kind"),
        [
            ([{"type": "RATE_LIMITED"}], RateLimited),
            ([{"type": "FORBIDDEN"}], Forbidden),
            ([{"type": "INSUFFICIENT_SCOPES"}], Forbidden),
            ([{"type": "NOT_FOUND", "path": ["a0"]}], Gone),
            ([{"type": "RESOURCE_LIMITS_EXCEEDED"}], TooMuch),
            ([{"message": "Something went wrong while executing your query. This may be a timeout"}], TooMuch),
            ([{}], TooMuch),
            ([{"type": None, "extensions": "?"}], TooMuch),
            ([{"type": "NOT_FOUND"}, {"type": "RATE_LIMITED"}], RateLimited),
        ],
    )
    def test_errors_are_named_by_their_type(self, errors: list[Any], kind: type[ConnectorError]) -> None:
        assert type(self.named(*errors)) is kind

    def test_a_used_up_allowance_waits_for_its_reset(self) -> None:
        error = self.named({"type": "RATE_LIMITED"}, x_ratelimit_remaining="0", x_ratelimit_reset=RESET)
        assert isinstance(error, RateLimited)
        assert error.retry_at == NOW + timedelta(minutes=20)

    def test_a_used_up_allowance_that_names_no_time_waits_a_minute(self) -> None:
        error = self.named({"type": "RATE_LIMITED"})
        assert isinstance(error, RateLimited)
        assert error.retry_at == NOW + timedelta(minutes=1)

    def test_a_forbidden_field_is_named_by_its_path(self) -> None:
        error = self.named({"type": "FORBIDDEN", "path": ["a0", "issues"]})
        assert isinstance(error, Forbidden)
        assert error.path == ("a0", "issues")
        assert "Issues: read" in error.what

    @pytest.mark.parametrize("path", [None, "a0", {}])
    def test_a_path_that_is_none_is_of_no_field(self, path: Any) -> None:
        error = self.named({"type": "FORBIDDEN", "path": path})
        assert isinstance(error, Forbidden)
        assert error.path == ()

    def test_single_sign_on_is_told_from_a_missing_right(self) -> None:
        error = self.named({"type": "FORBIDDEN", "extensions": {"saml_failure": True}})
        assert type(error) is NotPermitted
        assert "single sign-on" in error.what

    def test_a_field_that_the_server_lacks_is_named(self) -> None:
        more = {"code": "undefinedField", "typeName": "Repository", "fieldName": "discussions"}
        error = self.named({"message": "?", "path": ["query Pulse"], "extensions": more})
        assert isinstance(error, Lacks)
        assert (error.field, "knows no field discussions" in error.what) == ("discussions", True)


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ("", Malformed, "an empty answer"),
        ("<!DOCTYPE html><html>", Malformed, "HTML"),
        ("hello", Malformed, "no JSON"),
        ('[{"id": 1}, {"i', Unavailable, "cut off"),
    ],
)
def test_a_body_that_is_not_json_is_half_an_answer_or_none(body: str, kind: type[ConnectorError], said: str) -> None:
    error = FAILURES.of_body(ERRAND, body)
    assert isinstance(error, kind)
    assert said in error.what
