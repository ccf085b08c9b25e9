"""Who asks GitHub, and what they may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from harvester.demo.things import Release, Repo, Review

ANONYMOUS_LIMIT = 60
RIGHTS = frozenset(("metadata", "issues", "pull_requests", "discussions", "contents", "administration"))


@dataclass(frozen=True, slots=True)
class Token:
    """A credential of a user, with its limits an hour, which all of the user's tokens share.

    `lacks`: which of RIGHTS it has nowhere; `lacks_in`: by owner/name, those it lacks there only. `blind`: private
    repositories it was not given. The rest is of an App's tokens, `login` being the account that the App named `app`
    is installed on: its `installation`, the names of the repositories it is for (None: all), and its end.
    """

    login: str
    lacks: frozenset[str] = frozenset()
    limit: int = 5_000
    graphql_limit: int = 5_000
    lacks_in: Mapping[str, frozenset[str]] = field(default_factory=dict)
    blind: frozenset[str] = frozenset()
    app: str = ""
    installation: int = 0
    only: frozenset[str] | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Purse:
    """Limits that are counted together: requests an hour, GraphQL points an hour, searches a minute."""

    name: str
    whom: str
    core: int
    graphql: int
    search: int = 30


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever sent a request. `person`: who maintains the world's own repositories."""

    credential: str
    token: Token | None
    person: str

    @property
    def identity(self) -> tuple[str, str]:
        """What an answer may depend on: a token whose rights are changed is another one."""
        return self.credential, repr(self.token)

    @property
    def is_app(self) -> bool:
        """Whether it is an App, not a user."""
        return self.token is not None and bool(self.token.app)

    @property
    def login(self) -> str | None:
        """Who it is; an App is a bot of its own."""
        if self.token is None:
            return None
        return f"{self.token.app}[bot]" if self.token.app else self.token.login

    @property
    def purse(self) -> Purse:
        """Whose limits are counted: the user's, the installation's, or without a token the one address here."""
        if self.token is None:
            return Purse("", "127.0.0.1", ANONYMOUS_LIMIT, 0, 10)
        if self.token.app:
            whom = f"installation ID {self.token.installation}"
            return Purse(whom, whom, self.token.limit, self.token.graphql_limit)
        login = self.token.login.lower()
        return Purse(login, f"user ID {login}", self.token.limit, self.token.graphql_limit)

    @property
    def refusal(self) -> str:
        """What GitHub says where a right is lacking."""
        return f"Resource not accessible by {'integration' if self.is_app else 'personal access token'}"

    def lacks(self, permission: str, repo: Repo) -> bool:
        """Whether the token misses a right on a repository."""
        if self.token is None:
            return False
        return permission in self.token.lacks or permission in _of(self.token.lacks_in, repo)

    def maintains(self, repo: Repo) -> bool:
        """Whether the repository is run by the user whose token this is."""
        return self._is(repo.owner.login) or (repo.maintained and self._is(self.person))

    def may_push(self, repo: Repo) -> bool:
        """Whether this is as good as push access: a maintainer's, or an App's on its own account."""
        return self.maintains(repo) or self._is_installed_on(repo)

    def permission(self, repo: Repo) -> str | None:
        """What GraphQL calls `viewerPermission`; an App has none."""
        if self.is_app:
            return None
        return "ADMIN" if self.maintains(repo) else "READ"

    def may_see(self, repo: Repo) -> bool:
        """Whether the repository is there at all for them; a blocked one is."""
        if repo.access == "private":
            return self._is_installed_on(repo) or (self.maintains(repo) and not self._is_blind_to(repo))
        return repo.access != "gone"

    def may_open(self, repo: Repo) -> bool:
        """Whether they see what is in it."""
        return self.may_see(repo) and repo.access != "blocked"

    def may_read(self, review: Review) -> bool:
        """A pending review is its author's secret."""
        return review.state != "PENDING" or (review.author is not None and self._is(review.author.login))

    def may_read_release(self, release: Release) -> bool:
        """A draft is seen by those with push access."""
        return release.published_at is not None or self.maintains(release.repo)

    def _is(self, login: str) -> bool:
        return self.login is not None and self.login.lower() == login.lower()

    def _is_installed_on(self, repo: Repo) -> bool:
        token = self.token
        if token is None or not token.app or token.login.lower() != repo.owner.login.lower():
            return False
        return token.only is None or repo.name in token.only

    def _is_blind_to(self, repo: Repo) -> bool:
        return self.token is not None and repo.full_name.lower() in {name.lower() for name in self.token.blind}


def _of(rights: Mapping[str, frozenset[str]], repo: Repo) -> frozenset[str]:
    wanted = repo.full_name.lower()
    return next((lacking for name, lacking in rights.items() if name.lower() == wanted), frozenset())
