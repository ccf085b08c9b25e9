"""Downloads of the files of releases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from github_script import NOW, Json, Refusal, World, each, of_list

from connectors.base import Cost
from connectors.errors import Malformed, Unavailable
from harvester.demo.exchange import Answer, Request, as_json

RELEASES = "/repos/ann/one/releases"
TODAY = date(2026, 11, 24)


def asset(number: int, downloads: Any = 3, **more: Any) -> Json:
    return {
        "id": f"RA_{number}",
        "name": f"file{number}.zip",
        "createdAt": "2026-03-01T09:00:00Z",
        "downloadCount": downloads,
        "url": f"https://github.com/ann/one/releases/download/v1/file{number}.zip",
        **more,
    }


def release(*assets: Any, tag: str = "v1", after: str | None = None, **more: Any) -> Json:
    return {"id": "RE_70", "tagName": tag, "isDraft": False, "releaseAssets": of_list(*assets, after=after), **more}


def tell(github: World, *releases: Any, page: int = 100) -> None:
    """The releases of ann/one, so many a page."""
    github.script.add(pulse={"releases": {"totalCount": len(releases)}})

    def answer(values: Json) -> Json:
        begin = int(values["after"] or 0)
        end = begin + min(page, values["first"])
        following = str(end) if end < len(releases) else None
        return {"releases": of_list(*releases[begin:end], after=following)}

    github.say_each("Releases", answer)


def asked(github: World) -> list[Json]:
    return github.script.queries("Releases")


class TestReading:
    def test_each_file_is_a_counter_read_today(self, github: World) -> None:
        tell(github, release(asset(5, 12), asset(6, 0)))
        found = github.read("releases")
        assert [(o.metric, o.subject, o.key, o.value, o.occurred_at) for o in found.observations] == [
            ("release_downloads", "asset:RA_5", "2026-11-24", 12, NOW),
            ("release_downloads", "asset:RA_6", "2026-11-24", 0, NOW),
        ]
        first = found.batches[0].subjects[0]
        assert (first.id, first.name, first.kind) == ("asset:RA_5", "ann/one v1 file5.zip", "repo")
        assert first.url.endswith("/download/v1/file5.zip")
        assert first.published_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
        assert found.coverage == [(TODAY, TODAY, "measured")]

    def test_a_repository_without_releases_is_measured_and_not_asked(self, github: World) -> None:
        found = github.read("releases")
        assert (found.observations, found.error, found.coverage[0][2]) == ([], None, "measured")
        assert asked(github) == []

    def test_drafts_are_left_out(self, github: World) -> None:
        tell(github, release(asset(5), isDraft=True), release(asset(6)))
        assert [o.subject for o in github.read("releases").observations] == ["asset:RA_6"]

    def test_every_page_is_read_and_a_release_met_twice_counts_once(self, github: World) -> None:
        tell(github, release(asset(5, 1)), release(asset(5, 2)), release(asset(6, 3), tag="v0"), page=1)
        found = github.read("releases")
        assert [(o.subject, o.value) for o in found.observations] == [("asset:RA_5", 1), ("asset:RA_6", 3)]
        assert len(asked(github)) == 3

    def test_files_that_did_not_fit_are_asked_for(self, github: World) -> None:
        tell(github, release(asset(5), after="x"))
        github.say_each("Assets", lambda values: {"releaseAssets": of_list(asset(int(values["after"] == "x")))})
        assert [o.subject for o in github.read("releases").observations] == ["asset:RA_5", "asset:RA_1"]

    def test_a_page_that_is_too_much_is_asked_for_in_halves(self, github: World) -> None:
        tell(github, *(release(asset(n), tag=f"v{n}") for n in range(7)))
        fine = github.script.sayings["Releases"]
        assert callable(fine)
        html = Answer(502, {"Content-Type": "text/html"}, b"<html>")
        github.say("Releases", lambda variables: html if variables["first_0"] > 5 else fine(variables))
        assert len(github.read("releases").observations) == 7
        assert [one["first_0"] for one in asked(github)] == [20, 10, 5, 5]

    def test_half_of_the_pages_claim_nothing(self, github: World) -> None:
        tell(github, release(asset(5)), release(asset(6)), page=1)
        fine = github.script.sayings["Releases"]
        assert callable(fine)
        down = as_json({"message": "Server Error"}, 503)
        github.say("Releases", lambda variables: down if variables["after_0"] else fine(variables))
        found = github.read("releases")
        assert isinstance(found.error, Unavailable)
        assert (found.observations, found.cursor, found.coverage) == ([], {}, [])

    def test_a_list_of_another_shape_is_malformed(self, github: World) -> None:
        tell(github, release(asset(5)))
        github.say_each("Releases", lambda _: {"releases": None})
        assert isinstance(github.read("releases").error, Malformed)

    @pytest.mark.parametrize(
        ("entry", "why"),
        [
            (release(asset(5), tag=""), "release RE_70 of ann/one: no tag_name"),
            (release(asset(1, "3")), "file file1.zip of release v1 of ann/one: '3' is not a count"),
            (release(asset(1, id=None)), "file file1.zip of release v1 of ann/one: no id"),
            (release(asset(1, name=None)), "file None of release v1 of ann/one: no name"),
            (release(asset(1, createdAt="soon")), "file file1.zip of release v1 of ann/one: Invalid isoformat"),
        ],
    )
    def test_what_cannot_be_used_is_rejected_not_fatal(self, github: World, entry: Any, why: str) -> None:
        tell(github, entry, release(asset(8)))
        found = github.read("releases")
        assert [o.subject for o in found.observations] == ["asset:RA_8"]
        [said] = found.rejects
        assert said.startswith(why)

    @pytest.mark.parametrize("entry", [None, release(None)])
    def test_what_cannot_be_seen_is_left_out(self, github: World, entry: Any) -> None:
        tell(github, entry, release(asset(8)))
        found = github.read("releases")
        assert ([o.subject for o in found.observations], found.error) == (["asset:RA_8"], None)


class TestFreshness:
    """Downloads show in no sign."""

    def again(self, github: World, hours: int) -> list[float]:
        tell(github, release(asset(5, 1)))
        first = github.read("releases")
        tell(github, release(asset(5, 2)))
        github.options["clock"] = lambda: NOW + timedelta(hours=hours)
        return [o.value for o in github.read("releases", first.cursor).observations]

    @pytest.mark.parametrize(("hours", "read"), [(5, []), (6, [2])], ids=["still fresh", "six hours later"])
    def test_a_reading_is_taken_again_after_six_hours(self, github: World, hours: int, read: list[float]) -> None:
        assert self.again(github, hours) == read

    def test_a_reading_is_taken_on_every_new_day_of_the_configuration(self, github: World) -> None:
        github.options["clock"] = lambda: datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
        tell(github, release(asset(5, 1)))
        first = github.read("releases")
        github.options["clock"] = lambda: datetime(2026, 11, 24, 23, 5, tzinfo=UTC)  # 00:05 in Berlin
        assert [o.key for o in github.read("releases", first.cursor).observations] == ["2026-11-25"]

    def test_a_day_without_a_new_reading_is_measured_all_the_same(self, github: World) -> None:
        tell(github, release(asset(5, 1)))
        first = github.read("releases")
        found = github.read("releases", first.cursor)
        assert (found.coverage, found.error) == ([(TODAY, TODAY, "measured")], None)

    def test_what_it_would_ask_is_foreseen(self, github: World) -> None:
        tell(github, *(release(asset(n), tag=f"v{n}") for n in range(45)))
        assert github.streams()["releases"].plan({}) == [Cost("graphql", 3, 3)]  # type: ignore[attr-defined]
        found = github.read("releases")
        assert github.streams()["releases"].plan(found.cursor) == []  # type: ignore[attr-defined]


class TestWithoutToken:
    @pytest.fixture
    def github(self, github: World) -> World:
        github.token = None
        return github

    def rest_asset(self, number: int, downloads: Any = 3, **more: Any) -> Json:
        return {
            "id": number,
            "node_id": f"RA_{number}",
            "name": f"file{number}.zip",
            "created_at": "2026-03-01T09:00:00Z",
            "download_count": downloads,
            "label": "The tool",
            "browser_download_url": f"https://github.com/ann/one/releases/download/v1/file{number}.zip",
            **more,
        }

    def rest_release(self, *assets: Any, tag: str = "v1", **more: Any) -> Json:
        return {"id": 70, "tag_name": tag, "draft": False, "assets": list(assets), **more}

    def pages(self, github: World, *answers: Answer) -> None:
        def answer(request: Request) -> Answer:
            number = int(request.query.get("page", 1))
            said = answers[number - 1]
            more = {"Link": f'<{github.service.url}{RELEASES}?page={number + 1}>; rel="next"'}
            return said if number == len(answers) else Answer(said.status, {**said.headers, **more}, said.body)

        github.script.said[RELEASES] = answer

    def test_a_file_is_the_same_subject_as_with_a_token(self, github: World) -> None:
        self.pages(github, as_json([self.rest_release(self.rest_asset(5, 12))]))
        found = github.read("releases")
        assert [(o.subject, o.value) for o in found.observations] == [("asset:RA_5", 12)]
        [subject] = found.batches[0].subjects
        assert (subject.name, subject.title) == ("ann/one v1 file5.zip", "The tool")

    def test_every_page_is_read(self, github: World) -> None:
        one, two = self.rest_release(self.rest_asset(5)), self.rest_release(self.rest_asset(6), tag="v2")
        self.pages(github, as_json([one]), as_json([two]))
        assert [o.subject for o in github.read("releases").observations] == ["asset:RA_5", "asset:RA_6"]

    def test_half_of_the_pages_claim_nothing(self, github: World) -> None:
        self.pages(github, as_json([self.rest_release(self.rest_asset(5))]), as_json({}, 503))
        found = github.read("releases")
        assert isinstance(found.error, Unavailable)
        assert (found.cursor, found.coverage) == ({}, [])

    @pytest.mark.parametrize(
        ("entry", "why"),
        [
            (None, "release without id of ann/one: not an object"),
            ({"id": 9, "assets": []}, "release 9 of ann/one: no tag_name"),
            ({"id": 70, "tag_name": "v1", "assets": {}}, "release 70 of ann/one: no assets"),
            ({"id": 70, "tag_name": "v1", "assets": [None]}, "release 70 of ann/one: not an object"),
        ],
    )
    def test_what_cannot_be_used_is_rejected_not_fatal(self, github: World, entry: Any, why: str) -> None:
        self.pages(github, as_json([entry, self.rest_release(self.rest_asset(8), tag="v2")]))
        found = github.read("releases")
        assert ([o.subject for o in found.observations], found.rejects) == (["asset:RA_8"], [why])

    def test_recorded_releases(self, github: World, recorded: Callable[[str], list[Json]]) -> None:
        exchanges = [
            (e["request"]["path"].partition("?")[0], e["response"]["body"])
            for e in recorded("releases")
            if e["request"]["method"] == "GET" and e["response"]["status"] == 200
        ]
        lists = [body for path, body in exchanges if path.endswith("/releases")]
        single = [body for _, body in exchanges if isinstance(body, dict) and "assets" in body]
        [public] = [body for path, body in exchanges if "/releases/assets/" in path]
        more = self.rest_release(public, tag="release")
        self.pages(github, *map(as_json, lists), as_json([*single, more]))
        found = github.read("releases")
        assert (len(lists), sum(map(len, lists)), len(single)) == (3, 30, 11)
        assert sorted(o.value for o in found.observations) == [0, 0, 0, 0, 0, 0, 13]
        assert (found.rejects, found.error) == ([], None)


def test_what_the_token_may_not_see_ends_the_stream_only(github: World) -> None:
    def answer(values: Json) -> Json:
        if values["releases"]:
            raise Refusal("FORBIDDEN", "releases")
        return github.script.pulse_of(values)

    github.say("Pulse", each(answer))
    assert "Contents: read" in str(github.read("releases").error)
    assert github.read("repository").error is None
