"""The audience as a level, and the people who take part."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scoring_frames import MONDAY, of, score, weeks

import scoring


def audience(totals, **settings):
    return list(of(score(totals, **settings).factors)["audience"])


def test_a_gauge_keeps_its_last_level_until_it_is_read_again():
    totals = weeks({"work/followers": [None, 100, None, 120, None], "blog/post_reads": [1] * 5})

    assert audience(totals) == pytest.approx([np.nan, 100, 100, 120, 120], nan_ok=True)


def test_each_subject_of_a_gauge_keeps_its_own_level():
    engine = weeks({"work/stargazers": [100, None, 130]}).assign(subject="engine")
    tools = weeks({"work/stargazers": [10, 20, None]}).assign(subject="tools")

    assert audience(pd.concat([engine, tools])) == [110, 120, 150]


def test_a_silence_is_no_reading_of_a_gauge():
    assert audience(weeks({"work/followers": [100, 0, (0, 0.0)]})) == [100, 100, 100]


def test_a_gauge_may_fall_to_a_true_zero():
    totals = weeks({"work/followers": [0.3, 0.1]}).assign(subject="account")
    gone = weeks({"work/followers": [None, None, 0]}).assign(subject="account")

    assert audience(pd.concat([totals, gone]))[2] == 0.0


def test_weights_of_the_audience_apply():
    totals = weeks({"work/followers": [10], "news/subscribers": [7]})

    assert audience(totals, weights={"subscribers": 2, "work/followers": 0.5}) == [19]


def test_people_invited_to_a_talk_are_the_audience_of_its_own_period():
    totals = weeks({"talks/talk_audience": [None, 200, 0], "work/followers": [50, 50, 50]})

    assert audience(totals) == [50, 250, 50]


def test_a_gauge_never_moves_the_chained_factors():
    factors = of(score(weeks({"work/followers": [10, 1000], "blog/post_reads": [5, 5]})).factors)

    assert list(factors["factor_e"]) == list(factors["factor_i"]) == [1.0, 1.0]


def test_without_exact_people_the_actors_of_interactions_are_an_upper_bound():
    totals = weeks({"work/issues_opened": [1], "work/issue_comments": [1], "blog/post_comments": [1]}, actors=3)
    talk = weeks({"talks/attendees": [40]})

    assert of(score(pd.concat([totals, talk])).factors)["participants"][0] == 3 + 3 + 40


def test_exact_people_replace_the_bound_where_they_are_given():
    totals = weeks(
        {"work/issues_opened": [1, 1], "work/issue_comments": [1, 1], "talks/attendees": [40, None]}, actors=3
    )
    exact = pd.DataFrame(
        [("me", "week", MONDAY, 4), ("me", "month", MONDAY, 99), ("you", "week", MONDAY, 99)],
        columns=["person", "grain", "period", "participants"],
    )
    factors = of(scoring.score(totals, participants=exact, now=MONDAY).factors)

    assert list(factors["participants"]) == [44, 6]


def test_exact_people_change_no_factor():
    totals = weeks({"work/issues_opened": [1, 1], "work/followers": [5, 5]}, actors=3)
    exact = pd.DataFrame([("me", "week", MONDAY, 1)], columns=["person", "grain", "period", "participants"])
    names = ["factor_e", "factor_i"]

    with_people = scoring.score(totals, participants=exact, now=MONDAY).factors[names]

    pd.testing.assert_frame_equal(with_people, scoring.score(totals, now=MONDAY).factors[names])


def test_people_without_anybody_have_no_interactions_each():
    row = of(score(weeks({"work/issues_opened": [1]})).factors).iloc[0]

    assert row["participants"] == 0
    assert np.isnan(row["interactions_per_participant"])


def test_people_are_unknown_where_nothing_was_observed():
    assert np.isnan(of(score(weeks({"blog/post_reads": [1]}, actors=3)).factors)["participants"][0])


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame({"person": ["me"]}), "participants lacks the column"),
        (
            pd.DataFrame({"person": ["me"], "grain": ["week"], "period": [date(2024, 1, 1)], "participants": [None]}),
            "participants must be a finite number, 0 or more",
        ),
    ],
)
def test_a_bad_frame_of_people_is_refused(frame, said):
    with pytest.raises(ValueError, match=said):
        scoring.score(weeks({"blog/post_reads": [1]}), participants=frame, now=MONDAY)
