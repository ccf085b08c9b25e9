"""Installations of an App: a token for an hour, got with a key that nobody sees."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from github_script import NOW, World

from connectors.base import Secret
from connectors.errors import AuthFailed, ConnectorError, Malformed, RateLimited, Unavailable
from connectors.github.access import Access
from connectors.github.asks import CORE, Get
from connectors.github.failures import Errand
from harvester.demo.exchange import Answer, Request, as_json

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
TOKENS = "/app/installations/{}/access_tokens"
HOUR = timedelta(hours=1)


@dataclass
class App:
    """GitHub's end: checks the App's signature and hands out tokens, each good for an hour. `now`: our clock."""

    now: datetime = NOW
    minted: list[str] = field(default_factory=list, repr=False)
    claims: list[dict[str, Any]] = field(default_factory=list)

    def mint(self, request: Request) -> Answer:
        signed = request.bearer()
        assert request.method == "POST"
        assert signed
        self.claims.append(jwt.decode(signed, KEY.public_key(), algorithms=["RS256"]))
        self.minted.append(f"ghs_{request.path.split('/')[3]}_{len(self.minted)}")
        ends = (self.now + HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")
        return as_json({"token": self.minted[-1], "expires_at": ends}, 201)


@pytest.fixture
def app(github: World) -> App:
    """An App with two installations."""
    app = App()
    configure(github, PEM)
    github.options["clock"] = lambda: app.now
    for number in (1, 2):
        github.script.said[TOKENS.format(number)] = app.mint
    return app


def configure(github: World, key: str, *installations: str) -> None:
    github.token = None
    github.config |= {"app": 7, "app_key": Secret("file:key.pem", lambda: key)}
    github.config["installations"] = installations or ("1", "2")


def token_of(access: Access, number: int = 0) -> str | None:
    return access.take(access.credentials[number]).token


def test_the_app_signs_for_itself_and_asks_for_a_token(github: World, app: App) -> None:
    assert token_of(github.access()) == "ghs_1_0"
    [claims] = app.claims
    assert str(claims["iss"]) == "7"
    assert claims["exp"] - claims["iat"] <= 600
    assert github.meter.requests == 1


def test_what_is_asked_is_asked_with_the_installations_token(github: World, app: App) -> None:
    github.script.said["/x"] = as_json({"id": 1})
    access = github.access()
    access.take(access.credentials[1]).get(Get(Errand("x"), "/x", shape="object"))
    assert github.script.seen[-1].bearer() == "ghs_2_0"


def test_a_token_serves_until_its_end(github: World, app: App) -> None:
    access = github.access()
    assert {token_of(access), token_of(access)} == {"ghs_1_0"}
    app.now += HOUR - timedelta(minutes=2)
    assert token_of(access) == "ghs_1_0"


def test_it_is_renewed_a_little_before_its_end(github: World, app: App) -> None:
    access = github.access()
    token_of(access)
    app.now += HOUR - timedelta(seconds=59)
    assert token_of(access) == "ghs_1_1"
    app.now += HOUR - timedelta(minutes=2)
    assert token_of(access) == "ghs_1_1"


def test_each_installation_has_its_own(github: World, app: App) -> None:
    access = github.access()
    assert (token_of(access, 0), token_of(access, 1)) == ("ghs_1_0", "ghs_2_1")


def test_a_token_that_was_taken_back_is_exchanged_once(github: World, app: App) -> None:
    access = github.access()
    [first, _] = access.credentials
    access.remember(first, token_of(access), CORE, AuthFailed("refused"))
    assert first.refusal is None
    assert token_of(access) == "ghs_1_1"
    access.remember(first, "ghs_1_1", CORE, AuthFailed("refused"))
    assert first.refusal is not None


def test_of_several_workers_refused_with_one_token_none_condemns_the_next(github: World, app: App) -> None:
    access = github.access()
    [first, _] = access.credentials
    old = token_of(access)
    access.remember(first, old, CORE, AuthFailed("refused"))
    access.remember(first, old, CORE, AuthFailed("refused"))
    assert token_of(access) == "ghs_1_1"
    access.remember(first, old, CORE, AuthFailed("refused"))
    assert first.refusal is None


def foreign_keys() -> dict[str, str]:
    """What people put there instead of the App's key."""
    curve = ec.generate_private_key(ec.SECP256R1())
    plain, traditional = NoEncryption(), PrivateFormat.TraditionalOpenSSL
    return {
        "garbage": "this is the key",
        "half": PEM[: len(PEM) // 2],
        "public": KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        "curve": curve.private_bytes(Encoding.PEM, traditional, plain).decode(),
        "locked": KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hunter2")).decode(),
        "binary": base64.b64encode(KEY.private_bytes(Encoding.DER, traditional, plain)).decode(),
        "json": json.dumps({"private_key": PEM}),
        "ssh": "ssh-rsa AAAAB3NzaC1yc2E ann@host",
        "empty frame": "-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n",
        "a token": "ghp_0123456789abcdef",
        "zero bytes": "\x00\x00",
    }


@pytest.mark.parametrize("kind", foreign_keys())
def test_a_key_that_cannot_sign_is_named_by_where_it_lies_and_never_quoted(github: World, kind: str) -> None:
    key = foreign_keys()[kind]
    configure(github, key)
    access = github.access()
    with pytest.raises(AuthFailed) as caught:
        token_of(access)
    told = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert "the key of app 7, installation 1 is none that can sign" in told
    assert "PEM" in caught.value.remedy
    assert not any(line in told for line in key.splitlines() if len(line) > 8)
    assert github.script.seen == []


def test_a_refused_signature_names_the_installation(github: World, app: App) -> None:
    github.script.said[TOKENS.format(1)] = as_json({"message": "A JSON web token could not be decoded"}, 401)
    with pytest.raises(AuthFailed, match="app 7, installation 1"):
        token_of(github.access())


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (as_json({"message": "Not Found"}, 404), AuthFailed),
        (as_json({"message": "This installation has been suspended"}, 403), AuthFailed),
        (as_json({"message": "Server Error"}, 503), Unavailable),
        (as_json({"message": "?"}, 429, {"Retry-After": "60"}), RateLimited),
        (as_json({"token": "ghs_x"}, 201), Malformed),
        (as_json({"expires_at": "2026-11-24T13:00:00Z"}, 201), Malformed),
        (as_json({"token": "ghs_x", "expires_at": "soon"}, 201), Malformed),
        (as_json([], 201), Malformed),
    ],
)
def test_where_no_token_is_to_be_had_it_says_whose(
    github: World, app: App, answer: Answer, kind: type[ConnectorError]
) -> None:
    github.script.said[TOKENS.format(1)] = answer
    with pytest.raises(kind) as caught:
        token_of(github.access())
    assert "app 7, installation 1" in caught.value.what
    assert "ghs_x" not in str(caught.value)


def test_the_other_installation_is_asked_as_where_one_is_gone(github: World, app: App) -> None:
    github.script.said[TOKENS.format(1)] = as_json({"message": "Not Found"}, 404)
    github.script.add(stargazers_count=4)
    found = github.read("repository")
    assert (found.error, found.problems) == (None, [])
    assert {o.value for o in found.observations if o.metric == "stargazers"} == {4}


def test_a_whole_harvest_goes_by_an_installation(github: World, app: App) -> None:
    found = github.read("issues")
    assert (found.error, found.problems) == (None, [])
    assert {request.bearer() for request in github.script.seen if "graphql" in request.path} <= set(app.minted)


def test_a_key_that_cannot_sign_ends_the_source(github: World) -> None:
    configure(github, "no key", "1")
    assert isinstance(github.read("issues").error, AuthFailed)


def test_secrets_are_in_no_repr(github: World, app: App) -> None:
    access = github.access()
    token = token_of(access)
    assert token
    shown = f"{access!r} {access.credentials!r}"
    assert token not in shown
    assert PEM.splitlines()[3] not in shown
