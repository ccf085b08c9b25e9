"""The pypi connector against a fake of pypistats.org with its gaps."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from fake_downloads import FakePypiStats, each
from wired import cursor_after, facts, rejects, said, spans, streams_of, subjects, until

from connectors.base import Coverage
from connectors.errors import Gone, Malformed, RateLimited
from connectors.pypi import CONNECTOR, PypiConfig
from connectors.testing import NOW, Answer

TODAY = NOW.date()
DAY = timedelta(days=1)
OLDEST = TODAY - 180 * DAY
COUNTED = each(OLDEST, TODAY - DAY)


def opened(fake, **more):
    keys = {key: more.pop(key) for key in ("packages", "mirrors") if key in more}
    return streams_of(CONNECTOR, PypiConfig(**{"packages": ("engine",), **keys}), fake, **more)["downloads"]


def read(fake, cursor=None, **more):
    return list(opened(fake, **more).read(cursor or {}))


def counts(batches):
    return {key: value for (_, _, key), value in facts(batches).items()}


def states(batches):
    return [(span.state, str(span.first_day), str(span.last_day)) for span in spans(batches)]


def test_downloads_are_totals_of_days():
    fake = FakePypiStats({"engine": {COUNTED[-3]: 5, COUNTED[-1]: 7}}, COUNTED)
    batches = read(fake)
    assert facts(batches) == {("downloads", "engine", "2026-11-21"): 5, ("downloads", "engine", "2026-11-23"): 7}
    assert subjects(batches)["engine"].url == "https://pypi.org/project/engine/"
    assert states(batches) == [
        ("measured", "2026-11-21", "2026-11-23"),  # the day between has no row: nobody downloaded it
        ("missing", "2026-11-24", "2026-11-24"),
    ]


@pytest.mark.parametrize("zeros", [frozenset(), frozenset({date(2026, 11, 20)})])
def test_a_day_that_was_not_counted_is_missing_whether_it_has_no_row_or_a_nought(zeros):
    counted = [day for day in COUNTED if day != date(2026, 11, 20)]
    fake = FakePypiStats({"engine": dict.fromkeys(COUNTED[-6:], 4)}, counted, zeros)
    batches = read(fake)
    assert "2026-11-20" not in counts(batches)
    assert states(batches) == [
        ("measured", "2026-11-18", "2026-11-19"),
        ("missing", "2026-11-20", "2026-11-20"),
        ("measured", "2026-11-21", "2026-11-23"),
        ("missing", "2026-11-24", "2026-11-24"),
    ]


def test_a_service_that_is_behind_is_not_a_fall_to_nought():
    batches = read(FakePypiStats({"engine": dict.fromkeys(COUNTED, 4)}, COUNTED[:-3]))
    assert states(batches)[-1] == ("missing", "2026-11-21", "2026-11-24")


def test_it_is_asked_once_a_day_and_again_where_it_was_behind():
    fake = FakePypiStats({"engine": dict.fromkeys(COUNTED, 4)}, COUNTED)
    first = read(fake)
    assert fake.requests == ["__all__", "engine"]
    again = read(fake, cursor_after(first))
    assert fake.requests == ["__all__", "engine"]
    assert states(again) == [("missing", "2026-11-24", "2026-11-24")]
    read(fake, cursor_after(first), now=NOW + DAY)
    assert fake.requests == ["__all__", "engine"] * 2


def test_a_later_read_covers_the_days_since_the_last():
    fake = FakePypiStats({"engine": dict.fromkeys(COUNTED, 4)}, COUNTED[:-3])
    first = read(fake)
    fake.counted = COUNTED
    again = read(fake, cursor_after(first))
    assert len(counts(again)) == 180
    assert states(again) == [("measured", str(OLDEST), "2026-11-23"), ("missing", "2026-11-24", "2026-11-24")]


def test_days_that_the_service_forgot_unread_are_lost():
    cursor = {"engine": {"through": "2026-05-01"}}
    batches = read(FakePypiStats({"engine": dict.fromkeys(COUNTED, 4)}, COUNTED), cursor)
    assert states(batches)[0] == ("lost", "2026-05-02", str(OLDEST - DAY))
    assert states(batches)[1][0] == "measured"


def test_since_leaves_older_days_out():
    batches = read(FakePypiStats({"engine": dict.fromkeys(COUNTED, 4)}, COUNTED), since=date(2026, 11, 20))
    assert list(counts(batches)) == ["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"]
    assert states(batches)[0] == ("measured", "2026-11-20", "2026-11-23")


def test_mirrors_are_left_out_unless_they_are_wanted():
    fake = FakePypiStats({"engine": {COUNTED[-1]: 5}}, COUNTED)
    assert counts(read(fake, mirrors=True)) == {"2026-11-23": 5}
    wrong = said({"data": [{"category": "with_mirrors", "date": "2026-11-23", "downloads": 9}]})
    fake.spoil = lambda name: wrong if name == "engine" else None
    batches = read(fake)
    assert counts(batches) == {}
    assert len(rejects(batches)) == 1


def test_names_are_those_of_the_index_and_each_is_read_once():
    fake = FakePypiStats({"wheel-house": {COUNTED[-1]: 5}}, COUNTED)
    read(fake, packages=("Wheel.House", "wheel_house"))
    assert fake.requests == ["__all__", "wheel-house"]


def test_a_package_that_is_unknown_stops_no_other():
    fake = FakePypiStats({"engine": {COUNTED[-1]: 5}}, COUNTED)
    batches = read(fake, packages=("engine", "gone"))
    (problem,) = [problem for batch in batches for problem in batch.problems]
    assert isinstance(problem, Gone)
    assert problem.subject == "gone"
    assert spans(batches)[0] == Coverage(COUNTED[-1], COUNTED[-1], "partial", "packages that are not known: 1 of 2")
    with pytest.raises(Gone, match="check `packages`"):
        read(fake, packages=("gone",))


def test_many_packages_are_asked_for_at_the_published_pace():
    names = tuple(f"engine{number}" for number in range(25))
    waited = []
    fake = FakePypiStats({name: {COUNTED[-1]: 5} for name in names}, COUNTED)
    read(fake, packages=names, wait=lambda seconds: waited.append(seconds) or False)
    assert waited == [2.0] * 6
    batches = read(fake, packages=names, wait=lambda _: True)
    assert len(counts(batches)) == 1
    assert spans(batches) == []


def test_packages_before_a_refusal_are_kept_and_nothing_is_claimed():
    fake = FakePypiStats({"a": {COUNTED[-1]: 5}, "b": {COUNTED[-1]: 6}}, COUNTED)
    fake.spoil = lambda name: Answer(429) if name == "b" else None
    kept = until(RateLimited, opened(fake, packages=("a", "b")).read({}))
    assert list(counts(kept).values()) == [5]
    assert set(cursor_after(kept)) == {"a"}
    assert spans(kept) == []


@pytest.mark.parametrize("row", [None, {}, {"category": "without_mirrors", "date": "soon", "downloads": 3}])
def test_a_row_that_cannot_be_used_is_a_reject_and_the_days_are_partial(row):
    good = {"category": "without_mirrors", "date": "2026-11-22", "downloads": "3"}
    fake = FakePypiStats({}, COUNTED, spoil=lambda name: said({"data": [good, row]}) if name == "engine" else None)
    batches = read(fake)
    assert counts(batches) == {"2026-11-22": 3}
    assert len(rejects(batches)) == 1
    assert states(batches)[0] == ("partial", "2026-11-22", "2026-11-23")


@pytest.mark.parametrize("body", [[], {"data": None}, {"data": []}])
def test_what_is_no_list_of_days_is_malformed(body):
    with pytest.raises(Malformed):
        read(FakePypiStats({}, COUNTED, spoil=lambda _: said(body)))


@pytest.mark.parametrize("packages", [(), ("",), ("a/b",), ("-a",), ("__all__",)])
def test_wrong_packages_are_refused(packages):
    with pytest.raises(ValueError, match="packages: "):
        PypiConfig(packages=packages)
