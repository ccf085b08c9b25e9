"""The ground a world stands on: its clock, its ids, its lock, and what is in it."""

from __future__ import annotations

import threading
from collections import defaultdict
from datetime import date, datetime
from typing import Literal

from harvester.demo.index import Index
from harvester.demo.things import Account, Post, Reads, Repo, Talk

# Issues, comments and reviews of today have ids that no 32-bit integer holds, which GraphQL's Int is.
FIRST_IDS = {
    "account": 4_000_000,
    "repo": 81_000_000,
    "fork": 83_000_000,
    "issue": 3_200_000_000,
    "pull": 2_500_000_000,
    "comment": 3_400_000_000,
    "review": 3_800_000_000,
    "inline": 2_800_000_000,
    "release": 260_000_000,
    "asset": 300_000_000,
    "discussion": 7_000_000,  # the schema has no wider id for these two, so they still fit
    "remark": 12_000_000,
}


class Ground:
    """Everything there is, at `now`. Servers cache what they said by `version`, which every change counts up."""

    def __init__(self, now: datetime, person: Account, site: str) -> None:
        self.now = now
        self.person = person
        self.site = site
        self.accounts: dict[str, Account] = {}
        self.repos: list[Repo] = []
        self.posts: list[Post] = []
        self.page_reads: dict[date, dict[str, Reads]] = {}
        self.site_reads: dict[date, Reads] = {}
        self.outage: tuple[date, date] | None = None
        self.talks: list[Talk] = []
        self.index = Index()
        self.version = 0
        self.lock = threading.RLock()
        self._ids: defaultdict[str, int] = defaultdict(int)
        self._logins: dict[str, Account] = {}
        self.join(person)

    def repo(self, full_name: str) -> Repo | None:
        """The repository that is called so now; case does not matter."""
        return self.index.named(full_name)

    def renamed(self, full_name: str) -> Repo | None:
        """The repository that was called so once."""
        return self.index.once_named(full_name)

    def repo_by_id(self, number: int) -> Repo | None:
        """The repository with this numeric id."""
        return self.index.find("R", number)

    def maintained(self) -> list[Repo]:
        """The repositories that the world's person runs, as far as they are there."""
        return [repo for repo in self.repos if repo.maintained and repo.access in ("open", "private")]

    def take_id(self, kind: str) -> int:
        """A fresh number for a new thing of this kind."""
        self._ids[kind] += 1
        return FIRST_IDS[kind] + 7 * self._ids[kind]

    def account(self, login: str) -> Account | None:
        """Whoever has this login; case does not matter."""
        return self._logins.get(login.lower())

    def join(self, account: Account) -> Account:
        """Make an account known."""
        self.accounts[account.login] = self._logins[account.login.lower()] = account
        return account

    def new_account(self, login: str, kind: Literal["User", "Bot", "Organization"] = "User") -> Account:
        """Somebody signs up."""
        return self.join(Account(login, self.take_id("account"), kind))

    def _change(self) -> _Change:
        return _Change(self)


class _Change:
    """Holds the world still, and counts the change."""

    __slots__ = ("_ground",)

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def __enter__(self) -> None:
        self._ground.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._ground.version += 1
        self._ground.lock.release()
