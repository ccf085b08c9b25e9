"""Stars per day, as the star history tells them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from github_script import NOW, World

from connectors.errors import Malformed
from harvester.demo.exchange import Answer, Request, as_json

HISTORY = "/repos/ann/one/stargazers/history"
SUNDAY = date(2026, 11, 22)  # of the week of NOW, which is Tuesday 24 November, 04:00 in Los Angeles
WEEK = timedelta(days=7)


def week(sunday: date, *days: int) -> dict[str, Any]:
    counts = [*days, *([0] * (7 - len(days)))]
    epoch = int(datetime(sunday.year, sunday.month, sunday.day, tzinfo=UTC).timestamp())
    return {"week": epoch, "total": sum(counts), "days": counts}


def tell(github: World, *pages: list[Any], stars: int = 5, born: str = "2024-01-01T00:00:00Z") -> None:
    """A history of some pages, the newest first."""
    github.script.add(stargazers_count=stars, created_at=born)

    def answer(request: Request) -> Answer:
        number = int(request.query.get("page", 1))
        url = f"{github.service.url}/repositories/1/stargazers/history?page={number + 1}"
        headers = {"Link": f'<{url}>; rel="next"'} if number < len(pages) else {}
        return as_json(pages[number - 1], headers=headers)

    github.script.said[HISTORY] = answer
    github.script.said["/repositories/1/stargazers/history"] = answer


def months(count: int, first: date = SUNDAY) -> list[dict[str, Any]]:
    """So many weeks back from `first`, one star on each Monday."""
    return [week(first - n * WEEK, 0, 1) for n in range(count)]


def test_a_day_is_a_day_of_los_angeles(github: World) -> None:
    tell(github, [week(SUNDAY, 3, 0, 2)])
    found = {o.key: o for o in github.read("stars").observations}
    assert (found["2026-11-22"].value, found["2026-11-24"].value) == (3, 2)
    assert found["2026-11-22"].occurred_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert found["2026-11-22"].metric == "stars"


def test_the_start_of_a_summer_day_is_an_hour_earlier(github: World) -> None:
    tell(github, [week(date(2026, 7, 5), 1)])
    [day] = [o for o in github.read("stars").observations if o.value]
    assert day.occurred_at == datetime(2026, 7, 5, 7, tzinfo=UTC)


def test_days_to_come_are_padding(github: World) -> None:
    tell(github, [week(SUNDAY, 0, 1, 1, 0, 0, 0, 0)])
    assert max(o.key for o in github.read("stars").observations) == "2026-11-24"


def test_days_before_the_creation_are_not_zero_but_nothing(github: World) -> None:
    tell(github, [week(SUNDAY, 0, 0, 1)], born="2026-11-23T20:00:00Z")
    assert [o.key for o in github.read("stars").observations] == ["2026-11-23", "2026-11-24"]


def test_the_first_read_walks_back_to_the_creation(github: World) -> None:
    tell(github, months(30), months(30, SUNDAY - 30 * WEEK), months(5, SUNDAY - 60 * WEEK))
    found = github.read("stars")
    assert sum(o.value for o in found.observations) == 65
    assert len(github.script.paths("history")) == 3
    assert found.cursor["1"] == {"through": "2026-11-24"}
    assert found.coverage == [(date(2023, 12, 31), date(2026, 11, 24), "measured")]


def test_zeros_are_told_for_thirty_weeks_only(github: World) -> None:
    tell(github, months(30), months(30, SUNDAY - 30 * WEEK))
    zeros = [o.key for o in github.read("stars").observations if not o.value]
    assert min(zeros) == "2026-04-29"
    assert len(zeros) < 210


def test_a_later_read_asks_for_one_page_and_repeats_thirty_weeks(github: World) -> None:
    tell(github, months(30), months(30, SUNDAY - 30 * WEEK))
    first = github.read("stars")
    github.script.seen.clear()
    second = github.read("stars", first.cursor)
    assert len(github.script.paths("history")) == 1
    told = {(o.key, o.value) for o in first.observations}
    assert {(o.key, o.value) for o in second.observations} <= told


def test_an_unstar_lowers_its_day_to_zero(github: World) -> None:
    tell(github, [week(SUNDAY, 1), week(SUNDAY - WEEK, 0, 1)])
    first = github.read("stars")
    tell(github, [week(SUNDAY, 1), week(SUNDAY - WEEK, 0, 0)])
    second = {o.key: o.value for o in github.read("stars", first.cursor).observations}
    assert second["2026-11-16"] == 0


def test_after_a_long_absence_the_gap_is_read_too(github: World) -> None:
    tell(github, months(30), months(30, SUNDAY - 30 * WEEK), months(30, SUNDAY - 60 * WEEK))
    found = github.read("stars", {"1": {"through": "2026-01-01"}})
    assert len(github.script.paths("history")) == 2
    assert sum(o.value for o in found.observations) == 60


def test_a_history_told_from_the_oldest_is_read_whole(github: World) -> None:
    tell(github, months(5, SUNDAY - 60 * WEEK), months(30, SUNDAY - 30 * WEEK), months(30))
    found = github.read("stars", {"1": {"through": "2026-11-23"}})
    assert sum(o.value for o in found.observations) == 65


def test_a_backfill_stops_at_its_first_day(github: World) -> None:
    tell(github, months(30), months(30, SUNDAY - 30 * WEEK), months(30, SUNDAY - 60 * WEEK))
    github.options["since"] = date(2026, 3, 1)
    found = github.read("stars")
    assert len(github.script.paths("history")) == 2
    assert min(o.key for o in found.observations) >= "2026-03-01"
    assert found.cursor["1"] == {"through": "2026-11-24", "from": "2026-03-01"}
    assert found.coverage == [(date(2026, 3, 1), date(2026, 11, 24), "measured")]


def test_only_the_end_of_the_history_is_a_checkpoint(github: World) -> None:
    tell(github, months(30), months(30, SUNDAY - 30 * WEEK))
    first, last, whole = github.read("stars").batches
    assert first.checkpoint is None
    assert set(last.checkpoint or {}) == {"1"}
    assert set(whole.checkpoint or {}) == {"whole"}


def test_an_empty_answer_is_not_zero_stars(github: World) -> None:
    tell(github, [], stars=5)
    found = github.read("stars")
    assert isinstance(found.error, Malformed)
    assert "though there are 5 stars" in found.error.what
    assert (found.observations, found.cursor) == ([], {})


def test_an_empty_answer_of_a_repository_without_stars_is_zero(github: World) -> None:
    tell(github, [], stars=0)
    found = github.read("stars")
    assert (found.error, found.observations) == (None, [])
    assert found.coverage[0][2] == "measured"


@pytest.mark.parametrize(
    "bad",
    [
        None,
        {},
        {"week": "2026-11-22", "days": [0] * 7},
        {"week": 1763856000, "days": [0] * 6},
        {"week": 1763856000, "days": [0, 0, 0, "1", 0, 0, 0]},
        {"week": 1763856000, "days": [0, 0, 0, -1, 0, 0, 0]},
        {"week": 10**18, "days": [0] * 7},
    ],
)
def test_a_week_that_is_none_is_rejected_and_the_others_are_kept(github: World, bad: Any) -> None:
    tell(github, [week(SUNDAY, 1), bad])
    found = github.read("stars")
    assert len(found.rejects) == 1
    assert [o.key for o in found.observations if o.value] == ["2026-11-22"]


class TestWithoutHistory:
    """Enterprise Server, where the endpoint answers 404 though the repository is there."""

    def prepare(self, github: World) -> None:
        github.script.add(stargazers_count=41)
        github.script.said[HISTORY] = as_json({"message": "Not Found"}, 404)

    def test_stars_are_missing_and_say_where_they_are_counted(self, github: World) -> None:
        self.prepare(github)
        found = github.read("stars")
        assert (found.error, found.problems, found.observations) == (None, [], [])
        assert found.coverage == [(date(2026, 1, 5), date(2026, 11, 24), "missing")]
        assert "counted from levels" in found.reasons

    def test_stars_are_counted_from_their_level(self, github: World) -> None:
        self.prepare(github)
        found = github.read("stars_by_level")
        [fact] = found.observations
        assert (fact.metric, fact.key, fact.value, fact.occurred_at) == ("stars", "2026-11-24", 41, NOW)
        assert found.coverage == [(date(2026, 11, 24), date(2026, 11, 24), "measured")]

    def test_the_endpoint_is_asked_once_for_both_streams(self, github: World) -> None:
        self.prepare(github)
        streams = github.streams()
        for name in ("stars", "stars_by_level"):
            list(streams[name].read({}))
        assert len(github.script.paths("history")) == 1

    def test_levels_are_silent_where_the_history_speaks(self, github: World) -> None:
        tell(github, [week(SUNDAY, 1)])
        found = github.read("stars_by_level")
        assert found.observations == []
        assert [c.metrics for batch in found.batches for c in batch.coverage] == [()]

    def test_one_repository_without_history_spoils_no_other(self, github: World) -> None:
        tell(github, [week(SUNDAY, 1)])
        github.script.add(2, "ann/two", stargazers_count=7)
        github.script.said["/repos/ann/two/stargazers/history"] = as_json({}, 404)
        github.config["repos"] = ("ann/*", "ann/one", "ann/two")
        github.script.said["/users/ann/repos"] = as_json([])
        assert {o.subject for o in github.read("stars").observations} == {"repo:1"}
        assert {o.subject for o in github.read("stars_by_level").observations} == {"repo:2"}
