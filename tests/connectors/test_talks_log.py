"""What `harvest log talk` writes into the file, what it refuses, and what `harvest log undo` takes back."""

from __future__ import annotations

import tomllib
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from talks_desk import ONE, TODAY, Desk

from connectors.errors import Malformed
from connectors.talks import Talk, append_talk, undo_last


@pytest.fixture
def desk(tmp_path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def sheet(tmp_path) -> Desk:
    return Desk(tmp_path, "talks.csv")


# `harvest log talk`


def test_a_logged_talk_is_read_like_any_other(desk):
    logged = desk.log(
        audience=200, attendees=80, interactions=23, event="PyCon", url="https://x.example/s", kind="talk"
    )
    assert logged.talk.id == "log-2026-11-20-small-databases"
    assert logged.notes == ()
    assert desk.facts() == {
        ("talks", logged.talk.id): 1,
        ("talk_audience", logged.talk.id): 200,
        ("attendees", logged.talk.id): 80,
        ("talk_interactions", logged.talk.id): 23,
    }


def test_logging_leaves_what_is_there_to_the_letter(desk):
    before = "# mine\n\n" + ONE + "# the end, without a line break"
    desk.write(before)
    desk.log("Another")
    assert desk.path.read_text().startswith(before + "\n")
    assert len(tomllib.loads(desk.path.read_text())["talk"]) == 2


def test_line_ends_and_byte_order_mark_are_kept(sheet):
    sheet.write(b"\xef\xbb\xbftitle;date;attendees\r\nA;2026-11-19;5\r\n")
    sheet.log("B", attendees=7)
    assert sheet.path.read_bytes() == b"\xef\xbb\xbftitle;date;attendees\r\nA;2026-11-19;5\r\nB;2026-11-20;7\r\n"


@given(
    title=st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=200).filter(str.strip),
    event=st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=200),
    attendees=st.none() | st.integers(0, 10**9),
    name=st.sampled_from(["talks.toml", "talks.csv"]),
)
def test_whatever_is_logged_is_read_back(tmp_path_factory, title, event, attendees, name):
    path = tmp_path_factory.mktemp("desk") / name
    first = append_talk(path, Talk(title="First", day=TODAY), today=TODAY)
    before = path.read_bytes()
    logged = append_talk(
        path, Talk(title=title + " x", day=date(2026, 1, 2), event=event, attendees=attendees), today=TODAY
    )
    assert logged.talk.id != first.talk.id
    assert undo_last(path) == logged.talk
    assert path.read_bytes() == before


def test_two_talks_of_one_title_get_different_ids(desk):
    desk.log("A!", date(2026, 11, 20))
    assert desk.log("A?", date(2026, 11, 20)).talk.id == "log-2026-11-20-a-2"


def test_the_same_talk_is_not_logged_twice(desk):
    desk.log()
    before = desk.path.read_bytes()
    with pytest.raises(ValueError, match=r"has this talk already, entry 1 \(line 4\)"):
        desk.log("small  DATABASES")
    assert desk.path.read_bytes() == before


def test_nobody_has_come_to_a_talk_next_month(desk):
    with pytest.raises(ValueError, match=r"^date: 2026-12-24 is still to come; leave attendees and interactions out"):
        desk.log("A", date(2026, 12, 24), attendees=5, interactions=1)
    assert not desk.path.exists()


def test_a_talk_can_be_logged_ahead_without_people(desk):
    assert "counts from 2026-12-24" in desk.log("A", date(2026, 12, 24), audience=50).notes[0]
    assert desk.facts() == {}


def test_more_attendees_than_invited_is_noted_and_logged(desk):
    assert "more than the 10 who were invited" in desk.log(audience=10, attendees=12).notes[0]
    assert len(desk.facts()) == 3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"title": "   "}, "title: is missing"),
        ({"title": "a\nb"}, "title: has characters"),
        ({"title": "caf\udce9"}, "title: has characters"),
        ({"title": "A", "attendees": -1}, "attendees: must not be negative"),
        ({"title": "A", "day": date(1969, 1, 1)}, "date: .* before 1970"),
    ],
)
def test_what_no_talk_can_say_is_refused_with_its_key(desk, given, said):
    with pytest.raises(ValueError, match=said):
        desk.log(**given)
    assert not desk.path.exists()


def test_a_broken_file_is_not_written_to(desk):
    desk.write('[[talk]]\ntitle = "A\n')
    with pytest.raises(Malformed, match="is not TOML"):
        desk.log()
    assert desk.path.read_text() == '[[talk]]\ntitle = "A\n'


def test_a_file_that_an_entry_cannot_be_appended_to_is_left_alone(desk):
    before = 'talk = [{ title = "A", date = 2026-11-20 }]\n'
    desk.write(before)
    with pytest.raises(Malformed):
        desk.log("B")
    assert desk.path.read_text() == before


def test_csv_without_a_column_that_is_needed_says_so(sheet):
    sheet.write("title,date\nA,2026-11-19\n")
    with pytest.raises(ValueError, match=r"attendees: talks.csv has no column attendees"):
        sheet.log("B", attendees=3)


def test_a_link_stays_a_link_and_the_mode_stays(desk, tmp_path):
    real = tmp_path / "real.toml"
    real.write_text(ONE)
    real.chmod(0o640)
    desk.path.symlink_to(real)
    desk.log("B")
    assert desk.path.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert len(tomllib.loads(real.read_text())["talk"]) == 2


def test_nothing_but_the_file_is_left_in_the_folder(desk):
    desk.log()
    assert [path.name for path in desk.path.parent.iterdir()] == ["talks.toml"]


def test_what_a_killed_writer_left_is_neither_read_nor_in_the_way(desk):
    desk.write(ONE)
    desk.path.with_name(".talks.toml.draft").write_text("[[talk]]\ntitle = ")
    assert len(desk.facts()) == 4
    desk.log("B")
    assert [path.name for path in desk.path.parent.iterdir()] == ["talks.toml"]


def test_talks_logged_at_once_are_all_there(desk):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: desk.log(f"Talk {n}"), range(20)))
    assert len(tomllib.loads(desk.path.read_text())["talk"]) == 20


def test_a_folder_that_does_not_exist_yet_is_made(tmp_path):
    append_talk(tmp_path / "facts" / "talks.toml", Talk(title="A", day=TODAY), today=TODAY)
    assert (tmp_path / "facts" / "talks.toml").exists()


def test_a_folder_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Exception, match="cannot be written") as caught:
        append_talk(tmp_path / "file" / "talks.toml", Talk(title="A", day=TODAY), today=TODAY)
    assert "it is as it was" in str(caught.value)


# `harvest log undo`


@pytest.mark.parametrize("name", ["talks.toml", "talks.csv"])
def test_undo_restores_the_file_to_the_letter(tmp_path, name):
    desk = Desk(tmp_path, name)
    desk.log("A")
    before = desk.path.read_bytes()
    desk.log("B", attendees=7)
    assert undo_last(desk.path).title == "B"
    assert desk.path.read_bytes() == before


def test_undo_takes_back_what_was_counted(desk):
    desk.log(attendees=5)
    counted = desk.facts()
    undo_last(desk.path)
    assert desk.facts() == dict.fromkeys(counted, 0.0)


def test_undo_also_takes_back_an_entry_that_was_corrected(desk):
    desk.log("A", attendees=7)
    desk.path.write_text(desk.path.read_text().replace("attendees = 7", "attendees = 8  # counted again"))
    assert undo_last(desk.path).attendees == 8
    assert "talk" not in tomllib.loads(desk.path.read_text())


def test_undo_leaves_entries_and_comments_made_by_hand(desk):
    desk.log("A")
    logged = desk.path.read_text()
    by_hand = '\n# my own\n[[talk]]\ntitle = "By hand"\ndate = 2026-11-01\n'
    desk.path.write_text(logged + by_hand)
    assert undo_last(desk.path).title == "A"
    assert desk.path.read_text().endswith(by_hand)


def test_undo_twice_takes_back_two(desk):
    desk.log("A")
    desk.log("B")
    assert [undo_last(desk.path).title, undo_last(desk.path).title] == ["B", "A"]


@pytest.mark.parametrize("text", [None, ONE])
def test_undo_without_a_logged_entry_says_so_and_changes_nothing(desk, text):
    if text:
        desk.write(text)
    with pytest.raises(ValueError, match="nothing was taken back"):
        undo_last(desk.path)
    assert desk.path.exists() == bool(text)


def test_undo_refuses_where_it_is_not_certain_what_to_remove(desk):
    by_hand = '[[talk]]\ntitle = """\n[[talk]]\n"""\ndate = 2026-11-01\n'
    desk.write(by_hand + '[[talk]]\nid = "log-a"\ntitle = "A"\ndate = 2026-11-02\n')
    before = desk.path.read_bytes()
    with pytest.raises(Malformed, match="remove it by hand"):
        undo_last(desk.path)
    assert desk.path.read_bytes() == before


def test_csv_without_ids_cannot_be_undone(sheet):
    sheet.write("title,date\nA,2026-11-19\n")
    sheet.log("B")
    with pytest.raises(ValueError, match="nothing was taken back"):
        undo_last(sheet.path)
