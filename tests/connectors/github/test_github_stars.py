"""Stars per day, as the star history tells them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from github_script import NOW, Harvested, World, harvest
from star_history import HISTORY, SUNDAY, WEEK, asked, later, months, tell, week

from connectors.errors import Malformed
from harvester.demo.exchange import as_json


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


class TestReading:
    def test_the_first_read_walks_back_to_the_creation(self, github: World) -> None:
        tell(github, months(30), months(30, SUNDAY - 30 * WEEK), months(5, SUNDAY - 60 * WEEK))
        found = github.read("stars")
        assert sum(o.value for o in found.observations) == 65
        assert asked(github) == 3
        assert found.coverage == [(date(2023, 12, 31), date(2026, 11, 24), "measured")]

    def test_zeros_are_told_for_thirty_weeks_only(self, github: World) -> None:
        tell(github, months(30), months(30, SUNDAY - 30 * WEEK))
        zeros = [o.key for o in github.read("stars").observations if not o.value]
        assert min(zeros) == "2026-04-29"
        assert len(zeros) < 210

    def test_where_neither_count_nor_repository_has_changed_nothing_is_asked(self, github: World) -> None:
        tell(github, months(30))
        first = github.read("stars")
        tell(github, months(30))
        found = github.read("stars", first.cursor)
        assert (asked(github), found.error, found.coverage[0][2]) == (0, None, "measured")

    @pytest.mark.parametrize("more", [{"stargazers_count": 31}, {"updated_at": "2026-11-24T10:00:00Z"}])
    def test_where_either_has_changed_the_first_page_is_read_again(self, github: World, more: dict[str, Any]) -> None:
        tell(github, months(30), months(5, SUNDAY - 30 * WEEK))
        first = github.read("stars")
        tell(github, [week(SUNDAY, 1, 1), *months(29, SUNDAY - WEEK)], months(5, SUNDAY - 30 * WEEK))
        github.script.add(**{"stargazers_count": 36, "created_at": "2024-01-01T00:00:00Z", **more})
        github.read("stars", first.cursor)
        assert asked(github) >= 1

    def test_a_later_read_asks_for_one_page_where_that_explains_the_count(self, github: World) -> None:
        tell(github, months(30), months(30, SUNDAY - 30 * WEEK))
        first = github.read("stars")
        tell(github, [week(SUNDAY, 1, 1), *months(29, SUNDAY - WEEK)], months(30, SUNDAY - 30 * WEEK))
        found = github.read("stars", first.cursor)
        assert asked(github) == 1
        assert {o.key: o.value for o in found.observations}["2026-11-22"] == 1

    def test_on_a_sunday_one_page_is_enough_though_the_new_week_is_not_listed_yet(self, github: World) -> None:
        tell(github, months(30), months(30, SUNDAY - 30 * WEEK))
        first = github.read("stars")
        later(github, days=5)
        tell(github, [week(SUNDAY, 1, 1), *months(29, SUNDAY - WEEK)], months(30, SUNDAY - 30 * WEEK))
        found = github.read("stars", first.cursor)
        assert asked(github) == 1
        assert {o.key: o.value for o in found.observations}["2026-11-22"] == 1

    def test_an_unstar_lowers_its_day_to_zero(self, github: World) -> None:
        tell(github, [week(SUNDAY, 1), week(SUNDAY - WEEK, 0, 1)])
        first = github.read("stars")
        tell(github, [week(SUNDAY, 1), week(SUNDAY - WEEK, 0, 0)])
        second = {o.key: o.value for o in github.read("stars", first.cursor).observations}
        assert second["2026-11-16"] == 0

    def test_an_unstar_of_long_ago_is_looked_for_on_older_pages(self, github: World) -> None:
        old = SUNDAY - 40 * WEEK
        tell(github, months(30), [week(SUNDAY - 30 * WEEK, 1), week(old, 2)], months(30, SUNDAY - 60 * WEEK))
        first = github.read("stars")
        tell(github, months(30), [week(SUNDAY - 30 * WEEK, 1), week(old, 0)], months(30, SUNDAY - 60 * WEEK))
        found = github.read("stars", first.cursor)
        assert asked(github) == 2
        assert {o.key: o.value for o in found.observations}[old.isoformat()] == 0

    def test_after_a_week_it_is_read_again_whatever_the_count(self, github: World) -> None:
        tell(github, months(30))
        first = github.read("stars")
        for days, times in ((6, 0), (7, 1)):
            tell(github, months(30))
            later(github, days)
            github.read("stars", first.cursor)
            assert asked(github) == times

    def test_stars_that_github_counts_and_does_not_date_are_no_reason_to_look_every_time(self, github: World) -> None:
        tell(github, months(30), months(5, SUNDAY - 30 * WEEK), stars=40)
        first = github.read("stars")
        assert first.cursor["1"]["gap"] == 5
        tell(github, [week(SUNDAY, 1, 1), *months(29, SUNDAY - WEEK)], months(5, SUNDAY - 30 * WEEK), stars=41)
        github.read("stars", first.cursor)
        assert asked(github) == 1

    def test_after_a_long_absence_the_gap_is_read_too(self, github: World) -> None:
        tell(github, months(30), months(30, SUNDAY - 30 * WEEK), months(30, SUNDAY - 60 * WEEK))
        github.options["clock"] = lambda: datetime(2025, 12, 1, 12, tzinfo=UTC)
        first = github.read("stars")
        github.options.clear()
        tell(github, months(30), months(30, SUNDAY - 30 * WEEK), months(30, SUNDAY - 60 * WEEK))
        later(github, 1)
        github.read("stars", first.cursor)
        assert asked(github) == 2

    def test_a_history_told_from_the_oldest_is_read_whole(self, github: World) -> None:
        tell(github, months(30), months(30, SUNDAY - 30 * WEEK), months(5, SUNDAY - 60 * WEEK))
        first = github.read("stars")
        newest = [week(SUNDAY, 1, 1), *months(29, SUNDAY - WEEK)]
        tell(github, months(5, SUNDAY - 60 * WEEK), months(30, SUNDAY - 30 * WEEK), newest)
        found = github.read("stars", first.cursor)
        assert asked(github) == 3
        assert {o.key: o.value for o in found.observations}["2026-11-22"] == 1

    def test_a_backfill_stops_at_its_first_day(self, github: World) -> None:
        tell(github, months(30), months(30, SUNDAY - 30 * WEEK), months(30, SUNDAY - 60 * WEEK))
        github.options["since"] = date(2026, 3, 1)
        found = github.read("stars")
        assert asked(github) == 2
        assert min(o.key for o in found.observations) >= "2026-03-01"
        assert (found.cursor["1"]["through"], found.cursor["1"]["from"]) == ("2026-11-24", "2026-03-01")
        assert found.coverage == [(date(2026, 3, 1), date(2026, 11, 24), "measured")]

    def test_a_backfill_of_what_is_known_reads_back_to_its_day_though_nothing_changed(self, github: World) -> None:
        tell(github, months(30), months(30, SUNDAY - 30 * WEEK), months(30, SUNDAY - 60 * WEEK))
        first = github.read("stars")
        github.script.seen.clear()
        github.options["since"] = date(2026, 3, 1)
        found = github.read("stars", first.cursor)
        assert asked(github) == 2
        assert "from" not in found.cursor["1"]

    def test_a_repository_without_stars_is_not_asked_for_them(self, github: World) -> None:
        tell(github, [], stars=0)
        found = github.read("stars")
        assert (asked(github), found.error, found.observations) == (0, None, [])
        assert found.coverage[0][2] == "measured"

    def test_one_that_has_lost_its_last_star_takes_it_back(self, github: World) -> None:
        tell(github, [week(SUNDAY, 1)])
        first = github.read("stars")
        tell(github, [week(SUNDAY, 0)], stars=0)
        found = {o.key: o.value for o in github.read("stars", first.cursor).observations}
        assert found["2026-11-22"] == 0


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
        {"week": 253402214400, "days": [0] * 7},  # the last day of 9999
    ],
)
def test_a_week_that_is_none_is_rejected_and_the_others_are_kept(github: World, bad: Any) -> None:
    tell(github, [week(SUNDAY, 1), bad])
    found = github.read("stars")
    assert len(found.rejects) == 1
    assert [o.key for o in found.observations if o.value] == ["2026-11-22"]


def test_a_star_given_and_one_taken_in_the_second_of_the_last_read_are_seen(github: World) -> None:
    tell(github, [week(SUNDAY, 1)], updated_at="2026-11-24T11:59:59Z")
    first = github.read("stars")
    tell(github, [week(SUNDAY, 0, 1)], updated_at="2026-11-24T11:59:59Z")
    later(github, 1)
    found = github.read("stars", first.cursor)
    values = {o.key: o.value for o in found.observations}
    assert (values["2026-11-22"], values["2026-11-23"]) == (0, 1)


class TestWithoutHistory:
    """Enterprise Server, where the endpoint answers 404 though the repository is there."""

    def prepare(self, github: World) -> None:
        github.script.add(stargazers_count=41)
        github.script.said[HISTORY] = as_json({"message": "Not Found"}, 404)

    def both(self, github: World, cursor: dict[str, Any] | None = None) -> tuple[Harvested, Harvested]:
        """The two streams of stars, of one opened source."""
        streams = github.streams()
        return harvest(streams["stars"], cursor), harvest(streams["stars_by_level"])

    def test_stars_are_missing_and_say_where_they_are_counted(self, github: World) -> None:
        self.prepare(github)
        found = github.read("stars")
        assert (found.error, found.problems, found.observations) == (None, [], [])
        assert found.coverage == [(date(2026, 1, 5), date(2026, 11, 24), "missing")]
        assert "counted from levels" in found.reasons

    def test_stars_are_counted_from_their_level(self, github: World) -> None:
        self.prepare(github)
        _, found = self.both(github)
        [fact] = found.observations
        assert (fact.metric, fact.key, fact.value, fact.occurred_at) == ("stars", "2026-11-24", 41, NOW)
        assert found.coverage == [(date(2026, 11, 24), date(2026, 11, 24), "measured")]

    def test_once_it_is_certain_the_endpoint_is_not_asked_again_for_a_week(self, github: World) -> None:
        self.prepare(github)
        cursor: dict[str, Any] = {}
        for days, times in ((0, 1), (1, 2), (6, 2), (8, 3), (9, 3)):
            later(github, days)
            by_day, levels = self.both(github, cursor)
            cursor = by_day.cursor
            assert len(github.script.paths("history")) == times
            assert [o.value for o in levels.observations] == [41]

    def test_a_history_that_is_there_at_last_is_read(self, github: World) -> None:
        self.prepare(github)
        first, _ = self.both(github)
        tell(github, [week(SUNDAY, 41)])
        later(github, 7)
        found, levels = self.both(github, first.cursor)
        assert sum(o.value for o in found.observations) == 41
        assert levels.observations == []

    def test_levels_are_silent_where_the_history_speaks(self, github: World) -> None:
        tell(github, [week(SUNDAY, 1)])
        _, found = self.both(github)
        assert found.observations == []
        assert [c.metrics for batch in found.batches for c in batch.coverage] == [()]

    def test_a_repository_without_stars_has_a_level_too_where_no_history_is_told(self, github: World) -> None:
        self.prepare(github)
        github.script.add(2, "ann/two", stargazers_count=0)
        github.config["repos"] = ("ann/one", "ann/two")
        _, found = self.both(github)
        assert {o.subject: o.value for o in found.observations} == {"repo:1": 41, "repo:2": 0}

    def test_one_repository_without_history_spoils_no_other(self, github: World) -> None:
        tell(github, [week(SUNDAY, 1)])
        github.script.add(2, "ann/two", stargazers_count=7)
        github.script.said["/repos/ann/two/stargazers/history"] = as_json({}, 404)
        github.config["repos"] = ("ann/one", "ann/two")
        by_day, by_level = self.both(github)
        assert {o.subject for o in by_day.observations} == {"repo:1"}
        assert {o.subject for o in by_level.observations} == {"repo:2"}


def test_what_a_first_read_asks_is_foreseen(github: World) -> None:
    tell(github, months(30), months(30, SUNDAY - 30 * WEEK), born="2025-11-01T00:00:00Z")
    [cost] = github.streams()["stars"].plan({})  # type: ignore[attr-defined]
    assert (cost.bucket, cost.requests) == ("core", 2)
    found = github.read("stars")
    assert github.streams()["stars"].plan(found.cursor) == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("token", [None, "ghp_x"])
def test_stars_are_told_with_and_without_a_token(github: World, token: str | None) -> None:
    github.token = token
    tell(github, [week(SUNDAY, 1)])
    assert github.read("stars").keys("stars")[-1] == "2026-11-24"
