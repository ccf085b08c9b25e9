"""A thousand people, five years of weeks: well within a small machine's memory (how fast: bench/score.py)."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
from scoring_frames import MONDAY

import scoring

PEOPLE, WEEKS = 1000, 260
METRICS = np.array(["post_reads", "post_comments", "issues_opened", "issue_comments", "stargazers"], dtype=object)


def thousand_people() -> pd.DataFrame:
    """Weekly totals of many people and metrics."""
    rng = np.random.default_rng(7)
    person, week, metric = (
        axis.ravel()
        for axis in np.meshgrid(np.arange(PEOPLE), np.arange(WEEKS), np.arange(len(METRICS)), indexing="ij")
    )
    start = np.datetime64(MONDAY) + 7 * week
    return pd.DataFrame(
        {
            "person": np.array([f"person {number}" for number in range(PEOPLE)], dtype=object)[person],
            "grain": "week",
            "period": start.astype("datetime64[s]"),
            "ends_on": (start + 7).astype("datetime64[s]"),
            "source": np.array(["work", "blog"], dtype=object)[metric % 2],
            "metric": METRICS[metric],
            "subject": "subject",
            "total": rng.poisson(20, len(person)).astype(float),
            "actors": rng.poisson(5, len(person)),
            "coverage": 1.0,
        }
    )


def test_a_thousand_people_over_five_years_take_less_than_400_mib():
    many = thousand_people()
    tracemalloc.start()
    try:
        scoring.score(many)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 400 * 2**20
