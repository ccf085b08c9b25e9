"""docs/scoring.md shows what bench/backtest.py finds, and what it promises is kept."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
# Only while they are imported: bench/github.py must not be taken for PyGithub.
sys.path.insert(0, str(ROOT / "bench"))
backtest, calibration = import_module("backtest"), import_module("backtest_parts.calibration")
sys.path.remove(str(ROOT / "bench"))


@pytest.fixture(scope="module")
def found(shared_data):
    return backtest.report(shared_data / "timeseries")


def test_every_promise_is_kept(found):
    promises = found[1]

    assert len(promises) == 11
    assert [promise for promise, is_kept in promises if not is_kept] == []


def test_the_documentation_shows_the_tables_as_they_are(found):
    page = (ROOT / "docs" / "scoring.md").read_text(encoding="utf-8")

    assert page.partition(backtest.BEGIN)[2].partition(backtest.END)[0] == found[0]


def test_the_pictures_are_those_of_the_tables(shared_data):
    for name, picture in backtest.drawn(shared_data / "timeseries"):
        assert (ROOT / "docs" / "pictures" / name).read_text(encoding="utf-8") == picture


def test_the_pit_of_right_forecasts_is_even():
    rng = np.random.default_rng(2)
    mean = rng.uniform(0.5, 60, 20_000)
    forecasts = calibration.Forecasts(rng.poisson(mean).astype(float), mean, mean)

    assert forecasts.inside(0.05, 0.95) == pytest.approx(0.9, abs=0.01)
    assert forecasts.inside(0.25, 0.75) == pytest.approx(0.5, abs=0.015)


def test_baselines_and_model_are_judged_on_the_same_weeks():
    counts = np.random.default_rng(4).poisson(5, (30, 3)).astype(float)
    counts[7, 1] = np.nan
    ours = calibration.by_model(counts, 4)

    for width in (1, 4):
        assert (calibration.by_mean(counts, 4, width).came == ours.came).all()
        assert np.isfinite(calibration.by_mean(counts, 4, width).variance).all()
