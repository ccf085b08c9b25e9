"""The demo world's blog: when posts appear, who comments, and how many read which page on which day."""

from __future__ import annotations

import math
from datetime import date
from functools import cache
from random import Random
from typing import TYPE_CHECKING

from harvester.demo.chance import poisson
from harvester.demo.things import Reads, utc

if TYPE_CHECKING:
    from harvester.demo.world import World

STANDING_PAGES = {"/": 11.0, "/about/": 1.2, "/talks/": 0.7}
POSTS_PER_DAY = 1 / 13


def write_the_blog(world: World, day: date, rng: Random, work: float) -> None:
    """A post now and then, and comments on the newer ones."""
    if rng.random() < POSTS_PER_DAY * min(work, 1.0):
        title = _title(len(world.posts))
        world.publish(_slug(title), title, utc(day, rng.randrange(86_400)))
    for post in world.posts[-4:]:
        if post.published_at < utc(day) and rng.random() < 0.05 * work:
            world.comment_post(post, utc(day, rng.randrange(86_400)))


def read_the_blog(world: World, day: date, rng: Random, interest: float) -> None:
    """Readers come when a post is new, and a few for ever; fewer on weekends."""
    interest *= 0.6 if day.weekday() >= 5 else 1.0
    rates = dict(STANDING_PAGES)
    for post in world.posts:
        age = (day - post.published_at.date()).days
        fresh = 80 * math.exp(-age / 3) + 5 * math.exp(-age / 40)
        rates[post.path] = _charm(post.slug) * (fresh + 0.12)
    views = visits = 0
    for path, rate in rates.items():
        visitors = poisson(rng, rate * interest)
        if visitors:
            reads = Reads(visitors + poisson(rng, visitors * 0.3), visitors, visitors + poisson(rng, visitors * 0.1))
            world.read(path, day, reads)
            views, visits = views + reads.pageviews, visits + reads.visits
    if visits:
        sessions = max(1, round(visits * 0.72))  # a visit reads more than one page
        world.site_reads[day] = Reads(views, max(1, round(sessions * 0.9)), sessions)


@cache
def _charm(slug: str) -> float:
    return Random(slug).lognormvariate(-0.2, 0.6)


def _title(n: int) -> str:
    pattern = _PATTERNS[n % len(_PATTERNS)]
    return pattern.format(_TOPICS[(n + n // 36) % len(_TOPICS)])


def _slug(title: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in title.lower()).split())


_TOPICS = (
    "logging", "time zones", "command lines", "code review", "small databases", "release notes",
    "configuration", "error messages", "backups", "feeds", "naming", "benchmarks",
)  # fmt: skip
_PATTERNS = (
    "Notes on {}", "What I got wrong about {}", "A short tour of {}", "{}, the boring way", "Testing {}",
    "Five years of {}", "Why {} matters", "Teaching {}", "Debugging {}",
)  # fmt: skip
