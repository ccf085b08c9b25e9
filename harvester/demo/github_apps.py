"""GitHub Apps: installations, and the hourly tokens that a signed claim draws for them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from harvester.demo.exchange import Request
from harvester.demo.github_access import RIGHTS, Token
from harvester.demo.github_json import iso
from harvester.demo.github_lists import refuse

LIFE = timedelta(hours=1)
LONGEST_CLAIM = timedelta(minutes=10)
NO_EXPIRY = (
    "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion "
    "expires"
)
NO_ISSUE = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
READ_ALL = dict.fromkeys(sorted(RIGHTS), "read")


@dataclass(frozen=True, slots=True)
class Installation:
    """An App on an account: which rights it has there, and its limits an hour."""

    login: str
    permissions: Mapping[str, str] = field(default_factory=lambda: dict(READ_ALL))
    limit: int = 5_000
    graphql_limit: int = 5_000


@dataclass(frozen=True, slots=True)
class GitHubApp:
    """An App: its id (or client id), the public half of its key in PEM, its name, and where it is installed."""

    id: str
    public_key: str
    installations: Mapping[int, Installation]
    slug: str = "harvester"


@dataclass(slots=True)
class Tokens:
    """Every credential that is good: those of people, and those that Apps were given, each for an hour."""

    known: dict[str, Token]
    app: GitHubApp | None
    clock: Callable[[], datetime]
    _given: int = 0

    def find(self, secret: str) -> Token | None:
        """The token, unless it is nobody's or has run out."""
        token = self.known.get(secret)
        if token is not None and token.expires_at is not None and token.expires_at <= self.clock():
            return None
        return token

    def give(self, request: Request, number: int) -> dict[str, Any]:
        """Answer POST /app/installations/{number}/access_tokens: a token for an hour. Raises Refused."""
        app = self._claimed_by(request.bearer() or "")
        installation = app.installations.get(number)
        if installation is None:
            raise refuse(404, "Not Found")
        wanted = _wishes(request.body)
        permissions = {**installation.permissions, "metadata": "read"}
        if asked := wanted.get("permissions"):
            if not asked.keys() <= permissions.keys():
                raise refuse(422, "The permissions requested are not granted to this installation.")
            permissions = {**asked, "metadata": "read"}
        names = wanted.get("repositories")
        expires_at = self.clock() + LIFE
        self._given += 1
        secret = "ghs_" + hashlib.sha256(f"{number}:{self._given}".encode()).hexdigest()[:36]
        self.known[secret] = Token(
            installation.login,
            RIGHTS - permissions.keys(),
            installation.limit,
            installation.graphql_limit,
            app=app.slug,
            installation=number,
            only=None if names is None else frozenset(names),
            expires_at=expires_at,
        )
        selection = "all" if names is None else "selected"
        return {
            "token": secret,
            "expires_at": iso(expires_at),
            "permissions": permissions,
            "repository_selection": selection,
        }

    def _claimed_by(self, claim: str) -> GitHubApp:
        import jwt  # only Apps need it, and it takes its time to load

        if self.app is None:
            raise refuse(404, "Not Found")
        options: Any = dict.fromkeys(("verify_exp", "verify_iat", "verify_nbf", "verify_aud"), False)
        try:
            said = jwt.decode(claim, self.app.public_key, algorithms=["RS256"], options=options)
        except jwt.InvalidTokenError as error:
            raise refuse(401, "A JSON web token could not be decoded") from error
        now, expires, issued = self.clock().timestamp(), said.get("exp"), said.get("iat")
        if not isinstance(expires, int | float) or expires <= now:
            raise refuse(401, NO_EXPIRY)
        if expires > now + LONGEST_CLAIM.total_seconds():
            raise refuse(401, "'Expiration time' claim ('exp') is too far in the future")
        if not isinstance(issued, int) or issued > now:
            raise refuse(401, NO_ISSUE)
        if str(said.get("iss")) != self.app.id:
            raise refuse(404, "Integration not found")
        return self.app


def _wishes(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body or b"{}")
    except ValueError as error:
        raise refuse(400, "Problems parsing JSON") from error
    if not isinstance(said, dict):
        raise refuse(400, "Body should be a JSON object")
    return said
