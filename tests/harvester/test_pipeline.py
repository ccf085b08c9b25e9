"""One harvest: every source for itself, everything that was fetched stored."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.base import Batch
from connectors.errors import AuthFailed, Gone, NotPermitted
from harvester.bookkeeping import Bookkeeper
from harvester.cli.now import exit_code
from harvester.config import Source
from harvester.outcomes import Outcome
from harvester.pipeline import Harvest, harvest
from harvester.reading import Order
from harvester.spool import Spool
from harvester.store import Store, StoreError
from tests.harvester.small_sources import NOW, Scripted, issue, named, read, settings, source

QUICK = Order(lock_timeout=0.2)


def run(folder: Path, *sources: Source, **more: object) -> Harvest:
    return harvest(settings(folder, *sources), sources, QUICK, clock=lambda: NOW, **more)  # type: ignore[arg-type]


def keys(folder: Path) -> list[tuple[str, str]]:
    store = Store(folder / "harvest.duckdb", settings(folder).timezone)
    with store.reading() as connection:
        return connection.execute("SELECT source, key FROM observations ORDER BY ALL").fetchall()


def good(name: str, key: str = "1") -> Source:
    return source(named("issues", [Batch([issue(key)], checkpoint={"at": 1})]), name=name)


@pytest.mark.parametrize("error", [AuthFailed("no"), Gone("no"), RuntimeError("a defect")])
def test_a_failing_source_does_not_stop_the_others(tmp_path: Path, error: Exception) -> None:
    bad = source(named("issues", [Batch([issue("9")]), error]), name="bad")
    done = run(tmp_path, good("a"), bad, source(name="broken", fails=error), good("z"))
    assert exit_code(done) == 3
    assert keys(tmp_path) == [("a", "1"), ("bad", "9"), ("z", "1")]


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [([], 0), (["ok"], 0), (["ok", "not permitted"], 0), (["partial"], 3), (["ok", "gone"], 3), (["gone"], 5),
     (["not permitted"], 5), (["rate limited", "unavailable"], 5)],
)  # fmt: skip
def test_the_exit_code_tells_all_some_or_none(outcomes: list[str], code: int) -> None:
    told = tuple(Outcome("a", str(n), word) for n, word in enumerate(outcomes))
    assert exit_code(Harvest("run", told, None, None, (), is_interrupted=False)) == code  # type: ignore[arg-type]


def test_a_harvest_of_nothing_is_no_failure(tmp_path: Path) -> None:
    assert exit_code(run(tmp_path)) == 0
    assert keys(tmp_path) == []


def test_every_outcome_is_heard_once(tmp_path: Path) -> None:
    heard: list[Outcome] = []
    done = run(tmp_path, good("a"), good("b"), heard=heard.append)
    assert sorted(o.source for o in heard) == ["a", "b"]
    # Two sources end in either order, and each is heard a moment before it is done.
    assert sorted(done.outcomes, key=lambda o: o.source) == sorted(heard, key=lambda o: o.source)


def test_a_stream_is_heard_when_it_has_ended_and_not_when_its_source_has(tmp_path: Path) -> None:
    heard: list[str] = []
    is_heard = threading.Event()

    def hear(outcome: Outcome) -> None:
        heard.append(outcome.stream)
        is_heard.set()

    def wait() -> None:
        assert is_heard.wait(5)

    done = run(tmp_path, source(named("issues", [Batch([issue("1")])]), named("stars", [wait])), heard=hear)
    assert heard == ["issues", "stars"]
    assert [outcome.outcome for outcome in done.outcomes] == ["ok", "ok"]


def test_all_is_heard_before_it_is_loaded(tmp_path: Path) -> None:
    heard: list[str] = []

    def hear(outcome: Outcome) -> None:
        assert Spool(tmp_path / "spool").sealed()
        heard.append(outcome.source)

    assert run(tmp_path, good("a"), good("b"), heard=hear).loaded.stored == 2
    assert sorted(heard) == ["a", "b"]


def test_where_no_database_can_be_nothing_is_read(tmp_path: Path) -> None:
    stream = named("issues", [Batch([issue("1")])])
    one = replace(settings(tmp_path, source(stream)), database=tmp_path / "nowhere" / "harvest.duckdb")
    with pytest.raises(StoreError, match="No such file or directory"):
        harvest(one, one.select(), QUICK, clock=lambda: NOW)
    assert stream.started == []


def test_the_next_read_starts_where_the_last_one_ended(tmp_path: Path) -> None:
    stream = Scripted([[Batch([issue("1")], checkpoint={"at": 1})], [Batch([issue("2")], checkpoint={"at": 2})]])
    one = source(stream)
    run(tmp_path, one)
    run(tmp_path, one)
    assert stream.started == [{}, {"at": 1}]


def test_what_an_earlier_run_left_in_the_spool_is_loaded(tmp_path: Path) -> None:
    run(tmp_path)
    stream = Scripted([[Batch([issue("1")], checkpoint={"at": 1})], [Batch(checkpoint={"at": 2})]])
    holds = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holds, str(tmp_path / "harvest.duckdb")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        waits = run(tmp_path, source(stream))
        assert (exit_code(waits), f"process {reader.pid}" in str(waits.busy)) == (4, True)
        assert len(Spool(tmp_path / "spool").sealed()) == 1
        reader.kill()
    done = run(tmp_path, source(named("other", [])))
    assert done.loaded.stored == 1
    assert Spool(tmp_path / "spool").sealed() == []


def test_a_read_goes_on_from_a_checkpoint_that_waits_in_the_spool(tmp_path: Path) -> None:
    one = settings(tmp_path)
    store, spool = Store(one.database, one.timezone), Spool(one.spool)
    store.prepare(timeout=1)
    read(tmp_path, Scripted([[Batch([issue("1")], checkpoint={"at": 1})]]))
    cursor = Bookkeeper(store, spool).books().cursors["work", "issues"]
    assert (cursor.parts, cursor.version) == ({"at": 1}, 2)


def test_a_stop_before_the_first_read_reads_nothing(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    stream = named("issues", [Batch([issue("1")])])
    done = run(tmp_path, source(stream), stop=stop)
    assert (exit_code(done), stream.started) == (130, [])


def test_an_exception_while_sources_read_ends_them_and_is_raised(tmp_path: Path) -> None:
    slow = threading.Event()

    def hear(_: Outcome) -> None:
        slow.set()
        raise KeyboardInterrupt

    waiting = named("issues", [lambda: slow.wait(5) and None, Batch([issue("1")]), Batch([issue("2")])])
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, good("a"), source(waiting, name="b"), heard=hear)
    assert run(tmp_path).loaded.stored >= 1
    assert ("a", "1") in keys(tmp_path)


def test_a_source_that_may_read_nothing_has_no_success(tmp_path: Path) -> None:
    done = run(tmp_path, good("a"), source(named("issues", [NotPermitted("closed")]), name="b"))
    assert exit_code(done) == 3
    with Store(tmp_path / "harvest.duckdb", settings(tmp_path).timezone).reading() as connection:
        found = connection.execute("SELECT source, last_success IS NULL FROM sources ORDER BY 1").fetchall()
    assert found == [("a", False), ("b", True)]


def test_a_slow_source_does_not_keep_another_from_being_loaded(tmp_path: Path) -> None:
    seen: list[list[tuple[str, str]]] = []

    def look() -> None:
        deadline = time.monotonic() + 20
        while not (tmp_path / "harvest.duckdb").exists() or not (found := keys(tmp_path)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        seen.append(found)

    run(tmp_path, good("quick"), source(named("issues", [look]), name="slow"))
    assert seen == [[("quick", "1")]]
