"""Files as people and programs really leave them: accepted by rule, or refused with every row that is wrong."""

from __future__ import annotations

import re

import pytest
from csv_desk import KEYS, CsvDesk

from connectors.csv import sheet as sheets
from connectors.csv.cells import count_in, day_in_name, text_of
from connectors.csv.facts import MOST_PROBLEMS
from connectors.errors import Malformed

HEAD = "Date,Post,Views\n"


@pytest.fixture
def desk(tmp_path) -> CsvDesk:
    return CsvDesk(tmp_path)


def refusal(desk: CsvDesk) -> str:
    with pytest.raises(Malformed) as caught:
        desk.facts()
    assert all(not cursor for cursor in desk.cursors.values())
    return str(caught.value)


# Accepted


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_out(desk, separator):
    desk.write((HEAD + "2026-11-01,a,10\n").replace(",", separator))
    assert desk.facts() == {("post_reads", "a", "2026-11-01"): 10}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read_by_its_mark(desk, encoding):
    desk.write((HEAD + "2026-11-01,Über,10\r\n").encode(encoding))
    assert desk.facts() == {("post_reads", "Über", "2026-11-01"): 10}


def test_another_encoding_is_read_where_it_is_said(tmp_path):
    desk = CsvDesk(tmp_path, encoding="windows-1252", **KEYS)
    desk.write((HEAD + "2026-11-01,Über – 1 €,10\n").encode("windows-1252"))
    assert desk.facts() == {("post_reads", "Über – 1 €", "2026-11-01"): 10}


def test_lines_above_the_columns_and_blank_rows_are_passed_over_and_counted(desk):
    desk.write("\ufeffThe report of November\r\n\r\n" + HEAD.replace("\n", "\r\n") + '\r\n2026-11-01,"a,\n b",10\r\n')
    (fact,) = desk.told()
    assert (fact.subject, fact.attrs["row"]) == ("a, b", 5)


def test_columns_may_stand_in_any_order_among_others(desk):
    desk.write(" Views ,Fans,Date,Post,\n10,3,2026-11-01,a,\n")
    assert desk.facts() == {("post_reads", "a", "2026-11-01"): 10}


@pytest.mark.parametrize(
    ("cell", "decimal", "count"),
    [
        ("0", ".", 0),
        ("1234", ".", 1234),
        ("1,234", ".", 1234),
        ("1,234,567.00", ".", 1234567),
        ("12.0", ".", 12),
        ("1.234", ",", 1234),
        ("1.234,0", ",", 1234),
        ("1 234", ",", 1234),
        ("1\u202f234", ",", 1234),
        ("1’234", ".", 1234),
        ("  7 ", ".", 7),
        ("", ".", None),
        ("  ", ".", None),
    ],
)
def test_a_count_as_people_write_it(cell, decimal, count):
    assert count_in(cell, decimal) == count


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("%d/%m/%Y", "03/04/2026"),
        ("%m/%d/%Y", "04/03/2026"),
        ("%a, %b %d, %Y", "Fri, Apr 3, 2026"),
        ("%d.%m.%y", "3.4.26"),
    ],
)
def test_a_day_is_read_as_the_configuration_says(tmp_path, pattern, written):
    desk = CsvDesk(tmp_path, day_format=pattern, **KEYS)
    desk.write(HEAD + f'"{written}",a,1\n')
    assert desk.facts() == {("post_reads", "a", "2026-04-03"): 1}


@pytest.mark.parametrize("cell", ["@ada says hi", "+1 from me", "- a list", "a = b", "-5 degrees (cold)"])
def test_a_text_that_only_looks_odd_is_no_formula(cell):
    assert text_of(cell) == cell


def test_the_same_row_twice_is_one(desk):
    desk.write(HEAD + "2026-11-01,a,10\n" * 2)
    assert len(desk.facts()) == 1


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("posts-2026-11-24.csv", "2026-11-24"),
        ("x_20261101_20261124.csv", "2026-11-24"),
        ("posts-2026-13-40.csv", "None"),
        ("120261124.csv", "None"),
        ("a.csv", "None"),
    ],
)
def test_the_day_in_a_name(name, day):
    assert str(day_in_name(name)) == day


# Refused


def test_every_problem_of_every_file_is_told_at_once_and_nothing_is_stored(desk):
    desk.write(HEAD + "2026-11-01,a,10\n03/04/2026,a,1\n2026-11-02,,-5\n2026-11-03,=cmd|'/C calc'!A0,12.5\n")
    desk.write(HEAD + "2026-11-01,a,ten\n", "b.csv")
    desk.write("Date,Post\n2026-11-01,a\n", "c.csv")
    said = refusal(desk)

    for place in ("a.csv: row 3, Date", "a.csv: row 4, Post", "a.csv: row 4, Views", "a.csv: row 5, Post",
                  "a.csv: row 5, Views", "b.csv: row 2, Views", "c.csv: row 1"):  # fmt: skip
        assert place in said
    assert "row 2, Date" not in said
    assert said.endswith("mend it there; nothing was stored")


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (
            "03/04/2026",
            "'03/04/2026' is not written as 2026-11-24 and could be the 3. of month 4 or the 4. of month 3",
        ),
        ("13/04/2026", "not written as 2026-11-24; say in day_format how"),
        ("24.11.2026", "say in day_format how it is written, such as %d/%m/%Y"),
        ("Nov 24, 2026", "say in day_format how it is written"),
        ("2026-02-30", "is no day of the calendar"),
        ("2026-11-01T25:00", "is no day of the calendar"),
        ("2026-12-01", "is still to come"),
        ("1969-12-31", "is before 1990"),
        ("20261101", "not written as"),
        ("45000", "not written as"),
        ("=DATE(2026;11;1)", "is a formula"),
        ("", "the day is missing"),
    ],
)
def test_a_day_that_is_none_is_refused_with_its_row(desk, cell, said):
    desk.write(HEAD + f'2026-11-01,a,1\n"{cell}",a,2\n')
    assert "a.csv: row 3, Date: " in (told := refusal(desk))
    assert said in told


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("-5", "is negative"),
        ("(5)", "is negative"),
        ("12.5", "is no whole number"),
        ("1.234", "is no whole number; if . stands between thousands, say decimal = ','"),
        ("1,23", "is no whole number"),
        ("1,2345", "is no whole number"),
        ("12%", "is no whole number"),
        ("1e5", "is no whole number"),
        ("1.2K", "is no whole number"),
        ("n/a", "is no whole number"),
        ("٣", "is no whole number"),
        ("9" * 13, "above a million million"),
        ("=SUM(A1:A9)", "is a formula"),
        ("@SUM(A1)", "is a formula"),
        ("+cmd|' /C calc'!A0", "is a formula"),
        ("NaN", "is no whole number"),
    ],
)
def test_a_value_that_is_no_count_is_refused_with_its_row(desk, cell, said):
    desk.write(HEAD + f'2026-11-01,a,1\n2026-11-02,a,"{cell}"\n')
    assert "a.csv: row 3, Views: " in (told := refusal(desk))
    assert said in told


def test_a_latin_1_file_names_its_line_and_the_way_out(desk):
    desk.write((HEAD + "2026-11-01,Über,10\n").encode("latin-1"))
    assert 'a.csv: line 2 is not UTF-8; save it as UTF-8, or say encoding = "windows-1252"' in refusal(desk)


def test_a_separator_that_is_said_and_wrong_is_told(tmp_path):
    desk = CsvDesk(tmp_path, separator=",", **KEYS)
    desk.write((HEAD + "2026-11-01,a,10\n").replace(",", ";"))
    assert "row 1: its columns are separated by a semicolon, not by a comma; say separator = ';'" in refusal(desk)


def test_a_missing_column_is_named_with_the_nearest_and_all_there_are(desk):
    desk.write("Date,Post,views (total)\n2026-11-01,a,10\n")
    said = refusal(desk)
    assert 'column "Views" missing; there are: "Date", "Post", "views (total)" (by a comma)' in said
    desk.write("Date,Pst,Views\n2026-11-01,a,10\n")
    assert 'column "Post" (did you mean "Pst"?) missing' in refusal(desk)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a.csv: is empty"),
        (" \n\n", "is empty"),
        ("\x00\x00\x00", "holds what is no text"),
        (HEAD + "2026-11-01,a\x00,1\n", "line 2 holds what is no text"),
        (HEAD + "2026-11-01,a\n", "row 2: 2 cells under 3 columns; the row breaks off"),
        (
            HEAD + "2026-11-01,a,1,234\n",
            "row 2: 4 cells under 3 columns; a text with the separator in it needs quotes",
        ),
        (HEAD + '2026-11-01,"a,1\n', "row 2: is no CSV from here on"),
        (HEAD + '2026-11-01,"a"b,1\n', "row 2: is no CSV from here on"),
        ("Date,Post,Views,Views\n2026-11-01,a,1,2\n", "row 1, Views: stands twice"),
        (HEAD + "2026-11-01,a,1\n2026-11-01,a,2\n", "row 3: post_reads of 'a' (2026-11-01) is 2 here and 1 in row 2"),
        (HEAD + f"2026-11-01,{'x' * 1001},1\n", "row 2, Post: has 1001 characters"),
        (HEAD + "2026-11-01,a\x07,1\n", "row 2, Post: has characters that are no text"),
        (HEAD + "Total,,1\n", "row 2, Date: 'Total' is not written"),
        ("<!doctype html>\n<html></html>\n", "missing"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(desk, text, said):
    desk.write(text)
    assert said in refusal(desk)


@pytest.mark.parametrize("head", [b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0rest"])
def test_a_spreadsheet_is_told_from_a_csv(desk, head):
    desk.write(head)
    assert "is a spreadsheet or an archive" in refusal(desk)


def test_events_of_one_day_need_something_that_tells_them_apart(tmp_path):
    desk = CsvDesk(tmp_path, columns={"day": "D"}, metrics={"answers": "*"})
    desk.write("D\n2026-11-01\n2026-11-01\n")
    assert "row 3: answers of 'medium' at the same time as in row 2; name a column" in refusal(desk)


def test_an_event_without_its_id_is_refused(tmp_path):
    desk = CsvDesk(tmp_path, columns={"day": "D", "id": "I"}, metrics={"answers": "*"})
    desk.write("D,I\n2026-11-01,\n")
    assert "row 2, I: is empty" in refusal(desk)


def test_two_kinds_of_one_metric_would_count_twice(tmp_path):
    names = ("metric", "kind", "day", "value")
    desk = CsvDesk(tmp_path, columns={name: name for name in names})
    desk.write(
        "metric,kind,day,value\nclicks,daily,2026-11-01,1\nclicks,level,2026-11-02,1\nclick,weekly,2026-11-02,1\n"
    )
    said = refusal(desk)
    assert "row 3: clicks of 'medium' is level here and daily in a.csv, row 2: it would count twice" in said
    assert "row 4, metric: 'click' is no metric; did you mean clicks?" in said
    assert "row 4, kind: 'weekly' is not one of event, daily, level" in said


def test_a_file_that_tells_no_day_says_where_to_put_it(tmp_path):
    desk = CsvDesk(tmp_path, columns={"subject": "Post"}, metrics={"post_reads": "Views"}, kind="level")
    desk.write("Post,Views\na,10\n")
    assert "a.csv: tells no day; name the column in columns.day, or put the day into the file's name" in refusal(desk)
    desk.write("Post,Views\na,10\n", "b-2027-01-01.csv")
    assert "b-2027-01-01.csv: the day in its name, 2027-01-01, is still to come" in refusal(desk)


def test_what_is_too_large_is_not_read(desk, monkeypatch):
    monkeypatch.setattr(sheets, "LARGEST_FILE", 1 << 20)
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    desk.write(b"x" * ((1 << 20) + 1))
    assert "is larger than 1 MB" in refusal(desk)
    desk.write(HEAD + "2026-11-01,a,1\n" * 4)
    assert "has more than 3 rows" in refusal(desk)


def test_more_facts_or_files_than_can_be_held_are_refused(desk, monkeypatch):
    monkeypatch.setattr("connectors.csv.reckoning.MOST_FACTS", 2)
    desk.write(HEAD + "2026-11-01,a,1\n2026-11-02,a,1\n")
    desk.write(HEAD + "2026-11-03,a,1\n", "b.csv")
    assert "b.csv: is one file too many" in refusal(desk)
    monkeypatch.setattr("connectors.csv.folder.MOST_FILES", 1)
    assert "has 2 files; read 1 at most" in refusal(desk)


def test_a_file_full_of_nonsense_is_not_told_without_end(desk):
    desk.write(HEAD + "x,y,z\n" * (MOST_PROBLEMS * 2))
    said = refusal(desk)
    assert len(said) < 10_000
    assert re.search(r"and 9[0-9]+ more|and [0-9]{3,} more", said)


def test_hidden_and_half_written_files_are_no_exports(desk):
    desk.write("nonsense", ".a.csv")
    desk.write("nonsense", "imported/medium/.0001-a.csv.draft")
    desk.write("nonsense", "notes.txt")
    assert desk.facts() == {}


def test_a_formula_in_a_column_that_is_not_read_does_no_harm(desk):
    desk.write("Date,Post,Views,Share\n2026-11-01,a,1,=C2/10\n")
    assert len(desk.facts()) == 1
