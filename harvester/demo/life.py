"""How days pass in the demo world: who stars, asks, reviews, writes and reads, from a seed and a calendar."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from harvester.demo.chance import poisson
from harvester.demo.readers import read_the_blog, write_the_blog
from harvester.demo.things import Account, Repo, ReviewState, Talk, Thread, pull_of, utc
from harvester.demo.world import World

SITE = "notes.wren.example"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RepoPlan:
    """A repository to come: what happens in it per day on average, from day `born` of the world on."""

    owner: str
    name: str
    stars: float
    issues: float
    pulls: float
    comments: float = 2.0
    reviews: float = 2.3
    forks: float = 0.05
    born: int = 0
    first_name: str = ""
    renamed_on: int = 0


PLANS = (
    RepoPlan("wren-hollow", "lantern", 1.05, 0.20, 0.07, forks=0.09, first_name="glowstick", renamed_on=420),
    RepoPlan("wren-hollow", "pocketlog", 0.45, 0.12, 0.05, born=60),
    RepoPlan("saltmarsh-dev", "fieldguide", 0.17, 0.06, 0.035, born=150, forks=0.02),
)

TALKS = (
    (95, "Logs you can carry", 60, 45, 12),
    (210, "A lantern for dark deployments", 200, 80, 23),
    (333, "Workshop: field notes as code", 24, 22, 61),
    (451, "Renaming things in public", 120, 64, 15),
    (602, "What a viral week taught us", 400, 230, 48),
    (700, "Small tools, long lives", 150, 90, 19),
)


@dataclass(frozen=True, slots=True)
class Mood:
    """How much livelier than usual a day is."""

    work: float = 1.0
    stars: float = 1.0
    reads: float = 1.0


def build(today: date, *, seed: int = 7, plans: Sequence[RepoPlan] = PLANS, start: date | None = None) -> World:
    """A world whose last finished day is the one before `today`, two to two and a half years old.

    It begins with a half-year, so the worlds of two days of one half-year share their past: the later one is
    the earlier one, advanced.
    """
    first = start or beginning(today)
    life = _Life(seed, tuple(plans), first)
    world = World(utc(first), Account("wren-hollow", 3_999_001), SITE, life.live)
    life.settle(world)
    world.advance((today - first).days)
    return world


def beginning(today: date) -> date:
    """The half-year in which a world that ends today begins."""
    return date(today.year - 2, 1 if today.month < 7 else 7, 1)


def crowd(count: int, *, stars: int, issues: int, pulls: int, days: int) -> tuple[RepoPlan, ...]:
    """Plans of equal repositories for benchmarks: about so many stars, issues and pull requests in `days`."""
    return tuple(
        RepoPlan("wren-hollow", f"tool-{n:04}", stars / days, issues / days, pulls / days, reviews=2.0)
        for n in range(count)
    )


class _Life:
    """What is to come: plans, and appointments made by what happened."""

    def __init__(self, seed: int, plans: tuple[RepoPlan, ...], start: date) -> None:
        self.seed = seed
        self.plans = plans
        self.start = start
        month = start + timedelta(days=290)
        self.quiet = (month.year, month.month)
        self.agenda: defaultdict[date, list[Callable[[Random, date], object]]] = defaultdict(list)
        self.repos: dict[RepoPlan, Repo] = {}
        self.people: list[Account] = []
        self.bots: list[Account] = []

    def settle(self, world: World) -> None:
        self.bots = [
            world.new_account(f"{name}[bot]", "Bot") for name in ("dependabot", "renovate", "github-actions")
        ]
        self.people = [world.new_account(_login(n)) for n in range(230)]
        world.outage = (self.start + timedelta(days=500), self.start + timedelta(days=508))

    def mood(self, day: date) -> Mood:
        if (day.year, day.month) == self.quiet:
            return Mood(0.08, 0.15, 0.3)
        if 610 <= (day - self.start).days < 617:
            return Mood(3.0, 18.0, 9.0)
        return Mood()

    def live(self, world: World, day: date) -> None:
        rng, mood, age = Random(f"{self.seed}:{day}"), self.mood(day), (day - self.start).days
        for plan in self.plans:
            if age >= plan.born:
                self._live_repo(world, self._repo(world, plan, day), plan, day, rng, mood)
        for event in self.agenda.pop(day, ()):
            if mood.work >= 1 or rng.random() < mood.work:
                event(rng, day)
        for offset, title, audience, attendees, interactions in TALKS:
            if age == offset:
                world.talks.append(Talk(title, day, audience, attendees, interactions))
        write_the_blog(world, day, rng, mood.work)
        read_the_blog(world, day, rng, mood.reads)

    def _repo(self, world: World, plan: RepoPlan, day: date) -> Repo:
        if plan not in self.repos:
            owner = world.accounts.get(plan.owner) or world.new_account(plan.owner, "Organization")
            name = plan.first_name or plan.name
            self.repos[plan] = world.create(owner, name, "A demo repository.", utc(day))
        return self.repos[plan]

    def _live_repo(self, world: World, repo: Repo, plan: RepoPlan, day: date, rng: Random, mood: Mood) -> None:
        for _ in range(poisson(rng, plan.stars * mood.stars)):
            world.star(repo, at=_moment(rng, day))
        if len(repo.stars) > 10 and rng.random() < plan.stars * 0.05:
            world.unstar(repo, rng.choice(repo.stars))
        for _ in range(poisson(rng, plan.forks * mood.stars)):
            world.fork(repo, self._somebody(rng), _moment(rng, day))
        repo.watchers += poisson(rng, plan.forks / 3)
        for _ in range(poisson(rng, plan.issues * mood.work)):
            self._open_issue(world, repo, plan, day, rng)
        for _ in range(poisson(rng, plan.pulls * mood.work)):
            self._open_pull(world, repo, plan, rng, self._author(world, rng), _moment(rng, day))
        if plan.pulls and day.day == 1 and repo is world.repos[0]:
            # A bot opens several at once: equal timestamps are what breaks walks by time.
            at = _moment(rng, day)
            for _ in range(2):
                self._open_pull(world, repo, plan, rng, self.bots[0], at)
        if plan.renamed_on and (day - self.start).days == plan.renamed_on:
            world.rename(repo, plan.name)

    def _open_issue(self, world: World, repo: Repo, plan: RepoPlan, day: date, rng: Random) -> None:
        title = f"{rng.choice(_TROUBLES)} {rng.choice(_PLACES)}"
        thread = world.open_issue(repo, self._author(world, rng), title, _moment(rng, day))
        self._expect_comments(world, thread, plan.comments, rng, day)
        if rng.random() < 0.78:
            closing = day + _wait(rng, 20)
            self.agenda[closing].append(lambda r, d: world.close(thread, _after(thread, r, d)))
            if rng.random() < 0.12:
                reopening = closing + _wait(rng, 6)
                self.agenda[reopening].append(lambda r, d: _reopen(world, thread, r, d))

    def _open_pull(
        self, world: World, repo: Repo, plan: RepoPlan, rng: Random, author: Account | None, at: datetime
    ) -> None:
        thread = world.open_pull(repo, author, f"{rng.choice(_DEEDS)} {rng.choice(_PLACES)}", at)
        day = at.date()
        self._expect_comments(world, thread, plan.comments * 0.4, rng, day)
        decision = day + _wait(rng, 6)
        for _ in range(poisson(rng, plan.reviews)):
            meeting = day + DAY * rng.randint(0, (decision - day).days)
            self.agenda[meeting].append(lambda r, d: self._review(world, thread, r, d))
        fate = rng.random()
        if fate < 0.88:
            merger = world.person if fate < 0.74 else None
            self.agenda[decision].append(lambda r, d: world.close(thread, _after(thread, r, d), merged_by=merger))

    def _expect_comments(self, world: World, thread: Thread, mean: float, rng: Random, day: date) -> None:
        for _ in range(poisson(rng, mean)):
            self.agenda[day + _wait(rng, 5)].append(
                lambda r, d: world.comment(thread, self._author(world, r), _after(thread, r, d))
            )

    def _review(self, world: World, thread: Thread, rng: Random, day: date) -> None:
        reviewer = world.person if rng.random() < 0.5 else self._author(world, rng)
        states: tuple[ReviewState, ...] = ("APPROVED", "APPROVED", "CHANGES_REQUESTED", "COMMENTED")
        state: ReviewState = rng.choice(states)
        if reviewer is world.person and rng.random() < 0.06:
            state = "PENDING"
        inline = 0 if state == "PENDING" else poisson(rng, 0.75)
        review = world.review(thread, reviewer, state, _after(thread, rng, day), inline)
        if state == "CHANGES_REQUESTED" and rng.random() < 0.3 and pull_of(thread).merged_at is None:
            world.dismiss(thread, review, _after(thread, rng, day))

    def _author(self, world: World, rng: Random) -> Account | None:
        draw = rng.random()
        if draw < 0.03:
            return None
        if draw < 0.10:
            return rng.choice(self.bots)
        if draw < 0.25:
            return world.person
        return self._somebody(rng)

    def _somebody(self, rng: Random) -> Account:
        return self.people[int(rng.paretovariate(0.7)) % len(self.people)]


def _reopen(world: World, thread: Thread, rng: Random, day: date) -> None:
    if thread.closed_at is not None:  # a quiet month may have swallowed the closing
        world.reopen(thread, _after(thread, rng, day))


def _moment(rng: Random, day: date) -> datetime:
    return utc(day, rng.randrange(86_400))


def _after(thread: Thread, rng: Random, day: date) -> datetime:
    """A moment of this day, after what already happened in the thread."""
    return min(utc(day, 86_399), max(_moment(rng, day), thread.updated_at + timedelta(seconds=61)))


def _wait(rng: Random, mean_days: float) -> timedelta:
    return timedelta(days=1 + int(rng.expovariate(1 / mean_days)))


def _login(n: int) -> str:
    return f"{_FIRST[n % len(_FIRST)]}-{_SECOND[n // len(_FIRST) % len(_SECOND)]}"


_FIRST = (
    "amber", "brisk", "calm", "dusty", "early", "fern", "gray", "hazel", "inky", "jolly", "keen", "lucky",
    "mossy", "noble", "olive", "plum", "quiet", "rusty", "sandy", "tidy", "umber", "vivid", "windy",
)  # fmt: skip
_SECOND = ("badger", "crane", "dipper", "egret", "finch", "grebe", "heron", "ibis", "jay", "kite")
_TROUBLES = ("Crash in", "Wrong result from", "Please document", "Slow start of", "Typo in", "Question about")
_PLACES = ("the parser", "the config loader", "the export", "the cache", "time zones", "the installer")
_DEEDS = ("Fix", "Speed up", "Test", "Simplify", "Document")
