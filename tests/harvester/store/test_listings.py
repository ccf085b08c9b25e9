"""What a source tells completely and no longer has is taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors.base import Batch, Coverage, Kind, Listing, Metric, Observation, Subject
from tests.harvester.store.building import METRICS, Shelf, at, on

METRIC = "issue_comments"
REPO = "repo:1"


@pytest.fixture
def thread(shelf: Shelf) -> Shelf:
    """A store with comments on an issue, another issue and a pull request."""
    shelf.metrics = (*METRICS, Metric(METRIC, Kind.EVENT))
    shelf.harvest(
        Batch(
            [comment("a", 7), comment("b", 7), comment("c", 8), comment("p", 7, on_="pull")],
            subjects=[Subject(REPO, "me/engine", "repo")],
        )
    )
    return shelf


def comment(key: str, number: int, on_: str = "issue", day: int = 3, **more: object) -> Observation:
    attrs = {"number": number, "on": on_}
    return Observation(METRIC, REPO, key, at(day), attrs=attrs, **more)  # type: ignore[arg-type]


def standing(shelf: Shelf) -> set[str]:
    return {key for (key,) in shelf.ask("SELECT key FROM observations WHERE value <> 0 AND metric = $m", m=METRIC)}


def of(*numbers: int, on_: str | None = "issue") -> Listing:
    return Listing(METRIC, REPO, on=on_, numbers=numbers)


def test_what_a_listing_does_not_tell_is_taken_back(thread: Shelf) -> None:
    done = thread.harvest(Batch([comment("a", 7)], listings=[of(7)]))
    assert (done.stored, done.revised) == (0, 1)
    assert standing(thread) == {"a", "c", "p"}
    revisions = thread.ask("SELECT value, run_id FROM revisions WHERE key = 'b' ORDER BY observed_at")
    assert revisions == [(1.0, "run-1"), (0.0, "run-2")]
    assert thread.ask("SELECT total FROM daily WHERE metric = $m", m=METRIC) == [(3.0,)]


def test_a_listing_of_nothing_takes_everything_of_its_part_back(thread: Shelf) -> None:
    thread.harvest(Batch(listings=[of(7)]))
    assert standing(thread) == {"c", "p"}


def test_a_listing_reaches_over_threads_of_its_kind_only(thread: Shelf) -> None:
    thread.harvest(Batch([comment("c", 8)], listings=[of(7, 8, 9)]))
    assert standing(thread) == {"c", "p"}


def test_all_but_the_threads_that_are_named_may_be_listed(thread: Shelf) -> None:
    thread.harvest(Batch([comment("n", 9), Observation(METRIC, REPO, "x", at(3))]))
    thread.harvest(Batch(listings=[replace(of(8), is_rest=True)]))
    assert standing(thread) == {"c", "p", "x"}
    thread.harvest(Batch(listings=[replace(of(8, on_=None), is_rest=True)]))
    assert standing(thread) == {"c"}


def test_a_rest_of_nothing_is_everything_of_its_kind(thread: Shelf) -> None:
    thread.harvest(Batch(listings=[replace(of(), is_rest=True)]))
    assert standing(thread) == {"p"}


def test_without_a_part_the_listing_is_of_the_whole_metric(thread: Shelf) -> None:
    thread.harvest(Batch([comment("p", 7, on_="pull")], listings=[Listing(METRIC, REPO)]))
    assert standing(thread) == {"p"}


def test_facts_from_before_its_day_are_not_the_listings_business(thread: Shelf) -> None:
    thread.harvest(Batch([comment("late", 7, day=6)]))
    thread.harvest(Batch(listings=[replace(of(7), since=at(5))]))
    assert standing(thread) == {"a", "b", "c", "p"}


def test_other_subjects_and_metrics_are_left_alone(thread: Shelf) -> None:
    thread.harvest(Batch([Observation("issues_opened", REPO, "i", at(3), attrs={"number": 7, "on": "issue"})]))
    thread.harvest(Batch(listings=[replace(of(7), subject="repo:2"), replace(of(7), metric="issues_opened")]))
    assert standing(thread) == {"a", "b", "c", "p"}
    assert thread.ask("SELECT value FROM observations WHERE metric = 'issues_opened'") == [(0.0,)]


def test_what_was_taken_back_returns_when_it_is_told_again(thread: Shelf) -> None:
    thread.harvest(Batch(listings=[of(7)]))
    thread.harvest(Batch([comment("a", 7)], listings=[of(7)]))
    assert standing(thread) == {"a", "c", "p"}


def test_taking_back_twice_is_one_revision(thread: Shelf) -> None:
    thread.harvest(Batch(listings=[of(7)]))
    again = thread.harvest(Batch(listings=[of(7)]))
    assert (again.stored, again.revised) == (0, 0)


@pytest.mark.parametrize("is_one_segment", [True, False])
def test_the_order_within_a_load_decides(thread: Shelf, is_one_segment: bool) -> None:
    batches = [
        Batch([comment("x", 7), comment("y", 7)], checkpoint={"1": 1}),
        Batch([comment("y", 7)], listings=[of(7)], checkpoint={"1": 2}),
        Batch([comment("z", 7)], checkpoint={"1": 3}),
    ]
    if is_one_segment:
        thread.seal(*batches)
    else:
        for batch in batches:
            thread.seal(batch)
    thread.load()
    assert standing(thread) == {"y", "z", "c", "p"}


def test_a_listing_of_a_segment_that_lost_the_race_takes_nothing_back(thread: Shelf) -> None:
    thread.seal(Batch([comment("a", 7), comment("b", 7)], checkpoint={"1": "mine"}), base={})
    thread.seal(Batch(listings=[of(7)], checkpoint={"1": "theirs"}), base={})
    assert thread.load().fenced == 1
    assert standing(thread) == {"a", "b", "c", "p"}


def test_what_was_found_gone_stands_in_the_coverage_of_its_day_with_its_cause(thread: Shelf) -> None:
    today = datetime.now(UTC).date()
    whole = Coverage(on(1), today)
    thread.harvest(Batch([comment("a", 7)], listings=[of(7)], coverage=[whole]))
    thread.harvest(Batch(listings=[replace(of(8), cause="issue #8 was deleted")], coverage=[whole]))
    query = "SELECT state, reason FROM coverage WHERE metric = $m AND day = $day"
    assert thread.ask(query, m=METRIC, day=today) == [
        (
            "measured",
            "-1 issue_comments of me/engine: issue #8 was deleted; -1 issue_comments of me/engine: no longer listed",
        )
    ]
    assert thread.ask(query, m=METRIC, day=on(8)) == [("measured", "")]
    assert thread.ask("SELECT DISTINCT reason FROM coverage WHERE metric <> $m", m=METRIC) == [("",)]


def test_what_came_and_went_within_one_load_was_never_there(thread: Shelf) -> None:
    thread.seal(Batch([comment("x", 9)], checkpoint={"1": 1}))
    thread.seal(Batch(listings=[of(9)], checkpoint={"1": 2}, coverage=[Coverage(on(1), datetime.now(UTC).date())]))
    thread.load()
    assert thread.ask("SELECT DISTINCT reason FROM coverage") == [("",)]
