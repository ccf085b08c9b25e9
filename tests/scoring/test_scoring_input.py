"""What is read from totals, and what is refused with a reason."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from scoring_frames import COLUMNS, MONDAY, of, score, weeks

import scoring

FACTORS = [
    "person",
    "model",
    "grain",
    "period",
    "ends_on",
    "factor_e",
    "e_low",
    "e_high",
    "reads",
    "comments",
    "clicks",
    "click_rate",
    "e_status",
    "factor_i",
    "i_low",
    "i_high",
    "participants",
    "interactions",
    "interactions_per_participant",
    "audience",
    "participation_rate",
    "i_status",
    "coverage",
    "provisional",
    "params",
]
INFLUENCE = [
    "person",
    "model",
    "grain",
    "period",
    "ends_on",
    "influence",
    "low",
    "high",
    "coverage",
    "status",
    "params",
]
ATTRIBUTION = ["person", "grain", "period", "side", "source", "metric", "log_effect"]

GOOD = weeks({"blog/post_reads": [10, 20, 30], "work/issues_opened": [1, 2, 3]})


def changed(column, value, row=1):
    totals = GOOD.astype({column: object})
    totals.loc[row, column] = value
    return totals


def test_the_tables_have_the_promised_columns_in_the_promised_order():
    for totals in (GOOD, GOOD.iloc[:0], pd.DataFrame(columns=COLUMNS)):
        result = score(totals)
        assert list(result.factors) == FACTORS
        assert list(result.influence) == INFLUENCE
        assert list(result.attribution) == ATTRIBUTION


def test_an_empty_frame_gives_empty_tables_of_the_same_types():
    for totals in (GOOD.iloc[:0], pd.DataFrame(columns=COLUMNS)):
        empty, full = score(totals), score(GOOD)
        for table in ("factors", "influence", "attribution"):
            assert len(getattr(empty, table)) == 0
            assert dict(getattr(empty, table).dtypes) == dict(getattr(full, table).dtypes)


def test_rows_are_ordered_by_person_model_grain_and_period():
    days = weeks({"blog/post_reads": [10] * 3}, person="zoe").assign(grain="day")
    days["ends_on"] = days["period"] + pd.Timedelta(days=1)
    result = score(pd.concat([days, GOOD, weeks({"blog/post_reads": [1, 2]}, person="ann")]))

    for table in (result.factors, result.influence):
        keys = ["person", "model", "grain", "period"]
        assert_frame_equal(table, table.sort_values(keys, ignore_index=True))
    keys = ["person", "grain", "period", "side", "source", "metric"]
    assert_frame_equal(result.attribution, result.attribution.sort_values(keys, ignore_index=True))


def test_every_person_and_grain_has_both_models_for_every_period_of_its_span():
    late = weeks({"blog/post_reads": [1, None, 3]}, person="zoe", start=date(2024, 3, 4))
    counted = score(pd.concat([GOOD, late])).factors.groupby(["person", "model"]).size()

    assert dict(counted) == {(person, model): 3 for person in ("me", "zoe") for model in ("chained", "essay")}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_named(column):
    with pytest.raises(ValueError, match=rf"lacks the column\(s\) {column};"):
        score(GOOD.drop(columns=column))


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        (
            "total",
            np.nan,
            r"total must be a finite number, got nan in row 1 \(me, week, 2024-01-08, blog, post_reads\)",
        ),
        ("total", None, "total must be a finite number"),
        ("total", np.inf, "total must be a finite number"),
        ("total", "many", "total must hold numbers"),
        ("actors", -1, "actors must be a finite number, 0 or more"),
        ("actors", np.nan, "actors must be a finite number, 0 or more"),
        ("coverage", np.nan, "coverage must be a share from 0 to 1"),
        ("coverage", -0.1, "coverage must be a share from 0 to 1"),
        ("coverage", 1.1, "coverage must be a share from 0 to 1, got 1.1 in row 1"),
        ("person", None, "person must be present in every row"),
        ("source", None, "source must be present in every row"),
        ("metric", None, "metric must be present in every row"),
        ("grain", None, "grain must be present in every row"),
        ("grain", "year", "grain must be one of day, week, month, got 'year'"),
        ("period", None, "period must be a date"),
        ("period", "soon", "period must hold dates"),
        ("period", date(2024, 1, 9), "weeks start on different weekdays"),
        ("period", date(1024, 1, 1), "check the dates"),
        ("ends_on", date(2024, 1, 14), "ends_on must be 2024-01-15, exclusive, in row 1"),
    ],
)
def test_a_bad_value_is_refused_saying_where(column, value, said):
    with pytest.raises(ValueError, match=said):
        score(changed(column, value))


def test_a_month_begins_on_its_first_day():
    totals = GOOD.assign(grain="month", ends_on=date(2024, 2, 1))

    with pytest.raises(ValueError, match="period 2024-01-08 is not the first day of a month"):
        score(totals)


def test_coverage_that_differs_within_a_period_of_a_series_is_refused():
    second = GOOD.assign(subject="another post")
    second.loc[0, "coverage"] = 0.5

    with pytest.raises(ValueError, match=r"coverage must be the same .*\(me, week, 2024-01-01, blog, post_reads\)"):
        score(pd.concat([GOOD, second], ignore_index=True))


def test_coverage_that_adds_up_to_a_hair_above_one_is_one():
    assert_frame_equal(score(changed("coverage", 1 + 1e-12)).factors, score(GOOD).factors)


def test_dates_may_be_dates_timestamps_or_texts():
    expected = score(GOOD).factors
    for convert in (
        pd.to_datetime,
        lambda column: column.astype(str),
        lambda column: pd.to_datetime(column).dt.as_unit("ns"),
    ):
        totals = GOOD.assign(period=convert(GOOD["period"]), ends_on=convert(GOOD["ends_on"]))
        assert_frame_equal(score(totals).factors, expected)


def test_texts_may_be_objects_strings_or_categories():
    expected = score(GOOD)
    for dtype in ("object", "str", "category"):
        totals = GOOD.astype(dict.fromkeys(["person", "grain", "source", "metric", "subject"], dtype))
        assert_frame_equal(score(totals).attribution, expected.attribution)


def test_the_index_and_further_columns_of_totals_mean_nothing():
    totals = GOOD.assign(note="x").set_index(pd.Index([7] * len(GOOD)))

    assert_frame_equal(score(totals).factors, score(GOOD).factors)


def test_totals_are_left_as_they_were():
    before = GOOD.copy(deep=True)
    score(GOOD)

    assert_frame_equal(GOOD, before)


def test_one_source_and_one_period_are_enough():
    result = score(weeks({"blog/post_reads": [5]}))

    assert of(result.factors)["factor_e"][0] == 1.0
    assert of(result.influence)[["influence", "low", "high"]].iloc[0].tolist() == [100.0] * 3
    assert len(result.attribution) == 0


def test_nothing_but_missing_data_holds_the_start():
    result = score(weeks({"blog/post_reads": [(0, 0.0)] * 6}))

    assert set(of(result.influence)["status"]) == {"no data"}
    assert set(result.influence["influence"]) == {100.0}
    assert set(result.factors["coverage"]) == {0.0}


def test_missing_is_null_and_zero_is_zero_in_the_letters():
    factors = of(score(weeks({"blog/post_reads": [0, (0, 0.0)], "blog/post_comments": [None, 3]})).factors)

    assert factors["reads"][0] == 0
    assert np.isnan(factors["reads"][1])
    assert np.isnan(factors["comments"][0])
    assert factors["comments"][1] == 3


def test_a_million_fold_spike_passes():
    factors = of(score(weeks({"blog/post_reads": [*[20] * 10, 20e6, *[20] * 200]})).factors)
    influence = of(score(weeks({"blog/post_reads": [*[20] * 10, 20e6, *[20] * 200]})).influence)

    assert factors["factor_e"][10] > 1e5
    assert (factors["factor_e"][11:] < 1).all()
    assert influence["influence"].iloc[-1] == pytest.approx(100, rel=0.01)
    # A week on a front page widens what may be, but does not make everything possible.
    assert influence["high"][10] / influence["low"][10] < 1000


def test_what_a_source_takes_back_is_not_counted_below_zero():
    factors = of(score(weeks({"blog/post_reads": [5, -3]})).factors)

    assert factors["reads"][1] == 0
    assert factors["factor_e"][1] > 0


def test_subjects_are_summed():
    posts = [weeks({"blog/post_reads": [1, 2]}).assign(subject=name) for name in ("a", "b", "b")]

    assert list(of(score(pd.concat(posts)).factors)["reads"]) == [3.0, 6.0]


def test_only_a_metrics_own_role_is_moved_by_it():
    totals = weeks({f"x/{metric}": [10, 1000] for metric in ("traffic_visitors", "watchers", "traffic_clones")})

    assert (of(score(totals).factors)[["factor_e", "factor_i"]] == 1).all(axis=None)


def test_a_weight_of_zero_is_as_if_the_metric_were_not_there():
    with_stars = weeks({"blog/post_reads": [1, 2], "work/stars": [5, (3, 0.5)]})
    without = weeks({"blog/post_reads": [1, 2]})

    assert_frame_equal(
        of(score(with_stars, weights={"stars": 0}).factors).drop(columns="params"),
        of(score(without).factors).drop(columns="params"),
    )


def test_the_scored_frame_may_be_scored_by_position():
    assert len(scoring.score(GOOD, scoring.Params(), now=MONDAY).influence) == 6
