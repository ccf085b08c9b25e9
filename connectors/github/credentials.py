"""Whose name GitHub is asked in: tokens, and installations of an App, each with an account of its own."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from connectors.base import Budget, Secret
from connectors.errors import AuthFailed
from connectors.github.config import GithubConfig
from connectors.github.ledger import SHARED, Ledger

EARLY = timedelta(minutes=1)  # that long before its end an installation's token is exchanged for a new one


@dataclass(slots=True)
class Minted:
    """An installation's token and its end."""

    token: str = field(repr=False)
    ends_at: datetime


@dataclass(slots=True, eq=False)
class Credential:
    """A token, an installation of an App, or, without `secret`, nobody in particular.

    `reference`: where it lies, for messages. `installation`: of the App whose key `secret` then is. `ledger`: what
    it has asked for. `refusal`: why it is of no use.
    """

    reference: str | None
    name: str
    ledger: Ledger
    secret: Secret | None = None
    app: int | None = None
    installation: int | None = None
    refusal: AuthFailed | None = None
    _minted: Minted | None = None
    _known: str | None = field(default=None, repr=False)
    _is_renewed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self, now: datetime, mint: Callable[[Credential], Minted]) -> str | None:
        """The token to send now. `mint` gets an installation a new one."""
        if self.secret is None:
            return None
        with self._lock:
            if self.installation is not None:
                if self._minted is None or now >= self._minted.ends_at - EARLY:
                    self._minted = mint(self)
                return self._minted.token
            if self._known is None:
                self._known = self.secret.reveal()
            return self._known

    def is_replaced(self, refused: str | None) -> bool:
        """After a refusal: whether there is another token by now, as where its file was rewritten. Looks once."""
        if self.secret is None or refused is None:
            return False
        with self._lock:
            minted = self._minted.token if self._minted is not None else None
            if refused != (self._known if self.installation is None else minted):
                return True  # another worker, refused with the same token, has been here before
            if self._is_renewed:
                return False
            self._is_renewed = True
            if self.installation is not None:
                self._minted = None
                return True
            self._known = self.secret.reveal()
            return self._known != refused


def fingerprint(token: str | None) -> str:
    """What tells a token from others without telling what it is: ETags belong to the token that drew them."""
    return hashlib.sha256((token or "").encode()).hexdigest()[:12]


def credentials_of(config: GithubConfig, budgets: Mapping[tuple[str, str], Budget]) -> list[Credential]:
    """Everyone that this source may ask as, in the order of its configuration; nobody in particular where none is.

    `budgets`: what earlier runs were told, by name of the credential and bucket.
    """
    named: list[tuple[Secret, str, int | None]] = []
    if config.token is not None:
        named.append((config.token, config.token.reference, None))
    named += [(secret, secret.reference, None) for secret in config.tokens]
    if config.app_key is not None:
        named += [(config.app_key, f"app {config.app}, installation {n}", int(n)) for n in config.installations]
    host = urlsplit(config.api_url).netloc
    found = [
        Credential(
            reference, f"{reference} at {host}", SHARED.of(f"{reference} at {host}"), secret, config.app, number
        )
        for secret, reference, number in named
    ] or [Credential(None, f"nobody at {host}", SHARED.of(f"nobody at {host}"))]
    for credential in found:
        for (name, bucket), budget in budgets.items():
            if name == credential.name:
                credential.ledger.budgets.setdefault(bucket, budget)
    return found
