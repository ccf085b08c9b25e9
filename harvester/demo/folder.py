"""The folder of `harvest demo`: its services, a configuration that points at them, the talks of its person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from harvester.demo.analytics import Plausible
from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.life import beginning, build
from harvester.demo.server import Servers, serve
from harvester.demo.things import Talk
from harvester.demo.world import World

# Not a word: what is known as a secret is masked in every message.
KEY = "wren-lantern-7193"

_CONFIG = """\
# Written anew by every `harvest demo`: the services of the demo listen on other ports each time.
[harvest]
database = "harvest.duckdb"

[source.work]
connector = "github"
api_url = "{github}"
allow_private = true
token = "file:key"
repos = ["wren-hollow/glowstick", "wren-hollow/*", "saltmarsh-dev/fieldguide"]
user = "{user}"

[source.blog]
connector = "feed"
url = "{blog}"
allow_private = true

[source.readers]
connector = "plausible"
api_url = "{plausible}"
allow_private = true
site = "{site}"
api_key = "file:key"

[source.talks]
connector = "talks"
"""


@dataclass(frozen=True, slots=True)
class Demo:
    """The world that is served, and the configuration that reads it."""

    world: World
    config: Path

    def advance(self, days: int) -> None:
        """Let days pass in the world, and the person log the talks held in them."""
        self.world.advance(days)
        _write_talks(self.config.parent, self.world)


@contextmanager
def opened(folder: Path, today: date, *, ago: int = 0) -> Iterator[Demo]:
    """Serve the demo world while the block runs, as it was `ago` days before today; `folder` gets what reads it."""
    world = build(today - timedelta(days=ago), start=beginning(today), visitors=True)
    github = GitHub(world, tokens={KEY: Token(world.person.login)})
    with serve(world, github=github, plausible=Plausible(world, keys=frozenset({KEY}))) as servers:
        yield Demo(world, _write(folder, world, servers))


def _write(folder: Path, world: World, servers: Servers) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / "key"
    key.unlink(missing_ok=True)
    key.touch(mode=0o600)
    key.write_text(KEY + "\n", encoding="utf-8")
    _write_talks(folder, world)
    config = folder / "config.toml"
    config.write_text(
        _CONFIG.format(
            github=servers.github.url, blog=f"{servers.blog.url}/rss.xml", plausible=servers.plausible.url,
            site=world.site, user=world.person.login,
        ),
        encoding="utf-8",
    )  # fmt: skip
    return config


def _write_talks(folder: Path, world: World) -> None:
    (folder / "talks.toml").write_text("\n".join(map(_talk, world.talks)), encoding="utf-8")


def _talk(talk: Talk) -> str:
    return (
        f'[[talk]]\ntitle = "{talk.title}"\ndate = {talk.day}\n'
        f"audience = {talk.audience}\nattendees = {talk.attendees}\ninteractions = {talk.interactions}\n"
    )
