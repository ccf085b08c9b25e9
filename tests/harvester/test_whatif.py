from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest

import scoring
from harvester.changes import parse
from harvester.config.errors import ConfigError
from harvester.scorejob import Inputs
from harvester.spans import Span
from harvester.whatif import answer

MONDAY = date(2026, 1, 5)
SERIES = {
    ("blog", "post_reads"): [100, 110, 90, 120, 100, 130],
    ("mirror", "post_reads"): [10, 0, 10, 20, 10, 10],
    ("work", "stars"): [2, 3, 1, 4, 2, 2],
    ("work", "issues_opened"): [1, 2, 3, 1, 0, 2],
    ("work", "traffic_visitors"): [5, 5, 5, 5, 5, 5],
    ("blog", "clicks"): [900, 800, 1000, 900, 1000, 1100],
    ("work", "followers"): [10, 11, 12, 13, 14, 15],
}
LAST = Span("week", MONDAY + timedelta(weeks=4))  # the sixth week runs


def inputs(**settings) -> Inputs:
    rows = [
        ("me", "week", MONDAY + timedelta(weeks=week), MONDAY + timedelta(weeks=week + 1), source, metric, "it",
         float(count), 0, 0.5 if week == 5 else 1.0)
        for (source, metric), counts in SERIES.items()
        for week, count in enumerate(counts)
    ]  # fmt: skip
    names = ("person", "grain", "period", "ends_on", "source", "metric", "subject", "total", "actors", "coverage")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    kinds = {"period": "datetime64[D]", "ends_on": "datetime64[D]", "total": "f8", "actors": "f8", "coverage": "f8"}
    totals = {name: np.array(values, dtype=kinds.get(name, object)) for name, values in columns.items()}
    nobody = {name: totals[name][:0] for name in ("person", "grain", "period")} | {"participants": np.array([])}
    return Inputs(totals, nobody, scoring.Params(**settings), MONDAY + timedelta(weeks=5, days=3))


def asked(*texts: str, model: str = "chained", since: Span = LAST):
    given = inputs()
    return answer(given, parse(texts, given), model=model, since=since)


def then(told, week: int, name: str = "factor_e"):
    return told.curve[week].then[name]


def scored(change, week: int, name: str = "factor_e", model: str = "chained", **settings):
    """The number of a week when the totals are changed by hand."""
    given = inputs(**settings)
    total = given.totals["total"].copy()
    for row in range(len(total)):
        number = (given.totals["period"][row].astype(object) - MONDAY).days // 7
        total[row] = change(given.totals["source"][row], given.totals["metric"][row], number, total[row])
    columns = scoring.score_columns({**given.totals, "total": total}, given.params, now=given.today)
    table = columns.influence if name == "influence" else columns.factors
    return table[name][table["model"] == model][week]


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("post_reads=+20%", lambda s, m, n, x: x * 1.2 if m == "post_reads" and n >= 4 else x),
        ("post_reads=-10%", lambda s, m, n, x: x * 0.9 if m == "post_reads" and n >= 4 else x),
        ("post_reads=-100 %", lambda s, m, n, x: 0 if m == "post_reads" and n >= 4 else x),
        ("post_reads=*2", lambda s, m, n, x: x * 2 if m == "post_reads" and n >= 4 else x),
        ("blog/post_reads=*2.5", lambda s, m, n, x: x * 2.5 if (s, m) == ("blog", "post_reads") and n >= 4 else x),
        # 500 in a whole week, in the running one that was seen to half 250, shared out as before.
        ("post_reads=500", lambda s, m, n, x: x * {4: 500 / 110, 5: 250 / 140}.get(n, 1) if m == "post_reads" else x),
        ("stars=1,000", lambda s, m, n, x: {4: 1000, 5: 500}.get(n, x) if m == "stars" else x),
    ],
)
def test_totals_change_from_the_period_on(text, change):
    told = asked(text)

    for week in range(6):
        assert math.isclose(then(told, week), scored(change, week), rel_tol=1e-12)
        assert told.curve[week].today["factor_e"] == scored(lambda s, m, n, x: x, week)


def test_a_total_of_nothing_can_become_something():
    told = asked("issues_opened=7", since=LAST)

    assert math.isclose(
        then(told, 4, "factor_i"),
        scored(lambda s, m, n, x: 7 if m == "issues_opened" and n == 4 else x, 4, "factor_i"),
    )


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("weight.stars=10", {"weights": {"stars": 10}}),
        ("weight.stars=*2", {"weights": {"stars": 50}}),
        ("weight.stars=-100%", {"weights": {"stars": 0}}),
        ("weight.mirror/post_reads=3", {"weights": {"mirror/post_reads": 3}}),
        ("half_life_days=14", {"half_life_days": 14}),
        ("half_life_days=*2", {"half_life_days": 56}),
        ("initial_influence=1", {"initial_influence": 1}),
        ("base_periods=2", {"base_periods": 2}),
    ],
)
def test_weights_and_settings_redraw_the_whole_curve(text, settings):
    told = asked(text)

    assert told.params.hash() == scoring.Params(**settings).hash()
    for week in range(6):
        for name in ("factor_e", "influence"):
            assert then(told, week, name) == scored(lambda s, m, n, x: x, week, name, **settings)


def test_rates_move_the_essays_factors():
    told = asked("click_rate=0.2", "participation_rate=0.25", model="essay")

    for point in told.curve:
        assert point.then["factor_e"] == pytest.approx(point.today["factor_e"] / 2)
        assert point.then["factor_i"] == pytest.approx(point.today["factor_i"] * 2)


def test_a_source_left_out_is_as_if_it_had_never_been():
    told = asked("source.blog=off", "source.mirror=off")

    assert told.curve[5].then["factor_e"] == scored(lambda s, m, n, x: x, 5, weights={"post_reads": 0})


def test_without_any_source_there_is_no_curve():
    told = asked(*(f"source.{name}=off" for name in ("blog", "mirror", "work")))

    assert [point.then for point in told.curve] == [None] * 6


def test_elasticities_are_what_one_percent_more_does_largest_first():
    told = asked("weight.stars=10", since=LAST)

    found = {one.metric: one for one in told.elasticities}
    assert set(found) == {"post_reads", "stars"}  # of the issues none came that week: 1 % more is none
    for metric, settings, name in (("stars", {}, "today"), ("stars", {"weights": {"stars": 10}}, "then")):
        more = scored(lambda s, m, n, x, metric=metric: x * 1.01 if m == metric and n == 4 else x, 4, **settings)
        plain = scored(lambda s, m, n, x: x, 4, **settings)
        assert math.isclose(getattr(found[metric], name), (more / plain - 1) * 100, rel_tol=1e-9)
    sizes = [max(abs(one.today), abs(one.then)) for one in told.elasticities]
    assert sizes == sorted(sizes, reverse=True)
    assert found["post_reads"].total == 110


def test_more_clicks_lower_the_essays_factor_by_as_much():
    found = {one.metric: one.today for one in asked("click_rate=0.1", model="essay").elasticities}

    assert found["clicks"] == pytest.approx((1 / 1.01 - 1) * 100)
    assert found["post_reads"] == pytest.approx(100 * 1.1 / (110 + 2 * 25))


def test_a_metric_that_was_not_observed_since_is_told():
    assert asked("stars=+5%", since=Span("week", date(2027, 1, 4))).unseen == ("stars",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("post_read=+20%", 'nothing is called "post_read"; did you mean "post_reads"?'),
        ("blog/post_read=1", 'did you mean "blog/post_reads"?'),
        ("weight.star=1", 'there is no metric "star"; did you mean "weight.stars"?'),
        ("weight.blug/stars=1", 'there is no metric "blug/stars"; did you mean'),
        ("source.blgo=off", 'there is no source "blgo"; did you mean "source.blog"?'),
        ("source.xyz=off", 'there is no source "xyz"; there are: source.blog, source.mirror, source.work'),
        ("source.blog=on", "write source.blog=off to leave the source out"),
        ("click_rat=1", 'did you mean "click_rate"?'),
        ("post_reads", "'post_reads' changes nothing; write KEY=CHANGE, as in post_reads=+20%"),
        ("post_reads=", "is not understood; write =+20%, =-10%, =*2 or =500"),
        ("post_reads=banana", "post_reads=banana is not understood"),
        ("post_reads=nan", "post_reads=nan is not understood"),
        ("post_reads=1e999", "post_reads=1e999 is not understood"),
        ("post_reads=+5", "may mean two things"),
        ("post_reads=-150%", "post_reads=-150% goes below nothing; take away 100 % at most"),
        ("video_views=1", "video_views was never harvested, so there is nothing to change; there are: clicks,"),
        ("weight.traffic_visitors=3", "traffic_visitors has no role, so that no weight makes it count; give it one"),
        ("click_rate=7", "click_rate must be a share above 0 and at most 1, got 7"),
        ("half_life_days=0", "half_life_days must be a finite number above 0"),
        ("base_periods=1.5", "base_periods must be a whole number, 1 or more"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence_with_the_nearest_key(text, said):
    with pytest.raises(ConfigError) as caught:
        asked(text)

    assert said in str(caught.value)


def test_every_mistake_is_told_at_once_and_a_key_can_be_changed_once():
    with pytest.raises(ConfigError) as caught:
        asked("post_read=1", "weight.star=2")
    assert len(caught.value.problems) == 2
    with pytest.raises(ConfigError, match="stars is changed twice; say once what you mean"):
        asked("stars=1", "stars=2")
