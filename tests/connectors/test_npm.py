"""The npm connector against a fake of its download counts, with noughts for what was not counted."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from fake_downloads import FakeNpm, each
from wired import cursor_after, facts, rejects, said, spans, streams_of, subjects, until

from connectors.errors import Gone, Malformed, RateLimited
from connectors.npm import CONNECTOR, NpmConfig
from connectors.testing import NOW, Answer

TODAY = NOW.date()
DAY = timedelta(days=1)
UNTIL = date(2026, 11, 22)  # two days behind


def opened(fake, packages=("engine",), **more):
    return streams_of(CONNECTOR, NpmConfig(packages=packages), fake, **more)["downloads"]


def read(fake, cursor=None, **more):
    return list(opened(fake, **more).read(cursor or {}))


def counts(batches):
    return {key: value for (_, _, key), value in facts(batches).items()}


def states(batches):
    return [(span.state, str(span.first_day), str(span.last_day)) for span in spans(batches)]


def engine(first=date(2026, 11, 18), count=4, **more):
    return FakeNpm({"engine": dict.fromkeys(each(first, TODAY), count)}, UNTIL, **more)


def test_noughts_at_the_fresh_end_are_days_that_were_not_counted_yet():
    batches = read(engine())
    assert counts(batches) == dict.fromkeys(("2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"), 4)
    assert states(batches) == [("measured", "2026-11-18", "2026-11-22"), ("missing", "2026-11-23", "2026-11-24")]


def test_noughts_before_the_first_download_are_of_no_package():
    assert min(counts(read(engine(date(2026, 11, 20))))) == "2026-11-20"


def test_a_nought_on_a_day_that_was_counted_is_measured():
    fake = engine()
    fake.packages["engine"][date(2026, 11, 20)] = 0
    batches = read(fake)
    assert counts(batches)["2026-11-20"] == 0
    assert states(batches)[0] == ("measured", "2026-11-18", "2026-11-22")


def test_a_day_on_which_npm_counted_nothing_at_all_is_missing():
    batches = read(engine(holes=frozenset({date(2026, 11, 20)})))
    assert "2026-11-20" not in counts(batches)
    assert states(batches) == [
        ("measured", "2026-11-18", "2026-11-19"),
        ("missing", "2026-11-20", "2026-11-20"),
        ("measured", "2026-11-21", "2026-11-22"),
        ("missing", "2026-11-23", "2026-11-24"),
    ]


def test_no_question_is_longer_than_a_year():
    fake = engine(date(2025, 6, 1))
    batches = read(fake)
    first = TODAY - 548 * DAY
    assert fake.requests == [
        f"{first}:2026-05-24",
        "2026-05-25:2026-11-24",
        f"{first}:2026-05-24/engine",
        "2026-05-25:2026-11-24/engine",
    ]
    assert len(counts(batches)) == (UNTIL - date(2025, 6, 1)).days + 1


def test_since_goes_further_back_but_not_before_the_first_day_that_is_told():
    fake = engine(date(2015, 2, 1))
    batches = read(fake, since=date(2010, 1, 1))
    assert min(counts(batches)) == "2015-02-01"
    assert fake.requests[0].startswith("2015-01-10:")
    assert states(batches)[0][1] == "2015-02-01"


def test_a_later_read_repeats_a_month_and_fills_holes():
    fake = engine(date(2025, 6, 1), holes=frozenset({date(2026, 11, 1)}))
    first = read(fake)
    fake.holes, fake.counted_until = frozenset(), date(2026, 11, 24)
    again = read(fake, cursor_after(first), now=NOW + DAY)
    assert fake.requests[-1] == "2026-10-23:2026-11-25/engine"
    assert counts(again)["2026-11-01"] == 4
    assert states(again) == [("measured", "2026-10-23", "2026-11-24"), ("missing", "2026-11-25", "2026-11-25")]


def test_a_month_without_downloads_of_a_known_package_is_measured():
    first = read(engine(date(2026, 9, 1)))
    silent = FakeNpm({"engine": {}}, date(2026, 11, 30))
    again = read(silent, cursor_after(first), now=NOW + 10 * DAY)
    assert set(counts(again).values()) == {0}
    assert states(again)[0] == ("measured", "2026-10-23", "2026-11-30")


def test_a_scoped_package_keeps_its_slash():
    fake = FakeNpm({"@me/engine": {UNTIL: 4}}, UNTIL)
    batches = read(fake, packages=("@me/engine",))
    assert fake.requests[-1].endswith("/@me/engine")
    assert subjects(batches)["@me/engine"].url == "https://www.npmjs.com/package/@me/engine"


def test_a_package_that_is_unknown_stops_no_other():
    batches = read(engine(), packages=("engine", "gone"))
    (problem,) = [problem for batch in batches for problem in batch.problems]
    assert isinstance(problem, Gone)
    assert problem.subject == "gone"
    assert states(batches)[0] == ("partial", "2026-11-18", "2026-11-22")
    with pytest.raises(Gone, match="check `packages`"):
        read(engine(), packages=("gone",))


def test_years_before_a_refusal_are_kept_and_nothing_is_claimed():
    fake = engine(date(2025, 6, 1))
    fake.spoil = lambda name: Answer(429) if name and len(fake.requests) > 3 else None
    kept = until(RateLimited, opened(fake).read({}))
    assert min(counts(kept)) == "2025-06-01"
    assert cursor_after(kept) == {"engine": {"from": "2025-06-01", "through": "2026-05-24"}}
    assert spans(kept) == []
    fake.spoil = None
    rest = read(fake, cursor_after(kept))
    assert len({**counts(kept), **counts(rest)}) == (UNTIL - date(2025, 6, 1)).days + 1


@pytest.mark.parametrize(
    "row", [None, {"day": "soon", "downloads": 3}, {"day": "2020-01-01", "downloads": 3}, {"day": "2026-11-20"}]
)
def test_a_row_that_cannot_be_used_is_a_reject_and_the_days_are_partial(row):
    body = {"downloads": [{"day": "2026-11-22", "downloads": 3}, row]}
    fake = engine(spoil=lambda name: said(body) if name and len(fake.requests) > 3 else None)
    batches = read(fake)
    assert len(rejects(batches)) == 1
    assert states(batches)[0][0] == "partial"


@pytest.mark.parametrize("body", [[], {"downloads": None}, {"downloads": []}, {"error": "no"}])
def test_what_is_no_list_of_days_is_malformed(body):
    with pytest.raises(Malformed):
        read(engine(spoil=lambda _: said(body)))


def test_a_read_that_is_to_stop_claims_nothing():
    assert read(engine(), is_stopping=lambda: True) == []


@pytest.mark.parametrize("packages", [(), ("",), ("a b",), ("@me",), ("a/b",), ("a,b",)])
def test_wrong_packages_are_refused(packages):
    with pytest.raises(ValueError, match="packages: "):
        NpmConfig(packages=packages)
