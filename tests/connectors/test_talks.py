"""The talks connector: what the file says, what is refused, what is taken back."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from talks_desk import ONE, TODAY, Desk

from connectors.base import Coverage
from connectors.errors import Gone, Malformed, NotPermitted
from connectors.talks import TalksConfig

OF_TALKS = ("talks", "talk_audience", "attendees", "talk_interactions")


@pytest.fixture
def desk(tmp_path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def sheet(tmp_path) -> Desk:
    return Desk(tmp_path, "talks.csv")


# What is stored


def test_a_talk_and_its_numbers_are_facts(desk):
    desk.write(ONE)
    assert desk.facts() == {
        ("talks", "pycon"): 1,
        ("talk_audience", "pycon"): 200,
        ("attendees", "pycon"): 80,
        ("talk_interactions", "pycon"): 23,
    }


def test_the_subject_is_the_talk(desk):
    desk.write(ONE)
    (subject,) = desk.read()[0].subjects
    assert (subject.id, subject.name, subject.kind) == ("pycon", "Small databases", "talk")
    assert subject.url == "https://example.org/slides"
    assert subject.published_at == datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_number_that_is_absent_is_not_zero(desk):
    desk.write('[[talk]]\ntitle = "A"\ndate = 2026-11-20\nattendees = 0\n')
    assert {metric for metric, _ in desk.facts()} == {"talks", "attendees"}


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "UTC"])
def test_a_talk_lies_in_its_day_where_the_person_lives(desk, zone):
    desk.write(ONE)
    for fact in desk.read(timezone=ZoneInfo(zone))[0].observations:
        assert fact.occurred_at.astimezone(ZoneInfo(zone)).date() == date(2026, 11, 20)


def test_a_talk_that_is_still_to_come_does_not_count_yet(desk):
    desk.write('[[talk]]\ntitle = "A"\ndate = 2026-12-24\naudience = 50\n')
    assert desk.facts() == {}


@pytest.mark.parametrize(
    "written", ["2026-11-20", '"2026-11-20"', "2026-11-20T18:30:00", "2026-11-20T18:30:00+01:00"]
)
def test_a_day_can_be_written_in_every_way_that_toml_has(desk, written):
    desk.write(f'[[talk]]\nid = "a"\ntitle = "A"\ndate = {written}\n')
    assert desk.read()[0].observations[0].occurred_at.date() == date(2026, 11, 20)


def test_csv_says_the_same_as_toml(desk, sheet):
    desk.write(ONE)
    sheet.write(
        "id,title,date,audience,attendees,interactions,event,url,kind\n"
        "pycon,Small databases,2026-11-20,200,80,23,PyCon,https://example.org/slides,\n"
    )
    assert sheet.facts() == desk.facts()


def test_a_spreadsheets_csv_is_read(sheet):
    sheet.write('\ufeffTitle;Date;Attendees\r\n"A; B";2026-11-20;7\r\n\r\n;;\r\n'.encode())
    assert sheet.facts() == {("talks", "2026-11-20 a; b"): 1, ("attendees", "2026-11-20 a; b"): 7}


def test_an_entry_may_span_lines_in_csv(sheet):
    sheet.write('title,date\n"A\nB",2026-11-20\n"C",x\n')
    with pytest.raises(Malformed, match=r"entry 2 \(line 4\): date"):
        sheet.read()


# Coverage


def test_the_file_is_measured_from_the_first_talk_to_today(desk):
    desk.write(ONE)
    assert desk.read()[0].coverage == [Coverage(date(2026, 11, 20), TODAY, metrics=OF_TALKS)]


def test_a_number_that_is_not_known_is_missing_on_its_day_only(desk):
    desk.write(ONE.replace("attendees = 80\n", "") + '[[talk]]\ntitle = "B"\ndate = 2026-11-24\n')
    spans = desk.read()[0].coverage
    assert spans[0] == Coverage(date(2026, 11, 20), TODAY, metrics=("talks",))
    assert [(s.first_day.day, s.last_day.day, s.state) for s in spans if s.metrics == ("attendees",)] == [
        (20, 20, "missing"),
        (21, 23, "measured"),
        (24, 24, "missing"),
    ]
    assert [(s.first_day.day, s.last_day.day, s.state) for s in spans if s.metrics == ("talk_audience",)] == [
        (20, 23, "measured"),
        (24, 24, "missing"),
    ]
    assert "'B' not known" in spans[-1].reason


def test_a_number_of_one_of_two_talks_on_a_day_makes_it_partial(desk):
    desk.write(ONE + '[[talk]]\ntitle = "B"\ndate = 2026-11-20\naudience = 1\ninteractions = 1\n')
    spans = desk.read()[0].coverage
    assert [(s.first_day.day, s.last_day.day, s.state) for s in spans if s.metrics == ("attendees",)] == [
        (20, 20, "partial"),
        (21, 24, "measured"),
    ]


def test_since_widens_what_is_measured(desk):
    desk.write(ONE)
    assert desk.read(since=date(2026, 1, 1))[0].coverage == [Coverage(date(2026, 1, 1), TODAY, metrics=OF_TALKS)]


def test_no_file_yet_is_missing_and_no_error(desk):
    (batch,) = desk.read()
    (span,) = batch.coverage
    assert (span.state, batch.observations, batch.checkpoint) == ("missing", (), None)
    assert "harvest log talk" in span.reason


def test_an_empty_file_is_measured_without_talks(desk):
    desk.write("# none yet\n")
    (batch,) = desk.read()
    assert (list(batch.observations), batch.coverage) == ([], [Coverage(TODAY, TODAY, metrics=OF_TALKS)])


# Revisions and retractions


def test_reading_twice_says_the_same(desk):
    desk.write(ONE)
    assert desk.facts() == desk.facts()


def test_a_corrected_number_keeps_its_identity(desk):
    desk.write(ONE)
    before = desk.facts()
    desk.write(ONE.replace("attendees = 80", "attendees = 81"))
    assert desk.facts() == before | {("attendees", "pycon"): 81}


def test_a_new_title_keeps_the_history_of_an_entry_with_id(desk):
    desk.write(ONE)
    before = desk.facts()
    desk.write(ONE.replace("Small databases", "Tiny databases"))
    assert desk.facts() == before


def test_a_new_title_without_id_takes_the_old_talk_back(desk):
    desk.write('[[talk]]\ntitle = "A"\ndate = 2026-11-20\n')
    desk.read()
    desk.write('[[talk]]\ntitle = "B"\ndate = 2026-11-20\n')
    assert desk.facts() == {("talks", "2026-11-20 b"): 1, ("talks", "2026-11-20 a"): 0}


def test_spaces_and_case_of_a_title_are_no_new_talk(desk):
    desk.write('[[talk]]\ntitle = "Small Databases"\ndate = 2026-11-20\n')
    before = desk.facts()
    desk.write('[[talk]]\ntitle = "small  databases"\ndate = 2026-11-20\n')
    assert desk.facts() == before


def test_a_removed_entry_is_taken_back_once(desk):
    desk.write(ONE)
    counted = desk.facts()
    desk.write("")
    assert desk.facts() == dict.fromkeys(counted, 0.0)
    assert desk.facts() == {}


def test_a_removed_number_is_taken_back(desk):
    desk.write(ONE)
    desk.read()
    desk.write(ONE.replace("attendees = 80\n", ""))
    assert desk.facts()["attendees", "pycon"] == 0


def test_what_was_removed_before_a_full_read_is_taken_back_after_it(desk):
    desk.write(ONE)
    desk.read()
    desk.write('[[talk]]\nid = "b"\ntitle = "B"\ndate = 2026-11-20\n')
    assert desk.facts(full=True) == {("talks", "b"): 1}
    assert desk.facts()["talks", "pycon"] == 0


def test_a_talk_put_off_is_taken_back_until_then(desk):
    desk.write('[[talk]]\nid = "a"\ntitle = "A"\ndate = 2026-11-20\n')
    desk.read()
    desk.write('[[talk]]\nid = "a"\ntitle = "A"\ndate = 2026-12-20\n')
    assert desk.facts() == {("talks", "a"): 0}


def test_a_file_that_vanished_takes_nothing_back(desk):
    desk.write(ONE)
    desk.read()
    desk.path.unlink()
    with pytest.raises(Gone, match="still count; put it back"):
        desk.read()


# Bad input: the file, the entry and what to do are named, and nothing is read


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('title = "B"\ndate = 2026-02-30', "is not TOML"),
        ('title = "B"\ndate = "20.11.2026"', r"entry 2 \(line 11\): date: '20.11.2026' is not a day"),
        ('title = "B"', "entry 2 .*: date: is missing"),
        ("date = 2026-11-20", "entry 2 .*: title: is missing"),
        ('title = " "\ndate = 2026-11-20', "title: is missing"),
        ("title = 7\ndate = 2026-11-20", "title: 7 is no text"),
        ('title = "B"\ndate = 2026-11-20\nattendees = -1', "attendees: must not be negative"),
        ('title = "B"\ndate = 2026-11-20\nattendees = 8.5', "8.5 is not a whole number"),
        ('title = "B"\ndate = 2026-11-20\nattendees = true', "True is not a whole number"),
        ('title = "B"\ndate = 2026-11-20\nattendees = "80"', "'80' is not a whole number"),
        ('title = "B"\ndate = 2026-11-20\nattendees = ' + "9" * 400, "above a thousand million"),
        ('title = "B"\ndate = 2026-11-20\nattendees = ' + "9" * 5000, "is not TOML"),
        ('title = "B"\ndate = 2026-11-20\nattendes = 80', "did you mean attendees"),
        ('title = "B"\ndate = 1767-01-01', "before 1970"),
        ('title = "B"\ndate = 2026-12-24\nattendees = 5', "still to come; leave attendees out"),
        (f'title = "{"x" * 400}"\ndate = 2026-11-20', "400 characters"),
        ('title = "B"\ndate = 2026-11-20\nevent = "a\\u0007"', "event: has characters"),
        ('id = "pycon"\ntitle = "B"\ndate = 2026-11-20', r"same talk as entry 1 \(line 2\)"),
        ('title = "small databases"\ndate = 2026-11-20', "same talk as entry 1"),
        ('title = "B', "is not TOML"),
    ],
)
def test_an_entry_that_cannot_be_used_stops_the_file_and_is_named(desk, entry, said):
    desk.write(ONE + "[[talk]]\n" + entry + "\n")
    with pytest.raises(Malformed, match=said) as caught:
        desk.read()
    assert str(desk.path) in str(caught.value)
    assert "mend it there; nothing was read" in str(caught.value)
    assert desk.cursor == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[talks]]\ntitle = "A"\n', r"\[\[talk\]\]"),
        ('[talk]\ntitle = "A"\n', "two brackets"),
        ('title = "A"\n', r"\[\[talk\]\]"),
        ("talk = 3\n", "two brackets"),
        ("[" * 5000, "is not TOML"),
    ],
)
def test_a_file_of_another_shape_is_malformed(desk, text, said):
    desk.write(text)
    with pytest.raises(Malformed, match=said):
        desk.read()


def test_a_latin_1_file_names_the_line(desk):
    desk.write('[[talk]]\ntitle = "Über"\ndate = 2026-11-20\n'.encode("latin-1"))
    with pytest.raises(Malformed, match="line 2 is not UTF-8; save the file as UTF-8"):
        desk.read()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title,date,attendes\nA,2026-11-20,8\n", "did you mean attendees"),
        ("title,date,notes\nA,2026-11-20,8\n", "known are"),
        ("title,date,date\nA,2026-11-20,x\n", "stands twice"),
        ("title,attendees\nA,8\n", "column date is missing"),
        ("title,date\nA,2026-11-20,8\n", "3 fields under 2 columns"),
        ("title,date\nA,20.11.2026\n", r"entry 1 \(line 2\): date: '20.11.2026' is not a day"),
        ("title,date,attendees\nA,2026-11-20,-8\n", "must not be negative"),
        ("title,date,attendees\nA,2026-11-20,many\n", "'many' is not a whole number"),
        ('title,date\n"A,2026-11-20\n', "is not CSV"),
        ("title,date\nA,2026-11-20\nA,2026-11-20\n", r"same talk as entry 1 \(line 2\)"),
    ],
)
def test_a_row_that_cannot_be_used_stops_the_file_and_is_named(sheet, text, said):
    sheet.write(text)
    with pytest.raises(Malformed, match=said) as caught:
        sheet.read()
    assert str(sheet.path) in str(caught.value)


def test_a_folder_in_place_of_the_file_is_named(desk):
    desk.path.mkdir()
    with pytest.raises(Malformed, match="is a folder"):
        desk.read()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_what_to_do(desk):
    desk.write(ONE)
    desk.path.chmod(0)
    with pytest.raises(NotPermitted, match="chmod u"):
        desk.read()


@pytest.mark.parametrize("name", ["", "/", "a\0b"])
def test_a_name_that_is_no_files_names_its_key(name):
    with pytest.raises(ValueError, match=r"^file: "):
        TalksConfig(file=name)
