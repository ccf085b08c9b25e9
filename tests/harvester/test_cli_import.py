"""`harvest import` and the numbers of `harvest log`: looked at first, stored whole or not at all, taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harvester.cli import run
from harvester.store.query import select

CONFIG = """
[source.medium]
connector = "csv"
folder = "exports"
[source.medium.columns]
day = "Date"
subject = "Post"
[source.medium.metrics]
post_reads = "Views"
"""
TALKS = '[source.talks]\nconnector = "talks"\n'
HEAD = "Date,Post,Views\n"
TWO = HEAD + "2026-11-01,a,10\n2026-11-02,a,20\n"


class Desk:
    """A folder with a configuration, in which commands are run."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        self.out = self.err = ""
        self.configure(CONFIG)

    def configure(self, text: str) -> None:
        (self.folder / "config.toml").write_text(text)

    def export(self, text: str | bytes, name: str = "stats.csv") -> str:
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def run(self, *words: str) -> int:
        code = run([*words, "--config", str(self.folder / "config.toml")])
        self.out, self.err = self.capsys.readouterr()
        return code

    def facts(self) -> list[tuple[object, ...]]:
        query = "SELECT subject, CAST(day AS VARCHAR), total FROM daily ORDER BY ALL"
        return [tuple(row) for row in select(self.folder / "harvest.duckdb", query)[1]]

    def revisions(self) -> list[tuple[object, ...]]:
        query = "SELECT key, value, attrs->>'file', attrs->>'row' FROM revisions ORDER BY observed_at, key"
        return [tuple(row) for row in select(self.folder / "harvest.duckdb", query)[1]]

    def files(self) -> list[str]:
        folder = self.folder / "exports"
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def desk(tmp_path, capsys) -> Desk:
    return Desk(tmp_path, capsys)


def test_an_import_stores_every_row_with_its_file_and_number(desk):
    assert desk.run("import", desk.export(TWO)) == 0
    assert "2 new facts and 0 revised" in desk.out
    assert desk.facts() == [("a", "2026-11-01", 10), ("a", "2026-11-02", 20)]
    name = "imported/medium/0001-stats.csv"
    assert desk.revisions() == [("2026-11-01", 10, name, "2"), ("2026-11-02", 20, name, "3")]


def test_importing_again_changes_nothing(desk):
    file = desk.export(TWO)
    desk.run("import", file)
    before = desk.revisions()

    assert desk.run("import", file) == 0
    assert "0001-stats.csv says the same to the letter; nothing to do" in desk.err
    assert desk.run("import", desk.export(TWO + "\n", "again.csv")) == 0
    assert "0 new facts and 0 revised" in desk.out
    assert desk.revisions() == before


def test_corrected_rows_are_revisions(desk):
    desk.run("import", desk.export(TWO))
    assert desk.run("import", desk.export(TWO.replace(",20", ",25"))) == 0

    assert "0 new facts and 1 revised" in desk.out
    assert [row[1] for row in desk.revisions()] == [10, 20, 25]
    assert desk.facts()[1] == ("a", "2026-11-02", 25)


def test_undo_takes_the_last_import_back_and_leaves_no_trace_in_the_totals(desk):
    desk.run("import", desk.export(TWO))
    desk.run("import", desk.export(TWO.replace(",20", ",25") + "2026-11-03,a,30\n"))

    assert desk.run("import", "undo") == 0
    assert desk.facts() == [("a", "2026-11-01", 10), ("a", "2026-11-02", 20)]
    assert desk.run("import", "undo", "--source", "medium") == 0
    assert desk.facts() == []
    assert [row[1] for row in desk.revisions()].count(0) == 3
    assert desk.run("import", "undo") == 2
    assert "nothing was taken back" in desk.err
    assert desk.files() == ["imported/medium/0001-stats.csv.undone", "imported/medium/0002-stats.csv.undone"]


def test_what_was_taken_back_can_be_imported_again(desk):
    file = desk.export(TWO)
    desk.run("import", file)
    desk.run("import", "undo")
    assert desk.run("import", file) == 0
    assert len(desk.facts()) == 2


def test_a_dry_run_shows_what_would_be_stored_and_stores_nothing(desk):
    assert desk.run("import", desk.export(TWO), "--dry-run") == 0
    assert "2 new, 0 revised, 0 unchanged; nothing was stored" in desk.out
    assert "post_reads" in desk.out
    assert not (desk.folder / "exports").exists()
    assert not (desk.folder / "harvest.duckdb").exists()


def test_a_dry_run_tells_new_from_revised_from_known(desk):
    desk.run("import", desk.export(TWO))
    later = desk.export(TWO.replace(",20", ",25") + "2026-11-03,a,30\n")

    assert desk.run("import", later, "--dry-run", "--json") == 0
    told = json.loads(desk.out)
    assert (told["new"], told["revised"], told["unchanged"]) == (1, 1, 1)
    assert [(fact["row"], fact["day"], fact["value"], fact["change"]) for fact in told["facts"]] == [
        (2, "2026-11-01", 10, "unchanged"),
        (3, "2026-11-02", 25, "revised"),
        (4, "2026-11-03", 30, "new"),
    ]
    assert len(desk.facts()) == 2


def test_a_long_dry_run_is_cut_on_the_terminal_and_whole_in_json(desk):
    file = desk.export(HEAD + "".join(f"2026-10-{day:02},a,{day}\n" for day in range(1, 31)))
    desk.run("import", file, "--dry-run")
    assert "and 10 more; --json shows all" in desk.out
    desk.run("import", file, "--dry-run", "--json")
    assert len(json.loads(desk.out)["facts"]) == 30


BAD = HEAD + "2026-11-01,a,10\n03/04/2026,a,1\n2026-11-02,=cmd|'/C calc'!A0,-1\n"


@pytest.mark.parametrize("option", [(), ("--dry-run",)])
def test_one_bad_row_and_nothing_is_imported(desk, option):
    file = desk.export(BAD)
    assert desk.run("import", file, *option) == 2
    for place in ("row 3, Date", "row 4, Post", "row 4, Views"):
        assert f"{file}: {place}: " in desk.err
    assert "nothing was imported: 3 problems" in desk.err
    assert desk.files() == []


def test_the_problems_are_told_in_json_too(desk):
    assert desk.run("import", desk.export(BAD), "--json") == 2
    told = json.loads(desk.out)
    assert [(each["row"], each["column"]) for each in told["problems"]] == [(3, "Date"), (4, "Post"), (4, "Views")]
    assert told["facts"] == []


def test_a_bad_file_that_lies_there_already_is_named(desk):
    (desk.folder / "exports").mkdir()
    (desk.folder / "exports" / "old.csv").write_text("Date\n")
    assert desk.run("import", desk.export(TWO)) == 2
    assert "old.csv" in desk.err
    assert desk.files() == ["old.csv"]


@pytest.mark.parametrize(("name", "said"), [("none.csv", "is no file"), (".", "is a folder")])
def test_what_is_no_file_is_refused(desk, name, said):
    assert desk.run("import", str(desk.folder / name)) == 2
    assert said in desk.err


def test_a_latin_1_file_is_refused_with_its_line(desk):
    assert desk.run("import", desk.export((HEAD + "2026-11-01,Über,1\n").encode("latin-1"))) == 2
    assert "line 2 is not UTF-8" in desk.err


def test_the_day_of_a_list_without_days_can_be_said(desk):
    desk.configure(
        CONFIG.replace('day = "Date"\n', "").replace(
            "[source.medium.columns]", 'kind = "level"\n[source.medium.columns]'
        )
    )
    file = desk.export("Post,Views\na,10\n")

    assert desk.run("import", file) == 2
    assert "tells no day" in desk.err
    assert desk.run("import", file, "--date", "2026-11-20") == 0
    assert desk.files() == ["imported/medium/0001-stats-2026-11-20.csv"]
    assert [row[0] for row in desk.revisions()] == ["2026-11-20"]


def test_the_same_figures_of_another_day_are_another_reading(desk):
    desk.configure(
        CONFIG.replace('day = "Date"\n', "").replace("[source.medium.col", 'kind = "level"\n[source.medium.col')
    )
    file = desk.export("Post,Views\na,10\n")
    for day in ("2026-11-20", "2026-11-20", "2026-11-24"):
        assert desk.run("import", file, "--date", day) == 0
    assert [row[0] for row in desk.revisions()] == ["2026-11-20", "2026-11-24"]


def test_readings_of_one_import_are_growth_that_was_observed(desk):
    desk.configure(CONFIG.replace("[source.medium.col", 'kind = "level"\n[source.medium.col'))
    desk.run("import", desk.export(HEAD + "2026-11-02,a,100\n2026-11-09,a,170\n2026-11-16,a,240\n"))

    query = "SELECT total, round(coverage, 2) FROM totals WHERE grain = 'week' AND period = '2026-11-09'"
    (totals,) = select(desk.folder / "harvest.duckdb", query + " AND subject IS NOT NULL")[1]
    assert tuple(totals) == (70, 1)


def test_a_day_is_not_said_where_rows_tell_theirs(desk):
    assert desk.run("import", desk.export(TWO), "--date", "2026-11-20") == 2
    assert "--date: each row tells its day" in desk.err


def test_several_sources_need_a_name(desk):
    desk.configure(CONFIG + CONFIG.replace("medium", "other").replace('"exports"', '"others"'))
    assert desk.run("import", desk.export(TWO)) == 2
    assert "which csv source? name it with --source; there are: medium, other" in desk.err
    assert desk.run("import", desk.export(TWO), "--source", "other") == 0


def test_without_a_csv_source_it_says_how_to_add_one(desk):
    desk.configure(TALKS)
    assert desk.run("import", desk.export(TWO)) == 2
    assert 'add [source.medium] with connector = "csv"' in desk.err


def test_a_file_put_into_the_folder_is_read_by_the_next_harvest(desk):
    (desk.folder / "exports").mkdir()
    (desk.folder / "exports" / "a.csv").write_text(TWO)
    assert desk.run("now", "--quiet") == 0
    assert len(desk.facts()) == 2


def test_mistakes_in_a_mapping_are_told_with_their_lines(desk):
    desk.configure(CONFIG.replace("post_reads", "post_read").replace("subject", "subjct"))
    assert desk.run("check") == 2
    assert "line 7: source.medium.columns.subjct: unknown key; did you mean subject?" in desk.err
    assert "line 9: source.medium.metrics.post_read: 'post_read' is no metric; did you mean post_reads?" in desk.err


# `harvest log audience` and the like


def test_logged_numbers_are_counted_and_taken_back(desk):
    desk.configure(TALKS + CONFIG)
    for words in (
        ("audience", "--date", "2026-10-01", "--value", "1200", "--of", "newsletter"),
        ("impressions", "--date", "2026-10-02", "--value", "900"),
        ("clicks", "--date", "2026-10-02", "--value", "30"),
    ):
        assert desk.run("log", *words) == 0
    assert "2026-10-02 clicks 30" in desk.out
    desk.run("now", "talks", "--quiet")
    assert desk.facts() == [
        ("newsletter", "2026-10-01", 1200),
        ("talks", "2026-10-02", 30),
        ("talks", "2026-10-02", 900),
    ]

    assert desk.run("log", "undo") == 0
    assert "took back 2026-10-02 clicks 30" in desk.out
    desk.run("now", "talks", "--quiet")
    assert desk.facts() == [("newsletter", "2026-10-01", 1200), ("talks", "2026-10-02", 900)]


def test_log_undo_takes_back_the_import_of_a_source_that_is_named(desk):
    desk.configure(TALKS + CONFIG)
    desk.run("import", desk.export(TWO))
    assert desk.run("log", "undo", "--source", "medium") == 0
    assert desk.facts() == []


def test_where_there_is_nothing_but_imports_log_undo_takes_the_last_one_back(desk):
    desk.run("import", desk.export(TWO))
    assert desk.run("log", "undo") == 0
    assert desk.facts() == []


def test_a_number_that_cannot_be_logged_says_why(desk):
    desk.configure(TALKS)
    assert desk.run("log", "clicks", "--date", "2100-01-01", "--value", "3") == 2
    assert "still to come" in desk.err
