"""Everything that can happen to a world's repositories, at random."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from harvester.demo.things import Account, Repo, pull_of, threads_of
from harvester.demo.world import World

T = TypeVar("T")


class Monkey:
    """Does one thing after the other; each is something that GitHub lets people do."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = random.Random(seed)
        self.done: list[str] = []
        for repo in world.maintained():
            if not repo.has_discussions:
                world.enable_discussions(repo)

    def act(self, times: int) -> None:
        """So many things happen, now or a little earlier today."""
        for _ in range(times):
            deed = self.random.choice(DEEDS)
            repo = self.random.choice(self.world.maintained())
            if deed(self, repo):
                self.done.append(f"{deed.__name__} in {repo.full_name}")

    def who(self) -> Account | None:
        return self.random.choice([None, self.world.person, *self.world.accounts.values()])

    def when(self) -> datetime:
        return self.world.now - timedelta(seconds=self.random.randrange(1, 3600))

    def pick(self, things: Iterable[T]) -> T | None:
        found = list(things)
        return self.random.choice(found) if found else None


def opens_issue(monkey: Monkey, repo: Repo) -> bool:
    monkey.world.open_issue(repo, monkey.who(), at=monkey.when())
    return True


def opens_pull(monkey: Monkey, repo: Repo) -> bool:
    monkey.world.open_pull(repo, monkey.who(), at=monkey.when())
    return True


def comments(monkey: Monkey, repo: Repo) -> bool:
    thread = monkey.pick(threads_of(repo))
    return bool(thread and monkey.world.comment(thread, monkey.who(), monkey.when()))


def edits(monkey: Monkey, repo: Repo) -> bool:
    said = monkey.pick(c for t in threads_of(repo) for c in t.comments)
    if said:
        monkey.world.edit(said)
    return bool(said)


def deletes_comment(monkey: Monkey, repo: Repo) -> bool:
    thread = monkey.pick(t for t in threads_of(repo) if t.comments)
    if thread:
        monkey.world.delete_comment(thread, monkey.pick(thread.comments))
    return bool(thread)


def deletes_issue(monkey: Monkey, repo: Repo) -> bool:
    thread = monkey.pick(threads_of(repo, pulls=False))
    if thread:
        monkey.world.delete_issue(repo, thread)
    return bool(thread)


def transfers_issue(monkey: Monkey, repo: Repo) -> bool:
    thread = monkey.pick(threads_of(repo, pulls=False))
    to = monkey.pick(other for other in monkey.world.maintained() if other is not repo)
    if thread and to:
        monkey.world.transfer_issue(repo, thread, to)
    return bool(thread and to)


def closes(monkey: Monkey, repo: Repo) -> bool:
    thread = monkey.pick(t for t in threads_of(repo) if t.closed_at is None)
    if thread:
        merged_by = monkey.world.person if thread.pull and monkey.random.random() < 0.6 else None
        monkey.world.close(thread, monkey.when(), merged_by=merged_by)
    return bool(thread)


def reopens(monkey: Monkey, repo: Repo) -> bool:
    thread = monkey.pick(t for t in threads_of(repo) if t.closed_at and not (t.pull and t.pull.merged_at))
    if thread:
        monkey.world.reopen(thread, monkey.when())
    return bool(thread)


def reviews(monkey: Monkey, repo: Repo) -> bool:
    pull = monkey.pick(threads_of(repo, pulls=True))
    if pull:
        state = monkey.random.choice(["APPROVED", "COMMENTED", "CHANGES_REQUESTED", "PENDING"])
        monkey.world.review(pull, monkey.who(), state, monkey.when(), inline=monkey.random.randrange(4))
    return bool(pull)


def dismisses(monkey: Monkey, repo: Repo) -> bool:
    review = monkey.pick(
        r
        for t in threads_of(repo, pulls=True)
        for r in pull_of(t).reviews
        if r.state in ("APPROVED", "CHANGES_REQUESTED")
    )
    if review:
        monkey.world.dismiss(review)
    return bool(review)


def deletes_inline(monkey: Monkey, repo: Repo) -> bool:
    pull = monkey.pick(t for t in threads_of(repo, pulls=True) if pull_of(t).inline)
    if pull:
        monkey.world.delete_inline(pull, monkey.pick(pull_of(pull).inline))
    return bool(pull)


def stars(monkey: Monkey, repo: Repo) -> bool:
    return bool(monkey.world.star(repo, at=monkey.when()))


def unstars(monkey: Monkey, repo: Repo) -> bool:
    mark = monkey.pick(repo.stars)
    if mark:
        monkey.world.unstar(repo, mark)
    return bool(mark)


def forks(monkey: Monkey, repo: Repo) -> bool:
    return bool(
        monkey.world.fork(
            repo, monkey.pick(a for a in monkey.world.accounts.values() if a.type == "User"), monkey.when()
        )
    )


def unforks(monkey: Monkey, repo: Repo) -> bool:
    fork = monkey.pick(f for f in repo.forks if f.access == "open")
    if fork:
        monkey.world.unfork(fork)
    return bool(fork)


def discusses(monkey: Monkey, repo: Repo) -> bool:
    if repo.has_discussions:
        monkey.world.open_discussion(repo, monkey.who(), at=monkey.when())
    return repo.has_discussions


def remarks(monkey: Monkey, repo: Repo) -> bool:
    found = monkey.pick(repo.discussions.values())
    if found:
        to = monkey.pick(found.comments) if monkey.random.random() < 0.5 else None
        monkey.world.comment_discussion(found, monkey.who(), monkey.when(), reply_to=to)
    return bool(found)


def unremarks(monkey: Monkey, repo: Repo) -> bool:
    said = monkey.pick(r for d in repo.discussions.values() for r in d.remarks() if r.deleted_at is None)
    if said:
        monkey.world.delete_remark(said)
    return bool(said)


def answers(monkey: Monkey, repo: Repo) -> bool:
    said = monkey.pick(c for d in repo.discussions.values() for c in d.comments if c.deleted_at is None)
    if said:
        monkey.world.choose_answer(said, monkey.when(), quietly=monkey.random.random() < 0.5)
    return bool(said)


def deletes_discussion(monkey: Monkey, repo: Repo) -> bool:
    found = monkey.pick(repo.discussions.values())
    if found:
        monkey.world.delete_discussion(found)
    return bool(found)


def renames(monkey: Monkey, repo: Repo) -> bool:
    name = repo.name.upper() if monkey.random.random() < 0.3 else f"name-{monkey.random.randrange(10**6)}"
    if name != repo.name:
        monkey.world.rename(repo, name)
    return True


def downloads(monkey: Monkey, repo: Repo) -> bool:
    asset = monkey.pick(a for release in repo.releases for a in release.assets)
    if asset:
        monkey.world.download(asset, monkey.random.randrange(1, 9))
    return bool(asset)


DEEDS: tuple[Callable[[Monkey, Repo], bool], ...] = (
    opens_issue, opens_pull, comments, edits, deletes_comment, deletes_issue, transfers_issue, closes, reopens,
    reviews, dismisses, deletes_inline, stars, unstars, forks, unforks, discusses, remarks, unremarks, answers,
    deletes_discussion, renames, downloads,
)  # fmt: skip
