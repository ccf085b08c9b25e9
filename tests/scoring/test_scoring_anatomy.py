"""A factor taken apart must be the factor of the tables, and its parts must make it."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
from scoring_frames import MONDAY, weeks

import scoring

WORLD = weeks(
    {
        "blog/post_reads": [100.0, 120, 90, 300, (50, 0.5), 80],
        "work/stars": [2.0, 3, None, 9, 1, 2],
        "work/issues_opened": [1.0, 0, 2, 1, 3, 4],
        "blog/clicks": [1000.0] * 6,
        "new/post_reads": [None, None, None, 7, 5, None],
    }
)
TEXTS = ("person", "grain", "source", "metric", "subject")
COLUMNS = {name: WORLD[name].to_numpy(dtype=object if name in TEXTS else None) for name in WORLD}
COLUMNS |= {name: np.array(WORLD[name], dtype="datetime64[D]") for name in ("period", "ends_on")}
NOW = date(2030, 1, 1)


def taken_apart(week: int, **settings):
    period = MONDAY + timedelta(weeks=week)
    return scoring.anatomy(COLUMNS, scoring.Params(**settings), person="me", grain="week", period=period, now=NOW)


@pytest.mark.parametrize("week", range(6))
def test_parts_make_the_factor_that_the_tables_hold(week):
    found = taken_apart(week, weights={"stars": 3})
    table = scoring.score(WORLD, scoring.Params(weights={"stars": 3}), now=NOW).factors
    row = table[(table["model"] == "chained") & (table["period"] == str(MONDAY + timedelta(weeks=week)))].iloc[0]

    for side, column in ((found.e, "factor_e"), (found.i, "factor_i")):
        compared = [part for part in side.parts if part.compared == "compared"]
        assert math.isclose(side.above, side.prior + sum(part.weight * part.level for part in compared))
        assert math.isclose(side.below, side.prior + sum(part.weight * part.level_before for part in compared))
        assert math.isclose(side.above / side.below, row[column])
        assert math.isclose(sum(part.log_effect for part in side.parts), math.log(row[column]), abs_tol=1e-12)
        assert found.factors["chained"][column] == row[column]
        assert sum(part.doubt for part in side.parts) == pytest.approx(1.0 if compared else 0.0)


def test_parts_say_what_came_what_was_seen_and_what_was_compared():
    parts = {(part.source, part.metric): part for part in taken_apart(4).e.parts}

    assert (parts["blog", "post_reads"].count, parts["blog", "post_reads"].coverage) == (50.0, 0.5)
    assert {name: part.compared for name, part in parts.items()} == {
        ("blog", "post_reads"): "compared", ("work", "stars"): "compared", ("new", "post_reads"): "compared",
    }  # fmt: skip
    assert {part.compared for part in taken_apart(3).e.parts if part.source == "new"} == {"new"}
    assert {part.compared for part in taken_apart(5).e.parts if part.source == "new"} == {"not observed"}


def test_the_largest_effect_comes_first():
    effects = [abs(part.log_effect) for part in taken_apart(3).e.parts]

    assert effects == sorted(effects, reverse=True)
    assert effects[0] > 0


def test_the_influence_before_is_that_of_the_period_before():
    assert taken_apart(0).before["chained"] is None
    assert taken_apart(5).before["chained"] == taken_apart(4).influence["chained"]["influence"]


def test_a_period_or_person_that_is_not_there_has_no_anatomy():
    assert taken_apart(6) is None
    assert scoring.anatomy(COLUMNS, person="you", grain="week", period=MONDAY, now=NOW) is None
    assert scoring.anatomy(COLUMNS, person="me", grain="month", period=MONDAY, now=NOW) is None
