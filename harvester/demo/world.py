"""A small world to harvest: what is in it now, and what can happen to it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Literal

from harvester.demo.things import (
    Account,
    Asset,
    Comment,
    InlineComment,
    Mark,
    Post,
    Pull,
    Reads,
    Release,
    Repo,
    Review,
    ReviewState,
    Talk,
    Thread,
    Traffic,
    pull_of,
)
from harvester.demo.truth import Truth, truth_of

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
}


class World:
    """Everything there is, at `now`. Change it by its methods only: servers cache what they said by `version`.

    `live` makes one more day happen; `advance` calls it.
    """

    def __init__(
        self, now: datetime, person: Account, site: str, live: Callable[[World, date], None] | None = None
    ) -> None:
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
        self.version = 0
        self.lock = threading.RLock()
        self._live = live
        self._ids: defaultdict[str, int] = defaultdict(int)
        self._named: dict[str, Repo] = {}
        self.join(person)

    # Finding

    def repo(self, full_name: str) -> Repo | None:
        """The repository that is called so now; case does not matter."""
        return self._named.get(full_name.lower())

    def renamed(self, full_name: str) -> Repo | None:
        """The repository that was called so once."""
        wanted = full_name.lower()
        return next((r for r in self.repos if wanted in (n.lower() for n in r.former_names)), None)

    def repo_by_id(self, number: int) -> Repo | None:
        """The repository with this numeric id."""
        return next((r for r in self.repos if r.id == number), None)

    def post_url(self, path: str) -> str:
        """The canonical address of a page."""
        return f"https://{self.site}{path}"

    def is_dark(self, day: date) -> bool:
        """Whether analytics counted nothing on this day, because it was down."""
        return self.outage is not None and self.outage[0] <= day <= self.outage[1]

    def truth(self) -> Truth:
        """What a faultless harvest stores, by metric, subject and day."""
        return truth_of(self)

    # Time

    def advance(self, days: int = 1) -> None:
        """Let days pass, as they did until now."""
        with self.lock:
            for _ in range(days):
                if self._live is not None:
                    self._live(self, self.now.date())
                self.now += timedelta(days=1)
            self.version += 1

    def take_id(self, kind: str) -> int:
        """A fresh number for a new thing of this kind."""
        self._ids[kind] += 1
        return FIRST_IDS[kind] + 7 * self._ids[kind]

    # What can happen; `at` defaults to now

    def join(self, account: Account) -> Account:
        """Make an account known."""
        self.accounts[account.login] = account
        return account

    def new_account(self, login: str, kind: Literal["User", "Bot", "Organization"] = "User") -> Account:
        """Somebody signs up."""
        return self.join(Account(login, self.take_id("account"), kind))

    def create(self, owner: Account, name: str, description: str = "", at: datetime | None = None) -> Repo:
        """A repository is created; a name that was given up may come back."""
        with self._change():
            when = at or self.now
            repo = Repo(self.take_id("repo"), owner, name, when, when, description)
            self.repos.append(repo)
            self._named[repo.full_name.lower()] = repo
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
            repo.forks.append(Mark(account, at or self.now, self.take_id("fork")))

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
            assets = [Asset(self.take_id("asset"), name, when) for name in files]
            release = Release(self.take_id("release"), tag, when, None if draft else when, assets)
            repo.releases.append(release)
            return release

    def download(self, asset: Asset, times: int = 1) -> None:
        """A file of a release is downloaded."""
        with self._change():
            asset.downloads += times

    def open_issue(
        self, repo: Repo, author: Account | None, title: str = "It breaks", at: datetime | None = None
    ) -> Thread:
        """An issue is opened; author None is a ghost."""
        with self._change():
            return self._open(repo, author, title, at)

    def open_pull(
        self, repo: Repo, author: Account | None, title: str = "Mend it", at: datetime | None = None
    ) -> Thread:
        """A pull request is opened."""
        with self._change():
            thread = self._open(repo, author, title, at)
            thread.pull = Pull(self.take_id("pull"))
            return thread

    def close(self, thread: Thread, at: datetime | None = None, *, merged_by: Account | None = None) -> None:
        """An issue is closed; a pull request is closed, or merged where somebody merges it."""
        with self._change():
            thread.closed_at = thread.updated_at = at or self.now
            thread.reason = "completed"
            if thread.pull is not None and merged_by is not None:
                thread.pull.merged_at, thread.pull.merged_by = thread.closed_at, merged_by

    def reopen(self, thread: Thread, at: datetime | None = None) -> None:
        """A closed issue is open again: it forgets when it was closed."""
        with self._change():
            thread.closed_at, thread.reason = None, "reopened"
            thread.updated_at = at or self.now

    def comment(self, thread: Thread, author: Account | None, at: datetime | None = None) -> Comment:
        """Somebody comments in the conversation."""
        with self._change():
            when = at or self.now
            said = Comment(self.take_id("comment"), thread.number, author, when, when)
            thread.comments.append(said)
            thread.updated_at = max(thread.updated_at, when)
            return said

    def edit(self, comment: Comment, at: datetime | None = None) -> None:
        """A comment is reworded; its thread does not notice."""
        with self._change():
            comment.updated_at = at or self.now

    def delete_comment(self, thread: Thread, comment: Comment) -> None:
        """A comment vanishes; nothing else shows it."""
        with self._change():
            thread.comments.remove(comment)

    def delete_issue(self, repo: Repo, thread: Thread) -> None:
        """An issue vanishes with its comments; its address answers 410."""
        with self._change():
            del repo.threads[thread.number]
            repo.deleted.add(thread.number)

    def transfer_issue(self, repo: Repo, thread: Thread, to: Repo) -> None:
        """An issue moves to another repository under a new number; its old address answers 301."""
        with self._change():
            del repo.threads[thread.number]
            to.last_number += 1
            repo.moved[thread.number] = (to, to.last_number)
            thread.number = to.last_number
            for said in thread.comments:
                said.number = thread.number
            to.threads[thread.number] = thread

    def review(
        self,
        thread: Thread,
        author: Account | None,
        state: ReviewState = "COMMENTED",
        at: datetime | None = None,
        inline: int = 0,
    ) -> Review:
        """Somebody reviews a pull request, with so many inline comments."""
        with self._change():
            pull, when = pull_of(thread), at or self.now
            submitted = None if state == "PENDING" else when
            review = Review(self.take_id("review"), thread.number, author, state, when, submitted)
            pull.reviews.append(review)
            for _ in range(inline):
                number = self.take_id("inline")
                pull.inline.append(InlineComment(number, thread.number, author, when, when, review.id))
            if submitted is not None:
                thread.updated_at = max(thread.updated_at, when)
            return review

    def dismiss(self, thread: Thread, review: Review, at: datetime | None = None) -> None:
        """A review is dismissed; it stays, submitted when it was."""
        with self._change():
            review.state = "DISMISSED"
            thread.updated_at = at or self.now

    def delete_inline(self, thread: Thread, comment: InlineComment) -> None:
        """An inline comment vanishes."""
        with self._change():
            pull_of(thread).inline.remove(comment)

    def rename(self, repo: Repo, name: str, owner: Account | None = None) -> None:
        """A repository gets a new name, or moves to another owner; the old name answers 301."""
        with self._change():
            repo.former_names.append(repo.full_name)
            del self._named[repo.full_name.lower()]
            repo.name, repo.owner = name, owner or repo.owner
            self._named[repo.full_name.lower()] = repo

    def restrict(self, repo: Repo, access: Literal["open", "private", "gone", "blocked"]) -> None:
        """A repository is deleted, blocked, made private, or open again."""
        with self._change():
            repo.access = access

    def disable_issues(self, repo: Repo) -> None:
        """Issues are switched off: their addresses answer 410. Pull requests stay."""
        with self._change():
            repo.has_issues = False

    def publish(self, slug: str, title: str, at: datetime | None = None) -> Post:
        """A post appears on the blog."""
        with self._change():
            when = at or self.now
            post = Post(slug, title, when, when)
            self.posts.append(post)
            return post

    def comment_post(self, post: Post, at: datetime | None = None) -> None:
        """A reader comments on a post."""
        with self._change():
            post.comments.append(at or self.now)

    def read(self, path: str, day: date, reads: Reads) -> None:
        """So often a page was read on a day; replaces what was known of it."""
        with self._change():
            self.page_reads.setdefault(day, {})[path] = reads

    def _open(self, repo: Repo, author: Account | None, title: str, at: datetime | None) -> Thread:
        repo.last_number += 1
        when = at or self.now
        thread = Thread(self.take_id("issue"), repo.last_number, title, author, when, when)
        repo.threads[thread.number] = thread
        return thread

    def _change(self) -> _Change:
        return _Change(self)


class _Change:
    """Holds the world still, and counts the change."""

    __slots__ = ("_world",)

    def __init__(self, world: World) -> None:
        self._world = world

    def __enter__(self) -> None:
        self._world.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._world.version += 1
        self._world.lock.release()
