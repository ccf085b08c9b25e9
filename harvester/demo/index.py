"""Finds the things of a world by id, by author, and repositories by name, without a walk through it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harvester.demo.things import Account, Repo


class Index:
    """Kinds are the prefixes of GitHub's node ids: R, I, PR, IC, PRR, PRRC …"""

    def __init__(self) -> None:
        self._things: dict[tuple[str, int], Any] = {}
        self._written: dict[tuple[str, int], dict[int, Any]] = {}
        self._named: dict[str, Repo] = {}
        self._once_named: dict[str, Repo] = {}

    def add(self, kind: str, number: int, thing: Any, author: Account | None = None) -> None:
        """Know a thing by its id, and as its author's."""
        self._things[kind, number] = thing
        if author is not None:
            self._written.setdefault((kind, author.id), {})[number] = thing

    def drop(self, kind: str, number: int, author: Account | None = None) -> None:
        """Forget a thing that vanished."""
        del self._things[kind, number]
        if author is not None:
            del self._written[kind, author.id][number]

    def find(self, kind: str, number: int) -> Any | None:
        """The thing of this kind with this id."""
        return self._things.get((kind, number))

    def by(self, kind: str, author: Account) -> Iterator[Any]:
        """Everything of a kind that somebody wrote, anywhere."""
        yield from self._written.get((kind, author.id), {}).values()

    def call(self, repo: Repo) -> None:
        """Know a repository by the name it has now."""
        self._named[repo.full_name.lower()] = repo

    def retire_name(self, repo: Repo) -> None:
        """The name it has now is about to become a former one."""
        name = repo.full_name.lower()
        if self._named.get(name) is repo:  # another one may have taken it over
            del self._named[name]
        self._once_named[name] = repo

    def named(self, full_name: str) -> Repo | None:
        """The repository that is called so now; case does not matter."""
        return self._named.get(full_name.lower())

    def once_named(self, full_name: str) -> Repo | None:
        """The repository that was called so last, and is no more."""
        return self._once_named.get(full_name.lower())
