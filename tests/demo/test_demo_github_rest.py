from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from github import Auth, Github

from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.github_lists import Paging
from harvester.demo.server import Servers, serve
from harvester.demo.truth import LOS_ANGELES
from harvester.demo.wire import Service
from harvester.demo.world import World

LANTERN = "/repos/wren-hollow/lantern"


def pages(http: requests.Session, url: str, **params: Any) -> Iterator[requests.Response]:
    """Every page of a list, by its Link header."""
    answer = http.get(url, params=params)
    while True:
        assert answer.status_code == 200, answer.text
        yield answer
        if "next" not in answer.links:
            return
        answer = http.get(answer.links["next"]["url"])


def everything(http: requests.Session, url: str, **params: Any) -> list[Any]:
    return [item for page in pages(http, url, **params) for item in page.json()]


@pytest.fixture
def api(servers: Servers) -> str:
    return servers.github.url


@pytest.mark.parametrize("style", ["page", "cursor"])
def test_walking_every_list_finds_the_whole_truth(world: World, http: requests.Session, style: Any) -> None:
    found: dict[str, int] = dict.fromkeys(("issues", "closed", "comments", "pulls", "merged", "reviews", "inline"), 0)
    with serve(world, github=GitHub(world, paging=Paging(style))) as servers:
        for repo in world.maintained():
            base = f"{servers.github.url}/repos/{repo.full_name}"
            threads = everything(http, f"{base}/issues", state="all", per_page=100)
            issues = [t for t in threads if "pull_request" not in t]
            pulls = everything(http, f"{base}/pulls", state="all", per_page=100)
            found["issues"] += len(issues)
            found["closed"] += sum(1 for issue in issues if issue["closed_at"])
            found["comments"] += len(everything(http, f"{base}/issues/comments", per_page=100))
            found["pulls"] += len(pulls)
            found["merged"] += sum(1 for pull in pulls if pull["merged_at"])
            found["inline"] += len(everything(http, f"{base}/pulls/comments", per_page=100))
            for pull in pulls:
                reviews = everything(http, f"{base}/pulls/{pull['number']}/reviews")
                found["reviews"] += sum(1 for review in reviews if review.get("submitted_at"))
    truth = world.truth()
    assert found == {
        "issues": truth.total("issues_opened"),
        "closed": truth.total("issues_closed"),
        "comments": truth.total("issue_comments"),
        "pulls": truth.total("pulls_opened"),
        "merged": truth.total("pulls_merged"),
        "reviews": truth.total("pull_reviews"),
        "inline": truth.total("review_comments"),
    }


def test_history_gives_stars_by_los_angeles_day_back_to_creation(
    world: World, http: requests.Session, api: str
) -> None:
    days: dict[Any, int] = {}
    for repo in world.maintained():
        for week in everything(http, f"{api}/repos/{repo.full_name}/stargazers/history"):
            sunday = datetime.fromtimestamp(week["week"], UTC)
            assert (sunday.weekday(), sunday.hour) == (6, 0)
            assert week["total"] == sum(week["days"])
            for offset, count in enumerate(week["days"]):
                if count:
                    key = (repo.full_name, (sunday + timedelta(days=offset)).date())
                    days[key] = count
    assert days == world.truth().days["stars"]


def test_history_pages_hold_thirty_weeks_newest_first(http: requests.Session, api: str) -> None:
    answer = http.get(f"{api}{LANTERN}/stargazers/history", params={"per_page": 100})
    weeks = [week["week"] for week in answer.json()]
    assert len(weeks) == 30
    assert weeks == sorted(weeks, reverse=True)


def test_history_pads_the_running_week_with_zeros(world: World, http: requests.Session, api: str) -> None:
    today = world.now.astimezone(LOS_ANGELES).date()
    newest = http.get(f"{api}{LANTERN}/stargazers/history").json()[0]
    sunday = datetime.fromtimestamp(newest["week"], UTC).date()
    ahead = newest["days"][(today - sunday).days + 1 :]
    assert sunday <= today <= sunday + timedelta(days=6)
    assert ahead
    assert not any(ahead)


def test_enterprise_server_has_no_history_and_lives_under_api_v3(world: World, http: requests.Session) -> None:
    with serve(world, github=GitHub(world, has_history=False)) as servers:
        base = f"{servers.github.url}/api/v3"
        assert http.get(f"{base}{LANTERN}/stargazers/history").status_code == 404
        first = http.get(f"{base}{LANTERN}/issues", params={"state": "all"})
        assert first.links["next"]["url"].startswith(f"{base}/repositories/")
        assert http.get(first.links["next"]["url"]).status_code == 200


def test_stargazers_are_listed_to_the_owner_only(world: World, http: requests.Session) -> None:
    tokens = {"demo": Token(world.person.login), "other": Token("amber-badger")}
    for status in (404, 403, 200):
        with serve(world, github=GitHub(world, tokens=tokens, closed_stargazers=status)) as servers:
            url = f"{servers.github.url}{LANTERN}/stargazers"
            stranger = http.get(url, headers={"Authorization": "Bearer other"})
            assert stranger.status_code == status
            assert status != 200 or stranger.json() == []
            starred = http.get(url, headers={"Accept": "application/vnd.github.v3.star+json"}).json()
            assert set(starred[0]) == {"starred_at", "user"}
            assert len(everything(http, url, per_page=100)) == len(world.repos[0].stars)


def test_a_pending_review_is_seen_by_its_author_only(world: World, http: requests.Session) -> None:
    thread = world.open_pull(world.repos[0], None)
    world.review(thread, world.person, "PENDING")
    tokens = {"demo": Token(world.person.login), "other": Token("amber-badger")}
    with serve(world, github=GitHub(world, tokens=tokens)) as servers:
        url = f"{servers.github.url}{LANTERN}/pulls/{thread.number}/reviews"
        mine = http.get(url).json()
        assert [r["state"] for r in mine] == ["PENDING"]
        assert "submitted_at" not in mine[0]
        assert http.get(url, headers={"Authorization": "token other"}).json() == []


def test_old_name_answers_301_to_the_id_with_path_and_query(http: requests.Session, api: str) -> None:
    answer = http.get(f"{api}/repos/wren-hollow/glowstick/issues?state=all&page=2", allow_redirects=False)
    assert answer.status_code == 301
    assert answer.headers["Location"].endswith("/issues?state=all&page=2")
    assert http.get(answer.headers["Location"]).json()[0]["repository_url"].endswith("/wren-hollow/lantern")


def test_names_ignore_case_and_a_trailing_slash_is_not_found(http: requests.Session, api: str) -> None:
    assert http.get(f"{api}/repos/WREN-hollow/Lantern").json()["full_name"] == "wren-hollow/lantern"
    assert http.get(f"{api}{LANTERN}/").status_code == 404


@pytest.mark.parametrize(("access", "status"), [("gone", 404), ("blocked", 451), ("private", 200)])
def test_repositories_go_and_are_blocked(
    world: World, http: requests.Session, api: str, access: Any, status: int
) -> None:
    world.restrict(world.repos[0], access)
    assert http.get(f"{api}{LANTERN}").status_code == status


def test_chain_of_renames_and_a_transfer_lead_to_one_id(world: World, http: requests.Session, api: str) -> None:
    repo = world.repos[0]
    world.rename(repo, "torch", world.accounts["saltmarsh-dev"])
    for name in ("wren-hollow/glowstick", "wren-hollow/lantern"):
        assert http.get(f"{api}/repos/{name}").json()["full_name"] == "saltmarsh-dev/torch"
    assert http.get(f"{api}/repos/saltmarsh-dev/torch").json()["id"] == repo.id


def test_recreated_name_is_a_new_repository(world: World, http: requests.Session, api: str) -> None:
    old = world.repos[0]
    world.restrict(old, "gone")
    new = world.create(world.person, "lantern")
    assert http.get(api + LANTERN).json()["id"] == new.id
    assert http.get(f"{api}/repositories/{old.id}").status_code == 404


def test_private_repository_is_not_found_by_others(world: World, http: requests.Session, api: str) -> None:
    world.restrict(world.repos[0], "private")
    assert http.get(f"{api}{LANTERN}").status_code == 200
    with requests.Session() as stranger:
        assert stranger.get(f"{api}{LANTERN}").status_code == 404
        names = [repo["name"] for repo in stranger.get(f"{api}/users/wren-hollow/repos").json()]
    assert names == ["pocketlog"]


def test_switched_off_issues_answer_410_and_pulls_stay(world: World, http: requests.Session, api: str) -> None:
    world.disable_issues(world.repos[0])
    assert http.get(f"{api}{LANTERN}/issues").status_code == 410
    assert http.get(f"{api}{LANTERN}/pulls").status_code == 200


def test_deleted_issue_answers_410_and_transferred_one_301(world: World, http: requests.Session, api: str) -> None:
    here, there = world.repos[0], world.repos[1]
    deleted, moved = world.open_issue(here, world.person), world.open_issue(here, world.person)
    old = moved.number
    world.delete_issue(here, deleted)
    world.transfer_issue(here, moved, there)
    assert http.get(f"{api}{LANTERN}/issues/{deleted.number}").status_code == 410
    answer = http.get(f"{api}{LANTERN}/issues/{old}/comments", allow_redirects=False)
    assert answer.status_code == 301
    assert answer.headers["Location"].endswith(f"/repositories/{there.id}/issues/{moved.number}/comments")


def test_bad_token_is_401_and_a_missing_right_403(world: World, http: requests.Session) -> None:
    tokens = {"demo": Token(world.person.login), "weak": Token("amber-badger", frozenset({"issues"}))}
    with serve(world, github=GitHub(world, tokens=tokens)) as servers:
        api = servers.github.url
        assert http.get(api + LANTERN, headers={"Authorization": "Bearer wrong"}).status_code == 401
        weak = {"Authorization": "Bearer weak"}
        assert http.get(f"{api}{LANTERN}/issues", headers=weak).status_code == 403
        assert http.get(f"{api}{LANTERN}/pulls", headers=weak).status_code == 200


def test_unknown_api_version_is_400_and_the_new_one_drops_fields(http: requests.Session, api: str) -> None:
    issues = f"{api}{LANTERN}/issues"
    assert http.get(issues, headers={"X-GitHub-Api-Version": "2020-01-01"}).status_code == 400
    new = {"X-GitHub-Api-Version": "2026-03-10"}
    assert "assignee" in http.get(issues).json()[0]
    assert "assignee" not in http.get(issues, headers=new).json()[0]
    assert "rate" not in http.get(f"{api}/rate_limit", headers=new).json()


def test_no_user_agent_is_403(http: requests.Session, api: str) -> None:
    assert http.get(api + LANTERN, headers={"User-Agent": ""}).status_code == 403


def test_unchanged_answer_is_a_free_304_without_link(http: requests.Session, api: str) -> None:
    first = http.get(f"{api}{LANTERN}/issues")
    again = http.get(f"{api}{LANTERN}/issues", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "Link" in first.headers
    assert "Link" not in again.headers
    assert again.headers["X-RateLimit-Remaining"] == first.headers["X-RateLimit-Remaining"]


def test_etag_belongs_to_its_token_and_changes_with_the_world(world: World, http: requests.Session) -> None:
    tokens = {"demo": Token(world.person.login), "rotated": Token(world.person.login)}
    with serve(world, github=GitHub(world, tokens=tokens)) as servers:
        url = servers.github.url + LANTERN
        tag = {"If-None-Match": http.get(url).headers["ETag"]}
        assert http.get(url, headers={**tag, "Authorization": "Bearer rotated"}).status_code == 200
        assert http.get(url, headers=tag).status_code == 304
        world.star(world.repos[0])
        assert http.get(url, headers=tag).status_code == 200


def test_since_filters_by_update(world: World, http: requests.Session, api: str) -> None:
    old = min(world.repos[0].threads.values(), key=lambda t: t.updated_at)
    world.comment(old, world.person)
    since = world.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    found = http.get(f"{api}{LANTERN}/issues", params={"state": "all", "since": since}).json()
    assert [issue["number"] for issue in found] == [old.number]
    said = http.get(f"{api}{LANTERN}/issues/comments", params={"since": since}).json()
    assert len(said) == 1


def test_edited_comment_moves_only_itself(world: World, http: requests.Session, api: str) -> None:
    thread = next(t for t in world.repos[0].threads.values() if t.comments)
    world.edit(thread.comments[0])
    since = world.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert http.get(f"{api}{LANTERN}/issues", params={"state": "all", "since": since}).json() == []
    assert len(http.get(f"{api}{LANTERN}/issues/comments", params={"since": since}).json()) == 1


def test_lists_are_sorted_as_documented(http: requests.Session, api: str) -> None:
    def order(path: str, field: str, **params: str) -> str:
        found = [item[field] for item in http.get(f"{api}{LANTERN}{path}", params=params).json()]
        return "up" if found == sorted(found) else "down" if found == sorted(found, reverse=True) else "mixed"

    assert order("/issues", "created_at", state="all") == "down"
    assert order("/issues", "updated_at", state="all", sort="updated", direction="asc") == "up"
    assert order("/pulls", "created_at", state="all") == "down"
    assert order("/pulls", "updated_at", state="all", sort="updated") == "up"
    assert order("/issues/comments", "id", direction="desc") == "up"
    assert order("/issues/comments", "updated_at", sort="updated") == "down"


def test_open_is_the_default_state(world: World, http: requests.Session, api: str) -> None:
    assert {issue["state"] for issue in http.get(f"{api}{LANTERN}/issues").json()} == {"open"}


def test_page_beyond_the_limit_is_422(world: World, http: requests.Session) -> None:
    with serve(world, github=GitHub(world, paging=Paging("cursor", last_page=2))) as servers:
        answer = http.get(f"{servers.github.url}{LANTERN}/issues", params={"state": "all", "page": 3})
    assert answer.status_code == 422
    assert "cursor based pagination" in answer.json()["message"]


def test_cursor_style_has_no_page_and_no_last(world: World, http: requests.Session) -> None:
    with serve(world, github=GitHub(world, paging=Paging("cursor"))) as servers:
        links = http.get(f"{servers.github.url}{LANTERN}/issues", params={"state": "all"}).links
    assert set(links) == {"next"}
    assert "after=" in links["next"]["url"]
    assert "page=" not in links["next"]["url"].replace("per_page=", "")


def test_page_style_repeats_an_item_when_the_list_moves_and_cursors_do_not(
    world: World, http: requests.Session
) -> None:
    for style, repeats in (("page", 1), ("cursor", 0)):
        with serve(world, github=GitHub(world, paging=Paging(style))) as servers:  # type: ignore[arg-type]
            first = http.get(f"{servers.github.url}{LANTERN}/issues", params={"state": "all"})
            world.open_issue(world.repos[0], world.person)
            second = http.get(first.links["next"]["url"])
        seen = {issue["id"] for issue in first.json()}
        assert sum(1 for issue in second.json() if issue["id"] in seen) == repeats


def test_invalid_parameters_are_422(http: requests.Session, api: str) -> None:
    for params in ({"state": "any"}, {"sort": "size"}, {"since": "yesterday"}):
        assert http.get(f"{api}{LANTERN}/issues", params=params).status_code == 422


def test_nobody_without_a_token_gets_more_than_sixty_an_hour(servers: Servers) -> None:
    with requests.Session() as anonymous:
        answer = anonymous.get(servers.github.url + LANTERN)
    assert (answer.headers["X-RateLimit-Limit"], answer.headers["X-RateLimit-Remaining"]) == ("60", "59")


def test_every_request_is_in_the_log(servers: Servers, http: requests.Session) -> None:
    http.get(f"{servers.github.url}{LANTERN}/issues?page=2")
    http.get(f"{servers.github.url}/repos/no/where")
    assert [(r.path, r.query, r.status) for r in servers.github.log] == [
        (f"{LANTERN}/issues", "page=2", 200),
        ("/repos/no/where", "", 404),
    ]


def test_pygithub_walks_it(world: World, servers: Servers) -> None:
    with Github(base_url=servers.github.url, auth=Auth.Token("demo"), seconds_between_requests=None) as client:
        repo = client.get_repo("wren-hollow/lantern")
        numbers = [issue.number for issue in repo.get_issues(state="all")]
    assert len(numbers) == len(world.repos[0].threads)


def test_a_service_can_be_asked_without_a_socket(world: World) -> None:
    from harvester.demo.exchange import Request

    answer = Service(GitHub(world)).respond(Request("GET", LANTERN, headers={"user-agent": "test"}))
    assert answer.status == 200
