"""What a row says about itself, and how the chain is held."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from scoring_frames import MONDAY, of, score, weeks

import scoring

FULL = {
    "blog/post_reads": [100] * 6,
    "search/clicks": [1000] * 6,
    "work/issues_opened": [5] * 6,
    "work/followers": [50] * 6,
}


def essay(series, **settings):
    result = score(weeks(series), **settings)
    return of(result.factors, "essay"), of(result.influence, "essay")


def test_the_first_covered_periods_are_the_base():
    result = score(weeks({"blog/post_reads": [1, None, 10, 100, 1000, 10_000]}))

    assert list(of(result.influence)["status"]) == ["base", "no data", "base", "base", "base", "ok"]
    assert list(of(result.influence)["influence"][:5]) == [100] * 5
    assert of(result.influence)["influence"][5] > 100


def test_the_base_is_certain_by_definition():
    influence = of(score(weeks(FULL)).influence)

    assert (influence.loc[:3, ["low", "high"]] == 100).all(axis=None)
    assert (influence.loc[4:, "low"] < influence.loc[4:, "high"]).all()


def test_a_gap_without_rows_is_shown_and_holds_the_chain():
    influence = of(score(weeks({"blog/post_reads": [10, 10, 10, 10, 20, None, None, 20]})).influence)

    assert list(influence["status"][5:7]) == ["no data", "no data"]
    assert influence["influence"][4] == influence["influence"][5] == influence["influence"][6]
    assert influence["high"][4] == influence["high"][6]
    assert list(influence["coverage"][4:7]) == [1.0, 0.0, 0.0]


def test_a_side_seen_for_the_first_time_has_nothing_to_be_compared_with():
    factors = of(score(weeks({"blog/post_reads": [10] * 6, "work/answers": [None] * 5 + [7]})).factors)

    assert (factors["i_status"][5], factors["factor_i"][5]) == ("new", 1.0)
    assert factors["e_status"][5] == "ok"


def test_newcomers_alone_hold_the_influence():
    readings = {"blog/post_reads": [*[10] * 5, None], "work/answers": [None] * 5 + [7]}

    assert of(score(weeks(readings)).influence)["status"][5] == "new"


def test_coverage_is_the_mean_over_the_series_seen_until_then():
    world = {"blog/post_reads": [10, 10, 10], "work/stars": [None, (1, 0.5), None], "search/clicks": [None, 5, 5]}

    assert list(of(score(weeks(world)).factors)["coverage"]) == [1.0, 0.75, 0.5]


@pytest.mark.parametrize("now", [date(2024, 2, 11), datetime(2024, 2, 11, 23)])  # noqa: DTZ001 - a naive one must do
def test_the_running_period_is_provisional(now):
    result = scoring.score(weeks(FULL), now=now)

    assert list(of(result.factors)["provisional"]) == [False] * 5 + [True]
    assert list(of(result.influence)["status"]) == ["base"] * 4 + ["ok", "provisional"]
    assert of(result.influence, "essay")["status"].iloc[-1] == "provisional"


def test_a_period_is_over_on_the_day_it_ends_on():
    result = scoring.score(weeks(FULL), now=date(2024, 2, 12))

    assert not result.factors["provisional"].any()


def test_without_a_clock_today_decides():
    soon = datetime.now().astimezone().date() + timedelta(weeks=2)
    start = soon - timedelta(days=soon.weekday())

    assert scoring.score(weeks(FULL, start=start)).factors["provisional"].all()
    assert not scoring.score(weeks(FULL)).factors["provisional"].any()


def test_a_running_period_counts_for_the_share_that_was_observed():
    half = of(score(weeks({"blog/post_reads": [10, 10, (5, 0.5)]})).factors)

    assert half["factor_e"][2] == 1.0


@pytest.mark.parametrize(
    ("without", "column", "status"),
    [
        ("search/clicks", "e_status", "undefined: no clicks"),
        ("work/followers", "i_status", "undefined: no audience"),
        ("blog/post_reads", "e_status", "no data"),
        ("work/issues_opened", "i_status", "no data"),
    ],
)
def test_the_essay_says_what_is_missing(without, column, status):
    factors, _ = essay({name: readings for name, readings in FULL.items() if name != without})

    assert set(factors[column]) == {status}
    assert factors["factor_" + column[0]].isna().all()


@pytest.mark.parametrize(
    ("changed", "column", "status"),
    [
        ({"search/clicks": [0] * 6}, "e_status", "undefined: clicks are zero"),
        ({"work/followers": [0.0] * 6}, "i_status", "undefined: no audience"),
        ({"work/followers": [None] * 6, "talks/talk_audience": [0.0] * 6}, "i_status", "undefined: audience is zero"),
    ],
)
def test_the_essay_never_divides_by_nothing(changed, column, status):
    factors, influence = essay({**FULL, **changed})

    assert set(factors[column]) == {status}
    assert np.isfinite(influence["influence"]).all()


def test_a_gauge_that_was_read_as_zero_is_an_audience_of_zero():
    totals = weeks({**FULL, "work/followers": [0.0] * 6})
    totals["subject"] = "account"

    assert set(of(score(totals).factors, "essay")["i_status"]) == {"undefined: audience is zero"}


def test_a_ratio_of_a_metric_to_itself_is_no_effect():
    own = {"search/clicks": {"role": "reads"}, "blog/clicks": {"role": "clicks"}}
    factors, _ = essay({"search/clicks": [10] * 3, "blog/clicks": [None, 100, 100]}, weights=own)

    assert list(factors["e_status"]) == ["undefined: no clicks", *["undefined: clicks count reads or comments"] * 2]


def test_an_audience_of_participants_is_no_audience():
    own = {"meetup/attendees": {"role": "audience"}}
    factors, _ = essay({"talks/attendees": [9], "talks/talk_interactions": [9], "meetup/attendees": [9]}, weights=own)

    assert list(factors["i_status"]) == ["undefined: audience counts participants"]


def test_an_undefined_factor_holds_its_side_of_the_chain():
    factors, influence = essay({**FULL, "work/followers": [50, None, None, 50, 50, 50], "search/clicks": [1000] * 6})
    only_e, e_alone = essay({name: FULL[name] for name in ("blog/post_reads", "search/clicks")})

    assert set(factors["i_status"]) == {"ok"}  # the last known level is carried forward
    assert list(only_e["i_status"]) == ["no data"] * 6
    assert list(e_alone["influence"]) == pytest.approx([100 * only_e["factor_e"][0] ** (n + 1) for n in range(6)])
    assert influence["influence"].notna().all()


def test_with_neither_factor_defined_the_influence_is_held_and_says_so():
    _, influence = essay({"blog/post_reads": [10] * 3})

    assert list(influence["status"]) == ["undefined"] * 3
    assert list(influence["influence"]) == [100.0] * 3


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"blog/post_reads": [100, 0, 100, 100, 100, 100]}, "zero: E"),
        ({"work/issues_opened": [5, 0, 5, 5, 5, 5]}, "zero: I"),
        ({"blog/post_reads": [1, 0, 1, 1, 1, 1], "work/issues_opened": [5, 0, 5, 5, 5, 5]}, "zero: E and I"),
    ],
)
def test_a_true_zero_ends_the_essays_influence_and_names_the_period(changed, status):
    _, influence = essay({**FULL, **changed})

    assert list(influence["status"]) == ["ok", status, *["zero"] * 4]
    assert list(influence["influence"][1:]) == [0.0] * 5


def test_products_beyond_a_double_neither_overflow_nor_vanish():
    for reads, end in ((1e9, np.finfo(float).max), (1e-6, np.finfo(float).tiny)):
        _, influence = essay({"blog/post_reads": [reads] * 80, "search/clicks": [10] * 80})
        assert influence["influence"].iloc[-1] == end
        assert influence["status"].iloc[-1] == "out of range"
        assert influence["status"].iloc[0] == "ok"


def test_a_product_that_comes_back_into_range_is_right_again():
    up_and_down = [1e9] * 60 + [1e-9] * 60
    _, influence = essay({"blog/post_reads": up_and_down, "search/clicks": [10] * 120})

    assert influence["status"][59] == "out of range"
    assert influence["influence"].iloc[-1] == pytest.approx(100, rel=1e-6)


def test_no_row_says_anything_that_is_not_in_the_vocabulary():
    vocabulary = {str(status) for status in scoring.Status}
    result = score(pd.concat([weeks(FULL), weeks({"x/unknown": [1, 2]}, person="you")]))

    for column in ("e_status", "i_status"):
        assert set(result.factors[column]) <= vocabulary
    assert set(result.influence["status"]) <= vocabulary


def test_a_person_without_any_counted_metric_is_shown_with_no_data():
    influence = of(score(weeks({"work/traffic_visitors": [5, 5]})).influence)

    assert list(influence["status"]) == ["no data"] * 2
    assert list(influence["influence"]) == [100.0] * 2


def test_the_same_hash_stands_in_every_row():
    params = scoring.Params(weights={"stars": 10})
    result = scoring.score(weeks(FULL), params, now=MONDAY)

    assert set(result.factors["params"]) == set(result.influence["params"]) == {params.hash()}
    assert re.fullmatch("[0-9a-f]{12}", params.hash())
