"""Who asks GitHub, and what they may see."""

from __future__ import annotations

from dataclasses import dataclass

from harvester.demo.things import Repo, Review
from harvester.demo.world import World

ANONYMOUS_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Token:
    """A credential: whose, which rights it lacks ("issues", "administration" …), and its limits an hour."""

    login: str
    lacks: frozenset[str] = frozenset()
    limit: int = 5_000
    graphql_limit: int = 5_000


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever sent a request. `credential` tells the limits apart; without a token it is empty."""

    credential: str
    token: Token | None

    @property
    def login(self) -> str | None:
        """Whose token it is."""
        return self.token.login if self.token else None

    @property
    def limit(self) -> int:
        """REST requests an hour."""
        return self.token.limit if self.token else ANONYMOUS_LIMIT

    @property
    def graphql_limit(self) -> int:
        """GraphQL points an hour."""
        return self.token.graphql_limit if self.token else 0

    def lacks(self, permission: str) -> bool:
        """Whether the token misses a right."""
        return self.token is not None and permission in self.token.lacks

    def is_admin(self, world: World) -> bool:
        """The world's person runs all of its repositories."""
        return self.login == world.person.login

    def may_see(self, world: World, repo: Repo) -> bool:
        """Whether the repository is there at all for them; a blocked one is."""
        if repo.access == "private":
            return self.is_admin(world)
        return repo.access != "gone"

    def may_read(self, review: Review) -> bool:
        """A pending review is its author's secret."""
        return review.state != "PENDING" or (review.author is not None and review.author.login == self.login)
