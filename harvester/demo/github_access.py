"""Who asks GitHub, and what they may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harvester.demo.things import Release, Repo, Review

ANONYMOUS_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Token:
    """A credential of a user, with its limits an hour, which all of the user's tokens share.

    `lacks`: rights it has nowhere ("issues", "pull_requests", "discussions", "contents", "administration");
    `lacks_in`: by owner/name, those it lacks there only. `blind`: private repositories it was not given.
    """

    login: str
    lacks: frozenset[str] = frozenset()
    limit: int = 5_000
    graphql_limit: int = 5_000
    lacks_in: Mapping[str, frozenset[str]] = field(default_factory=dict)
    blind: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever sent a request. `person`: who maintains the world's own repositories."""

    credential: str
    token: Token | None
    person: str

    @property
    def login(self) -> str | None:
        """Whose token it is."""
        return self.token.login if self.token else None

    @property
    def payer(self) -> str:
        """Whose limits are counted; without a token the address', which everybody shares here."""
        return self.token.login.lower() if self.token else ""

    @property
    def limit(self) -> int:
        """REST requests an hour."""
        return self.token.limit if self.token else ANONYMOUS_LIMIT

    @property
    def graphql_limit(self) -> int:
        """GraphQL points an hour."""
        return self.token.graphql_limit if self.token else 0

    @property
    def refusal(self) -> str:
        """What GitHub says where a right is lacking."""
        return "Resource not accessible by personal access token"

    def lacks(self, permission: str, repo: Repo) -> bool:
        """Whether the token misses a right on a repository."""
        if self.token is None:
            return False
        return permission in self.token.lacks or permission in _of(self.token.lacks_in, repo)

    def maintains(self, repo: Repo) -> bool:
        """Whether the repository is run by whose token this is."""
        return self.login == repo.owner.login or (repo.maintained and self.login == self.person)

    def permission(self, repo: Repo) -> str:
        """What GraphQL calls `viewerPermission`."""
        return "ADMIN" if self.maintains(repo) else "READ"

    def may_see(self, repo: Repo) -> bool:
        """Whether the repository is there at all for them; a blocked one is."""
        if repo.access == "private":
            return self.maintains(repo) and not self._is_blind_to(repo)
        return repo.access != "gone"

    def may_open(self, repo: Repo) -> bool:
        """Whether they see what is in it."""
        return self.may_see(repo) and repo.access != "blocked"

    def may_read(self, review: Review) -> bool:
        """A pending review is its author's secret."""
        return review.state != "PENDING" or (review.author is not None and review.author.login == self.login)

    def may_read_release(self, release: Release) -> bool:
        """A draft is seen by those with push access."""
        return release.published_at is not None or self.maintains(release.repo)

    def _is_blind_to(self, repo: Repo) -> bool:
        return self.token is not None and repo.full_name.lower() in {name.lower() for name in self.token.blind}


def _of(rights: Mapping[str, frozenset[str]], repo: Repo) -> frozenset[str]:
    wanted = repo.full_name.lower()
    return next((lacking for name, lacking in rights.items() if name.lower() == wanted), frozenset())
