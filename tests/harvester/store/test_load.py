from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.base import Batch, Budget, Coverage, Observation, Subject
from harvester.spool import Finish, Spool
from harvester.store.connection import open_writer
from harvester.store.load import load
from tests.harvester.store.building import Shelf, at, on

REPO = Subject("repo:1", "me/engine", "repo")


def issue(key: str, day: int = 3, **more: object) -> Observation:
    return Observation("issues_opened", "repo:1", key, at(day), **more)  # type: ignore[arg-type]


def comments(day: int, value: float, subject: str = "post:1", hour: int = 12) -> Observation:
    return Observation("post_comments", subject, on(day).isoformat(), at(day, hour), value)


def test_new_facts_are_stored_once_and_again_is_nothing(shelf: Shelf) -> None:
    first = shelf.harvest(Batch([issue("1"), issue("2")], subjects=[REPO]))
    again = shelf.harvest(Batch([issue("1"), issue("2")], subjects=[REPO]))
    assert (first.stored, again.stored, again.revised) == (2, 0, 0)
    assert shelf.ask("SELECT subject, day, total FROM daily") == [("me/engine", on(3), 2.0)]


def test_a_changed_fact_is_a_revision_and_the_old_one_is_kept(shelf: Shelf) -> None:
    shelf.harvest(Batch([issue("1")]))
    changed = shelf.harvest(Batch([issue("1", value=0.0)]))
    assert (changed.stored, changed.revised) == (0, 1)
    assert shelf.ask("SELECT value FROM observations") == [(0.0,)]
    assert shelf.ask("SELECT value FROM revisions ORDER BY observed_at") == [(1.0,), (0.0,)]
    assert shelf.ask("SELECT total FROM daily") == [(0.0,)]


def test_a_fact_that_moves_to_another_day_leaves_its_old_day(shelf: Shelf) -> None:
    shelf.harvest(Batch([issue("1", day=3), issue("2", day=3)]))
    shelf.harvest(Batch([issue("1", day=5)]))
    assert shelf.ask("SELECT day, total FROM daily ORDER BY day") == [(on(3), 1.0), (on(5), 1.0)]


def test_a_fact_that_repeats_within_a_load_is_one(shelf: Shelf) -> None:
    shelf.harvest(Batch([issue("1"), issue("1"), issue("1", actor="bob")]))
    assert shelf.ask("SELECT actor FROM observations") == [("bob",)]


def test_the_last_report_of_a_day_counts_unless_the_metric_takes_the_largest(shelf: Shelf) -> None:
    def report(metric: str, value: float) -> Observation:
        return Observation(metric, "post:1", "2026-11-03", at(3), value)

    for value in (7.0, 9.0, 4.0):
        shelf.harvest(Batch([report("post_reads", value), report("traffic_views", value)]))
    assert shelf.ask("SELECT metric, total FROM daily ORDER BY 1") == [("post_reads", 4.0), ("traffic_views", 9.0)]


def test_largest_of_one_load_counts_for_a_metric_that_takes_the_largest(shelf: Shelf) -> None:
    readings = [Observation("traffic_views", "repo:1", "2026-11-03", at(3), value) for value in (7.0, 9.0, 4.0)]
    shelf.harvest(Batch(readings))
    assert shelf.ask("SELECT total FROM daily") == [(9.0,)]


def test_a_second_reading_of_a_level_on_the_same_day_replaces_the_first(shelf: Shelf) -> None:
    shelf.harvest(Batch([comments(3, 5, hour=8)]))
    same = shelf.harvest(Batch([comments(3, 5, hour=20)]))
    other = shelf.harvest(Batch([comments(3, 6, hour=21)]))
    assert (same.stored + same.revised, other.revised) == (0, 1)


@pytest.mark.parametrize(
    ("readings", "growth"),
    [
        pytest.param({1: 100}, {}, id="the first reading is no growth"),
        pytest.param({1: 100, 2: 103, 3: 103}, {2: 3, 3: 0}, id="growth between readings"),
        pytest.param({1: 10, 5: 21}, {2: 2, 3: 3, 4: 3, 5: 3}, id="a gap is spread in whole numbers"),
        pytest.param({1: 10, 2: 9, 3: 10, 4: 11}, {2: 0, 3: 0, 4: 1}, id="a dip that recovers counts once"),
        pytest.param({1: 1000, 2: 0, 3: 1002}, {2: 0, 3: 2}, id="a vanished article that comes back"),
        pytest.param(
            {1: 1000, 2: 3, 8: 4, 9: 9, 10: 12}, {9: 5, 10: 3}, id="a week after a reset the new height is the base"
        ),
    ],
)
def test_growth_of_a_counter(shelf: Shelf, readings: dict[int, float], growth: dict[int, float]) -> None:
    for day, value in readings.items():
        shelf.harvest(Batch([comments(day, value)]))
    found = {day.day: total for day, total in shelf.ask("SELECT day, total FROM daily")}
    assert {day: total for day, total in found.items() if total} == {day: n for day, n in growth.items() if n}


def test_growth_does_not_depend_on_the_order_of_loads(tmp_path: Path) -> None:
    readings = {1: 10.0, 3: 14.0, 4: 13.0, 9: 30.0}
    shelves = []
    for name, order in (("forth", [1, 3, 4, 9]), ("back", [9, 4, 3, 1])):
        (tmp_path / name).mkdir()
        shelf = Shelf(tmp_path / name)
        for day in order:
            shelf.harvest(Batch([comments(day, readings[day])]))
        shelves.append(shelf.tables())
    assert shelves[0] == shelves[1]


def test_a_post_published_after_the_first_read_started_at_zero(shelf: Shelf) -> None:
    shelf.harvest(Batch([comments(1, 50, "post:old")], subjects=[Subject("post:old", "old", "post")]))
    new = Subject("post:new", "new", "post", published_at=at(3))
    shelf.harvest(Batch([comments(4, 6, "post:new")], subjects=[new]))
    assert shelf.ask("SELECT subject, day, total FROM daily ORDER BY day") == [
        ("new", on(3), 3.0),
        ("new", on(4), 3.0),
    ]


def test_a_gauge_of_a_period_is_its_last_reading(shelf: Shelf) -> None:
    for day, value in ((2, 10.0), (5, 14.0), (8, 12.0)):
        shelf.harvest(Batch([Observation("stargazers", "repo:1", on(day).isoformat(), at(day), value)]))
    assert shelf.ask("SELECT total FROM totals WHERE grain = 'week' AND subject IS NOT NULL") == [(12.0,)]


def test_a_rename_renames_the_past_and_keeps_the_old_name(shelf: Shelf) -> None:
    shelf.harvest(Batch([issue("1")], subjects=[REPO]))
    shelf.harvest(Batch([], subjects=[Subject("repo:1", "org/engine", "repo")]))
    assert shelf.ask("SELECT subject FROM observations") == [("org/engine",)]
    assert shelf.ask("SELECT subject, former_names FROM subjects") == [("org/engine", ["me/engine"])]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "org/engine"},
        {"kind": "post"},
        {"title": "Engine"},
        {"url": "https://e.example"},
        {"published_at": at(2)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_part_of_a_description_that_changes_is_kept_and_what_repeats_is_not(
    shelf: Shelf, change: dict[str, Any]
) -> None:
    changed = replace(REPO, **change)
    for described, count in ((REPO, 1), (changed, 2), (changed, 2), (REPO, 3), (REPO, 3)):
        shelf.harvest(Batch([], subjects=[described]))
        assert shelf.ask("SELECT count(*) FROM store.subjects") == [(count,)]
        published_at = described.published_at and described.published_at.replace(tzinfo=None)
        assert shelf.ask("SELECT name, kind, title, url, published_at FROM store.current_names") == [
            (described.name, described.kind, described.title, described.url, published_at)
        ]


def test_of_several_descriptions_in_one_load_the_last_counts(shelf: Shelf) -> None:
    titles = ("one", "two", "three", "four")
    for first, second in (titles[:2], titles[2:]):
        shelf.seal(Batch([], subjects=[replace(REPO, title=first), replace(REPO, title=second)]))
    shelf.load()
    assert shelf.ask("SELECT title FROM store.subjects") == [("four",)]


def test_bots_count_in_totals_but_not_as_actors_nor_in_what_is_scored(shelf: Shelf) -> None:
    shelf.harvest(
        Batch(
            [
                issue("1", actor="ann"),
                issue("2", actor="ann"),
                issue("3", actor="bot", attrs={"bot": True}),
                issue("4", actor="me", attrs={"direction": "self"}),
                issue("5", actor=None),
            ]
        )
    )
    week = "WHERE grain = 'week' AND metric = 'issues_opened'"
    assert shelf.ask(f"SELECT total, actors FROM totals {week}") == [(5.0, 2)]
    assert shelf.ask(f"SELECT total FROM scored_totals {week}") == [(3.0,)]


def test_people_of_a_week_are_distinct_over_its_days(shelf: Shelf) -> None:
    shelf.harvest(Batch([issue("1", day=2, actor="ann"), issue("2", day=4, actor="ann"), issue("3", actor="bob")]))
    assert shelf.ask("SELECT actors FROM totals WHERE grain = 'week'") == [(2,)]


def test_days_are_those_of_the_configured_zone_and_follow_its_change(tmp_path: Path) -> None:
    late = Observation("issues_opened", "repo:1", "1", at(3, 23))
    shelf = Shelf(tmp_path, zone=ZoneInfo("Europe/Berlin"))
    shelf.harvest(Batch([late]))
    assert shelf.ask("SELECT day FROM daily") == [(on(4),)]
    moved = Shelf(tmp_path, zone=ZoneInfo("America/New_York"))
    moved.harvest(Batch([]))
    assert moved.ask("SELECT day, total FROM daily") == [(on(3), 1.0)]


def test_an_observed_silence_is_a_zero_and_an_unobserved_one_is_no_row(shelf: Shelf) -> None:
    shelf.metrics = shelf.metrics[:1]
    shelf.harvest(Batch([issue("1", day=3)], coverage=[Coverage(on(2), on(15))]))
    weeks = shelf.ask(
        "SELECT period, subject, total, coverage FROM totals WHERE grain = 'week' AND metric = 'issues_opened'"
        " ORDER BY period"
    )
    assert weeks == [(on(2), "repo:1", 1.0, 1.0), (on(9), None, 0.0, 1.0)]


def test_knowing_less_never_overwrites_knowing_more(shelf: Shelf) -> None:
    shelf.harvest(Batch([], coverage=[Coverage(on(2), on(2)), Coverage(on(3), on(3), "missing", "outage")]))
    shelf.harvest(Batch([], coverage=[Coverage(on(2), on(2), "missing", "later"), Coverage(on(3), on(3))]))
    states = shelf.ask("SELECT DISTINCT day, state FROM coverage WHERE metric = 'issues_opened' ORDER BY day")
    assert states == [(on(2), "measured"), (on(3), "measured")]


def test_a_little_more_of_the_running_day_is_no_news_and_much_or_its_end_is(shelf: Shelf) -> None:
    clock = [at(20)]
    shelf.spool = Spool(shelf.folder / "spool", clock=lambda: clock[0])

    def share_read_at(moment: datetime) -> float:
        clock[0] = moment
        shelf.harvest(Batch([], coverage=[Coverage(on(20), on(20))]))
        ((share,),) = shelf.ask("SELECT share FROM store.coverage WHERE metric = 'issues_opened'")
        return float(share)

    minutes = timedelta(minutes=1)
    moments = (at(20), at(20) + 10 * minutes, at(20) + 20 * minutes, at(20, 23) + 55 * minutes, at(21))
    shares = [share_read_at(moment) for moment in moments]
    assert shares == pytest.approx([1 / 2, 1 / 2, 37 / 72, 287 / 288, 1])
    logged = shelf.ask("SELECT count(*) FROM store.coverage_log WHERE metric = 'issues_opened'")
    assert logged == [(4,)]


def test_days_between_two_readings_of_a_level_are_estimated(shelf: Shelf) -> None:
    for day in (2, 5):
        shelf.harvest(Batch([comments(day, day)], coverage=[Coverage(on(day), on(day))]))
    states = shelf.ask("SELECT day, state FROM coverage WHERE metric = 'post_comments' ORDER BY day")
    assert states == [(on(2), "measured"), (on(3), "estimated"), (on(4), "estimated"), (on(5), "measured")]


def test_the_cursor_advances_with_the_facts(shelf: Shelf) -> None:
    shelf.harvest(Batch([issue("1")], checkpoint={"1": {"page": 2}}))
    assert shelf.store.books().cursors["work", "everything"].parts == {"1": {"page": 2}}


def test_a_run_that_started_from_an_overtaken_cursor_stores_nothing(shelf: Shelf) -> None:
    shelf.seal(Batch([issue("1")], checkpoint={"1": "a"}), base={})
    shelf.seal(Batch([issue("2")], checkpoint={"1": "b"}), base={})
    assert shelf.load().fenced == 1
    assert shelf.ask("SELECT key FROM observations") == [("1",)]
    assert shelf.ask("SELECT run_id, stored, outcome FROM runs ORDER BY 1") == [
        ("run-1", 1, "ok"),
        ("run-2", 0, "ok"),
    ]


def test_parts_of_a_cursor_advance_by_themselves(shelf: Shelf) -> None:
    shelf.seal(Batch([issue("1")], checkpoint={"1": "a"}), base={})
    shelf.seal(Batch([issue("2")], checkpoint={"2": "b"}), base={})
    assert shelf.load().fenced == 0
    assert shelf.store.books().cursors["work", "everything"].parts == {"1": "a", "2": "b"}


def test_pending_segments_count_for_where_the_next_read_starts(shelf: Shelf) -> None:
    shelf.seal(Batch([issue("1")], checkpoint={"1": "a"}))
    books = shelf.store.books().with_pending(shelf.spool.sealed())
    assert books.cursors["work", "everything"].parts == {"1": "a"}


def test_a_replay_after_a_crash_between_commit_and_removal_stores_nothing(shelf: Shelf) -> None:
    shelf.seal(Batch([issue("1")]))
    first = shelf.spool.sealed()
    shelf.seal(Batch([issue("1", value=0.0)]))
    connection = open_writer(shelf.store.path, timeout=1)
    for segments in (first, shelf.spool.sealed(), first):
        done = load(connection, segments, shelf.zone)
    connection.close()
    assert (done.stored, done.revised) == (0, 0)
    assert shelf.load().revised == 0
    assert shelf.ask("SELECT value FROM revisions ORDER BY value") == [(0.0,), (1.0,)]
    assert list((shelf.folder / "spool").iterdir()) == []


def test_a_segment_that_cannot_be_loaded_is_set_aside_and_blocks_nothing(shelf: Shelf) -> None:
    shelf.seal(Batch([issue("1")]))
    shelf.seal(Batch([comments(3, 5)], checkpoint={"1": "a"}))
    bad = shelf.spool.sealed()[-1].path
    bad.write_text(bad.read_text().replace('2026-11-03"', 'not a day"'))
    assert shelf.load().stored == 1
    assert "set aside" in shelf.spool.damaged[0]
    assert shelf.store.books().cursors_of("work", ["everything"])["everything"].parts == {}


def test_allowances_are_kept_per_source_and_told_by_credential(shelf: Shelf) -> None:
    def harvest(remaining: int, credential: str = "env:T") -> None:
        writer = shelf.spool.writer(shelf.read(), {})
        left = {(credential, "core"): Budget(5000, remaining, at(1, 14))}
        writer.finish(Finish(finished_at=at(1, 13), outcome="ok", succeeded=True, budgets=left))
        shelf.load()

    for remaining, credential in ((4000, "env:T"), (3000, "env:T"), (10, "env:U")):
        harvest(remaining, credential)
    assert shelf.store.books().terms.budgets == {
        ("env:T", "core"): Budget(5000, 3000, at(1, 14)),
        ("env:U", "core"): Budget(5000, 10, at(1, 14)),
    }
