"""What `harvest status` shows a person, and a program."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from harvester.cli import run
from harvester.cli.status import _PATIENCE
from harvester.daemon.state import Running
from tests.harvester.surveyed import DAY, NOW, TODAY, Place, all_well, covered, kept_open


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def status(place: Place, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    code = run(["status", "--config", str(place.settings.path), *options])
    told = capsys.readouterr()
    assert "defect" not in told.err
    return code, told.out + told.err


def test_status_of_what_never_ran_says_so_and_what_is_at_risk(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = status(place, capsys)
    assert code == 3  # GitHub forgets
    assert said.count("never run") == 2
    assert "disabled" in said
    assert f"! work traffic: 13 days not read yet ({TODAY - 13 * DAY} to {TODAY - DAY})" in said
    assert "database: there is none yet" in said
    assert not place.settings.database.exists()


@pytest.mark.parametrize("content", [b"", b"of us, with nothing in it"])
def test_status_works_on_an_empty_database(place: Place, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    if content:
        duckdb.connect(str(place.settings.database)).close()
    else:
        place.settings.database.touch()
    code, said = status(place, capsys)
    assert code == 3
    assert said.count("never run") == 2


def test_status_when_all_is_well_calls_for_nobody(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    all_well(place)
    code, said = status(place, capsys)
    assert (code, "!" in said) == (0, False)
    assert "daemon: none runs" in said


def test_status_fits_eighty_columns(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    all_well(place)
    place.ran("work", "repository", "auth failed", message="refused")
    _, said = status(place, capsys, "-v")
    table = [line for line in said.splitlines() if line.startswith(" ")]
    assert len(table) > 10
    assert max(map(len, table)) <= 80
    for word in ("last success", "next due", "at risk", "lost", "keeps", "14 d", "1 of 2 failing"):
        assert word in said


def test_status_names_failures_with_their_reason(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    all_well(place)
    place.ran(
        "blog",
        "posts",
        "unavailable",
        message="example.org: \x1b[31m503 [red]now[/red]",
        at=NOW + timedelta(seconds=1),
    )
    code, said = status(place, capsys)
    assert code == 3
    assert "! blog posts: unavailable since" in said
    assert "[red]now[/red]" in said
    assert "\x1b[31m" not in said


def test_status_beside_a_reader_that_blocks_loads(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    all_well(place)
    blocked = {"blocked_since": NOW - timedelta(hours=1), "blocked_by": 4711, "blocked_command": "duckdb"}
    with place.daemon(**blocked, running=(Running("blog", "run-9", NOW),)):
        code, said = status(place, capsys)
    assert code == 4
    assert "! process 4711 (duckdb) has kept the database open since" in said
    assert "reads blog" in said


def test_what_a_dead_daemon_has_said_does_not_count(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    all_well(place)
    with place.daemon(blocked_since=NOW, config_error="line 3"):
        pass
    assert status(place, capsys)[0] == 0


def test_a_spool_that_waits_too_long_is_told(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    all_well(place)
    place.ran("work", "traffic", load=False)
    assert status(place, capsys)[0] == 0
    old = json.loads((path := next(iter(place.settings.spool.glob("*.ndjson")))).read_text().splitlines()[-1])
    old["end"]["observed_at"] = str((NOW - timedelta(minutes=11)).replace(tzinfo=None))
    path.write_text(json.dumps(old) + "\n")
    code, said = status(place, capsys)
    assert code == 4
    assert "! 1 segment has waited to be loaded since" in said


def test_broken_spool_files_are_told_and_break_nothing(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    all_well(place)
    for name, text in (("1", ""), ("2", "{}\n"), ("3", '{"end": {"format": 2}}\n'), ("4", "\xff")):
        (place.settings.spool / f"{name}.ndjson").write_text(text)
    (place.settings.spool / "5.ndjson").mkdir()
    code, said = status(place, capsys)
    assert code == 0
    assert "5 files" in said


def test_the_json_holds_everything(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.ran("work", "traffic", "auth failed", message="refused", batch=covered(TODAY - 13 * DAY, TODAY - 4 * DAY))
    place.ran("work", "traffic", "auth failed", at=NOW + timedelta(seconds=1), load=False)
    with place.daemon(started_at=NOW, running=(Running("blog", "run-9", NOW),)):
        code, text = status(place, capsys, "--json")
    told = json.loads(text)
    assert told["exit_code"] == code == 3
    assert told["spool"]["segments"] == 1
    assert told["disk"]["database"] > 0
    assert told["daemon"]["running"][0]["source"] == "blog"
    work, blog, old = told["sources"]
    assert (work["state"], blog["state"], old["state"]) == ("1 of 1 failing", "reading", "disabled")
    (traffic,) = work["streams"]
    assert (traffic["retention_days"], traffic["times"], len(traffic["at_risk"])) == (14, 2, 3)
    assert traffic["at_risk"][0]["day"] == str(TODAY - 3 * DAY)
    assert datetime.fromisoformat(traffic["at_risk"][0]["gone_at"]).utcoffset() == timedelta(0)
    assert [each["kind"] for each in told["findings"]] == ["failing"]
    assert blog["tolerance"] == 12 * 3600


def test_status_of_a_database_that_another_keeps(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    all_well(place)
    monkeypatch.setattr("harvester.cli.status._PATIENCE", 0.0)
    with kept_open(place.settings.database) as pid:
        code, said = status(place, capsys, "-v")
        as_json = json.loads(status(place, capsys, "--json")[1])
    assert code == as_json["exit_code"] == 4
    assert f"! {place.settings.database}: process {pid}" in said
    assert "unknown" in said
    assert "never run" not in said
    assert str(pid) in as_json["held"]


def test_status_waits_for_a_load_but_not_for_ever() -> None:
    assert 1 < _PATIENCE < 30
