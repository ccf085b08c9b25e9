"""Google to the documented shapes: tokens for signed assertions, Analytics reports, and search analytics."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote
from zoneinfo import ZoneInfo

import jwt
from asked import body_of, path_of, said
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from connectors.testing import NOW, Answer, known_secret

EMAIL = "harvester@project.iam.gserviceaccount.com"
TOKEN_URI = "https://oauth2.googleapis.com/token"
TOKEN = "ya29.t0ken-of-an-hour"
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """A private key as key files have it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


PEM = pem_of(PRIVATE)


def account(**more: Any) -> Any:
    """The key file of the service account, as a secret."""
    key = {
        "type": "service_account",
        "client_email": EMAIL,
        "private_key_id": "k1",
        "private_key": PEM,
        "token_uri": TOKEN_URI,
    }
    return known_secret(json.dumps(key | more))


def refused(status: int, message: str, word: str = "", reason: str = "") -> Answer:
    """A refusal of an API. Search Console gives the reason in `errors`, Analytics in `details`; here in both."""
    told = [{"reason": reason, "domain": "usageLimits"}]
    body = {"code": status, "message": message, "status": word, "errors": told, "details": told}
    return said({"error": body}, status)


@dataclass
class FakeGoogle(ABC):
    """The token endpoint; `payloads`: what an API was asked. A subclass is an API.

    `spoil(payload, answer)` may change an answer, `spoil_token(answer)` a token.
    """

    scope: str = ""
    now: datetime = NOW
    token_uri: str = TOKEN_URI
    payloads: list[dict[str, Any]] = field(default_factory=list)
    assertions: list[dict[str, Any]] = field(default_factory=list)
    spoil: Callable[[dict[str, Any], Any], Any] | None = None
    spoil_token: Callable[[Any], Any] | None = None

    def __call__(self, request) -> Answer:
        assert request.method == "POST"
        if request.url == self.token_uri:
            answer = self._token(dict(parse_qsl(body_of(request))))
            return self.spoil_token(answer) if self.spoil_token else answer
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return refused(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED")
        payload = json.loads(body_of(request))
        self.payloads.append(payload)
        answer = self.answer(path_of(request), payload)
        if self.spoil:
            answer = self.spoil(payload, answer)
        return answer if isinstance(answer, Answer) else said(answer)

    def _token(self, form: dict[str, str]) -> Answer:
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        try:
            # The clock of a test is not today's.
            unchecked = {"verify_exp": False, "verify_iat": False}
            claims = jwt.decode(
                form["assertion"], PRIVATE.public_key(), ["RS256"], audience=self.token_uri, options=unchecked
            )
        except jwt.PyJWTError:
            return said({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
        self.assertions.append(claims)
        if claims["exp"] - claims["iat"] > 3600 or abs(claims["iat"] - self.now.timestamp()) > 300:
            return said({"error": "invalid_grant", "error_description": "Token must be short-lived"}, 400)
        if claims["iss"] != EMAIL or claims["scope"] != self.scope:
            return said({"error": "invalid_scope", "error_description": "Invalid OAuth scope"}, 400)
        return said({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})

    @abstractmethod
    def answer(self, path: str, payload: dict[str, Any]) -> Any:
        """What the API says to a request that has a right."""


def _within(day: str, first: str, last: str) -> bool:
    return first <= day <= last


@dataclass
class FakeAnalytics(FakeGoogle):
    """`views`: (page views, users) by day and path. A visit is a user's."""

    views: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    scope: str = "https://www.googleapis.com/auth/analytics.readonly"
    zone: str = "Europe/Berlin"
    most_rows: int = 250_000
    meta: dict[str, Any] = field(default_factory=dict)

    def answer(self, path: str, payload: dict[str, Any]) -> Any:
        if path != "/v1beta/properties/1234:runReport":
            message = "User does not have sufficient permissions for this property."
            return refused(403, message, "PERMISSION_DENIED")
        (span,) = payload["dateRanges"]
        if span["startDate"] < "2015-08-14":
            return refused(400, "Invalid startDate", "INVALID_ARGUMENT")
        dimensions = [one["name"] for one in payload["dimensions"]]
        metrics = [one["name"] for one in payload["metrics"]]
        assert [one["dimension"]["dimensionName"] for one in payload["orderBys"]] == dimensions
        sums: defaultdict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
        for (day, page), (views, users) in self.views.items():
            if _within(day, span["startDate"], span["endDate"]):
                where = tuple({"date": day.replace("-", ""), "pagePath": page}[name] for name in dimensions)
                sums[where] = [sums[where][0] + views, sums[where][1] + users]
        column = {"screenPageViews": 0, "totalUsers": 1, "sessions": 1}
        rows = [
            {
                "dimensionValues": [{"value": value} for value in where],
                "metricValues": [{"value": str(counts[column[name]])} for name in metrics],
            }
            for where, counts in sorted(sums.items())
        ]
        start = int(payload["offset"])
        page_of_rows = rows[start : start + min(int(payload["limit"]), self.most_rows)]
        body: dict[str, Any] = {
            "dimensionHeaders": payload["dimensions"],
            "metadata": {"currencyCode": "EUR", "timeZone": self.zone, **self.meta},
            "propertyQuota": {"tokensPerDay": {"consumed": 3, "remaining": 199_990}},
            "kind": "analyticsData#runReport",
        }
        # Nothing is written where there is nothing.
        return body | ({"rows": page_of_rows, "rowCount": len(rows)} if rows else {})


@dataclass
class FakeSearch(FakeGoogle):
    """`shown`: (impressions, clicks) by day and address. The last two days are preliminary."""

    shown: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    scope: str = "https://www.googleapis.com/auth/webmasters.readonly"
    site: str = "sc-domain:example.org"
    tells_fresh: bool = True

    def answer(self, path: str, payload: dict[str, Any]) -> Any:
        if unquote(path) != f"/webmasters/v3/sites/{self.site}/searchAnalytics/query":
            return refused(403, "User does not have sufficient permission for site.")
        assert payload["rowLimit"] <= 25_000
        today = self.now.astimezone(ZoneInfo("America/Los_Angeles")).date()
        fresh = str(today - timedelta(days=1))
        sums: defaultdict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
        for (day, address), (impressions, clicks) in self.shown.items():
            is_asked = _within(day, payload["startDate"], payload["endDate"])
            if is_asked and (payload["dataState"] == "all" or day < fresh) and _is_kept(day, today):
                where = (day, address) if "page" in payload["dimensions"] else (day,)
                sums[where] = [sums[where][0] + impressions, sums[where][1] + clicks]
        rows = [
            {"keys": list(where), "clicks": clicks, "impressions": impressions, "ctr": 0.1, "position": 4.5}
            for where, (impressions, clicks) in sorted(sums.items(), key=lambda one: (one[0][0], -one[1][1], one[0]))
        ]
        start = payload["startRow"]
        body: dict[str, Any] = {"responseAggregationType": "byPage"}
        if self.tells_fresh and payload["dataState"] == "all":
            body["metadata"] = {"first_incomplete_date": fresh}
        rows = rows[start : start + payload["rowLimit"]]
        return body | ({"rows": rows} if rows else {})


def _is_kept(day: str, today: date) -> bool:
    return date.fromisoformat(day) >= today - timedelta(days=485)
