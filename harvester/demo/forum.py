"""Discussions, releases and visitors of the demo world's repositories."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from harvester.demo.chance import poisson
from harvester.demo.plans import RepoPlan
from harvester.demo.things import Discussion, Traffic
from harvester.demo.workshop import PLACES, Crew, Scene, later, wait
from harvester.demo.world import World

REMEMBERED = 14  # days that GitHub adds up referrers and pages over


def discuss(scene: Scene, crew: Crew) -> None:
    """People ask, others answer, and now and then one of the answers is chosen; seldom another one later."""
    world, plan, rng = scene.world, scene.plan, scene.rng
    if not plan.discussions:
        return
    if not scene.repo.has_discussions:
        world.enable_discussions(scene.repo)
    for _ in range(poisson(rng, plan.discussions * scene.mood.work)):
        _ask(scene, crew)


def _ask(scene: Scene, crew: Crew) -> None:
    world, plan, rng = scene.world, scene.plan, scene.rng
    title = f"How do you use {rng.choice(PLACES)}?"
    discussion = world.open_discussion(scene.repo, crew.author(plan, rng), title, scene.moment())
    for _ in range(poisson(rng, 2.4)):
        crew.expect(scene.day + wait(rng, 4), lambda r, d: _say(world, crew, plan, discussion, r, d))
    for chance in (0.6, 0.06):
        if rng.random() < chance:
            crew.expect(scene.day + wait(rng, 12), lambda r, d: _choose(world, discussion, r, d))


def _say(world: World, crew: Crew, plan: RepoPlan, discussion: Discussion, rng: Random, day: date) -> None:
    above = rng.choice(discussion.comments) if discussion.comments and rng.random() < 0.35 else None
    at = later(discussion.updated_at, rng, day)
    world.comment_discussion(discussion, crew.author(plan, rng), at, reply_to=above)


def _choose(world: World, discussion: Discussion, rng: Random, day: date) -> None:
    if discussion.comments:
        world.choose_answer(rng.choice(discussion.comments), later(discussion.updated_at, rng, day))


def publish(scene: Scene, age: int) -> None:
    """A release every so often, and downloads of the files of the newest three."""
    world, repo, plan = scene.world, scene.repo, scene.plan
    if plan.release_days and age and age % plan.release_days == 0:
        version = f"v1.{len(repo.releases)}"
        world.release(repo, version, f"{repo.name}-{version}.zip", f"{repo.name}-{version}.whl", at=scene.moment())
    for release in repo.releases[-3:]:
        for file in release.assets:
            world.download(file, poisson(scene.rng, plan.downloads * scene.mood.stars))


def look(scene: Scene) -> None:
    """People look at the repository and clone it."""
    world, repo, rng = scene.world, scene.repo, scene.rng
    visitors = poisson(rng, scene.plan.visits * scene.mood.reads)
    cloners = poisson(rng, scene.plan.visits / 4)
    traffic = Traffic(
        visitors + poisson(rng, visitors * 1.6), visitors, cloners + poisson(rng, cloners * 0.5), cloners
    )
    world.visit(repo, scene.day, traffic)
    days = [repo.traffic.get(scene.day - timedelta(days=n), Traffic()) for n in range(REMEMBERED)]
    views = sum(day.views for day in days)
    referrers = {"Google": views // 3, world.site: views // 5, "news.ycombinator.com": views // 9}
    paths = {"": views // 2, "/issues": views // 6, "/releases": views // 11}
    world.refer(repo, {k: n for k, n in referrers.items() if n}, {k: n for k, n in paths.items() if n})
