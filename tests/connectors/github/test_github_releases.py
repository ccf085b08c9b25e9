"""Downloads of the files of releases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from github_script import NOW, World

from connectors.errors import Unavailable
from harvester.demo.exchange import Answer, Request, as_json

RELEASES = "/repos/ann/one/releases"


def asset(number: int, downloads: Any = 3, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"file{number}.zip",
        "created_at": "2026-03-01T09:00:00Z",
        "download_count": downloads,
        "label": None,
        "browser_download_url": f"https://github.com/ann/one/releases/download/v1/file{number}.zip",
        **more,
    }


def release(*assets: Any, tag: str = "v1", **more: Any) -> dict[str, Any]:
    return {"id": 70, "tag_name": tag, "draft": False, "assets": list(assets), **more}


def pages(github: World, *answers: Answer) -> None:
    """The list, in so many pages."""

    def answer(request: Request) -> Answer:
        number = int(request.query.get("page", 1))
        said = answers[number - 1]
        more = {"Link": f'<{github.service.url}{RELEASES}?page={number + 1}>; rel="next"'}
        return said if number == len(answers) else Answer(said.status, {**said.headers, **more}, said.body)

    github.script.said[RELEASES] = answer


def test_each_file_is_a_counter_read_today(github: World) -> None:
    pages(github, as_json([release(asset(5, 12), asset(6, 0))]))
    found = github.read("releases")
    assert [(o.metric, o.subject, o.key, o.value, o.occurred_at) for o in found.observations] == [
        ("release_downloads", "asset:5", "2026-11-24", 12, NOW),
        ("release_downloads", "asset:6", "2026-11-24", 0, NOW),
    ]
    first = found.batches[0].subjects[0]
    assert (first.id, first.name, first.kind) == ("asset:5", "ann/one v1 file5.zip", "repo")
    assert first.published_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert found.coverage == [(date(2026, 11, 24), date(2026, 11, 24), "measured")]


def test_a_repository_without_releases_is_measured(github: World) -> None:
    pages(github, as_json([]))
    found = github.read("releases")
    assert (found.observations, found.error, found.coverage[0][2]) == ([], None, "measured")


def test_drafts_are_left_out(github: World) -> None:
    pages(github, as_json([release(asset(5), draft=True), release(asset(6))]))
    assert [o.subject for o in github.read("releases").observations] == ["asset:6"]


def test_every_page_is_read_and_a_release_met_twice_counts_once(github: World) -> None:
    pages(github, as_json([release(asset(5, 1))]), as_json([release(asset(5, 2)), release(asset(6, 3), tag="v0")]))
    found = github.read("releases")
    assert [(o.subject, o.value) for o in found.observations] == [("asset:5", 1), ("asset:6", 3)]
    assert [batch.checkpoint for batch in found.batches[:2]] == [None, {"1": {"read_on": "2026-11-24"}}]


def test_half_of_the_pages_claim_nothing(github: World) -> None:
    pages(github, as_json([release(asset(5))]), as_json({"message": "Server Error"}, 503))
    found = github.read("releases")
    assert isinstance(found.error, Unavailable)
    assert (found.cursor, found.coverage) == ({}, [])


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (None, "release without id of ann/one: not an object"),
        ({"id": 9, "assets": []}, "release 9 of ann/one: no tag_name"),
        (release(assets={}), "release 70 of ann/one: no assets"),
        (release(None), "release 70 of ann/one: not an object"),
        (release(asset(1, "3")), "file file1.zip of release v1 of ann/one: '3' is not a count"),
        (release(asset(1, id=None)), "file file1.zip of release v1 of ann/one: no id"),
        (release(asset(1, created_at="soon")), "file file1.zip of release v1 of ann/one: Invalid isoformat string"),
    ],
)
def test_what_cannot_be_used_is_rejected_not_fatal(github: World, entry: Any, why: str) -> None:
    pages(github, as_json([entry, release(asset(8))]))
    found = github.read("releases")
    assert [o.subject for o in found.observations] == ["asset:8"]
    [said] = found.rejects
    assert said.startswith(why)


def test_recorded_releases(github: World, recorded: Callable[[str], list[dict[str, Any]]]) -> None:
    exchanges = [
        (e["request"]["path"].partition("?")[0], e["response"]["body"])
        for e in recorded("releases")
        if e["request"]["method"] == "GET" and e["response"]["status"] == 200
    ]
    lists = [body for path, body in exchanges if path.endswith("/releases")]
    single = [body for _, body in exchanges if isinstance(body, dict) and "assets" in body]
    [public] = [body for path, body in exchanges if "/releases/assets/" in path]
    pages(github, *map(as_json, lists), as_json([*single, release(public, tag="release")]))
    found = github.read("releases")
    assert (len(lists), sum(map(len, lists)), len(single)) == (3, 30, 11)
    assert {o.subject: o.value for o in found.observations} == {
        "asset:22848494": 0,
        "asset:22855021": 0,
        "asset:22874905": 0,
        "asset:22874907": 0,
        "asset:224868540": 0,
        "asset:224868556": 0,
        "asset:261582854": 13,
    }
    assert (found.rejects, found.error) == ([], None)
