"""Scores that are brought up to date are those of a score of everything, whatever happened in between."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Batch, Coverage, Kind, Metric, Observation, Subject
from harvester.config import Settings, load
from harvester.scorejob import evaluate, params, rescore
from harvester.store import Busy, Curve, Store, StoreError, unscored
from harvester.store.connection import open_writer
from harvester.store.lock import loading
from tests.harvester.store.building import Shelf

NAMES = ("factors", "influence", "attribution")
METRICS = (
    Metric("post_reads", Kind.DAILY),
    Metric("issues_opened", Kind.EVENT),
    Metric("video_views", Kind.LEVEL),
    Metric("followers", Kind.LEVEL, gauge=True),
)
FIRST = date(2026, 3, 2)


@dataclass
class Town:
    """Two people with a source each, and what may happen to them; `today` goes by."""

    folder: Path
    chance: random.Random
    today: date = FIRST + timedelta(days=40)
    shelves: dict[str, Shelf] = field(default_factory=dict)

    def __post_init__(self) -> None:
        config = self.folder / "config.toml"
        config.write_text('[harvest]\ndatabase = "harvest.duckdb"\n')
        self.settings: Settings = load(config)
        for person in ("ann", "bob"):
            shelf = Shelf(self.folder, source=f"of-{person}", person=person, metrics=METRICS)
            self.shelves[shelf.source] = shelf
            self.tell(shelf, range(0, 40, 2), covered=(0, 39))

    def tell(self, shelf: Shelf, days: Iterable[int], covered: tuple[int, int] | None = None) -> None:
        """Something of every metric on some days, counted from FIRST."""
        facts = []
        for number in days:
            day = FIRST + timedelta(days=number)
            noon = datetime.combine(day, time(12), UTC)
            facts += [
                *(
                    Observation(name, "thing", day.isoformat(), noon, float(self.chance.randint(0, 50)))
                    for name in ("post_reads", "video_views", "followers")
                ),
                Observation("issues_opened", "thing", f"{number}", noon, actor=self.chance.choice(["cy", "dan"])),
            ]
        self.harvest(shelf, facts, covered)

    def harvest(self, shelf: Shelf, facts: list[Observation], covered: tuple[int, int] | None = None) -> None:
        shelf.spool.clock = lambda: datetime.combine(self.today, time(18), UTC)
        known = [m.name for m in shelf.metrics]
        span = [Coverage(*(FIRST + timedelta(days=day) for day in covered))] if covered else []
        shelf.harvest(Batch([fact for fact in facts if fact.metric in known], coverage=span))

    @property
    def shelf(self) -> Shelf:
        return self.chance.choice(list(self.shelves.values()))

    @property
    def last(self) -> int:
        return (self.today - FIRST).days

    # What may happen.

    def a_new_day(self) -> None:
        self.today += timedelta(days=1)
        self.tell(self.shelf, range(self.last, self.last + 1), (self.last, self.last))

    def a_revision_of_an_old_day(self) -> None:
        number = self.chance.randrange(40)
        self.tell(self.shelf, range(number, number + 1))

    def a_day_before_all_others(self) -> None:
        number = -self.chance.randint(1, 40)
        self.tell(self.shelf, range(number, number + 1))

    def a_day_after_a_gap(self) -> None:
        self.today += timedelta(days=25)
        self.tell(self.shelf, range(self.last, self.last + 1))

    def everything_of_some_days_is_taken_back(self) -> None:
        shelf, first = self.shelf, self.chance.choice([-40, 0, 38, 41])
        held = shelf.ask(
            "SELECT metric, key, occurred_at, kind FROM observations WHERE source = $source AND kind <> 'event'",
            source=shelf.source,
        )
        facts = [
            Observation(metric, "thing", key, at.replace(tzinfo=UTC), 0.0, attrs={"retracted": True})
            for metric, key, at, _kind in held
            if first <= (at.date() - FIRST).days < first + 60
        ]
        self.harvest(shelf, facts)

    def an_event_is_taken_back(self) -> None:
        number = 2 * self.chance.randrange(20)
        noon = datetime.combine(FIRST + timedelta(days=number), time(12), UTC)
        self.harvest(self.shelf, [Observation("issues_opened", "thing", f"{number}", noon, 0.0)])

    def a_new_metric(self) -> None:
        shelf = self.shelf
        shelf.metrics = (*METRICS, Metric("post_comments", Kind.EVENT))
        noon = datetime.combine(FIRST + timedelta(days=self.chance.randrange(40)), time(12), UTC)
        self.harvest(shelf, [Observation("post_comments", "thing", "1", noon)], (0, 39))

    def a_gauge_is_a_counter_after_all(self) -> None:
        shelf = self.shelf
        gauge = not shelf.metrics[2].gauge
        shelf.metrics = (*shelf.metrics[:2], replace(shelf.metrics[2], gauge=gauge), *shelf.metrics[3:])
        self.harvest(shelf, [])

    def more_is_known_of_days(self) -> None:
        first = self.chance.randint(-10, 60)
        self.harvest(self.shelf, [], (first, first + self.chance.randrange(20)))

    def a_new_person(self) -> None:
        shelf = Shelf(self.folder, source=f"new-{len(self.shelves)}", person="eve", metrics=METRICS)
        self.shelves[shelf.source] = shelf
        self.tell(shelf, range(10, 20), (5, 25))

    def a_source_counts_for_another(self) -> None:
        shelf = self.shelf
        shelf.person = self.chance.choice(["ann", "bob", "fay"])
        self.harvest(shelf, [])

    def a_rename(self) -> None:
        shelf = self.shelf
        shelf.harvest(Batch(subjects=[Subject("thing", f"name {self.chance.random()}", "post")]))

    def days_go_by(self) -> None:
        self.today += timedelta(days=self.chance.choice([1, 8, 40, -1, -30]))

    def other_parameters(self) -> None:
        half_life = self.chance.choice([7.0, 28.0])
        self.settings = replace(self.settings, scoring=replace(self.settings.scoring, half_life_days=half_life))

    def another_time_zone(self) -> None:
        zone = ZoneInfo(self.chance.choice(["UTC", "Pacific/Auckland"]))
        self.settings = replace(self.settings, timezone=zone)
        for shelf in self.shelves.values():
            shelf.zone, shelf.store = zone, Store(shelf.store.path, zone)
        self.a_rename()  # a load notices

    def a_cache_is_emptied(self) -> None:
        with closing(open_writer(self.settings.database, timeout=5)) as connection:
            connection.execute(f"DELETE FROM store.{self.chance.choice(NAMES)}")

    def score(self) -> None:
        """Bring the scores up to date, and see that they are those of all."""
        rescore(self.settings, today=self.today)
        whole = evaluate(self.settings, today=self.today)
        for name, kept in self.kept().items():
            expected = getattr(whole, name)
            order = np.lexsort([expected[key].astype(str) for key in ORDERS[name]])
            for column, values in expected.items():
                found = np.ma.filled(kept[column], np.nan) if values.dtype.kind == "f" else kept[column]
                np.testing.assert_array_equal(found, values[order], err_msg=f"{name}.{column}")
        assert self.stale() == {}

    def kept(self) -> dict[str, Any]:
        """What is kept, in order."""
        with self.store.reading() as connection:
            return {
                name: connection.execute(f"FROM store.{name} ORDER BY {', '.join(reversed(keys))}").fetchnumpy()
                for name, keys in ORDERS.items()
            }

    def stale(self) -> dict[str, date] | None:
        """Whose scores do not hold, and from when on."""
        with self.store.reading() as connection:
            return unscored(connection, params(self.settings.scoring).hash(), self.today)

    @property
    def store(self) -> Store:
        return Store(self.settings.database, self.settings.timezone)


ORDERS = {
    "factors": ("period", "grain", "model", "person"),
    "influence": ("period", "grain", "model", "person"),
    "attribution": ("metric", "source", "side", "period", "grain", "person"),
}
HAPPENINGS = (
    Town.a_new_day,
    Town.a_revision_of_an_old_day,
    Town.a_day_before_all_others,
    Town.a_day_after_a_gap,
    Town.everything_of_some_days_is_taken_back,
    Town.an_event_is_taken_back,
    Town.a_new_metric,
    Town.a_gauge_is_a_counter_after_all,
    Town.more_is_known_of_days,
    Town.a_new_person,
    Town.a_source_counts_for_another,
    Town.a_rename,
    Town.days_go_by,
    Town.other_parameters,
    Town.another_time_zone,
    Town.a_cache_is_emptied,
)


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path, random.Random(1))


@settings(max_examples=4, deadline=None)
@given(
    st.lists(st.sampled_from((*HAPPENINGS, Town.score)), min_size=1, max_size=8),
    st.integers(0, 2**16),
)
def test_whatever_happens_scores_are_those_of_everything(happenings: list[Any], seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        town = Town(Path(folder), random.Random(seed))
        town.score()
        for happens in happenings:
            happens(town)
        town.score()


def test_each_thing_that_may_happen_alone(town: Town) -> None:
    town.score()
    for happens in town.chance.sample(HAPPENINGS, len(HAPPENINGS)):
        happens(town)
        town.score()


def test_a_new_day_rewrites_only_rows_of_its_person_from_the_last_known_period_on(town: Town) -> None:
    town.score()
    with closing(open_writer(town.settings.database, timeout=5)) as connection:
        connection.execute("UPDATE store.factors SET params = 'as it was'")
        connection.execute("UPDATE store.influence SET params = 'as it was'")
    town.today += timedelta(days=1)
    town.tell(town.shelves["of-ann"], range(town.last, town.last + 1))
    rescore(town.settings, today=town.today)

    for name in ("factors", "influence"):
        with town.store.reading() as connection:
            new = connection.execute(
                f"SELECT DISTINCT person, grain, period FROM store.{name} WHERE params <> 'as it was' ORDER BY ALL"
            ).fetchall()
        assert new == [
            # The counter was last read on day 38 and has grown since; before that nothing can have changed.
            *(("ann", "day", FIRST + timedelta(days=day)) for day in (38, 39, 40, 41)),
            *(("ann", "month", date(2026, month, 1)) for month in (3, 4)),
            *(("ann", "week", FIRST + timedelta(days=day)) for day in (28, 35)),
        ]


def test_many_people_are_scored_a_few_at_a_time(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harvester.scorejob._READ_AT_ONCE", 11)
    monkeypatch.setattr("harvester.scorejob._SCORED_AT_ONCE", 4)
    shelf = town.shelves["of-ann"]
    for number in range(25):
        shelf.source, shelf.person = f"of-{number}", f"person {number}"
        noon = datetime.combine(FIRST + timedelta(days=number), time(12), UTC)
        facts = [Observation("issues_opened", "thing", str(day), noon + timedelta(days=day)) for day in range(10)]
        shelf.seal(Batch(facts, coverage=[Coverage(FIRST, town.today)]), base={})
    shelf.load()
    town.score()
    town.today += timedelta(days=1)  # which ends a day of everybody
    town.score()


def test_nothing_is_written_where_nothing_has_changed(town: Town) -> None:
    town.score()
    before = town.store.mark()
    rescore(town.settings, today=town.today)

    assert town.store.mark() == before


def test_what_a_load_touched_is_remembered_until_it_is_scored(town: Town) -> None:
    town.score()
    town.tell(town.shelves["of-bob"], range(7, 8))  # and the process is killed before it scores
    assert town.stale() == {"bob": FIRST + timedelta(days=7)}
    town.score()


def test_a_score_that_cannot_be_kept_is_still_to_be_made(town: Town) -> None:
    town.score()
    town.tell(town.shelves["of-bob"], range(7, 8))
    before = town.kept()
    bad = {"factors": {"no such column": np.array([1.0])}}
    chosen = params(town.settings.scoring)
    with pytest.raises(StoreError):
        town.store.replace([bad], Curve(chosen.hash(), "{}", datetime.now(UTC)), timeout=1, since={"bob": date.min})

    assert town.stale() == {"bob": FIRST + timedelta(days=7)}
    for name, table in town.kept().items():
        assert all(np.ma.allequal(table[column], values) for column, values in before[name].items())


def test_nothing_is_scored_while_another_process_loads(town: Town) -> None:
    town.tell(town.shelves["of-bob"], range(7, 8))
    with ThreadPoolExecutor(1) as other:
        turn = loading(town.settings.database, timeout=1)
        other.submit(turn.__enter__).result()
        with pytest.raises(Busy):
            rescore(town.settings, today=town.today, timeout=0)
        other.submit(turn.__exit__, None, None, None).result()
    town.score()
