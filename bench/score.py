"""How long scoring takes, and how much memory: everything of a thousand people, and one of them after a new day.

    python bench/score.py [--people 1000]

Each case runs in a process of its own, which reads what others have made from files: its peak memory is the
interpreter, the libraries, the inputs and the score. Prints a Markdown table; docs/benchmarks.md keeps the figures
with date and machine. The goals: a thousand people by week, five metrics each, five years, in under two seconds and
400 MiB; one person after one new day in under 50 ms from inputs to result; no score of the database above 400 MiB.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

HERE = Path(__file__).parents[1]
sys.path[:0] = [str(HERE), str(HERE / "tests" / "scoring")]

FIRST, DAYS = date(2021, 11, 22), 5 * 365 + 2
METRICS = ("post_reads", "post_comments", "issues_opened", "issue_comments", "stargazers")
TEXTS = ("person", "grain", "source", "metric", "subject")
REPEATS = 7


def main() -> None:
    """Every case in turn."""
    options = arguments()
    if options.case:
        print(json.dumps((MAKING | CASES)[options.case](Path(options.folder), options.people)))
        return
    folder = Path(tempfile.mkdtemp(prefix="bench-score-"))
    try:
        for made in MAKING:
            run(folder, options.people, made)
        print("| case | median ms | best ms | peak RSS MiB | |\n|---|---|---|---|---|")
        for name in CASES:
            print(case(folder, options.people, name), flush=True)
    finally:
        shutil.rmtree(folder)
    loop = min(timed(lambda: sum(range(20_000_000))) for _ in range(REPEATS))
    print(f"To compare machines: sum(range(20_000_000)) takes {1000 * loop:.0f} ms here.")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=1000, help="in the database")
    parser.add_argument("--case", choices=sorted(MAKING | CASES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    return parser.parse_args()


def case(folder: Path, people: int, name: str) -> str:
    """One case in a fresh process, so that its peak memory is its own, as a row."""
    told = json.loads(run(folder, people, name))
    taken = sorted(1000 * seconds for seconds in told["seconds"])
    return f"| {name} | {taken[len(taken) // 2]:,.0f} | {taken[0]:,.0f} | {told['rss']:.0f} | {told['note']} |"


def run(folder: Path, people: int, name: str) -> str:
    """What a process of its own prints."""
    command = [sys.executable, __file__, "--case", name, "--folder", str(folder), "--people", str(people)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def told(seconds: list[float], note: str) -> dict[str, object]:
    """What a case prints."""
    return {"seconds": seconds, "rss": status("VmHWM"), "note": note}


def status(name: str) -> float:
    """What the system says of this process's memory, in MiB: VmHWM is the most that it ever had.

    getrusage would tell of the process that started this one as well.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


def make_weeks(folder: Path, _people: int) -> None:
    """The weekly totals of a thousand people, texts as numbers, for a process that did not make them."""
    import test_scoring_scale as scale

    totals = scale.thousand_people()
    for name in totals.columns:
        values = totals[name]
        if name in TEXTS:
            codes, texts = values.factorize()
            np.save(folder / f"{name}.npy", codes.astype(np.int32))
            (folder / f"{name}.json").write_text(json.dumps(list(texts)), encoding="utf-8")
        else:
            kind = "datetime64[s]" if name in ("period", "ends_on") else float
            np.save(folder / f"{name}.npy", values.to_numpy().astype(kind))


def read_weeks(folder: Path) -> dict[str, np.ndarray]:
    """Them, as the store tells them to scoring."""
    columns = {}
    for path in sorted(folder.glob("*.npy")):
        values = np.load(path)
        if path.stem in TEXTS:
            texts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            values = np.array(texts, dtype=object)[values]
        columns[path.stem] = values
    return columns


def weeks_of_all(folder: Path, _people: int) -> dict[str, object]:
    """All people by week, from a DataFrame to DataFrames."""
    import pandas as pd

    import scoring

    totals = pd.DataFrame(read_weeks(folder))
    before = status("VmRSS")
    seconds = [timed(lambda: scoring.score(totals)) for _ in range(REPEATS)]
    return told(seconds, f"{len(totals):,} totals of 1,000 people; {before:.0f} MiB before the first score")


def arrays_of_all(folder: Path, _people: int) -> dict[str, object]:
    """The same from arrays to arrays, as a harvest does."""
    import scoring

    totals = read_weeks(folder)
    before = status("VmRSS")
    seconds = [timed(lambda: scoring.score_columns(totals, encoded=True)) for _ in range(REPEATS)]
    return told(seconds, f"the same in arrays; {before:.0f} MiB before the first score")


def one_person(_folder: Path, _people: int) -> dict[str, object]:
    """A person's days, weeks and months, and the rows that a new day changes."""
    import scoring

    totals = totals_of_one()
    last = FIRST + timedelta(days=DAYS - 1)
    seconds = [
        timed(lambda: scoring.score_columns(totals, now=last, since={"person 7": last})) for _ in range(REPEATS)
    ]
    return told(seconds, f"{len(totals['total']):,} totals by day, week and month; from inputs to result")


def score_all(folder: Path, people: int) -> dict[str, object]:
    """The first score of everybody in the database, by day, week and month: reading and writing it included."""
    from harvester.config import load
    from harvester.scorejob import rescore

    settings = load(folder / "config.toml")
    seconds = timed(lambda: rescore(settings, today=FIRST + timedelta(days=DAYS)))
    return told([seconds], f"{people:,} people in the database, by day, week and month")


def rescore_one(folder: Path, people: int) -> dict[str, object]:
    """A new day of one person is loaded, then scored: reading the database and writing it included."""
    from harvester.config import load
    from harvester.scorejob import rescore
    from harvester.spool import Spool
    from harvester.store import Store

    settings = load(folder / "config.toml")
    store, spool = Store(settings.database, ZoneInfo("UTC")), Spool(settings.spool)
    spool.prepare()
    seconds, loads = [], []
    for more in range(REPEATS):
        day = FIRST + timedelta(days=DAYS)
        seal_day(spool, 7, day, key=more)
        loads.append(timed(lambda: store.load(spool, timeout=30)))
        seconds.append(timed(lambda day=day: rescore(settings, today=day)))
    loaded = sorted(loads)[REPEATS // 2]
    return told(
        seconds,
        f"of {people:,} people in the database; the load before it {1000 * loaded:.0f} ms",
    )


CASES = {
    "all, by week": weeks_of_all,
    "all, by week, arrays": arrays_of_all,
    "one person, a new day": one_person,
    "first score of the database": score_all,
    "rescore after a new day": rescore_one,
}


def totals_of_one() -> dict[str, np.ndarray]:
    """Five years of five metrics of one person, by day, week and month."""
    days = np.datetime64(FIRST) + np.arange(DAYS)
    rng = np.random.default_rng(7)
    parts = []
    for grain in ("day", "week", "month"):
        starts = days
        if grain == "week":
            starts = days - (days - np.datetime64("1970-01-05")).astype(int) % 7
        elif grain == "month":
            starts = days.astype("datetime64[M]").astype("datetime64[D]")
        period = np.unique(starts)
        ends = (period.astype("datetime64[M]") + 1).astype("datetime64[D]") if grain == "month" else period + 7
        parts += [(grain, metric, period, period + 1 if grain == "day" else ends) for metric in METRICS]
    rows = [len(period) for _, _, period, _ in parts]

    def text(values: list[str]) -> np.ndarray:
        return np.repeat(np.array(values, dtype=object), rows)

    return {
        "person": text(["person 7"] * len(parts)),
        "grain": text([grain for grain, *_ in parts]),
        "period": np.concatenate([period for _, _, period, _ in parts]),
        "ends_on": np.concatenate([ends for *_, ends in parts]),
        "source": text(["source 7"] * len(parts)),
        "metric": text([metric for _, metric, *_ in parts]),
        "subject": text(["thing"] * len(parts)),
        "total": rng.poisson(20, sum(rows)).astype(float),
        "actors": np.zeros(sum(rows)),
        "coverage": np.ones(sum(rows)),
    }


def seal_day(spool: object, person: int, day: date, key: int) -> None:
    """A read of a person's source that tells something of every metric on a day."""
    from connectors.base import Batch, Coverage, Kind, Metric, Observation
    from harvester.spool import Finish, Read

    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    metrics = tuple(Metric(name, Kind.EVENT) for name in METRICS)
    read = Read(
        f"source {person}", "fake", f"person {person}", "every 6h", "c", "all", 1, metrics, f"run {key}", "now", noon
    )
    facts = [Observation(name, "thing", f"{day}/{key}", noon) for name in METRICS]
    writer = spool.writer(read, {})  # type: ignore[attr-defined]
    writer.add(Batch(facts, coverage=[Coverage(day, day)]))
    writer.finish(Finish(finished_at=noon + timedelta(hours=key + 1), outcome="ok", succeeded=True))


def fill_database(folder: Path, people: int) -> None:
    """Five years of each person's sums as loads would have left them, the last day still to come."""
    import duckdb

    from harvester.store import Store

    (folder / "config.toml").write_text('[harvest]\ndatabase = "harvest.duckdb"\ntimezone = "UTC"\n')
    store = Store(folder / "harvest.duckdb", ZoneInfo("UTC"))
    store.prepare(timeout=30)
    connection = duckdb.connect(str(store.path))
    values = {"people": people, "first": FIRST, "last": FIRST + timedelta(days=DAYS - 1), "metrics": list(METRICS)}
    for statement in FILLING.split(";\n"):
        names = {name: value for name, value in values.items() if f"${name}" in statement}
        connection.execute(statement, names)
    connection.close()


FILLING = """
INSERT INTO store.meta (name, value) VALUES ('timezone', 'UTC');
INSERT INTO store.sources (source, connector, person, schedule, config_hash, failures)
SELECT 'source ' || n, 'fake', 'person ' || n, 'every 6h', 'c', 0 FROM range($people) AS r(n);
INSERT INTO store.metrics (source, stream, metric, kind, revise, gauge)
SELECT s.source, 'all', m.metric, 'event', 'last', false
FROM store.sources AS s, (SELECT unnest($metrics) AS metric) AS m;
INSERT INTO store.series (series_id, source, stream, metric, subject, kind)
SELECT row_number() OVER (ORDER BY source, metric), source, stream, metric, 'thing', 'event' FROM store.metrics;
CREATE TEMP TABLE days AS SELECT unnest(range($first, $last + 1, INTERVAL 1 DAY))::DATE AS day;
INSERT INTO store.daily (series_id, day, total, scored, actors)
SELECT series_id, day, 1 + hash(series_id, day) % 40 AS n, n, 0
FROM store.series, days ORDER BY day, series_id;
INSERT INTO store.totals (series_id, grain, period, ends_on, total, scored, actors)
SELECT series_id, 'day', day, day + 1, total, scored, 0 FROM store.daily ORDER BY day, series_id;
INSERT INTO store.totals (series_id, grain, period, ends_on, total, scored, actors)
SELECT series_id, 'week', date_trunc('week', day)::DATE AS w, w + 7, sum(total), sum(scored), 0
FROM store.daily GROUP BY ALL ORDER BY w, series_id;
INSERT INTO store.totals (series_id, grain, period, ends_on, total, scored, actors)
SELECT series_id, 'month', date_trunc('month', day)::DATE AS m, (m + INTERVAL 1 MONTH)::DATE,
    sum(total), sum(scored), 0
FROM store.daily GROUP BY ALL ORDER BY m, series_id;
INSERT INTO store.coverage (source, stream, metric, day, state, share)
SELECT source, 'all', metric, day, 'measured', 1 FROM store.metrics, days ORDER BY day, source;
INSERT INTO store.period_coverage (source, metric, grain, period, ends_on, coverage)
SELECT DISTINCT s.source, s.metric, t.grain, t.period, t.ends_on, 1
FROM store.totals AS t JOIN store.series AS s USING (series_id) ORDER BY t.period, s.source
"""


MAKING = {"make the weeks": make_weeks, "make the database": fill_database}


if __name__ == "__main__":
    main()
