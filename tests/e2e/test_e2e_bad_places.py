"""Configurations, databases, spools and disks that cannot be used: a message, an exit code, and nothing lost."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import duckdb
import pytest

from harvester.cli import run
from tests.e2e.running import KEY, Field, command

CONFIG_MISTAKES = [
    ("allow_private", "allow_privat", 'did you mean "allow_private"'),
    ('connector = "talks"', 'connector = "talks"\nschedule = "61 * * * *"', "'61' is out of range"),
    ('connector = "talks"', 'connector = "talk"', "talks"),
    ("file:key", KEY, "withdraw it"),
    ("[source.talks]", "[source.talks", "config.toml"),
    ("file:key", "env:NOT_SET_ANYWHERE", "NOT_SET_ANYWHERE"),
    ("[harvest]", '[harvest]\ntimezone = "Mars/Olympus"', "timezone"),
]


@pytest.mark.parametrize(("right", "wrong", "says"), CONFIG_MISTAKES)
def test_a_mistake_in_the_configuration_is_named(
    farm: Field, capsys: pytest.CaptureFixture[str], right: str, wrong: str, says: str
) -> None:
    farm.config.write_text(farm.config.read_text().replace(right, wrong))
    for arguments in (["now"], ["check"], ["status"]):
        done = command(farm, capsys, *arguments)
        assert done.code in (2, 3)
        assert says in done.err + done.out


def test_a_missing_configuration_is_named(farm: Field, capsys: pytest.CaptureFixture[str]) -> None:
    farm.config.unlink()
    done = command(farm, capsys, "now")
    assert done.code == 2
    assert "harvest init" in done.err


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["now", "--since", "yesterday"], ["now", "--since", "2999-01-01"],
     ["now", "--since", "0001-01-01"], ["now", "--lock-timeout", "nan"], ["now", "--lock-timeout", "-1"],
     ["log"], ["log", "talk"], ["score", "--period", "year"], ["sql", "--format", "xml", "SELECT 1"]],
)  # fmt: skip
def test_wrong_usage_is_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_an_unknown_source_is_named(farm: Field, capsys: pytest.CaptureFixture[str]) -> None:
    done = command(farm, capsys, "now", "wrk")
    assert done.code == 2
    assert 'did you mean "work"' in done.err


def test_a_database_of_a_newer_version_is_refused_and_left_alone(
    farm: Field, capsys: pytest.CaptureFixture[str]
) -> None:
    command(farm, capsys, "now", "talks")
    with duckdb.connect(str(farm.database)) as connection:
        connection.execute("UPDATE store.meta SET value = '999' WHERE name = 'schema'")
    done = command(farm, capsys, "now")
    assert done.code == 2
    assert "schema 999" in done.err
    assert "upgrade harvester" in done.err
    assert farm.ask("SELECT value FROM store.meta WHERE name = 'schema'") == [("999",)]


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + bytes(5000), bytes(20_000)])
def test_a_file_that_is_no_database_is_refused_and_left_alone(
    farm: Field, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    farm.database.write_bytes(content)
    done = command(farm, capsys, "now", "talks")
    assert done.code == 2
    assert str(farm.database) in done.err
    assert "move it away" in done.err
    assert farm.database.read_bytes() == content


def test_a_database_that_is_cut_short_is_refused(farm: Field, capsys: pytest.CaptureFixture[str]) -> None:
    command(farm, capsys, "now", "talks")
    whole = farm.database.read_bytes()
    farm.database.write_bytes(whole[: len(whole) // 3])
    done = command(farm, capsys, "now", "talks")
    assert done.code == 2
    assert str(farm.database) in done.err


def test_a_database_of_somebody_else_is_refused_and_left_alone(
    farm: Field, capsys: pytest.CaptureFixture[str]
) -> None:
    with duckdb.connect(str(farm.database)) as connection:
        connection.execute("CREATE TABLE daily (mine INTEGER)")
    done = command(farm, capsys, "now", "talks")
    assert done.code == 2
    assert str(farm.database) in done.err
    assert "tables of others" in done.err
    assert farm.ask("SELECT table_name FROM information_schema.tables") == [("daily",)]


def test_a_folder_in_place_of_the_database_is_refused(farm: Field, capsys: pytest.CaptureFixture[str]) -> None:
    farm.database.mkdir()
    done = command(farm, capsys, "now", "talks")
    assert done.code == 2
    assert "is a folder" in done.err


@pytest.mark.parametrize("key", ["database = 'block/harvest.duckdb'", "spool = 'block/spool'", "spool = 'block'"])
def test_a_file_in_place_of_a_folder_is_refused(farm: Field, capsys: pytest.CaptureFixture[str], key: str) -> None:
    (farm.folder / "block").write_text("a file")
    farm.configure(harvest=key)
    if key.startswith("database"):
        farm.config.write_text(farm.config.read_text().replace('database = "harvest.duckdb"\n', ""))
    done = command(farm, capsys, "now", "talks")
    assert done.code == 2
    assert "block" in done.err


@pytest.mark.parametrize("limit", [4_000, 40_000])
def test_a_full_disk_loses_nothing_that_was_fetched(farm: Field, limit: int) -> None:
    farm.make_database()

    def restrict() -> None:
        # A file that would grow past this is refused as if the disk were full.
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    full = farm.now(preexec_fn=restrict)
    said = farm.said(full)
    assert full.returncode in (3, 4), said
    assert "the disk is full" in said
    assert "defect of ours" not in said
    assert "Traceback" not in said
    done = farm.now()
    assert done.returncode == 0, farm.said(done)
    farm.check_truth()
    assert [name for name in farm.waiting() if not name.endswith(".damaged")] == []


TORN = (
    "", '{"metric": "stars"', '{"metric": "stars"}\n', "[]\n", "null\n", "\n", '{"end": null}\n',
    '{"end": {"format": 9}}\n', '{"end": {"format": 1}}\n', '{"end":{"format":1,"id":"x","rows":0}}\n', "\x00\xff\n",
)  # fmt: skip


def test_torn_and_alien_segments_are_set_aside_and_said(farm: Field, capsys: pytest.CaptureFixture[str]) -> None:
    farm.spool.mkdir()
    for number, content in enumerate(TORN):
        (farm.spool / f"{number:02}.ndjson").write_text(content, encoding="latin-1")
    done = command(farm, capsys, "now")
    assert done.code == 0
    assert done.err.count("set aside") == len(TORN)
    assert farm.waiting() == [f"{number:02}.damaged" for number in range(len(TORN))]
    farm.check_truth()


def test_a_folder_among_the_segments_stops_nothing(farm: Field, capsys: pytest.CaptureFixture[str]) -> None:
    (farm.spool / "1.ndjson").mkdir(parents=True)
    assert command(farm, capsys, "now").code == 0
    farm.check_truth()


def test_status_changes_nothing_in_the_spool(farm: Field, capsys: pytest.CaptureFixture[str]) -> None:
    command(farm, capsys, "now", "talks")
    (farm.spool / "1.ndjson").write_text("torn")
    command(farm, capsys, "status")
    assert farm.waiting() == ["1.ndjson"]


def test_the_outcome_as_json_is_json_whatever_fails(farm: Field, capsys: pytest.CaptureFixture[str]) -> None:
    farm.give_key("")
    done = command(farm, capsys, "now", "--json")
    told = json.loads(done.out)
    assert (done.code, told["exit_code"]) == (3, 3)
    assert {s["outcome"] for s in told["streams"] if s["source"] == "work"} == {"auth failed"}


def test_database_and_spool_hold_no_secret(farm: Field, capsys: pytest.CaptureFixture[str]) -> None:
    command(farm, capsys, "now")
    assert Path(farm.folder / "key").read_text() == KEY
    assert farm.ask("SELECT count(*) FROM runs WHERE contains(message, '" + KEY + "')") == [(0,)]
