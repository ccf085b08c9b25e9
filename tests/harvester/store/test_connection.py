"""Opening the database: with patience, and with errors that name the holder or the fault."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from harvester.store.connection import open_reader, open_writer, transaction, unusable
from harvester.store.errors import Busy, StoreError
from harvester.store.lock import loading, lock_path

HOLDS = """
import sys, duckdb
held = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read")
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "harvest.duckdb"
    open_writer(made, timeout=1).close()
    return made


@contextmanager
def held(path: Path, how: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path), how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_writer_is_told_which_process_reads(path: Path) -> None:
    with held(path, "read") as reader, pytest.raises(Busy, match=rf"process {reader.pid} .*close it") as busy:
        open_writer(path, timeout=0.1)
    assert busy.value.pid == reader.pid


def test_a_reader_is_told_which_process_writes(path: Path) -> None:
    with held(path, "write") as writer, pytest.raises(Busy) as busy:
        open_reader(path, timeout=0.1)
    assert busy.value.pid == writer.pid


def test_readers_do_not_hinder_each_other(path: Path) -> None:
    with held(path, "read"), open_reader(path, timeout=0) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_patience_is_rewarded(path: Path) -> None:
    with held(path, "read") as reader:
        threading.Timer(0.3, reader.kill).start()
        with open_writer(path, timeout=10) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_patience_ends(path: Path) -> None:
    began = time.monotonic()
    with held(path, "read"), pytest.raises(Busy):
        open_writer(path, timeout=0.3)
    assert time.monotonic() - began < 5


def test_a_new_file_has_small_blocks_which_commits_pay_for_by_the_column(path: Path) -> None:
    connection = open_reader(path, timeout=1)
    assert connection.execute("SELECT block_size FROM pragma_database_size()").fetchone() == (16384,)


def test_times_are_utc_wherever_the_process_runs(path: Path) -> None:
    with open_reader(path) as connection:
        assert connection.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)


def test_a_database_that_is_not_there_yet_says_who_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="harvest now"):
        open_reader(tmp_path / "none.duckdb")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="folder does not exist"):
        open_writer(tmp_path / "none" / "harvest.duckdb", timeout=0)


@pytest.mark.parametrize("content", [b"text", b"SQLite format 3\0" + bytes(4096), bytes(9000), os.urandom(9000)])
def test_a_file_that_is_no_database_is_called_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "harvest.duckdb"
    path.write_bytes(content)
    for opens in (lambda: open_writer(path, timeout=0), lambda: open_reader(path, timeout=0)):
        with pytest.raises(StoreError, match=r"harvest\.duckdb: "):
            opens()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('The file "x" exists, but it is not a valid DuckDB database file!', "move it away"),
        ("Trying to read a database file with version number 99", "upgrade harvester"),
        ("Cannot open file: Permission denied", "owner and mode"),
        ("Could not write file: No space left on device", "disk is full"),
        ("Could not write file: File too large", "disk is full"),
        ("Could not read enough bytes from file", "damaged"),
        ("Something else\nsecond line", "Something else"),
    ],
)
def test_every_fault_of_the_file_says_what_to_do(said: str, told: str) -> None:
    message = unusable(Path("harvest.duckdb"), said)
    assert told in message
    assert "\n" not in message


def test_a_transaction_that_is_interrupted_leaves_nothing(path: Path) -> None:
    with open_writer(path, timeout=1) as connection:
        with pytest.raises(KeyboardInterrupt), transaction(connection):  # noqa: PT012 - what precedes it matters
            connection.execute("CREATE TABLE t (n INTEGER)")
            raise KeyboardInterrupt
        assert connection.execute("SHOW TABLES").fetchall() == []


def test_a_failed_commit_tells_why_and_not_that_nothing_could_be_rolled_back(path: Path) -> None:
    connection = open_writer(path, timeout=1)
    with pytest.raises(duckdb.ConnectionException, match="closed"), transaction(connection):
        connection.close()


def test_the_turn_to_load_is_one_process_s_and_names_it(path: Path) -> None:
    def take() -> None:
        with loading(path, timeout=0.05):
            pass

    with loading(path, timeout=0), ThreadPoolExecutor(1) as other:
        error = other.submit(take).exception()
        take()  # a thread whose turn it is has it, and keeps it
        again = other.submit(take).exception()
    take()
    for busy in (error, again):
        assert isinstance(busy, Busy)
        assert busy.pid == os.getpid()
        assert str(os.getpid()) in str(busy)


def test_the_turn_to_load_is_free_after_an_error(path: Path) -> None:
    with pytest.raises(ValueError, match="x"), loading(path, timeout=0):
        raise ValueError("x")
    with loading(path, timeout=0):
        assert lock_path(path).exists()


def test_a_lock_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="owner and mode"), loading(tmp_path / "none" / "db", timeout=0):
        pass


LEAN = """
import sys, threading
from harvester.store.connection import without_pandas
import duckdb
with without_pandas():
    with without_pandas():
        pass
    assert duckdb.connect().execute("SELECT $n", {"n": 1}).fetchone() == (1,)
    assert "pandas" not in sys.modules
    if sys.argv[1] == "beside":
        beside = threading.Thread(target=lambda: __import__("pandas"))
        beside.start()
        beside.join()
        assert "pandas" in sys.modules
import pandas
print(duckdb.sql("SELECT 1 AS one").df())
"""


@pytest.mark.parametrize("case", ["alone", "beside"])
def test_parameters_take_no_pandas_and_others_may_import_it(case: str) -> None:
    done = subprocess.run([sys.executable, "-c", LEAN, case], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "one" in done.stdout


SPILLING = """
import sys
from pathlib import Path
from harvester.store.connection import open_bench

with open_bench(Path(sys.argv[1]), memory_limit="40MB", threads=1) as bench:
    bench.execute("CREATE TEMP TABLE much AS SELECT md5(i::VARCHAR) AS text FROM range(2_000_000) AS t(i)")
    print(bench.execute("SELECT count(*) > 0 FROM duckdb_temporary_files()").fetchone()[0])
    with open_bench(Path(sys.argv[2]), memory_limit="60MB", threads=1) as other:
        print(other.execute("SELECT count(DISTINCT i) FROM range(10) AS t(i)").fetchone()[0])
"""


def test_a_bench_that_has_spilt_to_disk_is_still_one_for_others(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SPILLING, str(tmp_path / "a.duckdb"), str(tmp_path / "b.duckdb")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout.split(), done.stderr) == (["True", "10"], "")
