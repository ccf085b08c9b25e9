"""How days pass in the demo world: who stars, asks, reviews, writes and reads, from a seed and a calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from harvester.demo.forum import discuss, look, publish
from harvester.demo.plans import PLANS, RepoPlan
from harvester.demo.readers import read_the_blog, write_the_blog
from harvester.demo.things import Account, Repo, Talk, utc
from harvester.demo.workshop import Crew, Mood, Scene, work
from harvester.demo.world import World

SITE = "notes.wren.example"

# Days of the world.
QUIET_DAY = 290
OUTAGE, SPIKE = range(500, 509), range(610, 617)

TALKS = (
    (95, "Logs you can carry", 60, 45, 12),
    (210, "A lantern for dark deployments", 200, 80, 23),
    (333, "Workshop: field notes as code", 24, 22, 61),
    (451, "Renaming things in public", 120, 64, 15),
    (602, "What a viral week taught us", 400, 230, 48),
    (700, "Small tools, long lives", 150, 90, 19),
)


def build(
    today: date,
    *,
    seed: int = 7,
    plans: Sequence[RepoPlan] = PLANS,
    start: date | None = None,
    visitors: bool = False,
) -> World:
    """A world whose last finished day is the one before `today`, two to two and a half years old.

    It begins with a half-year, so the worlds of two days of one half-year share their past: the later one is
    the earlier one, advanced. `visitors`: people look at its repositories, of which GitHub tells the last 14 days
    only, so that no single harvest finds the whole truth.
    """
    first = start or beginning(today)
    life = _Life(seed, tuple(plans), first, visitors=visitors)
    world = World(utc(first), Account("wren-hollow", 3_999_001), SITE, life.live)
    life.settle(world)
    world.advance((today - first).days)
    return world


def beginning(today: date) -> date:
    """The half-year in which a world that ends today begins."""
    return date(today.year - 2, 1 if today.month < 7 else 7, 1)


def events(today: date) -> dict[str, tuple[date, date]]:
    """What is to be found in the world that ends today: the first and the last day of each of its events."""
    start = beginning(today)
    quiet = _quiet_month(start)
    after = date(quiet.year + quiet.month // 12, quiet.month % 12 + 1, 1)
    renamed = start + timedelta(days=next(plan.renamed_on for plan in PLANS if plan.renamed_on))
    return {
        "spike": (start + timedelta(days=SPIKE.start), start + timedelta(days=SPIKE.stop - 1)),
        "outage": (start + timedelta(days=OUTAGE.start), start + timedelta(days=OUTAGE.stop - 1)),
        "quiet month": (quiet, after - timedelta(days=1)),
        "rename": (renamed, renamed),
    }


def reading_days(today: date) -> list[int]:
    """How many days before today to read the world, that both names of what is renamed are known, and growth."""
    (renamed, _), week = events(today)["rename"], 7
    return [(today - renamed).days + week, (today - renamed).days - week, 28]


def _quiet_month(start: date) -> date:
    return (start + timedelta(days=QUIET_DAY)).replace(day=1)


def crowd(
    count: int,
    *,
    stars: int,
    issues: int,
    pulls: int,
    days: int,
    comments: float = 2.0,
    reviews: float = 2.0,
    forks: int = 0,
    discussions: int = 0,
    releases: int = 0,
) -> tuple[RepoPlan, ...]:
    """Plans of equal repositories for benchmarks: about so many of each thing in `days`.

    `comments` are per issue, of which pull requests draw less than half; `reviews` per pull request.
    """
    return tuple(
        RepoPlan(
            "wren-hollow",
            f"tool-{n:04}",
            stars / days,
            issues / days,
            pulls / days,
            comments=comments,
            reviews=reviews,
            forks=forks / days,
            discussions=discussions / days,
            release_days=days // releases if releases else 0,
            downloads=1.0,
        )
        for n in range(count)
    )


class _Life:
    """What is to come."""

    def __init__(self, seed: int, plans: tuple[RepoPlan, ...], start: date, *, visitors: bool) -> None:
        self.seed = seed
        self.plans = plans
        self.start = start
        self.visitors = visitors
        month = _quiet_month(start)
        self.quiet = (month.year, month.month)
        self.repos: dict[RepoPlan, Repo] = {}

    def settle(self, world: World) -> None:
        bots = [world.new_account(f"{name}[bot]", "Bot") for name in ("dependabot", "renovate", "github-actions")]
        self.crew = Crew(world.person, [world.new_account(_login(n)) for n in range(230)], bots)
        world.outage = (self.start + timedelta(days=OUTAGE.start), self.start + timedelta(days=OUTAGE.stop - 1))

    def mood(self, day: date) -> Mood:
        if (day.year, day.month) == self.quiet:
            return Mood(0.08, 0.15, 0.3)
        if (day - self.start).days in SPIKE:
            return Mood(3.0, 18.0, 9.0)
        return Mood()

    def live(self, world: World, day: date) -> None:
        rng, mood, age = Random(f"{self.seed}:{day}"), self.mood(day), (day - self.start).days
        for plan in self.plans:
            if age >= plan.born:
                self._live_in(Scene(world, self._repo(world, plan, day), plan, day, rng, mood), age)
        self.crew.keep_appointments(day, rng, mood)
        for offset, title, audience, attendees, interactions in TALKS:
            if age == offset:
                world.talks.append(Talk(title, day, audience, attendees, interactions))
        write_the_blog(world, day, rng, mood.work)
        read_the_blog(world, day, rng, mood.reads)

    def _repo(self, world: World, plan: RepoPlan, day: date) -> Repo:
        if plan not in self.repos:
            owner = world.accounts.get(plan.owner) or world.new_account(plan.owner, "Organization")
            name = plan.first_name or plan.name
            about = "A demo repository." if plan.maintained else "Somebody else's repository."
            self.repos[plan] = world.create(owner, name, about, utc(day), maintained=plan.maintained)
        return self.repos[plan]

    def _live_in(self, scene: Scene, age: int) -> None:
        work(scene, self.crew)
        discuss(scene, self.crew)
        publish(scene, age - scene.plan.born)
        if self.visitors and scene.plan.visits:
            look(scene)
        if scene.plan.renamed_on and age == scene.plan.renamed_on:
            scene.world.rename(scene.repo, scene.plan.name)


def _login(n: int) -> str:
    return f"{_FIRST[n % len(_FIRST)]}-{_SECOND[n // len(_FIRST) % len(_SECOND)]}"


_FIRST = (
    "amber", "brisk", "calm", "dusty", "early", "fern", "gray", "hazel", "inky", "jolly", "keen", "lucky",
    "mossy", "noble", "olive", "plum", "quiet", "rusty", "sandy", "tidy", "umber", "vivid", "windy",
)  # fmt: skip
_SECOND = ("badger", "crane", "dipper", "egret", "finch", "grebe", "heron", "ibis", "jay", "kite")
