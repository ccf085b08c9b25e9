"""How long loads and scores keep the database from its readers, and what a reader that polls feels of it.

    python bench/hold.py [--seconds 10] [--beside ../old]

A writer loads a small harvest every half second into a database that holds a year, a reader polls every 20 ms, and a
watcher asks the system who holds the file. `--beside`: a checkout of other code, measured in turns with this one.
Prints a Markdown table; docs/benchmarks.md keeps the figures with date and machine. Linux.
"""

from __future__ import annotations

import argparse
import fcntl
import itertools
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

if TYPE_CHECKING:
    from connectors.base import Batch, Observation

HERE = Path(__file__).parents[1]
FIRST = datetime(2025, 11, 27, tzinfo=UTC)
DAYS, REPOS, WEEKS = 365, 40, 261
EVERY, POLL = 0.5, 0.02
ROUNDS = 2
# What struct flock looks like on 64-bit Linux: type, whence, start, length, pid.
FLOCK = "hhqqi4x"
DONE = "done"


def main() -> None:
    """Make the database, then let each code have its turns at it."""
    options = arguments()
    if options.role:
        ROLES[options.role](Path(options.folder), options.seconds)
        return
    folder = Path(tempfile.mkdtemp(prefix="bench-hold-"))
    try:
        print(report(folder, options.seconds, options.beside))
    finally:
        shutil.rmtree(folder)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=10, help=f"of each of the {ROUNDS} turns of each code")
    parser.add_argument("--beside", type=Path, help="a checkout of other code to compare with")
    parser.add_argument("--role", choices=sorted(ROLES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    return parser.parse_args()


def report(folder: Path, seconds: float, beside: Path | None) -> str:
    """Rows of a Markdown table."""
    codes = {"before": beside.resolve(), "after": HERE} if beside else {"now": HERE}
    make_year(folder)
    for name in codes:
        shutil.copytree(folder / "year", folder / name)
    seen: dict[tuple[str, str], list[tuple[float, float]]] = {}
    gave_up = dict.fromkeys(codes, 0)
    for _ in range(ROUNDS):
        for name, code in codes.items():
            gave_up[name] += turn(folder / name, code, seconds, name, seen)
    lines = ["| what | code | n | p50 ms | p95 ms | max ms | |", "|---|---|---|---|---|---|---|"]
    for (what, name), waits in sorted(seen.items()):
        p50, p95, most = (1000 * np.quantile([wait for wait, _ in waits], q) for q in (0.5, 0.95, 1))
        note = f"{gave_up[name]} gave up"
        if what != "reader waits":
            note = f"of processor time: p50 {1000 * np.quantile([cpu for _, cpu in waits], 0.5):.0f}"
        lines.append(f"| {what} | {name} | {len(waits)} | {p50:.0f} | {p95:.0f} | {most:.0f} | {note} |")
    return f"DuckDB {duckdb.__version__}, load average {os.getloadavg()[0]:.1f}\n" + "\n".join(lines)


def turn(
    folder: Path, code: Path, seconds: float, name: str, seen: dict[tuple[str, str], list[tuple[float, float]]]
) -> int:
    """One code's writer, reader and watcher for some seconds; adds what they saw, returns who gave up."""
    (folder / DONE).unlink(missing_ok=True)
    command = [sys.executable, __file__, "--folder", str(folder), "--seconds", str(seconds), "--role"]
    running = {
        role: subprocess.Popen(
            [*command, role], env=os.environ | {"PYTHONPATH": str(code)}, stdout=subprocess.PIPE, text=True
        )
        for role in ROLES
    }
    told = {role: json.loads(process.communicate()[0]) for role, process in running.items()}
    for what, start, end in told["writer"]:
        # The longest of the times it had the file: readers get in between.
        within = [(let_go - took, spent) for took, let_go, spent in told["watcher"] if start <= took <= end]
        seen.setdefault((what, name), []).append(max(within))
    seen.setdefault(("reader waits", name), []).extend((wait, 0.0) for wait in told["reader"]["waits"])
    return int(told["reader"]["gave_up"])


def write(folder: Path, seconds: float) -> None:
    """A harvest of three streams, then eight at once, then a score, and again; when each began and ended."""
    from harvester.spool import Spool
    from harvester.store import Curve, Store

    store, spool = Store(folder / "harvest.duckdb", ZoneInfo("UTC")), Spool(folder / "spool")
    store.prepare(timeout=30)
    chance = random.Random(os.getpid())
    scores = scored()
    seal(spool, harvest(chance))
    store.load(spool, timeout=30)  # what a process does once is not what it does always
    done = []
    until = time.monotonic() + seconds
    for what in itertools.cycle(("load of 3 segments", "load of 8 segments", "score")):
        if what != "score":
            for each in range(8 if "8" in what else 1):
                seal(spool, harvest(chance), only=None if "3" in what else each % 3)
        start = time.monotonic()
        if what == "score":
            store.replace([scores], curve=Curve("bench", "{}", datetime.now(UTC)), timeout=30)
        else:
            store.load(spool, timeout=30)
        done.append((what, start, time.monotonic()))
        if time.monotonic() > until:
            break
        time.sleep(max(0, start + EVERY - time.monotonic()))
    (folder / DONE).touch()
    print(json.dumps(done))


def poll(folder: Path, _seconds: float) -> None:
    """A reader that asks for the totals by week every 20 ms: how long it waited for each connection."""
    import harvester

    waits, gave_up = [], 0
    (folder / "config.toml").write_text('[harvest]\ndatabase = "harvest.duckdb"\n', encoding="utf-8")
    while not (folder / DONE).exists():
        start = time.perf_counter()
        try:
            connection = harvester.connect(folder / "config.toml")
        except Exception:  # noqa: BLE001 - whatever it is, it is what a reader would have met
            gave_up += 1
            continue
        waits.append(time.perf_counter() - start)
        connection.execute("SELECT metric, period, sum(total) FROM totals WHERE grain = 'week' GROUP BY ALL")
        connection.close()
        time.sleep(POLL)
    print(json.dumps({"waits": waits[1:], "gave_up": gave_up}))


def watch(folder: Path, _seconds: float) -> None:
    """When the file was locked for writing, and the processor time spent on it, seen from outside."""
    handle = os.open(folder / "harvest.duckdb", os.O_RDONLY)
    ask = struct.pack(FLOCK, fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
    held, since, spent, holder = [], 0.0, 0.0, 0
    while not (folder / DONE).exists():
        now = time.monotonic()
        kind, _, _, _, pid = struct.unpack(FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, ask))
        if kind == fcntl.F_WRLCK and not since:
            since, spent, holder = now, cpu_seconds(pid), pid
        elif since and kind != fcntl.F_WRLCK:
            held.append((since, now, cpu_seconds(holder) - spent))
            since = 0.0
        time.sleep(0.0005)
    print(json.dumps(held))


def cpu_seconds(pid: int) -> float:
    """What the first thread of a process has had of the processors."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


ROLES = {"writer": write, "reader": poll, "watcher": watch}


def make_year(folder: Path) -> None:
    """A database that has been harvested into every day for a year."""
    from harvester.spool import Spool
    from harvester.store import Store

    place = folder / "year"
    spool = Spool(place / "spool")
    spool.prepare()
    store = Store(place / "harvest.duckdb", ZoneInfo("UTC"))
    store.prepare(timeout=5)
    chance = random.Random(1)
    for name in ("issues", "traffic", "counts"):
        seal_one(spool, name, STREAMS[name](chance, range(DAYS), range(REPOS), 100), FIRST)
    store.load(spool, timeout=5)


def harvest(chance: random.Random) -> dict[str, list[Observation]]:
    """What is new since this morning and what has changed: 200 observations, of ten repositories."""
    repos = chance.sample(range(REPOS), 10)
    return {
        "issues": issues(chance, [DAYS], repos, 90) + issues(chance, [DAYS - chance.randint(1, 300)], repos, 10),
        "traffic": traffic(chance, range(DAYS - 7, DAYS), repos[:5], 0) + traffic(chance, [DAYS], repos[:5], 0),
        "counts": counts(chance, [DAYS], repos, 0),
    }


def issues(chance: random.Random, days: Sequence[int], repos: Sequence[int], each_day: int) -> list[Observation]:
    """Events with actors; some of them are known, and told otherwise."""
    from connectors.base import Observation

    return [
        Observation(
            chance.choice(("issues_opened", "issue_comments", "pull_reviews")), f"repo:{chance.choice(repos)}",
            str(1000 * day + chance.randrange(500)), FIRST + timedelta(days=day, minutes=chance.randrange(1440)),
            1.0, f"user{chance.randrange(2000)}", {"direction": "received", "number": day},
        )
        for day in days for _ in range(each_day)
    ]  # fmt: skip


def traffic(chance: random.Random, days: Sequence[int], repos: Sequence[int], _: int) -> list[Observation]:
    """Daily totals, revised by maximum."""
    from connectors.base import Observation

    return [
        Observation(
            metric, f"repo:{repo}", f"{FIRST + timedelta(days=day):%Y-%m-%d}", FIRST + timedelta(days=day),
            float(chance.randrange(100)),
        )
        for day in days for repo in repos for metric in ("traffic_views", "traffic_visitors")
    ]  # fmt: skip


def counts(chance: random.Random, days: Sequence[int], repos: Sequence[int], _: int) -> list[Observation]:
    """Readings of a gauge and of a counter."""
    from connectors.base import Observation

    return [
        Observation(
            metric, f"repo:{repo}", f"{FIRST + timedelta(days=day):%Y-%m-%d}",
            FIRST + timedelta(days=day, hours=12), float(10 * day + chance.randrange(20)),
        )
        for day in days for repo in repos for metric in ("stargazers", "release_downloads")
    ]  # fmt: skip


STREAMS = {"issues": issues, "traffic": traffic, "counts": counts}


def seal(spool: Any, told: Mapping[str, list[Observation]], only: int | None = None) -> None:
    """A sealed segment for each stream, or for one of them."""
    for position, (name, facts) in enumerate(told.items()):
        if only is None or position == only:
            seal_one(spool, name, facts, FIRST + timedelta(days=DAYS))


def seal_one(spool: Any, name: str, facts: list[Observation], first: datetime) -> None:
    """One read of one stream, whole."""
    from connectors.base import Budget, Coverage, Kind, Metric
    from harvester.spool import Finish, Read

    metrics = {
        "issues": tuple(Metric(name, Kind.EVENT) for name in ("issues_opened", "issue_comments", "pull_reviews")),
        "traffic": tuple(Metric(name, Kind.DAILY, revise="max") for name in ("traffic_views", "traffic_visitors")),
        "counts": (Metric("stargazers", Kind.LEVEL, gauge=True), Metric("release_downloads", Kind.LEVEL)),
    }[name]
    last = FIRST + timedelta(days=DAYS, hours=13)
    run = f"run-{time.time_ns()}"
    writer = spool.writer(
        Read("work", "fake", "me", "every 6h", "c", name, 1, metrics, run, "schedule", last, last), {}
    )
    covered = [Coverage(first.date(), last.date())]
    for batch in batches(facts, covered):
        writer.add(batch)
    budgets = {("env:T", "core"): Budget(5000, 4000, last)}
    writer.finish(Finish(last, "ok", succeeded=True, requests=3, next_due=last, budgets=budgets))


def batches(facts: list[Observation], covered: list[Any]) -> Iterator[Batch]:
    """Pages of five thousand, the last with what is covered."""
    from connectors.base import Batch, Subject

    subjects = [Subject(each, f"me/{each}", "repo") for each in sorted({fact.subject for fact in facts})]
    for start in range(0, len(facts), 5000):
        is_last = start + 5000 >= len(facts)
        yield Batch(facts[start : start + 5000], subjects=subjects, coverage=covered if is_last else [])


def scored() -> Mapping[str, Mapping[str, np.ndarray[Any, Any]]]:
    """The score of a person's five years of weeks of five metrics."""
    import scoring

    week = np.repeat(np.arange(WEEKS), 5)
    start = np.datetime64("2021-11-29") + 7 * week
    metrics = np.array(["post_reads", "post_comments", "issues_opened", "issue_comments", "stargazers"], dtype=object)
    totals = {
        "person": np.full(len(week), "me", dtype=object), "grain": np.full(len(week), "week", dtype=object),
        "period": start, "ends_on": start + 7, "source": np.full(len(week), "work", dtype=object),
        "metric": np.tile(metrics, WEEKS), "subject": np.full(len(week), "repo:1", dtype=object),
        "total": np.random.default_rng(7).poisson(20, len(week)).astype(float),
        "actors": np.random.default_rng(8).poisson(5, len(week)), "coverage": np.ones(len(week)),
    }  # fmt: skip
    made = scoring.score_columns(totals, now=datetime(2026, 11, 27, tzinfo=UTC).date())
    return {"factors": made.factors, "influence": made.influence, "attribution": made.attribution}


if __name__ == "__main__":
    # Whose code: this checkout's, or the one a writer or reader was started for.
    sys.path.insert(0, os.environ.get("PYTHONPATH") or str(HERE))
    main()
