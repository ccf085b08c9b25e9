"""What to expect of the next periods."""

from __future__ import annotations

from datetime import date
from math import comb, lgamma

import numpy as np
import pandas as pd
import pytest
from scoring_frames import weeks

import scoring
from scoring.negbin import (
    likely_cumulative,
    likely_log_probability,
    likely_quantile,
    log_gamma,
    mixture,
    quantile,
)

COLUMNS = ["person", "grain", "side", "period", "mean", "low50", "high50", "low90", "high90"]


def test_a_forecast_has_a_row_for_each_side_and_following_period():
    ahead = scoring.forecast(weeks({"blog/post_reads": [10] * 9, "work/answers": [3] * 9}), horizon=2)

    assert list(ahead) == COLUMNS
    assert list(ahead["side"]) == ["e", "e", "i", "i"]
    assert list(ahead["period"].dt.date) == [date(2024, 3, 4), date(2024, 3, 11)] * 2
    assert list(ahead["mean"]) == pytest.approx([10, 10, 6, 6])  # an answer counts two interactions


def test_intervals_contain_each_other_and_widen_with_the_horizon():
    ahead = scoring.forecast(weeks({"blog/post_reads": [100, 140, 60, 120, 90, 130] * 4}), horizon=12)

    assert (ahead["low90"] <= ahead["low50"]).all()
    assert (ahead["low50"] <= ahead["mean"]).all()
    assert (ahead["mean"] <= ahead["high50"]).all()
    assert (ahead["high50"] <= ahead["high90"]).all()
    width = ahead["high90"] - ahead["low90"]
    assert width.iloc[-1] > width.iloc[0]


def test_a_side_that_was_never_observed_is_not_forecast():
    assert set(scoring.forecast(weeks({"blog/post_reads": [10] * 5}))["side"]) == {"e"}


def test_nothing_is_forecast_from_nothing():
    for totals in (weeks({}), weeks({"work/followers": [5]})):
        ahead = scoring.forecast(totals)
        assert list(ahead) == COLUMNS
        assert len(ahead) == 0


def test_months_follow_months():
    totals = pd.DataFrame(
        {
            "period": pd.to_datetime(["2024-10-01", "2024-11-01"]),
            "ends_on": pd.to_datetime(["2024-11-01", "2024-12-01"]),
        }
    ).assign(
        person="me", grain="month", source="blog", metric="post_reads", subject="p", total=5, actors=0, coverage=1
    )

    ahead = scoring.forecast(totals, horizon=3)

    assert list(ahead["period"].dt.date) == [date(2024, 12, 1), date(2025, 1, 1), date(2025, 2, 1)]


def test_where_an_event_weighs_much_the_counts_come_in_its_steps():
    ahead = scoring.forecast(weeks({"work/stars": [1, 2, 0, 1, 3, 2, 1]}), horizon=1)

    assert (ahead[["low50", "high50", "low90", "high90"]] % 25 == 0).all(axis=None)


@pytest.mark.parametrize("horizon", [0, -1, 1.5, True, "4"])
def test_a_horizon_that_is_no_number_of_periods_is_refused(horizon):
    with pytest.raises(ValueError, match="horizon must be a whole number of periods"):
        scoring.forecast(weeks({"blog/post_reads": [1]}), horizon=horizon)


@pytest.mark.parametrize("weights", [{}, {"post_reads": 1e308, "stars": 1e-308}, {"stars": 1e-200}])
@pytest.mark.parametrize("half_life", [1e-3, 28, 1e300])
def test_absurd_settings_give_finite_forecasts(weights, half_life):
    params = scoring.Params(weights=weights, half_life_days=half_life)
    ahead = scoring.forecast(weeks({"blog/post_reads": [1, 1e300, 0], "work/stars": [0, 0, 3]}), params, horizon=9)

    assert np.isfinite(ahead[COLUMNS[4:]]).all(axis=None)
    assert (ahead[COLUMNS[4:]] >= 0).all(axis=None)


def test_quantiles_are_those_of_the_negative_binomial():
    # r = 3 failures with p = 0.4: mean 3 · 0.6/0.4 = 4.5, variance 4.5/0.4; P(n) = C(n+2, n) · 0.4³ · 0.6ⁿ.
    cumulative = np.cumsum([comb(n + 2, n) * 0.4**3 * 0.6**n for n in range(60)])

    for share in (0.05, 0.25, 0.5, 0.75, 0.95):
        expected = np.searchsorted(cumulative, share)
        assert quantile(np.array([4.5]), np.array([11.25]), share)[0] == expected


def test_quantiles_of_large_means_keep_their_shape():
    mean = np.array([1e3, 1e5, 1e7])
    shape = 4.0  # a gamma distribution's, whose 5 % and 95 % points are at 0.3416 and 1.9384 of its mean
    variance = mean + mean**2 / shape

    assert quantile(mean, variance, 0.05) / mean == pytest.approx([0.3416] * 3, abs=0.01)
    assert quantile(mean, variance, 0.95) / mean == pytest.approx([1.9384] * 3, abs=0.01)


def test_quantiles_of_large_poisson_counts_are_normal():
    mean = np.array([1e6])

    assert quantile(mean, mean, 0.95)[0] == pytest.approx(1e6 + 1.6449 * 1e3, abs=1)


MEANS = [(3.0, 9.0), (50.0, 600.0), (0.2, 0.2), (0.7, 40.0), (120.0, 130.0)]


@pytest.mark.parametrize(("mean", "variance"), MEANS)
def test_the_mixture_has_the_mean_and_the_variance_that_were_asked_for(mean, variance):
    counts = np.arange(20_000.0)
    logs = likely_log_probability(counts, np.full(20_000, mean), np.full(20_000, variance))
    probability = np.exp(logs)

    assert probability.sum() == pytest.approx(1, abs=1e-6)
    assert (probability * counts).sum() == pytest.approx(mean, rel=1e-6)
    assert (probability * (counts - mean) ** 2).sum() == pytest.approx(variance, rel=1e-4)


@pytest.mark.parametrize(("mean", "variance"), MEANS)
def test_cumulative_quantile_and_probability_speak_of_one_distribution(mean, variance):
    counts = np.arange(400.0)
    means, variances = np.full(400, mean), np.full(400, variance)
    summed = np.cumsum(np.exp(likely_log_probability(counts, means, variances)))

    assert likely_cumulative(counts, means, variances) == pytest.approx(summed, abs=1e-6)
    assert likely_cumulative(counts - 400, means, variances)[0] == 0
    for share in (0.05, 0.25, 0.5, 0.75, 0.95):
        found = likely_quantile(means[:1], variances[:1], share)[0]
        assert found == np.searchsorted(summed, share)


def test_cumulatives_of_large_means_keep_their_shape():
    counts = np.array([9e4, 1e5, 1.1e5, 1.5e5])
    mean, variance = np.full(4, 1e5), np.full(4, 1e9)
    found = likely_cumulative(counts, mean, variance)

    assert (np.diff(found) > 0).all()
    assert found[1] == pytest.approx(0.53, abs=0.04)
    for count, share in zip(counts[:3], found[:3], strict=True):
        assert likely_quantile(mean[:1], variance[:1], share)[0] == pytest.approx(count, rel=0.006)


def test_the_calm_part_is_never_narrower_than_chance():
    for mean, variance in MEANS:
        (calm, narrow), (rest, wide) = mixture(np.array([mean]), np.array([variance]))
        assert calm + rest == pytest.approx(1)
        assert mean <= narrow[0] <= variance * (1 + 1e-12)
        assert wide[0] >= narrow[0] * (1 - 1e-12)


def test_the_logarithm_of_gamma_is_that_of_the_library():
    numbers = np.array([1e-6, 0.3, 1.0, 2.5, 7.999, 8.0, 123.4, 1e7])

    assert log_gamma(numbers) == pytest.approx([lgamma(number) for number in numbers], rel=1e-10, abs=1e-10)


def test_the_influence_stays_and_its_bands_widen():
    totals = weeks({"blog/post_reads": [100, 140, 60, 120, 90, 130] * 4, "work/answers": [3, 1, 4, 0, 2, 3] * 4})
    ahead = scoring.forecast_influence(totals, horizon=6)
    now = scoring.score(totals, now=date(2030, 1, 1)).influence
    last = now[now["model"] == "chained"]["influence"].iloc[-1]

    assert list(ahead) == ["person", "grain", "period", "influence", "low50", "high50", "low90", "high90"]
    assert (ahead["influence"] == last).all()
    assert (ahead["low90"] < ahead["low50"]).all()
    assert (ahead["low50"] < ahead["influence"]).all()
    assert (ahead["high50"] < ahead["high90"]).all()
    assert ahead["high90"].is_monotonic_increasing


def test_the_bands_of_the_influence_hold_what_they_promise_of_steady_people():
    rng = np.random.default_rng(3)
    people, length, ahead = 400, 30, 4
    frames = [
        weeks({"blog/post_reads": rng.poisson(20, length + ahead), "work/answers": rng.poisson(8, length + ahead)},
              person=f"person {number:03}")
        for number in range(people)
    ]  # fmt: skip
    whole = pd.concat(frames, ignore_index=True)
    known = whole[whole["period"] < sorted(set(whole["period"]))[length]]
    bands = scoring.forecast_influence(known, horizon=ahead)
    later = scoring.score(whole, now=date(2030, 1, 1)).influence
    later = later[later["model"] == "chained"][["person", "period", "influence"]]
    both = bands.merge(later, on=["person", "period"], suffixes=("", "_then"))

    assert len(both) == people * ahead
    for band, low, high in ((50, 0.44, 0.56), (90, 0.86, 0.94)):
        inside = both["influence_then"].between(both[f"low{band}"], both[f"high{band}"])
        assert low < inside.mean() < high


def test_arrays_forecast_as_frames_do():
    totals = weeks({"blog/post_reads": [100, 140, 60, 120, 90, 130], "work/answers": [3, 1, 4, 0, 2, 3]})
    sides, influence = scoring.forecast_columns(totals, horizon=3)

    pd.testing.assert_frame_equal(pd.DataFrame(sides), scoring.forecast(totals, horizon=3), check_dtype=False)
    told = scoring.forecast_influence(totals, horizon=3)
    pd.testing.assert_frame_equal(pd.DataFrame(influence), told, check_dtype=False)


@pytest.mark.parametrize("half_life", [1e-3, 28, 1e300])
def test_absurd_settings_give_finite_bands_of_the_influence(half_life):
    params = scoring.Params(weights={"post_reads": 1e308, "stars": 1e-308}, half_life_days=half_life)
    totals = weeks({"blog/post_reads": [1, 1e300, 0], "work/stars": [0, 0, 3]})
    ahead = scoring.forecast_influence(totals, params, horizon=9)

    assert np.isfinite(ahead[["influence", "low50", "high50", "low90", "high90"]]).all(axis=None)
