"""What can happen to the repositories of a world; `at` defaults to now."""

from __future__ import annotations

from datetime import date, datetime

from harvester.demo.ground import Ground
from harvester.demo.things import Access, Account, Asset, Mark, Release, Repo, Traffic


class Repositories(Ground):
    """A world's repositories, their stars, forks, visits and releases."""

    def create(self, owner: Account, name: str, description: str = "", at: datetime | None = None) -> Repo:
        """A repository is created; a name that was given up may come back."""
        with self._change():
            when = at or self.now
            repo = Repo(self.take_id("repo"), owner, name, when, when, description)
            self.repos.append(repo)
            self.index.add("R", repo.id, repo)
            self.index.call(repo)
            return repo

    def star(self, repo: Repo, account: Account | None = None, at: datetime | None = None) -> Mark:
        """Somebody stars: a stranger, unless told."""
        with self._change():
            who = account or self.new_account(f"stranger-{self._ids['account']}")
            mark = Mark(who, at or self.now)
            repo.stars.append(mark)
            return mark

    def unstar(self, repo: Repo, mark: Mark) -> None:
        """A star is taken back: the day it was given loses it."""
        with self._change():
            repo.stars.remove(mark)

    def fork(self, repo: Repo, account: Account, at: datetime | None = None) -> None:
        """Somebody forks."""
        with self._change():
            repo.forks.append(Mark(account, at or self.now))

    def visit(self, repo: Repo, day: date, traffic: Traffic) -> None:
        """So often a repository was viewed and cloned on a day; replaces what was known of it."""
        with self._change():
            repo.traffic[day] = traffic

    def refer(self, repo: Repo, referrers: dict[str, int], paths: dict[str, int]) -> None:
        """Where the views of the last 14 days came from and went to; replaces what was known."""
        with self._change():
            repo.referrers, repo.paths = dict(referrers), dict(paths)

    def release(self, repo: Repo, tag: str, *files: str, at: datetime | None = None, draft: bool = False) -> Release:
        """A release with its files is published, or drafted."""
        with self._change():
            when = at or self.now
            release = Release(self.take_id("release"), tag, when, None if draft else when, repo)
            release.assets += [Asset(self.take_id("asset"), name, when, release) for name in files]
            repo.releases.append(release)
            return release

    def download(self, asset: Asset, times: int = 1) -> None:
        """A file of a release is downloaded."""
        with self._change():
            asset.downloads += times

    def rename(self, repo: Repo, name: str, owner: Account | None = None) -> None:
        """A repository gets a new name, or moves to another owner; the old name answers 301."""
        with self._change():
            repo.former_names.append(repo.full_name)
            self.index.retire_name(repo)
            repo.name, repo.owner = name, owner or repo.owner
            self.index.call(repo)

    def restrict(self, repo: Repo, access: Access) -> None:
        """A repository is deleted, blocked, made private, or open again."""
        with self._change():
            repo.access = access

    def disable_issues(self, repo: Repo) -> None:
        """Issues are switched off: their addresses answer 410. Pull requests stay."""
        with self._change():
            repo.has_issues = False
