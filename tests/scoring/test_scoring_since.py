"""A score from the first change on, and what was scored before: together the score of everything."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scoring_frames import MONDAY
from scoring_worlds import TABLES, assert_same, joined, often, score_of, some_of, totals_of, worlds


@often
@given(worlds(), worlds(), worlds(), st.integers(-7, 70))
def test_earlier_rows_and_those_since_the_change_are_the_rows_of_all(before, after, other, day):
    changed_on = MONDAY + timedelta(days=day)
    week = np.datetime64(changed_on - timedelta(days=day % 7))
    was, now = totals_of(before, other), totals_of(after, other)
    is_settled = (was["period"] < week) | (was["person"] == "1")
    now = joined(some_of(was, is_settled), some_of(now, (now["period"] >= week) & (now["person"] == "0")))

    kept, whole = score_of(was), score_of(now)
    new = score_of(now, since={"0": changed_on, "1": MONDAY + timedelta(weeks=1000)})

    mine = new.factors["person"] == "0"
    first = min([week, *new.factors["period"][mine]])
    for name in TABLES:
        earlier, later, all_of = (getattr(result, name) for result in (kept, new, whole))
        earlier = some_of(earlier, (earlier["person"] == "0") & (earlier["period"] < first))
        for table in (later, all_of):
            assert table.keys() == earlier.keys()
        later, all_of = (some_of(table, table["person"] == "0") for table in (later, all_of))
        order = np.argsort(all_of["period"], kind="stable")
        found = joined(earlier, later)
        assert_same(some_of(found, np.argsort(found["period"], kind="stable")), some_of(all_of, order))


def test_nothing_but_the_last_known_period_of_whom_nothing_has_changed_is_made():
    result = score_of(totals_of({"blog/post_reads": [5, 6, 7]}), since={"0": MONDAY + timedelta(weeks=9)})

    assert list(result.factors["period"]) == [np.datetime64(MONDAY + timedelta(weeks=2))] * 2


def test_weeks_without_rows_before_the_change_are_made_with_it():
    world = {"blog/post_reads": [5, None, None, 7]}
    result = score_of(totals_of(world), since={"0": MONDAY + timedelta(weeks=3)})

    assert list(result.factors["model"]) == ["chained"] * 4 + ["essay"] * 4


def test_of_people_who_are_not_named_everything_is_made():
    totals = totals_of({"blog/post_reads": [5, 6, 7]}, {"blog/post_reads": [5, 6, 7]})
    result = score_of(totals, since={"1": MONDAY + timedelta(weeks=2)})

    assert [sum(result.influence["person"] == person) for person in "01"] == [6, 4]
