"""Google's APIs, asked in the name of a service account."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connectors.base import Context, Secret
from connectors.errors import (
    AuthFailed,
    ConnectorError,
    Gone,
    Malformed,
    NotPermitted,
    RateLimited,
    SwitchedOff,
    in_words,
)

TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105  an address, no token
LIFETIME = timedelta(hours=1)
"""Of an assertion, the most that Google allows; its tokens live as long."""

EARLY = timedelta(minutes=5)
QUOTA_PAUSE = timedelta(minutes=15)
"""What Google advises where a quota of ten minutes is used up."""

_QUOTA = {"quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded"}
_SWITCHED_OFF = {"SERVICE_DISABLED", "accessNotConfigured"}
# invalid_grant: the key is withdrawn, the account gone, or the clock wrong.
_REFUSED = {"invalid_grant", "invalid_client", "invalid_scope", "unauthorized_client"}
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_REMEDY = "make a new JSON key of the service account (Google Cloud console, IAM, Service accounts, Keys)"


@dataclass(slots=True, repr=False)
class Google:
    """One of Google's APIs. `right`: what to do in the service where the account may not read something.

    `account_key`: the JSON key file of a service account. A token is asked for when it is needed, lasts an hour and
    is kept as long as this object.
    """

    context: Context
    account_key: Secret
    scope: str
    service: str
    right: str
    _token: str = ""
    _ends_at: datetime | None = None
    _email: str = field(default="the service account")

    def post(self, url: str, payload: Any) -> Any:
        """The JSON that Google answers to `payload`."""
        source, name = self.context.source, self.service
        headers = {"Authorization": f"Bearer {self._access()}"}
        meanings: dict[type[ConnectorError], tuple[str, str]] = {
            AuthFailed: (f"{source}: {name} does not accept the token of {self._email}", _REMEDY),
            NotPermitted: (f"{source}: {name} does not let {self._email} read this", f"{self.right} {self._email}"),
            SwitchedOff: (
                f"{source}: the API of {name} is switched off",
                "switch it on in the service account's project (Google Cloud console, APIs & Services)",
            ),
            Gone: (f"{source}: {name} knows no such thing", "check what is asked for"),
        }
        with in_words(meanings):
            try:
                return self.context.http.post_json(url, payload, headers=headers).json()
            except NotPermitted as error:
                raise self._told_apart(error) from None

    def _told_apart(self, error: NotPermitted) -> ConnectorError:
        """Google answers 403 to three things."""
        if error.codes & _QUOTA:
            return RateLimited(error.what, retry_at=self.context.clock() + QUOTA_PAUSE)
        return SwitchedOff(error.what) if error.codes & _SWITCHED_OFF else error

    def _access(self) -> str:
        now = self.context.clock()
        if self._ends_at is None or now >= self._ends_at - EARLY:
            self._token, lifetime = self._exchange(now)
            self._ends_at = now + lifetime
        return self._token

    def _exchange(self, now: datetime) -> tuple[str, timedelta]:
        """An access token for an assertion that the account signs, and how long it lasts."""
        source = self.context.source
        address, assertion = self._signed(now)
        meanings: dict[type[ConnectorError], tuple[str, str]] = {
            AuthFailed: (f"{source}: Google does not accept the key of {self._email}", f"{_REMEDY}; check the clock"),
            NotPermitted: (f"{source}: Google does not accept {self._email}", _REMEDY),
            Gone: (f"{source}: no tokens at {address}", _REMEDY),
        }
        with in_words(meanings):
            try:
                page = self.context.http.post_form(address, {"grant_type": _GRANT}, secrets={"assertion": assertion})
            except Malformed as error:
                if not error.codes & _REFUSED:
                    raise
                raise AuthFailed(error.what) from None
        said = page.json()
        try:
            token, seconds = str(said["access_token"]), float(said.get("expires_in", LIFETIME.total_seconds()))
        except (ValueError, TypeError, LookupError, AttributeError):
            raise Malformed(f"{address}: answered something else than a token") from None
        return token, timedelta(seconds=min(max(seconds, 0), LIFETIME.total_seconds()))

    def _signed(self, now: datetime) -> tuple[str, str]:
        """Where tokens are given, and the assertion to show there. Nothing of the key is in an error."""
        try:
            key = json.loads(self.account_key.reveal())
            email, private_key = key["client_email"], key["private_key"]
            address = key.get("token_uri") or TOKEN_URI
            claims = {
                "iss": email,
                "scope": self.scope,
                "aud": address,
                "iat": int(now.timestamp()),
                "exp": int((now + LIFETIME).timestamp()),
            }
            named = {"kid": key["private_key_id"]} if key.get("private_key_id") else None
            # To prove that the primes of Google's own key are prime stops every other source for a tenth of a second.
            signing = load_pem_private_key(private_key.encode(), None, unsafe_skip_rsa_key_validation=True)
            if not isinstance(signing, RSAPrivateKey):
                raise TypeError("Google's keys are RSA keys")
            assertion = jwt.encode(claims, signing, algorithm="RS256", headers=named)
        except (jwt.PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, LookupError, AttributeError):
            raise AuthFailed(
                f"{self.context.source}: {self.account_key.reference} holds no key of a service account",
                remedy=_REMEDY,
            ) from None
        self._email = str(email)
        return str(address), assertion
