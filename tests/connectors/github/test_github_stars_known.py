"""What of a star history is known already: days that are not told again, and answers that are not asked for again."""

from __future__ import annotations

from datetime import date
from typing import Any

from github_script import World
from star_history import HISTORY, SUNDAY, WEEK, asked, later, months, tell, week

from harvester.demo.exchange import Answer, Request


class TestKnownDays:
    """Of the newest thirty weeks a later read tells only the days that have changed."""

    def told(self, github: World, cursor: dict[str, Any], *pages: list[Any]) -> dict[str, float]:
        tell(github, *pages, updated_at="2026-11-24T10:00:00Z")
        found = github.read("stars", cursor)
        assert (asked(github), found.error) == (len(pages), None)
        return {o.key: o.value for o in found.observations}

    def test_a_day_that_has_changed_is_told_alone(self, github: World) -> None:
        tell(github, months(30))
        first = github.read("stars")
        now = [week(SUNDAY, 0, 1, 2), *months(28, SUNDAY - WEEK), week(SUNDAY - 29 * WEEK, 0, 0)]
        assert self.told(github, first.cursor, now) == {"2026-11-24": 2, "2026-05-04": 0}

    def test_of_a_longer_history_the_newest_weeks_are_the_known_ones(self, github: World) -> None:
        older = months(40, SUNDAY - 30 * WEEK)
        tell(github, months(30), older)
        first = github.read("stars")
        tell(github, [week(SUNDAY, 1, 1), *months(29, SUNDAY - WEEK)], older)
        found = github.read("stars", first.cursor)
        assert asked(github) == 1
        assert {o.key: o.value for o in found.observations} == {"2026-11-22": 1}

    def test_two_days_are_told_that_make_up_for_each_other(self, github: World) -> None:
        tell(github, months(30))
        first = github.read("stars")
        now = [*months(3), week(SUNDAY - 3 * WEEK, 1, 0), *months(26, SUNDAY - 4 * WEEK)]
        assert self.told(github, first.cursor, now) == {"2026-11-01": 1, "2026-11-02": 0}

    def test_a_day_listed_before_it_has_come_is_told_when_it_has(self, github: World) -> None:
        early = [week(SUNDAY, 0, 1, 0, 4), *months(29, SUNDAY - WEEK)]
        tell(github, early)
        first = github.read("stars")
        assert "2026-11-25" not in {o.key for o in first.observations}
        later(github, 1)
        assert self.told(github, first.cursor, early) == {"2026-11-25": 4}

    def test_what_a_second_read_has_told_a_third_knows(self, github: World) -> None:
        tell(github, months(30))
        first = github.read("stars")
        now = [week(SUNDAY, 0, 1, 2), *months(29, SUNDAY - WEEK)]
        tell(github, now)
        second = github.read("stars", first.cursor)
        assert self.told(github, second.cursor, now) == {}

    def test_a_week_that_could_not_be_read_is_compared_with_what_was_told_before(self, github: World) -> None:
        tell(github, months(30))
        first = github.read("stars")
        tell(github, [{"week": "?"}, *months(29, SUNDAY - WEEK)], stars=30, updated_at="2026-11-24T09:00:00Z")
        second = github.read("stars", first.cursor)
        assert second.rejects
        now = [week(SUNDAY, 0, 3), *months(29, SUNDAY - WEEK)]
        assert self.told(github, second.cursor, now) == {"2026-11-23": 3}

    def test_a_cursor_that_keeps_no_days_yet_has_them_all_told(self, github: World) -> None:
        tell(github, months(30))
        first = github.read("stars")
        del first.cursor["1"]["days"]
        found = self.told(github, first.cursor, months(30))
        assert (len(found), sum(found.values())) == (206, 30)

    def test_days_are_kept_of_thirty_weeks(self, github: World) -> None:
        tell(github, months(30), months(30, SUNDAY - 30 * WEEK))
        days = github.read("stars").cursor["1"]["days"]
        assert days == [[0, 1, 0, 0, 0, 0, 0]] * 30

    def test_a_backfill_tells_them_again(self, github: World) -> None:
        tell(github, months(30))
        first = github.read("stars")
        github.options["since"] = date(2026, 11, 1)
        assert sum(o.value for o in github.read("stars", first.cursor).observations) == 30


class TestKnownAnswers:
    """A page that has not changed since costs nothing."""

    def prepare(self, github: World, *pages: list[Any], stars: int | None = None) -> dict[str, Any]:
        tell(github, *pages, stars=stars)
        plain = github.script.said[HISTORY]
        assert callable(plain)

        def answer(request: Request) -> Answer:
            if request.headers.get("if-none-match") == '"v1"':
                return Answer(304, {"ETag": '"v1"'})
            return plain(request).with_headers(ETag='"v1"')

        github.script.said[HISTORY] = answer
        first = github.read("stars")
        github.script.seen.clear()
        return first.cursor

    def test_it_is_asked_for_with_what_proves_that_it_is_known(self, github: World) -> None:
        cursor = self.prepare(github, months(30))
        later(github, 8)
        found = github.read("stars", cursor)
        [request] = [one for one in github.script.seen if "history" in one.path]
        assert request.headers["if-none-match"] == '"v1"'
        assert (found.observations, found.error) == ([], None)
        assert found.cursor["1"]["through"] == "2026-12-02"

    def test_where_the_count_has_changed_all_the_same_an_older_page_must_have(self, github: World) -> None:
        cursor = self.prepare(github, months(30), months(5, SUNDAY - 30 * WEEK))
        github.script.add(stargazers_count=34, created_at="2024-01-01T00:00:00Z")
        github.read("stars", cursor)
        assert asked(github) == 3

    def test_another_token_is_told_anew(self, github: World) -> None:
        cursor = self.prepare(github, months(30))
        github.token = "ghp_another"
        later(github, 8)
        github.read("stars", cursor)
        [request] = [one for one in github.script.seen if "history" in one.path]
        assert "if-none-match" not in request.headers
