"""Traffic of repositories, which GitHub tells for a fortnight and to those with push access only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from github_script import NOW, World, harvest

from connectors.base import Cost
from connectors.errors import Malformed, NotPermitted
from harvester.demo.exchange import Answer, Request, as_json

TRAFFIC = "/repos/ann/one/traffic"
REFUSAL = as_json({"message": "Resource not accessible by personal access token"}, 403)
TODAY = date(2026, 11, 24)


def day(text: str, count: Any = 5, uniques: Any = 2) -> dict[str, Any]:
    return {"timestamp": f"{text}T00:00:00Z", "count": count, "uniques": uniques}


def tell(github: World, views: list[Any], clones: list[Any], name: str = "ann/one") -> None:
    for what, days in (("views", views), ("clones", clones)):
        github.script.said[f"/repos/{name}/traffic/{what}"] = as_json({"count": 9, "uniques": 9, what: days})


def popular(github: World, referrers: list[Any], paths: list[Any]) -> None:
    github.script.said[f"{TRAFFIC}/popular/referrers"] = as_json(referrers)
    github.script.said[f"{TRAFFIC}/popular/paths"] = as_json(paths)


class TestDays:
    def test_days_are_utc_days_of_the_repository(self, github: World) -> None:
        tell(github, [day("2026-11-20", 7, 3)], [day("2026-11-23", 2, 1)])
        found = github.read("traffic")
        assert [(o.metric, o.subject, o.key, o.value, o.occurred_at) for o in found.observations] == [
            ("traffic_views", "repo:1", "2026-11-20", 7, datetime(2026, 11, 20, tzinfo=UTC)),
            ("traffic_visitors", "repo:1", "2026-11-20", 3, datetime(2026, 11, 20, tzinfo=UTC)),
            ("traffic_clones", "repo:1", "2026-11-23", 2, datetime(2026, 11, 23, tzinfo=UTC)),
            ("traffic_cloners", "repo:1", "2026-11-23", 1, datetime(2026, 11, 23, tzinfo=UTC)),
        ]
        assert github.script.paths("/traffic/") == [
            f"{TRAFFIC}/views?per=day",
            f"{TRAFFIC}/clones?per=day",
        ]

    def test_a_fortnight_is_measured_and_its_quiet_days_are_no_facts(self, github: World) -> None:
        tell(github, [day("2026-11-20"), day("2026-11-23")], [])
        found = github.read("traffic")
        assert found.keys("traffic_views") == ["2026-11-20", "2026-11-23"]
        assert found.keys("traffic_clones") == []
        assert found.coverage == [(date(2026, 11, 11), TODAY, "measured")]

    def test_a_younger_repository_is_measured_from_its_creation(self, github: World) -> None:
        github.script.add(created_at="2026-11-20T10:00:00Z")
        tell(github, [], [])
        assert github.read("traffic").coverage == [(date(2026, 11, 20), TODAY, "measured")]

    @pytest.mark.parametrize(
        ("entry", "why"),
        [
            (day("2026-11-20", -1), "-1 is not a count"),
            (day("2026-11-20", 5, None), "None is not a count"),
            ({"count": 1, "uniques": 1}, "None is not a date"),
            (day("2027-11-20"), "timestamp is 2027-11-20"),
            ("Friday", "not an object"),
        ],
    )
    def test_a_day_that_cannot_be_used_is_rejected_not_fatal(self, github: World, entry: Any, why: str) -> None:
        tell(github, [entry, day("2026-11-21")], [])
        found = github.read("traffic")
        assert found.keys("traffic_views") == found.keys("traffic_visitors") == ["2026-11-21"]
        assert found.rejects == [f"a day of the views of ann/one: {why}"]

    def test_an_answer_without_its_days_is_not_quiet_days(self, github: World) -> None:
        tell(github, [], [])
        github.script.said[f"{TRAFFIC}/clones"] = as_json({"count": 0, "uniques": 0})
        found = github.read("traffic")
        assert isinstance(found.error, Malformed)
        assert found.observations == []

    def test_recorded_answers(self, github: World, recorded: Callable[[str], list[dict[str, Any]]]) -> None:
        for exchange in recorded("traffic"):
            what = exchange["request"]["path"].rpartition("/")[2]
            github.script.said[f"{TRAFFIC}/{what}"] = as_json(exchange["response"]["body"])
        found = github.read("traffic")
        totals: dict[str, list[float]] = {}
        for one in found.observations:
            totals.setdefault(one.metric, []).append(one.value)
        assert totals == {
            "traffic_views": [56, 6, 18, 4, 9],
            "traffic_visitors": [4, 2, 1, 1, 3],
            "traffic_clones": [4],
            "traffic_cloners": [4],
        }
        assert (found.rejects, found.error) == ([], None)


PATHS = {"traffic": ("views", "clones"), "referrers": ("popular/referrers", "popular/paths")}


def refuse(github: World, stream: str) -> None:
    """Both at once, as the right is one; which of them answers first is chance."""
    for path in PATHS[stream]:
        github.script.said[f"{TRAFFIC}/{path}"] = REFUSAL


class TestRights:
    @pytest.mark.parametrize("stream", ["traffic", "referrers"])
    def test_without_a_token_nobody_is_asked(self, github: World, stream: str) -> None:
        github.token = None
        found = github.read(stream)
        assert isinstance(found.error, NotPermitted)
        assert "Administration: read" in found.error.what
        assert github.script.paths("/traffic/") == []

    @pytest.mark.parametrize("stream", PATHS)
    def test_a_missing_right_everywhere_ends_the_stream_and_is_named(self, github: World, stream: str) -> None:
        refuse(github, stream)
        found = github.read(stream)
        assert isinstance(found.error, NotPermitted)
        assert "Administration: read" in found.error.what
        assert [str(problem) for problem in found.problems] == [str(found.error)]
        assert found.observations == []

    def test_what_was_refused_twice_is_asked_for_once_a_day_and_read_when_it_is_granted(self, github: World) -> None:
        refuse(github, "traffic")
        cursor: dict[str, Any] = {}
        for hours, asked in ((0, True), (1, True), (2, False), (11, False), (12, True), (13, False)):
            github.options["clock"] = lambda hours=hours: NOW + timedelta(hours=hours)
            github.script.seen.clear()
            found = github.read("traffic", cursor)
            cursor = {**cursor, **found.cursor}
            assert isinstance(found.error, NotPermitted)
            assert bool(github.script.paths("/traffic/")) == asked
        tell(github, [day("2026-11-20")], [])
        github.options["clock"] = lambda: NOW + timedelta(hours=36)
        assert github.read("traffic", cursor).keys("traffic_views") == ["2026-11-20"]

    def test_where_traffic_was_refused_referrers_are_not_asked_for(self, github: World) -> None:
        refuse(github, "traffic")
        streams = github.streams()
        harvest(streams["traffic"])
        found = harvest(streams["referrers"])
        assert isinstance(found.error, NotPermitted)
        assert found.error.what.startswith("referrers of ann/one: the token")
        assert github.script.paths("popular") == []

    def test_a_missing_right_on_one_repository_leaves_the_others(self, github: World) -> None:
        github.script.add(2, "ann/two")
        github.config["repos"] = ("ann/one", "ann/two")
        refuse(github, "traffic")
        tell(github, [day("2026-11-20")], [], "ann/two")
        found = github.read("traffic")
        assert [(type(p), p.subject) for p in found.problems] == [(NotPermitted, "ann/one")]
        assert "Administration: read" in found.problems[0].what
        assert {o.subject for o in found.observations} == {"repo:2"}
        assert found.coverage == [(date(2026, 11, 11), TODAY, "partial")]

    @pytest.mark.parametrize("permission", ["READ", "TRIAGE"])
    @pytest.mark.parametrize("stream", ["traffic", "referrers"])
    def test_where_the_tokens_owner_may_not_push_github_is_not_asked(
        self, github: World, stream: str, permission: str
    ) -> None:
        github.script.add(pulse={"viewerPermission": permission})
        found = github.read(stream)
        assert isinstance(found.error, NotPermitted)
        assert "may not push there" in found.error.what
        assert github.script.paths("/traffic/") == []
        assert github.streams()[stream].plan({}) == []  # type: ignore[attr-defined]

    @pytest.mark.parametrize("permission", ["WRITE", "MAINTAIN", "ADMIN", None])
    def test_where_the_owner_may_or_nothing_is_known_github_is_asked(
        self, github: World, permission: str | None
    ) -> None:
        github.script.add(pulse={"viewerPermission": permission})
        tell(github, [day("2026-11-20")], [])
        assert github.read("traffic").keys("traffic_views") == ["2026-11-20"]


class TestHowOften:
    def later(self, github: World, hours: int) -> None:
        github.options["clock"] = lambda: NOW + timedelta(hours=hours)
        github.script.seen.clear()

    @pytest.mark.parametrize(("hours", "times"), [(11, 0), (12, 2)], ids=["the same day", "the next day"])
    def test_traffic_is_read_once_a_day_of_utc(self, github: World, hours: int, times: int) -> None:
        tell(github, [day("2026-11-20")], [])
        first = github.read("traffic")
        self.later(github, hours)
        found = github.read("traffic", first.cursor)
        assert len(github.script.paths("/traffic/")) == times
        assert (found.error, found.coverage[0][2]) == (None, "measured")

    @pytest.mark.parametrize(("hours", "times"), [(10, 0), (11, 2)], ids=["the same day", "the next day"])
    def test_referrers_are_read_once_a_day_of_the_configuration(self, github: World, hours: int, times: int) -> None:
        popular(github, [{"referrer": "Google", "count": 40}], [])
        first = github.read("referrers")
        self.later(github, hours)
        github.read("referrers", first.cursor)
        assert len(github.script.paths("/traffic/")) == times

    def test_an_answer_that_is_known_is_told_no_more(self, github: World) -> None:
        def answer(request: Request) -> Answer:
            if request.headers.get("if-none-match") == '"v1"':
                return Answer(304, {"ETag": '"v1"'})
            return as_json({"views": [day("2026-11-20")]}, headers={"ETag": '"v1"'})

        tell(github, [], [day("2026-11-20")])
        github.script.said[f"{TRAFFIC}/views"] = answer
        first = github.read("traffic")
        self.later(github, 24)
        found = github.read("traffic", first.cursor)
        assert {o.metric for o in found.observations} == {"traffic_clones", "traffic_cloners"}
        assert found.cursor["1"]["etags"] == first.cursor["1"]["etags"]

    @pytest.mark.parametrize("stream", ["traffic", "referrers"])
    def test_what_a_read_would_ask_is_foreseen(self, github: World, stream: str) -> None:
        tell(github, [], [])
        popular(github, [], [])
        assert github.streams()[stream].plan({}) == [Cost("core", 2, 2)]  # type: ignore[attr-defined]
        found = github.read(stream)
        assert github.streams()[stream].plan(found.cursor) == []  # type: ignore[attr-defined]


class TestPopular:
    def test_the_sums_of_a_fortnight_are_readings_of_the_day(self, github: World) -> None:
        popular(
            github,
            [{"referrer": "Google", "count": 40, "uniques": 9}],
            [
                {"path": "/ann/one", "title": "ann/one: An engine", "count": 30, "uniques": 8},
                {"path": "/ann/one/issues/7", "title": "It breaks", "count": 3, "uniques": 2},
            ],
        )
        found = github.read("referrers")
        assert [(o.metric, o.subject, o.key, o.value, o.occurred_at) for o in found.observations] == [
            ("referrer_views", "repo:1:referrer:Google", "2026-11-24", 40, NOW),
            ("path_views", "repo:1:path:/", "2026-11-24", 30, NOW),
            ("path_views", "repo:1:path:/issues/7", "2026-11-24", 3, NOW),
        ]
        [batch, _] = found.batches
        assert [(s.name, s.kind, s.url) for s in batch.subjects] == [
            ("ann/one from Google", "repo", ""),
            ("ann/one at /", "repo", "https://github.com/ann/one"),
            ("ann/one at /issues/7", "repo", "https://github.com/ann/one/issues/7"),
        ]
        assert found.coverage == [(TODAY, TODAY, "measured")]

    def test_a_page_under_an_old_name_and_the_new_one_is_one_page(self, github: World) -> None:
        popular(
            github,
            [],
            [{"path": "/ann/one/wiki", "title": "", "count": 3}, {"path": "/bob/old/wiki", "title": "", "count": 4}],
        )
        assert [(o.subject, o.value) for o in github.read("referrers").observations] == [("repo:1:path:/wiki", 7)]

    def test_an_entry_that_cannot_be_used_is_rejected_not_fatal(self, github: World) -> None:
        popular(
            github,
            [{"count": 3}, {"referrer": "t.co", "count": "3"}, {"referrer": "x" * 3000, "count": 1}],
            [{"path": "/about", "count": 3}, {"path": "/ann/one/wiki", "count": 2}],
        )
        found = github.read("referrers")
        assert [o.value for o in found.observations] == [2]
        assert [text.partition(": ")[0] for text in found.rejects] == [
            *["one of the referrers of ann/one"] * 3,
            "one of the paths of ann/one",
        ]

    def test_an_object_for_the_list_is_malformed(self, github: World) -> None:
        popular(github, [], [])
        github.script.said[f"{TRAFFIC}/popular/paths"] = as_json({})
        assert isinstance(github.read("referrers").error, Malformed)
