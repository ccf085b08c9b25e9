"""What the streams of one opened source share: whom it may ask as, the clients that are free, what it is told."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from connectors.base import Budget, Context
from connectors.errors import AuthFailed, ConnectorError, Gone, Malformed, NotPermitted, RateLimited
from connectors.github.client import Client
from connectors.github.config import GithubConfig
from connectors.github.connection import Limits
from connectors.github.credentials import Credential, Minted, credentials_of
from connectors.github.facts import instant
from connectors.github.failures import Errand, Failures
from connectors.github.ledger import Passage
from connectors.github.pygithub import Auth, jwt
from connectors.github.width import Width
from connectors.http import check_address

DEADLINE = 4  # times the timeout of one read: for a whole answer


class Stopped(Exception):
    """The run is being stopped: no request is sent any more, and what was read so far is all there will be."""


@dataclass(slots=True)
class Access:
    """Lets requests in, each in the name of the credential that is used least.

    A client is one worker's at a time and goes on to the next with its connection open. `appetite`: how heavy one
    GraphQL query may be; it shrinks when GitHub cannot answer. `lacking`: fields that this server has not got.
    """

    config: GithubConfig
    context: Context
    credentials: list[Credential] = field(init=False)
    appetite: int = 400
    lacking: frozenset[str] = frozenset()
    width: Width = field(init=False)
    _idle: dict[tuple[Credential, str | None], list[Client]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.credentials = credentials_of(self.config, self.context.meter.budgets)
        self.width = Width(self.config.concurrency)

    def check(self) -> None:
        """Raise NotPermitted where the way in is not safe, whatever there is to read."""
        if not __debug__:
            raise NotPermitted(
                "Python runs with -O, which removes PyGithub's checks of where it sends the token",
                remedy="run without -O and PYTHONOPTIMIZE",
            )
        is_open = urlsplit(self.config.api_url).scheme == "http"
        if is_open and not self.config.is_anonymous and not self.context.allow_private:
            raise NotPermitted("the token would travel unencrypted", remedy="use https:// in api_url")
        check_address(self.config.api_url, self.context.allow_private)

    def admit(
        self, bucket: str, points: int, without: Collection[Credential] = ()
    ) -> tuple[Credential, Passage] | float:
        """Who may send a request of so many points now, or in how many seconds to ask again.

        `without`: those who have been refused it already. Raises Stopped, AuthFailed, or the RateLimited that ends
        first.
        """
        if self.context.is_stopping():
            raise Stopped
        now = self.context.clock()
        reserve = 0 if self.config.is_anonymous else self.config.reserve
        able = [one for one in self.credentials if one.refusal is None and one not in without]
        if not able:
            raise next(one.refusal for one in self.credentials if one.refusal is not None)
        limits: list[RateLimited] = []
        waits: list[float] = []
        for credential in sorted(able, key=lambda one: -one.ledger.left(bucket, now)):
            try:
                admitted = credential.ledger.admit(bucket, points, reserve, now)
            except RateLimited as limit:
                limits.append(limit)
                continue
            if isinstance(admitted, Passage):
                return credential, admitted
            waits.append(admitted)
        if waits:
            return min(waits)
        raise min(limits, key=lambda limit: limit.retry_at)

    def take(self, credential: Credential) -> Client:
        """A client for this thread alone, in this name. Raises ConnectorError where its token cannot be had."""
        token = credential.token(self.context.clock(), self._mint)
        with self._lock:
            if idle := self._idle.get((credential, token)):
                return idle.pop()
            for old in [key for key in self._idle if key[0] is credential and key[1] != token]:
                for client in self._idle.pop(old):
                    client.close()
        return self._connect(credential, None if token is None else Auth.Token(token), token)

    def give_back(self, credential: Credential, client: Client) -> None:
        """The client is free for the next worker."""
        with self._lock:
            self._idle.setdefault((credential, client.token), []).append(client)

    def remember(self, credential: Credential, token: str | None, bucket: str, error: ConnectorError) -> None:
        """Take note of an error that concerns everything else this credential may ask. `token`: that was sent."""
        if isinstance(error, AuthFailed):
            if not credential.is_replaced(token):
                credential.refusal = error
        elif isinstance(error, RateLimited):
            credential.ledger.remember(bucket, error)

    def count_points(self, points: int) -> None:
        """So many GraphQL points were charged."""
        self.context.meter.spend(points=points)

    def _connect(self, credential: Credential, auth: Auth.Auth | None, token: str | None) -> Client:
        timeout = self.context.timeout
        return Client(
            self.config.api_url,
            auth,
            Limits(timeout, DEADLINE * timeout, allow_private=self.context.allow_private),
            Failures(urlsplit(self.config.api_url).netloc, credential.reference, self.context.clock),
            self._count_request,
            lambda bucket, budget: self._hear(credential, bucket, budget),
            token,
        )

    def _count_request(self) -> None:
        self.context.meter.spend(requests=1)

    def _hear(self, credential: Credential, bucket: str, budget: Budget) -> None:
        credential.ledger.told(bucket, budget, self.context.clock())
        with self._lock:
            self.context.meter.budgets[credential.name, bucket] = credential.ledger.budgets[bucket]

    def _mint(self, credential: Credential) -> Minted:
        """A new token for an installation, good for an hour."""
        errand = Errand(f"a token for {credential.reference}")
        key = credential.secret.reveal() if credential.secret else ""
        try:
            auth = Auth.AppAuth(credential.app or 0, key)
            auth.create_jwt()
        # AttributeError: a public key. Their texts may quote the key.
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, AssertionError):
            raise AuthFailed(
                f"the key of {credential.reference} is none that can sign", remedy="app_key wants the App's PEM file"
            ) from None
        client = self._connect(credential, auth, None)
        try:
            said = client.post(errand, f"/app/installations/{credential.installation}/access_tokens")
            return Minted(str(said["token"]), instant(said["expires_at"]))
        except (Gone, NotPermitted) as error:
            raise AuthFailed(
                f"GitHub gives no token to {credential.reference}: it was suspended, or is not of this App",
                remedy="correct installations, or install the App there again",
            ) from error
        except (KeyError, ValueError) as error:
            raise Malformed(f"{errand.what}: an answer without it") from error
        finally:
            client.close()
