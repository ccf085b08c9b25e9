"""A small world on loopback, a configuration that reads it, and `harvest` as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from harvester.cli import run
from harvester.demo.analytics import Plausible
from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.life import RepoPlan, build
from harvester.demo.server import Servers, serve
from harvester.demo.world import World
from harvester.store.connection import open_reader

# No words of a language: whatever prints it has leaked it.
KEY = "zq7Kx-91vbTn-44hWq"
OWNER = "wren-hollow"
PLANS = (
    RepoPlan(OWNER, "lantern", stars=1.0, issues=0.5, pulls=0.3, first_name="glowstick", renamed_on=40),
    RepoPlan(OWNER, "pocketlog", stars=0.5, issues=0.3, pulls=0.2, born=30),
)
SECTIONS = {
    "work": 'connector = "github"\napi_url = "{github}"\ntoken = "file:key"\nrepos = ["wren-hollow/*"]\n'
    'user = "wren-hollow"\nallow_private = true',
    "blog": 'connector = "feed"\nurl = "{blog}/rss.xml"\nallow_private = true',
    "readers": 'connector = "plausible"\napi_url = "{plausible}"\nsite = "{site}"\napi_key = "file:key"\n'
    "allow_private = true",
    "talks": 'connector = "talks"',
}


@dataclass
class Field:
    """A folder with a configuration, and what it is harvested from."""

    folder: Path
    world: World
    servers: Servers
    sections: dict[str, str] = field(default_factory=lambda: dict(SECTIONS))

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.give_key(KEY)
        talks = [
            f'[[talk]]\ntitle = "{talk.title}"\ndate = {talk.day}\naudience = {talk.audience}\n'
            f"attendees = {talk.attendees}\ninteractions = {talk.interactions}\n"
            for talk in self.world.talks
        ]
        (self.folder / "talks.toml").write_text("\n".join(talks), encoding="utf-8")
        self.configure()

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def database(self) -> Path:
        return self.folder / "harvest.duckdb"

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    def give_key(self, text: str) -> None:
        key = self.folder / "key"
        key.touch(mode=0o600)
        key.write_text(text, encoding="utf-8")

    def configure(self, *, only: str = "", more: str = "", harvest: str = "", **sections: str) -> None:
        """Write the configuration anew: every section, or the one named, with the replaced ones replaced."""
        chosen = {**self.sections, **sections}
        names = [only] if only else list(chosen)
        where = {name: service.url for name, service in self.servers.named().items()}
        parts = [f'[harvest]\ndatabase = "{self.database.name}"\n{harvest}\n']
        parts += [f"[source.{name}]\n{chosen[name].format(**where, site=self.world.site)}\n" for name in names]
        self.config.write_text("\n".join([*parts, more]), encoding="utf-8")

    def run(self, *arguments: str, timeout: float = 60, **more: Any) -> subprocess.CompletedProcess[str]:
        """`harvest …` to its end."""
        return subprocess.run(
            self.command(*arguments), capture_output=True, text=True, timeout=timeout, env=self.environment(), **more
        )

    def now(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """`harvest now …` to its end."""
        return self.run("now", *arguments, **more)

    def make_database(self, *sources: str) -> None:
        """Harvest into it without a process of its own: the talks, or these sources."""
        with redirect_stdout(StringIO()):
            assert run(["now", "--config", str(self.config), "--json", *(sources or ("talks",))]) == 0

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen[str]:
        """`harvest …`, running."""
        return subprocess.Popen(
            self.command(*arguments),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment(), **more,
        )  # fmt: skip

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "harvester", arguments[0], "--config", str(self.config), *arguments[1:]]

    def environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HARVEST", "PYTEST"))}
        return {**kept, "PYTHONWARNINGS": "error", "PYTHONPATH": str(Path(__file__).parents[2])}

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with open_reader(self.database, timeout=10) as connection:
            return connection.execute(query).fetchall()

    def waiting(self) -> list[str]:
        """What lies in the spool, also under hidden names; but for what a killed daemon said of itself."""
        there = {path.name for path in self.spool.iterdir()} if self.spool.is_dir() else set()
        return sorted(there - {".daemon.json", ".daemon.json.part"})

    def said(self, done: subprocess.CompletedProcess[str]) -> str:
        """Everything the process said; the key is in none of it, nor in anything that it left on disk."""
        said = f"{done.stdout}\n{done.stderr}"
        assert KEY not in said
        self.check_no_secret()
        return said

    def check_no_secret(self) -> None:
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name not in ("key", "config.toml"):
                assert KEY.encode() not in path.read_bytes(), f"the key lies in {path}"

    def check_truth(self) -> None:
        """The database says exactly what the world says, and every fact of it once."""
        truth = self.world.truth()
        # What the person gave elsewhere is counted under the same metrics, of other repositories.
        days = {
            metric: {**truth.days.get(metric, {}), **truth.given.get(metric, {})}
            for metric in {*truth.days, *truth.given}
        }
        totals = dict(self.ask("SELECT metric, sum(total) FROM totals WHERE grain = 'week' GROUP BY 1"))
        assert {metric: totals.get(metric, 0) for metric in days} == {
            metric: sum(by_day.values()) for metric, by_day in days.items()
        }
        by_day = {
            (metric, subject, day): total
            for metric, subject, day, total in self.ask(
                "SELECT metric, subject, day, total FROM daily WHERE total <> 0"
            )
            if metric in days
        }
        true_by_day = {
            (metric, subject, day): count
            for metric, counts in days.items()
            for (subject, day), count in counts.items()
        }
        apart = {key for key, _ in by_day.items() ^ true_by_day.items()}
        assert apart == set(), {key: (by_day.get(key), true_by_day.get(key)) for key in apart}
        readings = {
            (metric, subject): value
            for metric, subject, value in self.ask(
                "SELECT metric, subject, arg_max(value, key) FROM observations WHERE kind = 'level' GROUP BY 1, 2"
            )
        }
        for metric in ("stargazers", "watchers", "release_downloads", "referrer_views", "path_views"):
            assert {s: v for (m, s), v in readings.items() if m == metric} == truth.levels[metric]
        repeated = self.ask("SELECT source, metric, subject, key FROM observations GROUP BY ALL HAVING count(*) > 1")
        assert repeated == []


def today() -> date:
    return datetime.now(UTC).date()


def small_world(days: int = 110) -> World:
    """A few months: two repositories, one renamed; a blog, its readers, a talk."""
    return build(today(), plans=PLANS, start=today() - timedelta(days=days))


@contextmanager
def field_of(world: World, folder: Path, *, latency: float = 0.0, an_hour: int = 5_000) -> Iterator[Field]:
    """Serve the world while the block runs. `an_hour`: the requests, and the points, that GitHub allows."""
    token = Token(world.person.login, limit=an_hour, graphql_limit=an_hour)
    github = GitHub(world, tokens={KEY: token})
    with serve(world, github=github, plausible=Plausible(world, keys=frozenset({KEY})), latency=latency) as servers:
        yield Field(folder, world, servers)


@dataclass(frozen=True)
class Said:
    """What a command within this process answered."""

    code: int
    out: str
    err: str


def command(field: Field, capsys: pytest.CaptureFixture[str], *arguments: str) -> Said:
    """`harvest …` without the second that a process takes to start; the key is in nothing it says or leaves."""
    capsys.readouterr()
    code = run([arguments[0], "--config", str(field.config), *arguments[1:]])
    out, err = capsys.readouterr()
    assert KEY not in out + err
    field.check_no_secret()
    return Said(code, out, err)
