from __future__ import annotations

from datetime import timedelta

import pytest
import requests

from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.server import serve
from harvester.demo.things import Traffic
from harvester.demo.world import World

LANTERN = "/repos/wren-hollow/lantern"
TRAFFIC = ("views", "clones", "popular/referrers", "popular/paths")


@pytest.mark.parametrize("what", TRAFFIC)
def test_traffic_is_for_those_with_push_access_and_the_right(world: World, http: requests.Session, what: str) -> None:
    tokens = {
        "demo": Token(world.person.login),
        "weak": Token(world.person.login, frozenset({"administration"})),
        "other": Token("amber-badger"),
    }
    with serve(world, github=GitHub(world, tokens=tokens)) as servers:
        url = f"{servers.github.url}{LANTERN}/traffic/{what}"
        said = {name: http.get(url, headers={"Authorization": f"Bearer {name}"}).status_code for name in tokens}
    assert said == {"demo": 200, "weak": 403, "other": 403}


def test_traffic_is_told_for_fourteen_days_without_the_quiet_ones(world: World, http: requests.Session) -> None:
    today = world.now.date()
    for ago, views in ((14, 9), (13, 8), (5, 0), (0, 2)):
        world.visit(world.repos[0], today - timedelta(days=ago), Traffic(views=views, visitors=1, clones=1))
    with serve(world, github=GitHub(world)) as servers:
        told = http.get(f"{servers.github.url}{LANTERN}/traffic/views").json()
    assert [day["timestamp"][:10] for day in told["views"]] == [str(today - timedelta(days=13)), str(today)]
    assert told["count"] == 10


def test_ten_referrers_are_told_the_largest_first(world: World, http: requests.Session) -> None:
    world.refer(world.repos[0], {f"site{n}.example": n for n in range(1, 13)}, {})
    with serve(world, github=GitHub(world)) as servers:
        told = http.get(f"{servers.github.url}{LANTERN}/traffic/popular/referrers").json()
    assert [entry["count"] for entry in told] == list(range(12, 2, -1))


def test_drafts_of_releases_are_seen_by_those_with_push_access_only(world: World, http: requests.Session) -> None:
    repo = world.create(world.person, "fresh")
    world.release(repo, "v1.0", "tool.zip")
    world.release(repo, "v2.0", draft=True)
    tokens = {"demo": Token(world.person.login), "other": Token("amber-badger")}
    with serve(world, github=GitHub(world, tokens=tokens)) as servers:
        url = f"{servers.github.url}/repos/{repo.full_name}/releases"
        own = [release["tag_name"] for release in http.get(url).json()]
        others = http.get(url, headers={"Authorization": "Bearer other"}).json()
    assert own == ["v2.0", "v1.0"]
    assert [release["tag_name"] for release in others] == ["v1.0"]
