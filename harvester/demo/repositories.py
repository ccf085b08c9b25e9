"""What can happen to the repositories of a world; `at` defaults to now."""

from __future__ import annotations

from datetime import date, datetime
from itertools import count

from harvester.demo.ground import Ground
from harvester.demo.things import Access, Account, Asset, Mark, Release, Repo, Traffic


class Repositories(Ground):
    """A world's repositories, their stars, forks, visits and releases."""

    def create(
        self,
        owner: Account,
        name: str,
        description: str = "",
        at: datetime | None = None,
        *,
        maintained: bool = True,
    ) -> Repo:
        """A repository is created, by the world's person or elsewhere; a name that was given up may come back."""
        with self._change():
            when = at or self.now
            repo = Repo(self.take_id("repo"), owner, name, when, when, when, description, maintained)
            self.repos.append(repo)
            self._know(repo)
            return repo

    def fork(self, repo: Repo, account: Account, at: datetime | None = None) -> Repo:
        """Somebody forks: a repository of theirs that is not among `repos`, but found by name and id."""
        with self._change():
            when, names = at or self.now, (f"{repo.name}-{n}" if n else repo.name for n in count())
            name = next(name for name in names if self.index.named(f"{account.login}/{name}") is None)
            fork = Repo(self.take_id("fork"), account, name, when, when, when, repo.description, maintained=False)
            fork.parent = repo
            repo.forks.append(fork)
            self._know(fork)
            return fork

    def unfork(self, fork: Repo) -> None:
        """A fork is deleted: the day it was made loses it. Its own forks go on as those of its parent."""
        with self._change():
            if fork.parent is None:
                raise ValueError(f"{fork.full_name} is no fork")
            fork.parent.forks.remove(fork)
            for orphan in fork.forks:
                orphan.parent = fork.parent
            fork.parent.forks += fork.forks
            fork.access = "gone"

    def star(self, repo: Repo, account: Account | None = None, at: datetime | None = None) -> Mark:
        """Somebody stars: a stranger, unless told. The repository counts as updated."""
        with self._change():
            who = account or self.new_account(f"stranger-{self._ids['account']}")
            mark = Mark(who, at or self.now)
            repo.stars.append(mark)
            repo.updated_at = max(repo.updated_at, mark.at)
            return mark

    def unstar(self, repo: Repo, mark: Mark, at: datetime | None = None) -> None:
        """A star is taken back: the day it was given loses it, however long ago. The repository is updated."""
        with self._change():
            repo.stars.remove(mark)
            repo.updated_at = max(repo.updated_at, at or self.now)

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

    def publish_release(self, release: Release, at: datetime | None = None) -> None:
        """A draft is published."""
        with self._change():
            release.published_at = at or self.now

    def delete_release(self, release: Release) -> None:
        """A release vanishes with its files."""
        with self._change():
            release.repo.releases.remove(release)

    def delete_asset(self, asset: Asset) -> None:
        """A file vanishes from its release, and its count with it."""
        with self._change():
            asset.release.assets.remove(asset)

    def download(self, asset: Asset, times: int = 1) -> None:
        """A file of a release is downloaded."""
        with self._change():
            asset.downloads += times

    def rename(self, repo: Repo, name: str, owner: Account | None = None) -> None:
        """A repository gets a new name, or moves to another owner; the old name answers 301."""
        with self._change():
            repo.former_names.append(repo.full_name)
            self.index.retire_name(repo)
            self.index.drop("R", repo.id, repo.owner)
            repo.name, repo.owner = name, owner or repo.owner
            self._know(repo)

    def restrict(self, repo: Repo, access: Access) -> None:
        """A repository is deleted, blocked, made private, or open again."""
        with self._change():
            repo.access = access

    def disable_issues(self, repo: Repo) -> None:
        """Issues are switched off: their addresses answer 410. Pull requests stay."""
        with self._change():
            repo.has_issues = False

    def enable_discussions(self, repo: Repo) -> None:
        """Discussions are switched on; before and after there are none."""
        with self._change():
            repo.has_discussions = True

    def disable_discussions(self, repo: Repo) -> None:
        """Discussions are switched off: nobody sees those there were."""
        with self._change():
            repo.has_discussions = False

    def _know(self, repo: Repo) -> None:
        self.index.add("R", repo.id, repo, repo.owner)
        self.index.call(repo)
