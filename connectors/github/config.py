"""What [source.NAME] of a GitHub source may say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from connectors.base import Secret

_OWNER = r"[A-Za-z0-9][A-Za-z0-9_-]*"
_REPO = re.compile(rf"{_OWNER}/(?:\*|[A-Za-z0-9._-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubConfig:
    """Raises ValueError("key: why") for what GitHub could not mean; asks GitHub nothing."""

    repos: tuple[str, ...] = field(
        metadata={"help": "owner/name, or owner/* for all public repositories of an owner that are not forks"}
    )
    token: Secret | None = field(
        default=None,
        metadata={"help": "a token without any special right is enough for public repositories, but for traffic"},
    )
    tokens: tuple[Secret, ...] = field(
        default=(), metadata={"help": "more tokens, of other accounts: the least used one is asked with"}
    )
    app: int | None = field(default=None, metadata={"help": "number of a GitHub App, with app_key and installations"})
    app_key: Secret | None = field(default=None, metadata={"help": "the App's private key (PEM)"})
    installations: tuple[str, ...] = field(default=(), metadata={"help": "numbers of the App's installations"})
    user: str | None = field(
        default=None,
        metadata={"help": "your login: what you do elsewhere counts, what you do in your own repositories does not"},
    )
    api_url: str = field(
        default="https://api.github.com",
        metadata={"help": "of a GitHub Enterprise Server: https://HOST/api/v3"},
    )
    bots: tuple[str, ...] = field(
        default=(), metadata={"help": "logins that are machines though GitHub calls them users"}
    )
    reserve: int = field(
        default=500, metadata={"help": "requests and points an hour to be left for your other tools"}
    )
    concurrency: int = field(default=8, metadata={"help": "requests at once, at most 100"})

    def __post_init__(self) -> None:
        if not self.repos:
            raise ValueError('repos: name at least one repository, as in ["owner/name"] or ["owner/*"]')
        for name in self.repos:
            if not _REPO.fullmatch(name) or name.endswith(("/.", "/..")):
                raise ValueError(f'repos: "{name}" is neither owner/name nor owner/*')
        address = urlsplit(self.api_url)
        if address.scheme not in ("https", "http") or not address.hostname:
            raise ValueError("api_url: not an address that begins with https://")
        if address.username or address.password or address.query or address.fragment:
            raise ValueError("api_url: only scheme, host, port and path; a credential belongs in token")
        if self.reserve < 0:
            raise ValueError("reserve: must be 0 or more")
        if not 1 <= self.concurrency <= 100:
            raise ValueError("concurrency: from 1 to 100, which is GitHub's most")
        self._check_app()
        logins = [("user", self.user)] if self.user is not None else []
        for key, login in (*logins, *(("bots", login) for login in self.bots)):
            if not re.fullmatch(rf"{_OWNER}(?:\[bot\])?", login):
                raise ValueError(f'{key}: "{login}" is not a login')

    def _check_app(self) -> None:
        if (self.app, self.app_key, self.installations) == (None, None, ()):
            return
        if self.app is None or self.app_key is None or not self.installations:
            raise ValueError("app: an App needs app, app_key and installations")
        for number in self.installations:
            if not number.isdecimal():
                raise ValueError(f'installations: "{number}" is not the number of an installation')

    @property
    def is_anonymous(self) -> bool:
        """Whether GitHub is asked in nobody's name: GraphQL then does not answer."""
        return self.token is None and not self.tokens and self.app_key is None
