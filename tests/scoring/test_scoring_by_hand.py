"""Two weeks worked out on paper, for both models."""

from __future__ import annotations

from datetime import date

import pytest
from scoring_frames import of, weeks

import scoring

# Half-life of one week, so δ = 1/2 and ε = ½·(1 − ½) = 0.25; the base is the first week alone.
PARAMS = scoring.Params(half_life_days=7, base_periods=1)
TOTALS = weeks(
    {
        "blog/post_reads": [100, 140],
        "blog/post_comments": [10, 6],
        "search/clicks": [1000, 1000],
        "work/issues_opened": [4, 2],
        "work/issue_comments": [10, 20],
        "work/followers": [200, 250],
    },
    actors=3,
)


@pytest.fixture(scope="module")
def result() -> scoring.Result:
    return scoring.score(TOTALS, PARAMS, now=date(2024, 1, 15))


def test_the_letters_of_the_second_week(result):
    week = of(result.factors).loc[1]

    assert week["reads"] == 140
    assert week["comments"] == 6
    assert week["clicks"] == 1000
    assert week["interactions"] == pytest.approx(14.951)  # 2 · 2.2235 + 20 · 0.5252 = 4.447 + 10.504
    assert week["participants"] == 6  # three people in each of two series: an upper bound
    assert week["interactions_per_participant"] == pytest.approx(2.4918333)  # 14.951 / 6
    assert week["audience"] == 250


def test_the_essays_second_week(result):
    first, second = of(result.factors, "essay").to_dict("records")

    assert first["factor_e"] == pytest.approx(1.1)  # (100 + 10) / (1000 · 0.1)
    assert first["factor_i"] == pytest.approx(0.14146)  # (4 · 2.2235 + 10 · 0.5252) / (200 · 0.5) = 14.146 / 100
    assert second["factor_e"] == pytest.approx(1.46)  # (140 + 6) / (1000 · 0.1)
    assert second["factor_i"] == pytest.approx(0.119608)  # 14.951 / (250 · 0.5)


def test_the_essays_influence(result):
    # 100 · 1.1 · 0.14146 = 15.5606; 15.5606 · 1.46 · 0.119608 = 2.717311
    assert list(of(result.influence, "essay")["influence"]) == pytest.approx([15.5606, 2.717311477])


def test_the_chained_factors_of_the_second_week(result):
    week = of(result.factors).loc[1]

    # Levels: reads 100 → (0.5·100 + 140) / (0.5 + 1) = 126.6667; comments 10 → (5 + 6) / 1.5 = 7.3333.
    # E = (0.25 + 134) / (0.25 + 110) = 134.25 / 110.25
    assert week["factor_e"] == pytest.approx(1.217687075)
    # Levels: issues 4 → (2 + 2) / 1.5 = 2.6667; comments 10 → (5 + 20) / 1.5 = 16.6667.
    # I = (0.25 + 5.929333 + 8.753333) / (0.25 + 8.894 + 5.252) = 14.932667 / 14.396
    assert week["factor_i"] == pytest.approx(1.037278874)


def test_the_chained_influence(result):
    # I_0 in the base; then 100 · 1.217687075 · 1.037278874
    assert list(of(result.influence)["influence"]) == pytest.approx([100, 126.3081078])


def test_the_attribution_of_the_second_week(result):
    # Λ(134.25, 110.25) = 24 / ln(134.25 / 110.25) = 121.856348; reads moved 26.6667, comments −2.6667.
    by_metric = result.attribution.set_index("metric")["log_effect"]

    assert by_metric["post_reads"] == pytest.approx(0.2188369101)
    assert by_metric["post_comments"] == pytest.approx(-0.0218836910)  # together ln 1.217687075 = 0.196953219


def test_the_interval_of_the_second_week(result):
    # Reads: error 140 − 100 = 40. Rates with half an event more: (100 + ½)/1 = 100.5, (190 + ½)/1.5 = 127; a Poisson
    # count would vary by their mean 113.75 · (1/1 + 1/1) = 227.5; φ = 40² / 227.5 = 7.032967.
    # The level moves by error / 1.5, so var(ΔL) = φ · 227.5 / 1.5² = 1600 / 2.25 = 711.1111.
    # Comments: error −4; rates 10.5 and 11.5/1.5 = 7.6667; 9.0833 · 2 = 18.1667; 16 / 18.1667 < 1, so φ = 1;
    # var(ΔL) = 18.1667 / 2.25 = 8.0741.
    # Λ(0.25 + 127 + 7.6667, 0.25 + 100.5 + 10.5) = Λ(134.9167, 111.25) = 122.703172.
    # Half width: 1.644854 · √(711.1111 + 8.0741) / 122.703172 = 0.359494.
    week = of(result.factors).loc[1]

    assert week["e_low"] == pytest.approx(0.8499812948)  # 1.217687 · e^−0.359494
    assert week["e_high"] == pytest.approx(1.7444640504)  # 1.217687 · e^0.359494


def test_the_interval_of_the_influence(result):
    # var(ln L) = φ / (a + ½), the base's and this week's, by the square of the share of what likely comes:
    # reads 1/100.5 + 7.032967/190.5 = 0.046869, share 127 / 134.9167;
    # comments 1/10.5 + 1/11.5 = 0.182195, share 7.6667 / 134.9167
    #   → 0.9413² · 0.046869 + 0.0568² · 0.182195 = 0.042118
    # issues: error −2 against 3.75 · 2 = 7.5, φ = 1; 1/4.5 + 1/4.5 = 0.444444, share 3 · 2.2235 of 15.8489;
    # comments: error 10 against 13.75 · 2 = 27.5, φ = 3.636364; 1/10.5 + 3.636364/25.5 = 0.237841,
    # share 17 · 0.5252 of 0.25 + 6.6705 + 8.9284 = 15.8489
    #   → 0.4209² · 0.444444 + 0.5633² · 0.237841 = 0.154210
    # Half width: 1.644854 · √(0.042118 + 0.154210) = 0.728817.
    second = of(result.influence).loc[1]

    assert second["low"] == pytest.approx(60.9410933)  # 126.308108 · e^−0.728817
    assert second["high"] == pytest.approx(261.7894958)


def test_the_essays_own_example():
    example = scoring.essay_example()

    assert example.factor_e == 1.05  # (1000 + 50) / (10000 · 0.1); the essay prints 10.5
    assert example.factor_i == 2.0  # 100 · 10 / (1000 · 0.5)
    # 100 · 1.05^10 · 2^10; the essay prints 3.2·10^8
    assert example.influence == pytest.approx(166_799, abs=1)
