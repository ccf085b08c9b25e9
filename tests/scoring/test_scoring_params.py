"""Settings and weights: what is taken, what is refused, what changes the hash."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest
from scoring_frames import of, score, weeks

from scoring import DEFAULTS, ROLES, Params, Weighting


@pytest.mark.parametrize(
    "weight", [-1, -1e-300, math.nan, math.inf, -math.inf, "25", None, True, [1], 10**400, Decimal(1), 1j]
)
@pytest.mark.parametrize("inside", [False, True])
def test_a_weight_that_is_no_finite_number_from_zero_is_refused_by_name(weight, inside):
    value = {"role": "reads", "weight": weight} if inside else weight

    with pytest.raises(ValueError, match=r'weight of "stars" must be a finite number, 0 or more, got'):
        Params(weights={"stars": value})


@pytest.mark.parametrize("weight", [0, 0.0, 7, 7.5, np.float64(3), np.int64(3), 1e308])
def test_any_finite_number_from_zero_is_a_weight(weight):
    assert Params(weights={"stars": weight}).weighting("work", "stars") == Weighting("reads", float(weight))


def test_an_unknown_role_is_refused_with_all_that_are_known():
    with pytest.raises(ValueError, match=r'role of "stars" must be one of reads, .*none, got \'readers\''):
        Params(weights={"stars": {"role": "readers"}})


def test_an_unknown_key_of_a_weight_is_refused():
    with pytest.raises(ValueError, match=r"unknown 'wieght'; allowed are 'role' and 'weight'"):
        Params(weights={"stars": {"wieght": 3}})


def test_a_weight_alone_needs_a_metric_that_has_a_role():
    with pytest.raises(ValueError, match=r'weight of "traffic_visitors": the metric has no role by default; write'):
        Params(weights={"traffic_visitors": 3})


def test_a_metric_of_ones_own_gets_a_role():
    params = Params(weights={"boosts": {"role": "comments"}})

    assert params.weighting("mastodon", "boosts") == Weighting("comments", 1.0)


def test_the_role_stays_when_only_the_weight_is_given():
    assert Params(weights={"stars": {"weight": 3}}).weighting("work", "stars") == Weighting("reads", 3.0)


def test_one_sources_override_leaves_the_others_alone():
    params = Params(weights={"work/stars": 5, "stars": {"role": "comments", "weight": 2}})

    assert params.weighting("work", "stars") == Weighting("comments", 5.0)
    assert params.weighting("play", "stars") == Weighting("comments", 2.0)


def test_an_override_reaches_the_factors():
    totals = weeks({"work/stars": [1, 1], "play/stars": [1, 1]})

    reads = of(score(totals, weights={"work/stars": 10, "play/stars": {"role": "none"}}).factors)["reads"]

    assert list(reads) == [10.0, 10.0]


@pytest.mark.parametrize("key", [3, None, "", "work/"])
def test_a_key_that_names_no_metric_is_refused(key):
    with pytest.raises(ValueError, match='a key is a metric or "source/metric"'):
        Params(weights={key: 1})


@pytest.mark.parametrize(
    ("setting", "value", "allowed"),
    [
        ("model", "chain", "one of chained, essay"),
        ("period", "year", "one of day, week, month"),
        ("initial_influence", 0, "a finite number above 0"),
        ("initial_influence", math.inf, "a finite number above 0"),
        ("click_rate", 0, "a share above 0 and at most 1"),
        ("click_rate", 10, "a share above 0 and at most 1"),
        ("participation_rate", "half", "a share above 0 and at most 1"),
        ("half_life_days", -28, "a finite number above 0"),
        ("half_life_days", math.nan, "a finite number above 0"),
        ("base_periods", 0, "a whole number, 1 or more"),
        ("base_periods", 2.5, "a whole number, 1 or more"),
        ("base_periods", True, "a whole number, 1 or more"),
        ("weights", [("stars", 1)], "map metrics to weights"),
    ],
)
def test_a_setting_out_of_its_range_is_refused_by_name(setting, value, allowed):
    with pytest.raises(ValueError, match=rf"^{setting} must .*{allowed}"):
        Params(**{setting: value})


@pytest.mark.parametrize(
    "changed",
    [
        {"model": "essay"},
        {"period": "month"},
        {"initial_influence": 1000},
        {"click_rate": 0.2},
        {"participation_rate": 0.2},
        {"half_life_days": 14},
        {"base_periods": 8},
        {"weights": {"stars": 10}},
        {"weights": {"work/stars": 25.5}},
        {"weights": {"stars": {"role": "comments", "weight": 25}}},
    ],
)
def test_every_setting_and_weight_changes_the_hash(changed):
    assert Params(**changed).hash() != Params().hash()


def test_what_is_equal_has_an_equal_hash():
    assert Params().hash() == Params(initial_influence=100.0, weights={"stars": 25}).hash()
    assert Params(weights={"stars": 1, "forks": 2}).hash() == Params(weights={"forks": 2.0, "stars": 1.0}).hash()


def test_the_hash_is_the_same_in_another_process():
    code = "import scoring; print(scoring.Params(weights={'stars': 10}).hash())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    assert said == Params(weights={"stars": 10}).hash()


def test_params_are_frozen_and_do_not_follow_the_mapping_they_were_made_of():
    weights = {"stars": 10}
    params = Params(weights=weights)
    weights["stars"] = 99

    assert params.weighting("work", "stars").weight == 10
    with pytest.raises(TypeError):
        params.weights["stars"] = 99
    with pytest.raises(dataclasses.FrozenInstanceError):
        params.click_rate = 0.5


def test_params_survive_replacing_copying_and_pickling():
    params = Params(weights={"stars": 10}, click_rate=0.2)

    assert dataclasses.replace(params, click_rate=0.1) == Params(weights={"stars": 10})
    assert copy.deepcopy(params) == params == pickle.loads(pickle.dumps(params))  # noqa: S301 - our own bytes
    assert hash(params) == hash(copy.deepcopy(params))


def test_no_metric_has_two_roles_or_a_weight_of_nothing():
    assert all(weighting.role in ROLES and weighting.weight > 0 for weighting in DEFAULTS.values())
    assert "none" not in {weighting.role for weighting in DEFAULTS.values()}


def test_importing_scoring_for_its_params_does_not_load_pandas():
    code = "import sys, scoring; scoring.Params(); print('pandas' in sys.modules, 'numpy' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert said == ["False", "False"]
