"""What the benches of sources read: the services of the tests, many of them, each at an address of its own.

A world is a function of `place` (gives a service an address), the folder for the configuration, a stack for what is
to be closed, and its sizes; it returns what is to be done before each run.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.github_parts.fake import ROOT

sys.path.insert(0, str(ROOT / "tests" / "connectors"))

import fake_google
import quarter as tests
import test_elsewhere_harvest as elsewhere
import test_reads_whole_way as reads

from harvester.demo.blog import Blog
from harvester.demo.exchange import App
from harvester.demo.life import build
from harvester.demo.things import Post
from harvester.demo.world import World as DemoWorld

Place = Callable[[App], str]

YEAR = 365
COPIES = 3
LOCAL = ("talks", "newsletter", "forge")
"""What the machine itself holds: one of each is enough."""
FORMATS = ("atom.xml", "rss.xml", "feed.json")
FEED = '[source.{name}]\nconnector = "feed"\nurl = "{url}"\nallow_private = true\n'


def feeds(place: Place, folder: Path, _: ExitStack, count: int, entries: int) -> Callable[[], None]:
    """So many feeds of so many entries, of all three formats."""
    world = _empty()
    world.posts[:] = _posts(entries, "Of what happened")
    urls = [f"{place(Blog(world))}/{kind}" for kind, _ in zip(itertools.cycle(FORMATS), range(count), strict=False)]
    sections = [FEED.format(name=f"feed-{number}", url=url) for number, url in enumerate(urls, 1)]
    (folder / "config.toml").write_text("[harvest]\n\n" + "\n".join(sections), encoding="utf-8")
    return lambda: None


def big(place: Place, folder: Path, _: ExitStack, entries: int) -> Callable[[], None]:
    """One feed of so many entries with long titles, 840 bytes each."""
    world = _empty()
    world.posts[:] = _posts(entries, "A title that goes on and on, as titles of podcasts do: " + 12 * "and another ")
    section = FEED.format(name="blog", url=f"{place(Blog(world))}/atom.xml")
    (folder / "config.toml").write_text(f"[harvest]\n\n{section}", encoding="utf-8")
    return lambda: None


def _empty() -> DemoWorld:
    today = datetime.now(UTC).date()
    return build(today, start=today - timedelta(days=1))


def _posts(count: int, title: str) -> list[Post]:
    at = datetime.now(UTC).replace(hour=5, minute=0, second=0, microsecond=0) - timedelta(days=1)
    return [
        Post(f"{number}", f"{title} {number}", at - number * timedelta(hours=6), at - number * timedelta(hours=6))
        for number in range(count)
    ]


def year(place: Place, folder: Path, stack: ExitStack) -> Callable[[], None]:
    """Fifty sources: the services of the test of all connectors three times over, GitHub twice, a year of each."""
    today = datetime.now(UTC).date()
    sections: dict[str, str] = {}
    quarters = []
    for number in range(COPIES):
        own = folder / str(number) if number else folder
        quarter, text = _year_of(place, own, stack, today)
        quarters.append(quarter)
        left_out = {**dict.fromkeys(LOCAL), "work": None} if number == COPIES - 1 else dict.fromkeys(LOCAL)
        for name, section in text.items():
            if not number:
                sections[name] = section
            elif name not in left_out:
                sections[f"{name}-{number}"] = section.replace('"file:', f'"file:{number}/')
    # Mixed as a person's configuration is: no kind next to itself.
    mixed = [f"[source.{name}]\n{section}" for name, section in sections.items()]
    (folder / "config.toml").write_text("[harvest]\n\n" + "\n".join(mixed), encoding="utf-8")

    def tick() -> None:
        for quarter in quarters:
            for fake in quarter.fakes.values():
                if isinstance(fake, fake_google.FakeGoogle):
                    fake.now = datetime.now(UTC)

    return tick


def _year_of(place: Place, folder: Path, stack: ExitStack, today: date) -> tuple[Any, dict[str, str]]:
    """The services of the test, a year old, and the sections of the sources that read them."""
    start = today - timedelta(days=YEAR)
    quarter, field = stack.enter_context(tests.quarter_of(start, folder, days=YEAR))
    quarter.world.advance(YEAR - tests.STEP.days)
    where = {name: place(service.app) for name, service in field.servers.named().items()}
    for name, fake in quarter.fakes.items():
        quarter.urls[name] = where[name] = place(reads.AsApp(fake))
        if isinstance(fake, fake_google.FakeGoogle):
            fake.token_uri = f"{where[name]}/token"
    quarter.give_keys(elsewhere.KEYS)
    quarter.reach()
    for name, service in field.servers.named().items():
        service.url = where[name]
    field.configure(more=tests.sections_of(where, quarter.world.site))
    parts = re.split(r"^\[source\.([\w-]+)\]\n", field.config.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return quarter, dict(zip(parts[1::2], parts[2::2], strict=True))


WORLDS: dict[str, Callable[..., Callable[[], None]]] = {"feeds": feeds, "big": big, "year": year}
