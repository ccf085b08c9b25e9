"""How fast and how lean sealed segments become facts, against a bare INSERT … SELECT from the same files.

    python bench/load.py [--new 1000000] [--held 5000000]

Prints a Markdown table; docs/benchmarks.md keeps the figures with date and machine.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1]))

METRICS = ("issues_opened", "issue_comments", "pull_reviews", "stars", "post_reads", "post_visitors")
SUBJECTS = 200


def main() -> None:
    """Fill a database and a spool, then measure each step in a process of its own."""
    options = arguments()
    if options.step:
        print(json.dumps(STEPS[options.step](Path(options.folder))))
        return
    folder = Path(tempfile.mkdtemp(prefix="bench-load-"))
    try:
        print(report(folder, options.new, options.held))
    finally:
        shutil.rmtree(folder)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--new", type=int, default=1_000_000, help="observations to load")
    parser.add_argument("--held", type=int, default=5_000_000, help="observations the database already holds")
    parser.add_argument("--step", choices=sorted(STEPS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    return parser.parse_args()


def report(folder: Path, new: int, held: int) -> str:
    """All steps in order; rows of a Markdown table."""
    fill_database(folder, held)
    fill_spool(folder, new)
    shutil.copytree(folder / "spool", folder / "again")
    bare = step(folder, "bare")
    first = step(folder, "load")
    shutil.rmtree(folder / "spool")
    shutil.move(folder / "again", folder / "spool")
    rename_segments(folder / "spool")
    again = step(folder, "load")
    weekly = step(folder, "weekly")
    small = step_small(folder, new)
    rows = [
        ("bare INSERT … SELECT, no identity check", bare["seconds"], new / bare["seconds"], bare["rss"], ""),
        (f"load into {held:,} held", first["seconds"], new / first["seconds"], first["rss"],
         f"{first['seconds'] / bare['seconds']:.2f} × bare; stored {first['stored']:,}"),
        ("the same again", again["seconds"], new / again["seconds"], again["rss"],
         f"{again['seconds'] / first['seconds']:.2f} × the first; stored {again['stored']:,}"),
        ("a tenth of it, into an empty database", small["seconds"], new / 10 / small["seconds"], small["rss"],
         "memory must not grow with rows"),
        (f"totals by week over {weekly['rows']:,} observations", weekly["seconds"], 0, weekly["rss"], ""),
    ]  # fmt: skip
    lines = ["| step | seconds | observations/s | peak RSS MiB | |", "|---|---|---|---|---|"]
    lines += [f"| {what} | {s:.2f} | {rate:,.0f} | {rss:.0f} | {note} |" for what, s, rate, rss, note in rows]
    return "\n".join(lines)


def step(folder: Path, name: str) -> dict[str, float]:
    """One step in a fresh process, so that its peak memory is its own."""
    command = [sys.executable, __file__, "--step", name, "--folder", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def step_small(folder: Path, new: int) -> dict[str, float]:
    """Loading a tenth into an empty database."""
    small = folder / "small"
    small.mkdir()
    fill_database(small, 0)
    fill_spool(small, new // 10)
    return step(small, "load")


def read_of(source: str) -> object:
    """The read that every segment here belongs to."""
    from connectors.base import Kind, Metric
    from harvester.spool import Read

    metrics = tuple(Metric(name, Kind.EVENT if position < 3 else Kind.DAILY) for position, name in enumerate(METRICS))
    return Read(
        source, "fake", "me", "every 6h", "c", "all", 1, metrics, "run", "now", datetime(2026, 1, 1, tzinfo=UTC)
    )


def fill_spool(folder: Path, rows: int) -> None:
    """Sealed segments of a source with 200 subjects and 6 metrics, half of them events with actors."""
    from connectors.base import Batch, Observation
    from harvester.spool import Finish, Spool

    spool = Spool(folder / "spool")
    spool.prepare()
    writer = spool.writer(read_of("work"), {})  # type: ignore[arg-type]
    start = datetime(2021, 1, 1, tzinfo=UTC)
    batch = []
    for i in range(rows):
        metric, subject = METRICS[i % 6], f"repo:{i // 6 % SUBJECTS}"
        moment = start + timedelta(seconds=25 * i)
        if i % 6 < 3:
            attrs = {"direction": "received", "number": i % 5000}
            fact = Observation(metric, subject, str(10_000_000 + i), moment, 1.0, f"user{i * 7919 % 50_000}", attrs)
        else:
            day = start + timedelta(days=i // (6 * SUBJECTS))
            fact = Observation(metric, subject, f"{day:%Y-%m-%d}", day, float(i % 500))
        batch.append(fact)
        if len(batch) == 5000:
            writer.add(Batch(batch, checkpoint={"at": i}))
            batch = []
    writer.add(Batch(batch, checkpoint={"at": rows}))
    writer.finish(Finish(datetime(2026, 1, 1, tzinfo=UTC), "ok", succeeded=True))


def fill_database(folder: Path, rows: int) -> None:
    """A database that has long been in use by another source, written straight into its tables."""
    from harvester.store import Store
    from harvester.store.connection import open_writer

    store = Store(folder / "harvest.duckdb", ZoneInfo("UTC"))
    store.prepare(timeout=5)
    connection = open_writer(store.path, timeout=5, memory_limit="4GB")
    connection.execute(
        "INSERT INTO store.series"
        " SELECT i, 'other', 'all', 'metric' || i % 6, 'repo:' || i // 6, 'event' FROM range(1200) t(i)"
    )
    for start in range(0, rows, 1_000_000):
        connection.execute(
            """INSERT INTO store.observations
            SELECT i % 1200, i::VARCHAR, DATE '2019-01-01' + (i // 2400)::INTEGER,
                TIMESTAMP '2019-01-01' + to_seconds(i * 36),
                CASE WHEN i % 2 = 0 THEN 'user' || hash(i) % 50000 END, 1, '{"direction":"received"}', NULL,
                TIMESTAMP '2026-01-01', 'run' || i // 100000
            FROM range($from_row, $to_row) t(i)""",
            {"from_row": start, "to_row": min(rows, start + 1_000_000)},
        )
    connection.execute(
        "INSERT INTO store.actor_days SELECT DISTINCT series_id, day, actor, left_out FROM store.observations"
        " WHERE actor IS NOT NULL"
    )
    connection.execute(
        "INSERT INTO store.daily SELECT series_id, day, sum(value), sum(value), count(DISTINCT actor)"
        " FROM store.observations GROUP BY ALL"
    )
    for grain in ("day", "week", "month"):
        connection.execute(
            "INSERT INTO store.totals (series_id, grain, period, ends_on, total, scored, actors)"
            " SELECT series_id, $grain, date_trunc($grain, day)::DATE AS period,"
            " (date_trunc($grain, day) + CASE $grain WHEN 'day' THEN INTERVAL 1 DAY"
            " WHEN 'week' THEN INTERVAL 7 DAY ELSE INTERVAL 1 MONTH END)::DATE,"
            " sum(total), sum(scored), max(actors) FROM store.daily GROUP BY ALL",
            {"grain": grain},
        )
    connection.close()


def rename_segments(folder: Path) -> None:
    """Give copied segments other ids and start cursors, as a second harvest of the same facts would have."""
    for path in folder.iterdir():
        *facts, last = path.read_text().splitlines()
        end = json.loads(last)
        end["end"]["id"] += "-again"
        end["end"]["base"], end["end"]["checkpoint"] = {}, {}
        path.write_text("\n".join([*facts, json.dumps(end)]) + "\n")


def run_load(folder: Path) -> dict[str, float]:
    """What `harvest now` does with a full spool."""
    from harvester.spool import Spool
    from harvester.store import Store

    started = time.perf_counter()
    done = Store(folder / "harvest.duckdb", ZoneInfo("UTC")).load(Spool(folder / "spool"), timeout=5)
    return measured(started, stored=done.stored)


def run_bare(folder: Path) -> dict[str, float]:
    """The least that DuckDB can do: parse the files and store the rows, unchecked, with the same settings."""
    from harvester.store.connection import open_writer, without_pandas

    with without_pandas():
        return _bare(open_writer(folder / "bare.duckdb", timeout=5), folder)


def _bare(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, float]:
    connection.execute(
        "CREATE TABLE facts (metric VARCHAR, subject VARCHAR, key VARCHAR, occurred_at TIMESTAMP, value DOUBLE,"
        " actor VARCHAR, attrs JSON)"
    )
    files = sorted(str(path) for path in (folder / "spool").iterdir())
    started = time.perf_counter()
    connection.execute(
        """INSERT INTO facts SELECT *
        FROM read_json($files, format = 'newline_delimited', maximum_object_size = 2097152,
        columns = {metric: 'VARCHAR', subject: 'VARCHAR', key: 'VARCHAR', occurred_at: 'TIMESTAMP', value: 'DOUBLE',
        actor: 'VARCHAR', attrs: 'JSON'}) WHERE metric IS NOT NULL""",
        {"files": files},
    )
    connection.close()
    return measured(started)


def run_weekly(folder: Path) -> dict[str, float]:
    """The question of every dashboard: sums by metric and week."""
    from harvester.store import open_reader

    connection = open_reader(folder / "harvest.duckdb")
    row = connection.execute("SELECT count(*) FROM store.observations").fetchone()
    started = time.perf_counter()
    connection.execute("SELECT metric, period, sum(total) FROM totals WHERE grain = 'week' GROUP BY ALL").fetchall()
    answer = measured(started, rows=row[0] if row else 0)
    connection.close()
    return answer


def measured(started: float, **more: float) -> dict[str, float]:
    """Seconds since, and this process's peak memory in MiB."""
    seconds = time.perf_counter() - started
    # Not getrusage: its peak is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
    return {"seconds": seconds, "rss": peak / 1024, **more}


STEPS = {"load": run_load, "bare": run_bare, "weekly": run_weekly}

if __name__ == "__main__":
    main()
