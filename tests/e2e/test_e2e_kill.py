"""kill -9 at any moment, again and again: afterwards every fact is there, once."""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from harvester.config import Settings
from harvester.demo.world import World
from harvester.schedule import Schedule
from tests.e2e.running import Field, field_of, small_world

HEAVY = [
    "harvester.cli.now",
    "harvester.daemon.service",
    "harvester.pipeline",
    "harvester.scorejob",
    "connectors.github",
    "connectors.feed",
    "scoring.api",
    "rich.console",
]


def harvest(config: str, talk: str) -> None:
    """`harvest now` in a process that the fork server made; what it says goes to a file."""
    from harvester.cli import run

    with Path(talk).open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        sys.exit(run(["now", "--config", config, "--json"]))


def serve_each_second(config: str, talk: str) -> None:
    """`harvest daemon` whose every source is due each second, so that a kill hits reads, loads and scores."""
    from harvester.config import load
    from harvester.daemon.logs import set_up
    from harvester.daemon.service import serve
    from harvester.daemon.watched import WatchedConfig

    def often(path: Path) -> Settings:
        settings = load(path)
        second = Schedule("every second", timedelta(seconds=1))
        return replace(settings, sources=tuple(replace(one, schedule=second) for one in settings.sources))

    with Path(talk).open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 2)
        set_up(as_json=False, is_verbose=False, is_quiet=False)
        serve(WatchedConfig(Path(config), often))


class Nursery:
    """Starts harvests that need no second for imports, so that a kill hits the work and not the start."""

    def __init__(self, target: Callable[[str, str], None] = harvest) -> None:
        self._target = target
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(HEAVY)

    def start(self, field: Field) -> ForkServerProcess:
        process = self._context.Process(target=self._target, args=(str(field.config), str(field.folder / "talk.txt")))
        process.start()
        return process

    def finish(self, field: Field) -> float:
        """One whole harvest; how long it took."""
        began = time.monotonic()
        process = self.start(field)
        process.join(60)
        assert process.exitcode == 0, (field.folder / "talk.txt").read_text(encoding="utf-8")
        return time.monotonic() - began

    def kill(self, field: Field, after: float) -> bool:
        """Start a harvest and kill it; whether it was still alive."""
        process = self.start(field)
        process.join(after)
        process.kill()
        process.join(10)
        return process.exitcode == -9

    def kill_when(self, field: Field, query: str) -> None:
        """Kill one as soon as the database says so."""
        process = self.start(field)
        give_up_at = time.monotonic() + 60
        while field.ask(query) != [(True,)]:
            assert time.monotonic() < give_up_at, (field.folder / "talk.txt").read_text(encoding="utf-8")
            time.sleep(0.1)
        process.kill()
        process.join(10)
        assert process.exitcode == -9


def stir(world: World) -> None:
    """Something new happens everywhere, and something of before goes, so that the next harvest has things to do."""
    now = datetime.now(UTC).replace(microsecond=0)
    repo, stranger = world.repos[0], world.new_account(f"stranger-{world.version}")
    if not repo.has_discussions:
        world.enable_discussions(repo)
    for thread in [one for one in repo.threads.values() if one.pull is None][:1]:
        world.delete_issue(repo, thread)
    for mark in repo.stars[:1]:
        world.unstar(repo, mark, now)
    for fork in repo.forks[:1]:
        world.unfork(fork)
    for discussion in [*repo.discussions.values()][:1]:
        world.delete_discussion(discussion)
    world.fork(repo, stranger, now)
    said = world.comment_discussion(world.open_discussion(repo, stranger, at=now), world.person, now)
    world.choose_answer(said, now)
    issue = world.open_issue(repo, world.person, at=now)
    world.comment(issue, None, at=now)
    pull = world.open_pull(repo, None, at=now)
    world.review(pull, world.person, "COMMENTED", now, inline=1)
    world.star(repo, at=now)
    world.close(issue, now)


def check_whole(field: Field) -> None:
    """After a complete harvest: the truth, once, and an empty spool."""
    field.check_truth()
    assert field.waiting() == []
    # A fact that was counted on two runs would show here even where its row is one.
    stored = field.ask("SELECT (SELECT sum(stored) FROM runs), (SELECT count(*) FROM observations)")
    assert stored[0][0] == stored[0][1]


@pytest.mark.parametrize(
    ("folders", "kills"),
    [pytest.param(1, 8, id="8 kills"), pytest.param(4, 25, id="100 kills", marks=pytest.mark.slow)],
)
def test_kills_at_random_moments_lose_nothing_and_count_nothing_twice(
    tmp_path: Path, folders: int, kills: int
) -> None:
    chance, nursery, killed = random.Random(2026), Nursery(), 0
    with field_of(small_world(days=60), tmp_path / "warm") as field:
        nursery.finish(field)
        lasts = nursery.finish(field)
    for number in range(folders):
        with field_of(small_world(days=60), tmp_path / str(number)) as field:
            for _ in range(kills):
                killed += nursery.kill(field, chance.uniform(0, 1.1 * lasts))
                stir(field.world)
            nursery.finish(field)
            check_whole(field)
    assert killed > folders * kills / 2


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("folders", "kills"),
    [pytest.param(1, 4, id="4 kills"), pytest.param(3, 70, id="210 kills", marks=pytest.mark.slow)],
)
def test_a_daemon_killed_at_random_moments_loses_nothing_and_counts_nothing_twice(
    tmp_path: Path, folders: int, kills: int
) -> None:
    chance, nursery, killed = random.Random(2027), Nursery(serve_each_second), 0
    for number in range(folders):
        # Reading each second for minutes takes more than GitHub's hour has, and a harvest would wait for the next.
        with field_of(small_world(days=60), tmp_path / str(number), an_hour=1_000_000) as field:
            lasts = max(Nursery().finish(field) for _ in range(2))
            for _ in range(kills):
                killed += nursery.kill(field, chance.uniform(0.1, 1.5 * lasts))
                assert "Traceback" not in (field.folder / "talk.txt").read_text(encoding="utf-8")
                stir(field.world)
            nursery.kill_when(field, "SELECT count(*) > 0 FROM runs WHERE trigger IN ('schedule', 'catch-up')")
            Nursery().finish(field)
            check_whole(field)
    assert killed == folders * kills


@pytest.mark.parametrize("after", [0.5, 1.0, 1.5])
def test_a_killed_command_is_made_good_by_the_next(farm: Field, after: float) -> None:
    process = farm.start("now")
    time.sleep(after)
    process.kill()
    process.communicate()
    assert farm.now().returncode == 0
    check_whole(farm)
