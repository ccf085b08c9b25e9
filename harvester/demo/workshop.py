"""What goes on in a repository of the demo world: stars and forks, issues, pull requests and their reviews."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from harvester.demo.chance import poisson
from harvester.demo.plans import RepoPlan
from harvester.demo.things import Account, Repo, ReviewState, Thread, pull_of, utc
from harvester.demo.world import World

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mood:
    """How much livelier than usual a day is."""

    work: float = 1.0
    stars: float = 1.0
    reads: float = 1.0


@dataclass(frozen=True, slots=True)
class Scene:
    """One repository on one day."""

    world: World
    repo: Repo
    plan: RepoPlan
    day: date
    rng: Random
    mood: Mood

    def moment(self) -> datetime:
        """Some time of the day."""
        return utc(self.day, self.rng.randrange(86_400))


class Crew:
    """Who takes part, and the appointments that were made by what happened."""

    def __init__(self, person: Account, people: Sequence[Account], bots: Sequence[Account]) -> None:
        self.person = person
        self.people = people
        self.bots = bots
        self.agenda: defaultdict[date, list[Callable[[Random, date], object]]] = defaultdict(list)

    def expect(self, day: date, event: Callable[[Random, date], object]) -> None:
        """Make an appointment."""
        self.agenda[day].append(event)

    def keep_appointments(self, day: date, rng: Random, mood: Mood) -> None:
        """What was to happen on this day does, unless the day is a quiet one."""
        for event in self.agenda.pop(day, ()):
            if mood.work >= 1 or rng.random() < mood.work:
                event(rng, day)

    def author(self, plan: RepoPlan, rng: Random) -> Account | None:
        """Whoever writes something there: often the person, seldom a bot, sometimes somebody who is gone since."""
        draw = rng.random()
        if draw < 0.03:
            return None
        if draw < 0.10:
            return rng.choice(self.bots)
        if draw < 0.10 + plan.own:
            return self.person
        return self.somebody(rng)

    def somebody(self, rng: Random) -> Account:
        """One of the people: some come often, most once."""
        return self.people[int(rng.paretovariate(0.7)) % len(self.people)]

    def maintainer(self, repo: Repo) -> Account:
        """Who merges."""
        return self.person if repo.maintained else self.people[repo.id % len(self.people)]


def work(scene: Scene, crew: Crew) -> None:
    """A day of a repository."""
    world, repo, plan, rng, mood = scene.world, scene.repo, scene.plan, scene.rng, scene.mood
    for _ in range(poisson(rng, plan.stars * mood.stars)):
        world.star(repo, at=scene.moment())
    if len(repo.stars) > 10 and rng.random() < plan.stars * 0.05:
        world.unstar(repo, rng.choice(repo.stars), scene.moment())
    for _ in range(poisson(rng, plan.forks * mood.stars)):
        # A fork of a fork is of the network, and not in the repository's own list.
        is_second_hand = repo.forks and rng.random() < 0.05
        world.fork(rng.choice(repo.forks) if is_second_hand else repo, crew.somebody(rng), scene.moment())
    repo.watchers += poisson(rng, plan.forks / 3)
    for _ in range(poisson(rng, plan.issues * mood.work)):
        _open_issue(scene, crew)
    for _ in range(poisson(rng, plan.pulls * mood.work)):
        _open_pull(scene, crew, crew.author(plan, rng), scene.moment())
    if plan.pulls and scene.day.day == 1 and repo is world.repos[0]:
        # A bot opens several at once: equal timestamps are what breaks walks by time.
        at = scene.moment()
        for _ in range(2):
            _open_pull(scene, crew, crew.bots[0], at)


def _open_issue(scene: Scene, crew: Crew) -> None:
    world, rng = scene.world, scene.rng
    title = f"{rng.choice(_TROUBLES)} {rng.choice(PLACES)}"
    thread = world.open_issue(scene.repo, crew.author(scene.plan, rng), title, scene.moment())
    _expect_comments(scene, crew, thread, scene.plan.comments)
    if rng.random() < 0.78:
        closing = scene.day + wait(rng, 20)
        crew.expect(closing, lambda r, d: world.close(thread, _after(thread, r, d)))
        if rng.random() < 0.12:
            crew.expect(closing + wait(rng, 6), lambda r, d: _reopen(world, thread, r, d))


def _open_pull(scene: Scene, crew: Crew, author: Account | None, at: datetime) -> None:
    world, rng, plan = scene.world, scene.rng, scene.plan
    thread = world.open_pull(scene.repo, author, f"{rng.choice(_DEEDS)} {rng.choice(PLACES)}", at)
    _expect_comments(scene, crew, thread, plan.comments * 0.4)
    decision = scene.day + wait(rng, 6)
    for _ in range(poisson(rng, plan.reviews)):
        meeting = scene.day + DAY * rng.randint(0, (decision - scene.day).days)
        crew.expect(meeting, lambda r, d: _review(world, crew, plan, thread, r, d))
    fate = rng.random()
    if fate < 0.88:
        merger = crew.maintainer(scene.repo) if fate < 0.74 else None
        crew.expect(decision, lambda r, d: world.close(thread, _after(thread, r, d), merged_by=merger))


def _expect_comments(scene: Scene, crew: Crew, thread: Thread, mean: float) -> None:
    world, plan = scene.world, scene.plan
    for _ in range(poisson(scene.rng, mean)):
        crew.expect(
            scene.day + wait(scene.rng, 5),
            lambda r, d: world.comment(thread, crew.author(plan, r), _after(thread, r, d)),
        )


def _review(world: World, crew: Crew, plan: RepoPlan, thread: Thread, rng: Random, day: date) -> None:
    reviewer = crew.maintainer(thread.repo) if rng.random() < 0.5 else crew.author(plan, rng)
    states: tuple[ReviewState, ...] = ("APPROVED", "APPROVED", "CHANGES_REQUESTED", "COMMENTED")
    state: ReviewState = rng.choice(states)
    if reviewer is world.person and rng.random() < 0.06:
        state = "PENDING"
    inline = 0 if state == "PENDING" else poisson(rng, 0.75)
    review = world.review(thread, reviewer, state, _after(thread, rng, day), inline)
    if state == "CHANGES_REQUESTED" and rng.random() < 0.3 and pull_of(thread).merged_at is None:
        world.dismiss(review)


def _reopen(world: World, thread: Thread, rng: Random, day: date) -> None:
    if thread.closed_at is not None:  # a quiet month may have swallowed the closing
        world.reopen(thread, _after(thread, rng, day))


def _after(thread: Thread, rng: Random, day: date) -> datetime:
    return later(thread.updated_at, rng, day)


def later(than: datetime, rng: Random, day: date) -> datetime:
    """A moment of this day, after what already happened."""
    return min(utc(day, 86_399), max(utc(day, rng.randrange(86_400)), than + timedelta(seconds=61)))


def wait(rng: Random, mean_days: float) -> timedelta:
    """How long something takes: a day at least."""
    return timedelta(days=1 + int(rng.expovariate(1 / mean_days)))


_TROUBLES = ("Crash in", "Wrong result from", "Please document", "Slow start of", "Typo in", "Question about")
PLACES = ("the parser", "the config loader", "the export", "the cache", "time zones", "the installer")
_DEEDS = ("Fix", "Speed up", "Test", "Simplify", "Document")
