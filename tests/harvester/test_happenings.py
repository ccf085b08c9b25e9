from __future__ import annotations

from datetime import date, timedelta

import pytest

from harvester.happenings import silences, spike
from harvester.spans import Span
from scoring import Part, Side

MARCH = Span("month", date(2026, 3, 1))


def days(*counts: float | None, source: str = "blog", metric: str = "post_reads", last: date = date(2026, 3, 31)):
    """Daily counts that end with `last`; None: not observed."""
    first = last - timedelta(days=len(counts) - 1)
    return [
        {"source": source, "metric": metric, "day": first + timedelta(days=n), "share": 1.0, "total": count}
        for n, count in enumerate(counts)
        if count is not None
    ]


def side(**weights: float) -> Side:
    parts = tuple(
        Part(
            source="blog", metric=metric, role="reads", weight=weight, count=1, coverage=1, level_before=1, level=1,
            log_effect=0, doubt=0, dispersion=1, compared="compared",
        )
        for metric, weight in weights.items()
    )  # fmt: skip
    return Side(above=1, below=1, prior=0, parts=parts)


def test_a_spike_is_the_days_that_make_the_period():
    run = spike(days(*[10, 12] * 28, *[11] * 10, 200, 180, 190, *[11] * 18), side(post_reads=2.0), MARCH)

    assert run is not None
    assert (run.first, run.last, run.total, run.usual) == (date(2026, 3, 11), date(2026, 3, 13), 1140.0, 22.0)


@pytest.mark.parametrize(
    "counts",
    [
        [*[10, 12] * 28, *[11] * 31],
        [*[10, 12] * 28, *[11] * 30, 40],  # high, but no more than a day of a month
        [*[0] * 5, *[11] * 26, 200.0],  # of so few days before nothing is usual
        [*[0] * 56, *[11] * 31],  # nothing was usual: a beginning is no spike
        [*[10, 12, 10, 12, 10, 12, 600] * 8, *[11] * 20, 500, *[11] * 10],  # it does so every week
    ],
)  # fmt: skip
def test_what_is_no_spike_is_not_called_one(counts):
    assert spike(days(*counts), side(post_reads=1.0), MARCH) is None


def test_what_the_factor_does_not_compare_makes_no_spike():
    assert spike(days(*[10, 12] * 28, *[11] * 10, 900, *[11] * 20), side(stars=25.0), MARCH) is None


def test_a_daily_series_that_stops_is_an_outage_from_its_first_to_its_last_day():
    (run,) = silences(days(*[25, 30, 20] * 20, *[0] * 6, *[25] * 20), MARCH)

    assert (run.source, run.metric, run.first, run.last) == (
        "blog",
        "post_reads",
        date(2026, 3, 6),
        date(2026, 3, 11),
    )
    assert run.usual == 25


@pytest.mark.parametrize(
    "counts",
    [
        [*[1, 0, 2] * 20, *[0] * 6, *[1] * 20],  # it is often silent
        [*[2] * 60, 0, 0, *[2] * 20],  # two days of nothing are no wonder
        [*[25] * 60, *[None] * 6, *[25] * 20],  # not observed: that is a gap, and told as one
        [*[25] * 30, *[0] * 6, *[25] * 60],  # over before the period
        [*[0] * 60, *[25] * 20],
    ],
)  # fmt: skip
def test_silences_that_can_be_are_no_outage(counts):
    assert silences(days(*counts), MARCH) == ()


def test_series_are_told_apart():
    both = [*days(*[25] * 80, *[0] * 6), *days(*[25] * 80, *[1] * 6, metric="site_visits")]

    assert [run.metric for run in silences(both, MARCH)] == ["post_reads"]
