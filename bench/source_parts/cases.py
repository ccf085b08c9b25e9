"""The cases: our harvest and the bare fetch of the same, in turn, in one run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from bench.github_parts import replay
from bench.github_parts.fake import ROOT
from bench.github_parts.ours import LATER, copy_of
from bench.github_parts.watch import Command, Cost, watch
from bench.source_parts.front import Services, served
from harvester.store import open_reader

FEEDS, ENTRIES = 100, 50
BIG = 6110  # entries of five megabytes
UNCHANGED = 304


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table. `goal`: "" where there is none; `is_met`: None then."""

    what: str
    measured: str
    bare: str = ""
    goal: str = ""
    is_met: bool | None = None


def feeds(folder: Path, rounds: int) -> Iterator[Line]:
    """A hundred feeds that were read this morning, read again two hours later: nothing has changed."""
    with served("feeds", folder, FEEDS, ENTRIES) as services:
        watch([_now(folder, _until(hour=6))])
        ours, bare = _in_turn(services, rounds, _until(hour=8))
        asked = services.asked()
        statuses = [one["status"] for one in asked]
    if statuses != [UNCHANGED] * FEEDS:
        raise RuntimeError(f"not one 304 for each feed: {statuses}")
    seconds = median(cost.seconds for cost in ours)
    yield Line(
        f"{FEEDS} feeds of {ENTRIES} entries, unchanged: one 304 each",
        f"{seconds:.2f} s ({median(cost.cpu for cost in ours):.2f} s of processor time)",
        f"{median(cost.seconds for cost in bare):.2f} s",
        "< 3 s",
        seconds < 3,
    )


def memory(folder: Path, rounds: int) -> Iterator[Line]:
    """A feed of five megabytes beside one of a single entry, each for the first time."""
    costs = {}
    for name, entries in (("tiny", 1), ("big", BIG)):
        with served("big", folder / name, entries) as services:
            tried = []
            for _ in range(rounds):
                with copy_of(services.folder) as copy:
                    tried.append(watch([_now(copy, timedelta())]))
            costs[name] = tried
    whole, own = (
        median(getattr(one, what) for one in costs["big"]) - median(getattr(one, what) for one in costs["tiny"])
        for what in ("rss", "own")
    )
    largest = median(one.rss for one in costs["big"])
    yield Line(
        f"a feed of 5 MB ({BIG:,} entries) for the first time: more memory at the peak than a tiny one",
        f"{own:.0f} MiB, with its parser's process {whole:.0f} MiB ({largest:.0f} MiB in all)",
        "",
        "< 60 MiB",
        max(own, whole) < 60,
    )


def year(folder: Path, rounds: int) -> Iterator[Line]:
    """Fifty sources of every kind, read for the first time."""
    with served("year", folder) as services:
        watch([_now(services.folder, timedelta())])  # unmeasured: the services have their answers ready then
        facts = _facts(services.folder)
        (services.folder / "harvest.duckdb").unlink()
        ours, bare = _in_turn(services, rounds, timedelta())
        asked = services.asked()
    seconds, least = median(cost.seconds for cost in ours), median(cost.seconds for cost in bare)
    yield Line(
        f"50 sources of 19 kinds, a year for the first time: {facts:,} facts, {len(asked)} requests",
        f"{seconds:.2f} s ({median(cost.cpu for cost in ours):.2f} s of processor time): {least / seconds:.2f}",
        f"{least:.2f} s",
        "≥ 0.7 of bare",
        least / seconds >= 0.7,
    )


def _in_turn(services: Services, rounds: int, ahead: timedelta) -> tuple[list[Cost], list[Cost]]:
    """Ours and the bare fetch of what ours has asked, so often; each of ours from the same state."""
    ours, bare = [], []
    requests, times = services.folder / "requests.json", services.folder / "times.json"
    script = str(Path(replay.__file__))
    for _ in range(rounds):
        with copy_of(services.folder) as copy:
            services.fresh()
            ours.append(watch([_now(copy, ahead)]))
        requests.write_text(json.dumps(services.asked()), encoding="utf-8")
        services.fresh()
        bare.append(watch([Command([sys.executable, script, "", str(requests), str(times)], services.folder)]))
    return ours, bare


def _now(folder: Path, ahead: timedelta) -> Command:
    """`harvest now` as it would run that much later."""
    start = ("-c", LATER, str(ahead.total_seconds())) if ahead else ("-m", "harvester")
    arguments = [sys.executable, *start, "now", "--config", str(folder / "config.toml"), "--quiet"]
    return Command(arguments, folder, environment={"PYTHONPATH": str(ROOT)})


def _until(*, hour: int) -> timedelta:
    """From now to an hour of today, where no run of the bench can meet midnight."""
    now = datetime.now(UTC)
    return now.replace(hour=hour, minute=0) - now


def _facts(folder: Path) -> int:
    with open_reader(folder / "harvest.duckdb", timeout=10) as connection:
        row = connection.execute("SELECT count(*) FROM observations").fetchone()
    return int(row[0]) if row else 0


CASES = {"feeds": feeds, "memory": memory, "year": year}
