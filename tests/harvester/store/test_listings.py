"""What a source tells completely and no longer has is taken back."""

from __future__ import annotations

from dataclasses import replace

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


def of(number: int, last: int | None = None, on_: str | None = "issue") -> Listing:
    return Listing(METRIC, REPO, on=on_, numbers=(number, last or number))


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


def test_a_range_of_numbers_reaches_over_threads_of_its_kind_only(thread: Shelf) -> None:
    thread.harvest(Batch([comment("c", 8)], listings=[of(1, 9)]))
    assert standing(thread) == {"c", "p"}


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


def test_what_was_found_gone_stays_in_the_coverage_of_its_day(thread: Shelf) -> None:
    span = Coverage(on(9), on(9), reason="-1 issue_comments of me/engine #7: removed there", metrics=(METRIC,))
    whole = Coverage(on(1), on(9))
    thread.harvest(Batch(coverage=[span, whole]))
    thread.harvest(Batch(coverage=[whole]))
    thread.harvest(Batch(coverage=[replace(span, reason="-2 issue_comments of me/engine #8: removed there")]))
    query = "SELECT state, reason FROM coverage WHERE metric = $m AND day = $day"
    assert thread.ask(query, m=METRIC, day=on(9)) == [
        (
            "measured",
            "-1 issue_comments of me/engine #7: removed there; -2 issue_comments of me/engine #8: removed there",
        )
    ]
    assert thread.ask(query, m=METRIC, day=on(8)) == [("measured", "")]
