"""Dated numbers beside the talks: what is stored of them, what is refused, and what `harvest log undo` takes back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Context, Coverage
from connectors.errors import Malformed
from connectors.http import Http
from connectors.talks import CONNECTOR, Number, Talk, TalksConfig, append_number, append_talk, undo_last

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
FIRST = '[[audience]]\ndate = 2026-10-01\nvalue = 1200\nof = "newsletter"\n'
SHOWN = "[[impressions]]\ndate = 2026-10-02\nvalue = 40\n[[clicks]]\ndate = 2026-10-02\nvalue = 0\n"


class Desk:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "talks.toml"
        self.cursor: dict[str, Any] = {}

    def read(self):
        context = Context(source="hand", http=Http(), clock=lambda: NOW, folder=self.path.parent)
        (stream,) = CONNECTOR.open(TalksConfig(), context)
        (batch,) = stream.read(self.cursor)
        self.cursor |= json.loads(json.dumps(dict(batch.checkpoint or {})))
        return batch

    def facts(self) -> dict[tuple[str, str, str], float]:
        return {(o.metric, o.subject, o.key): o.value for o in self.read().observations}

    def log(self, metric: str = "audience", day: date = date(2026, 10, 1), value: int = 5, of: str = "") -> Number:
        return append_number(self.path, Number(metric=metric, day=day, value=value, of=of), today=TODAY)


@pytest.fixture
def desk(tmp_path) -> Desk:
    return Desk(tmp_path)


def test_numbers_are_facts_about_what_they_are_of(desk):
    desk.path.write_text(FIRST + SHOWN)

    assert desk.facts() == {
        ("audience", "newsletter", "2026-10-01"): 1200,
        ("impressions", "hand", "2026-10-02"): 40,
        ("clicks", "hand", "2026-10-02"): 0,
    }


def test_only_the_days_of_numbers_are_measured(desk):
    desk.path.write_text(FIRST)

    spans = [span for span in desk.read().coverage if span.metrics == ("audience",)]
    assert spans == [Coverage(date(2026, 10, 1), date(2026, 10, 1), metrics=("audience",))]


def test_every_subject_is_described_once(desk):
    desk.path.write_text(FIRST + FIRST.replace("10-01", "11-01"))

    assert [subject.id for subject in desk.read().subjects] == ["newsletter"]


def test_a_removed_number_is_taken_back_and_its_day_with_it(desk):
    desk.path.write_text(FIRST + SHOWN)
    desk.read()
    desk.path.write_text(SHOWN)
    batch = desk.read()

    (fact,) = [each for each in batch.observations if each.metric == "audience"]
    assert (fact.value, fact.key, fact.attrs) == (0, "2026-10-01", {"retracted": True})
    assert Coverage(
        date(2026, 10, 1), date(2026, 10, 1), "missing", "taken back", ("audience",), takes_back=True
    ) in list(batch.coverage)
    assert "audience" not in {each.metric for each in desk.read().observations}


def test_a_number_moved_to_another_day_leaves_the_first(desk):
    desk.path.write_text(FIRST)
    desk.read()
    desk.path.write_text(FIRST.replace("10-01", "10-03"))

    assert desk.facts() == {
        ("audience", "newsletter", "2026-10-01"): 0,
        ("audience", "newsletter", "2026-10-03"): 1200,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[audience]]\ndate = 2026-10-01\n", r"entry 1 \(line 1\): value: is missing"),
        ("[[audience]]\nvalue = 3\n", "date: is missing"),
        ('[[audience]]\ndate = 2026-10-01\nvalue = "3"\n', "'3' is not a whole number"),
        ("[[audience]]\ndate = 2026-10-01\nvalue = true\n", "True is not a whole number"),
        ("[[audience]]\ndate = 2026-10-01\nvalue = -3\n", "must not be negative"),
        ("[[audience]]\ndate = 2026-12-01\nvalue = 3\n", "still to come"),
        ("[[audience]]\ndate = 1767-12-01\nvalue = 3\n", "before 1990"),
        ("[[audience]]\ndate = 2026-10-01\nvalue = 3\nfor = 'x'\n", '"for" is not known'),
        (FIRST + FIRST, r"entry 2 \(line 5\): is the same number as entry 1 \(line 1\)"),
        ("[audience]\nvalue = 3\n", "two brackets"),
        ("[[audiences]]\nvalue = 3\n", 'unknown "audiences"'),
    ],
)
def test_a_number_that_cannot_be_used_stops_the_file_and_is_named(desk, text, said):
    desk.path.write_text(text)
    with pytest.raises(Malformed, match=said):
        desk.read()


def test_what_is_logged_is_read_and_what_stands_there_stays(desk):
    before = '# mine\n[[talk]]\ntitle = "A"\ndate = 2026-10-01\n'
    desk.path.write_text(before)
    logged = desk.log(of="  the  newsletter ")

    assert desk.path.read_text().startswith(before)
    assert logged.id == "log-2026-10-01-audience-the-newsletter"
    assert desk.facts()["audience", "the newsletter", "2026-10-01"] == 5


def test_undo_takes_back_the_last_entry_whatever_it_is(desk):
    desk.log()
    append_talk(desk.path, Talk(title="A", day=TODAY), today=TODAY)
    desk.log("clicks")
    empty = desk.path.read_text()
    desk.log("impressions")

    assert undo_last(desk.path).metric == "impressions"
    assert desk.path.read_text() == empty
    assert undo_last(desk.path).metric == "clicks"
    assert undo_last(desk.path).title == "A"
    assert undo_last(desk.path).metric == "audience"
    with pytest.raises(ValueError, match="nothing was taken back"):
        undo_last(desk.path)


def test_the_same_number_is_not_logged_twice(desk):
    desk.log(value=5)
    with pytest.raises(ValueError, match="has this number already, entry 1"):
        desk.log(value=6)
    desk.log(value=6, of="another")


def test_a_csv_of_talks_takes_no_numbers(tmp_path):
    with pytest.raises(ValueError, match="holds talks only"):
        append_number(tmp_path / "talks.csv", Number(metric="clicks", day=TODAY, value=1), today=TODAY)
    assert not (tmp_path / "talks.csv").exists()


def test_a_number_of_tomorrow_is_not_logged(desk):
    with pytest.raises(ValueError, match="still to come"):
        desk.log(day=date(2026, 11, 25))
    assert not desk.path.exists()
