"""A service account at Google: tokens for signed assertions, and what its refusals mean."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from asked import said
from cryptography.hazmat.primitives.asymmetric import ec
from fake_google import EMAIL, PEM, TOKEN, FakeGoogle, account, pem_of, refused

from connectors.base import Context
from connectors.errors import AuthFailed, Gone, Malformed, NotPermitted, RateLimited, SwitchedOff, Unavailable
from connectors.google import Google
from connectors.http import Http, Lanes
from connectors.testing import NOW, Wire, known_secret

URL = "https://analyticsdata.googleapis.com/v1beta/x"


class Echo(FakeGoogle):
    """An API that says what it was asked."""

    def answer(self, path, payload):
        return payload


def google(fake, key=None, clock=lambda: NOW):
    http = Http(transport=Wire(fake), clock=clock, lanes=Lanes())
    context = Context(source="mine", http=http, clock=clock)
    return Google(context, key or account(), "some.scope", "Some API", "add there:")


def ask(fake, **more):
    return google(fake, **more).post(URL, {"a": 1})


def test_an_assertion_is_signed_and_its_token_shown():
    fake = Echo(scope="some.scope")
    assert ask(fake) == {"a": 1}
    (claims,) = fake.assertions
    assert claims["iss"] == EMAIL
    assert claims["exp"] - claims["iat"] == 3600


@pytest.mark.parametrize("without", ["private_key_id", "token_uri"])
def test_a_key_may_lack_what_can_be_done_without(without):
    assert ask(Echo(scope="some.scope"), key=account(**{without: None})) == {"a": 1}


def test_a_token_is_asked_for_once_and_again_before_it_ends():
    now = [NOW]
    fake = Echo(scope="some.scope")
    api = google(fake, clock=lambda: now[0])
    for minutes, count in ((0, 1), (30, 1), (56, 2)):
        now[0] = fake.now = NOW + timedelta(minutes=minutes)
        api.post(URL, {})
        assert len(fake.assertions) == count


@pytest.mark.parametrize(
    "key",
    [
        "not JSON",
        "{}",
        "[]",
        json.dumps({"type": "authorized_user", "client_id": "x"}),
        json.dumps({"client_email": EMAIL, "private_key": "nonsense"}),
        json.dumps({"client_email": EMAIL, "private_key": None}),
        json.dumps({"client_email": EMAIL, "private_key": pem_of(ec.generate_private_key(ec.SECP256R1()))}),
    ],
    ids=["text", "empty", "list", "a user's", "no PEM", "null", "of another kind"],
)
def test_what_is_no_key_of_a_service_account_is_told_and_not_repeated(key):
    with pytest.raises(AuthFailed, match="env:TEST holds no key of a service account") as caught:
        ask(Echo(), key=known_secret(key))
    assert "nonsense" not in str(caught.value)


def test_a_withdrawn_key_is_refused_although_it_is_a_400():
    with pytest.raises(AuthFailed) as caught:
        ask(Echo(scope="some.scope", spoil_token=lambda _: said({"error": "invalid_grant"}, 400)))
    assert "make a new JSON key" in str(caught.value)
    assert "check the clock" in str(caught.value)


def test_a_clock_that_is_wrong_is_a_refused_key():
    with pytest.raises(AuthFailed, match="check the clock"):
        ask(Echo(scope="some.scope"), clock=lambda: NOW + timedelta(days=3))


@pytest.mark.parametrize("body", [[], {}, "<html>", {"access_token": "x", "expires_in": "soon"}], ids=str)
def test_an_answer_that_is_no_token_is_malformed(body):
    with pytest.raises(Malformed):
        ask(Echo(scope="some.scope", spoil_token=lambda _: said(body)))


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (refused(401, "Request had invalid credentials."), AuthFailed, "JSON key"),
        (refused(403, "User does not have sufficient permission"), NotPermitted, f"add there: {EMAIL}"),
        (refused(403, "The API is off", "PERMISSION_DENIED", "SERVICE_DISABLED"), SwitchedOff, "switch it on"),
        (refused(403, "Access Not Configured", "", "accessNotConfigured"), SwitchedOff, "switch it on"),
        (refused(404, "Not found"), Gone, "check"),
        (refused(500, "Internal"), Unavailable, "500"),
        (refused(400, "Field x is not a valid dimension"), Malformed, "valid dimension"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_refusal_is_named_by_what_to_do(answer, error, words):
    with pytest.raises(error, match=words) as caught:
        ask(Echo(scope="some.scope", spoil=lambda payload, _: answer))
    assert type(caught.value) is error


def test_a_quota_told_as_a_403_is_a_limit():
    with pytest.raises(RateLimited) as caught:
        ask(Echo(scope="some.scope", spoil=lambda payload, _: refused(403, "Load", "", "quotaExceeded")))
    assert caught.value.retry_at == NOW + timedelta(minutes=15)


def test_no_secret_shows_in_an_object_or_a_message():
    fake = Echo(scope="some.scope", spoil=lambda payload, _: refused(500, f"{TOKEN} broke"))
    api = google(fake)
    with pytest.raises(Unavailable) as caught:
        api.post(URL, {})
    shown = f"{api!r} {caught.value}"
    assert TOKEN not in shown
    assert PEM.splitlines()[1] not in shown
