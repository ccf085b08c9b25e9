"""Half-lives are judged by what they predicted, and never applied."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scoring_frames import weeks

import scoring


def history(*, drift: float, weeks_long: int = 200, series: int = 6, seed: int = 5):
    """Poisson counts whose rates wander by so much a week, in logarithms."""
    rng = np.random.default_rng(seed)
    steps = np.cumsum(rng.normal(0, drift, (weeks_long, series)), axis=0)
    counts = rng.poisson(30 * np.exp(steps - steps.mean(axis=0)))
    return weeks({f"blog{n}/post_reads": counts[:, n].tolist() for n in range(series)})


def test_of_rates_that_stay_a_long_memory_predicts_best():
    trials = scoring.tune(history(drift=0.0))

    assert trials[0].half_life_days >= 80
    assert trials[0].gain > 2 * trials[0].doubt


def test_of_rates_that_wander_a_short_memory_predicts_best():
    trials = scoring.tune(history(drift=0.25))

    assert trials[0].half_life_days <= 14
    assert trials[0].gain > 2 * trials[0].doubt


def test_the_half_life_in_force_is_among_them_and_gains_nothing_over_itself():
    trials = scoring.tune(history(drift=0.1), scoring.Params(half_life_days=33), half_lives=[10, 100])

    assert sorted(trial.half_life_days for trial in trials) == [10, 33, 100]
    (inforce,) = (trial for trial in trials if trial.half_life_days == 33)
    assert (inforce.gain, inforce.doubt) == (0, 0)
    assert [trial.log_score for trial in trials] == sorted((t.log_score for t in trials), reverse=True)
    assert all(math.isclose(t.log_score - inforce.log_score, t.gain, abs_tol=1e-9) for t in trials)


def test_every_half_life_predicts_the_same_counts_and_none_that_it_has_seen():
    totals = weeks({"blog/post_reads": [5, None, 6, 7, (3, 0.5), 5, 6], "work/followers": [1] * 7})

    # Of six observed weeks the first four are the memory; the last but one and the last are predicted.
    assert {trial.counts for trial in scoring.tune(totals)} == {2}


@pytest.mark.parametrize(
    "totals", [weeks({}), weeks({"blog/post_reads": [5, 6, 7]}), weeks({"work/followers": [5] * 9})]
)
def test_nothing_is_said_of_too_little(totals):
    assert scoring.tune(totals) == ()


def test_a_grain_that_is_not_there_has_no_trials():
    assert scoring.tune(history(drift=0.0, weeks_long=20), grain="month") == ()


def test_bad_half_lives_are_refused_as_everywhere():
    with pytest.raises(ValueError, match="half_life_days must be a finite number above 0"):
        scoring.tune(history(drift=0.0, weeks_long=20), half_lives=[0])
