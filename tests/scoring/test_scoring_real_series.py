"""Intervals against counts that somebody really had."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

import scoring
from scoring.levels import follow, likely_rate
from scoring.negbin import quantile


def weekly_stars(folder):
    """New stars by week (weeks, repositories) of repositories that had ten or more; NaN where unknown."""
    standing = pd.read_csv(
        folder / "timeseries" / "stars" / "shared_roboflow_to_2025-06.csv.gz", index_col=0, parse_dates=True
    )
    gained = standing.diff().clip(lower=0).resample("W-SUN").sum(min_count=7).iloc[1:-1]
    return gained.loc[:, gained.sum() >= 10].to_numpy(dtype=float)


def weekly_traffic(folder):
    """Views, unique views and clones by week of one repository."""
    path = folder / "timeseries" / "traffic" / "ghrs" / "github-repo-stats" / "views_clones_aggregate.csv"
    daily = pd.read_csv(path, index_col=0, parse_dates=True)
    return daily.resample("W-SUN").sum().iloc[1:-1].to_numpy(dtype=float)


@pytest.mark.parametrize(("series", "most"), [(weekly_stars, 0.98), (weekly_traffic, 0.95)])
def test_nine_in_ten_real_weeks_fall_into_the_90_percent_forecast(shared_data, series, most):
    counts = series(shared_data)
    coverage = (~np.isnan(counts)).astype(float)
    counts = np.nan_to_num(counts)
    levels = follow(counts, coverage, np.full(len(counts), 2 ** (-7 / 28)))

    warm, known = levels.mass[:-1] > 3, coverage[1:] > 0
    chosen = warm & known & (levels.level[:-1] > 0)
    level, mass, dispersion = (values[:-1][chosen] for values in (levels.level, levels.mass, levels.dispersion))
    rate = likely_rate(level, mass)
    variance = dispersion * rate * (1 + 1 / mass)
    observed = counts[1:][chosen]
    inside = (quantile(rate, variance, 0.05) <= observed) & (observed <= quantile(rate, variance, 0.95))

    assert len(observed) > 500
    assert 0.88 < inside.mean() < most  # small counts come in steps, which makes an interval hold more than its share


@pytest.mark.parametrize("noise", ["poisson", "overdispersed"])
def test_intervals_hold_what_they_promise_for_steady_series(noise):
    rng = np.random.default_rng(11)
    people, length = 300, 80
    rate = 20.0 if noise == "poisson" else rng.gamma(2.0, 10.0, people * length)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.tile(np.arange(length) * 7, people), unit="D")
    totals = pd.DataFrame(
        {
            "person": np.repeat([f"person {number}" for number in range(people)], length),
            "period": start,
            "ends_on": start + pd.Timedelta(days=7),
            "total": rng.poisson(rate, people * length),
        }
    ).assign(grain="week", source="blog", metric="post_reads", subject="post", actors=0, coverage=1.0)

    result = scoring.score(totals, now=date(2030, 1, 1))
    factors = result.factors[result.factors["e_status"] == "ok"]
    end = result.influence[(result.influence["model"] == "chained") & (result.influence["period"] == start.max())]

    assert 0.88 < ((factors["e_low"] <= 1) & (factors["e_high"] >= 1)).mean() < 0.98
    assert 0.86 < ((end["low"] <= 100) & (end["high"] >= 100)).mean() < 0.99
