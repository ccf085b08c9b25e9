"""The world that is harvested, a day of it, and what a faultless tool would hold of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from harvester.demo.life import build, crowd
from harvester.demo.things import Repo, Thread, pull_of, threads_of, utc
from harvester.demo.truth import los_angeles_day
from harvester.demo.world import World

OWNER = "wren-hollow"
VISITS = 6.0  # of a repository, a day
REMEMBERED = timedelta(days=14)  # that GitHub tells traffic of

Rows = dict[str, dict[str, Any]]
"""By kind and id: what a record says, as far as tools can be compared by it."""


@dataclass(frozen=True, slots=True)
class Size:
    """About so many of each in every repository, in so many days."""

    repos: int
    stars: int
    issues: int
    pulls: int
    days: int

    def __str__(self) -> str:
        """For the head of a table."""
        return (
            f"{self.repos:,} repositories of {self.days} days, each with about {self.stars} stars, {self.issues}"
            f" issues, {self.pulls} pull requests"
        )


def make(size: Size) -> World:
    """The world as it is when today begins."""
    today = datetime.now(UTC).date()
    plans = crowd(size.repos, stars=size.stars, issues=size.issues, pulls=size.pulls, days=size.days)
    visited = [replace(plan, visits=VISITS) for plan in plans]
    return build(today, plans=visited, start=today - timedelta(days=size.days), visitors=True)


def a_day_later(world: World) -> None:
    """A day passes, and in it happens one of everything that leaves hardly a trace."""
    world.advance()
    at = world.now - timedelta(hours=2)
    first, second, last = world.repos[0], world.repos[1], world.repos[-1]
    world.star(first, at=at)
    world.unstar(second, second.stars[len(second.stars) // 4], at)
    issue = world.open_issue(first, world.person, at=at)
    world.comment(issue, world.person, at)
    issues = [thread for thread in threads_of(first, pulls=False) if thread is not issue]
    commented = [thread for thread in issues if thread.comments]
    world.edit(commented[0].comments[0], at)
    world.delete_comment(commented[1], commented[1].comments[0])
    world.delete_issue(first, commented[2])
    world.transfer_issue(first, commented[3], second)
    pulls = list(threads_of(first, pulls=True))
    world.review(pulls[-1], world.person, "APPROVED", at, inline=1)
    lined = next(pull for pull in pulls if pull_of(pull).inline)
    world.delete_inline(lined, pull_of(lined).inline[0])
    reviews = [review for pull in pulls for review in pull_of(pull).reviews]
    world.dismiss(next(review for review in reviews if review.state in ("APPROVED", "CHANGES_REQUESTED")))
    world.rename(last, f"{last.name}-next")


def truth(world: World, begun_on: date) -> Rows:
    """What there is now. `begun_on`: the day of the first harvest, before which traffic was forgotten already."""
    rows: Rows = {}
    with world.lock:
        for repo in world.repos:
            for kind, key, content in (*_repo(repo, utc(begun_on) - REMEMBERED), *_threads(repo)):
                rows.setdefault(kind, {})[key] = content
    return rows


def _repo(repo: Repo, remembered: datetime) -> Iterator[tuple[str, str, Any]]:
    yield "repository", str(repo.id), repo.full_name
    for mark in repo.stars:
        yield "star", f"{repo.id}/{mark.account.id}", 1
    per_day: dict[str, int] = {}
    for mark in repo.stars:
        day = los_angeles_day(mark.at).isoformat()
        per_day[day] = per_day.get(day, 0) + 1
    for day, count in per_day.items():
        yield "star day", f"{repo.id}/{day}", count
    for on, traffic in repo.traffic.items():
        for what in ("views", "visitors", "clones", "cloners"):
            if utc(on) > remembered and getattr(traffic, what):
                yield "traffic day", f"traffic_{what}/{repo.id}/{on}", getattr(traffic, what)


def _threads(repo: Repo) -> Iterator[tuple[str, str, Any]]:
    for thread in threads_of(repo):
        for said in thread.comments:
            yield "comment", str(said.id), repo.id
        if thread.pull is None:
            yield "issue", str(thread.id), [repo.id, thread.closed_at is not None]
        else:
            yield from _pull(repo, thread)


def _pull(repo: Repo, thread: Thread) -> Iterator[tuple[str, str, Any]]:
    pull = pull_of(thread)
    yield "pull", f"{repo.id}/{thread.number}", pull.merged_at is not None
    for review in pull.reviews:
        if review.state != "PENDING":
            yield "review", str(review.id), review.state
    for inline in pull.told():
        yield "inline", str(inline.id), repo.id
