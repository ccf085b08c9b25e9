"""The gitlab connector against a fake as unkind as the service, and recorded answers."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from fake_gitlab import HOST, PATH, TOKEN, FakeGitlab, note, person, thread
from wired import cursor_after, facts, rejects, said, secret, spans, streams_of, subjects, total, until

from connectors.base import Coverage, Meter
from connectors.errors import AuthFailed, Gone, Malformed, NotPermitted, RateLimited
from connectors.gitlab import CONNECTOR, GitlabConfig
from connectors.testing import NOW, Answer

TODAY = NOW.date()
BORN = date(2026, 1, 5)


def at(day: int, ms: int = 0) -> str:
    return f"2026-11-{day:02d}T10:00:00.{ms:03d}Z"


def opened(fake, name, *, token: str | None = TOKEN, **more):
    keys = {key: more.pop(key) for key in ("projects", "user", "bots", "api_url") if key in more}
    config = GitlabConfig(**{"projects": (PATH,), "token": secret(token) if token else None, **keys})
    return streams_of(CONNECTOR, config, fake, **more)[name]


def read(fake, name, cursor=None, **more):
    return list(opened(fake, name, **more).read(cursor or {}))


def values(batches, metric):
    return {key: value for (name, _, key), value in facts(batches).items() if name == metric}


def attrs(batches, metric):
    told = [fact for batch in batches for fact in batch.observations if fact.metric == metric]
    return {fact.key: (fact.actor, dict(fact.attrs)) for fact in told}


def states(batches):
    return {span.metrics[0]: (span.state, span.reason) for span in spans(batches)}


def problems(batches):
    return [problem for batch in batches for problem in batch.problems]


# Projects and stars


def test_a_project_is_known_by_its_number_and_its_stars_are_a_gauge():
    batches = read(FakeGitlab(starrers=[(1, at(1))], hidden=2), "projects")
    assert facts(batches) == {("stargazers", "9", str(TODAY)): 3}
    assert subjects(batches)["9"].name == PATH


def test_a_number_of_stars_that_is_none_is_missing():
    batches = read(FakeGitlab(about={"star_count": None}), "projects")
    assert facts(batches) == {}
    assert states(batches)["stargazers"][0] == "missing"


def test_a_star_is_an_event_of_its_day_by_somebody():
    batches = read(FakeGitlab(starrers=[(1, at(3)), (2, at(4))]), "stars", user="USER2", bots=("user1",))
    assert values(batches, "stars") == {"1": 1, "2": 1}
    assert attrs(batches, "stars") == {
        "1": ("user1", {"direction": "received", "bot": True}),
        "2": ("user2", {"direction": "self"}),
    }
    assert spans(batches) == [Coverage(BORN, TODAY, metrics=("stars",))]
    assert [(one.metric, one.subject) for batch in batches for one in batch.listings] == [("stars", "9")]


@pytest.mark.parametrize("links", ["", HOST])
def test_all_pages_of_a_list_are_read_without_totals(links):
    fake = FakeGitlab(starrers=[(n, at(3)) for n in range(250)], links=links)
    assert total(read(fake, "stars"), "stars") == 250
    assert len(fake.requests) == 4


def test_stars_of_private_profiles_are_counted_as_missing():
    (reason,) = {reason for _, reason in states(read(FakeGitlab(starrers=[(1, at(3))], hidden=2), "stars")).values()}
    assert reason == "stars of private profiles: 2"


def test_the_list_of_stars_is_left_alone_while_their_number_stays_but_not_for_long():
    fake = FakeGitlab(starrers=[(1, at(3))], hidden=1)
    first = read(fake, "stars")
    asked = len(fake.requests)
    again = read(fake, "stars", cursor_after(first), now=NOW + timedelta(days=6))
    assert len(fake.requests) == asked + 1
    assert spans(again)[0].first_day == TODAY
    assert spans(again)[0].state == "partial"
    assert not any(batch.listings for batch in again)
    late = read(fake, "stars", cursor_after(again, cursor_after(first)), now=NOW + timedelta(days=7))
    assert total(late, "stars") == 1


def test_a_star_that_cannot_be_used_takes_no_other_back():
    batches = read(FakeGitlab(starrers=[(1, at(3)), (2, "long ago")]), "stars")
    assert total(batches, "stars") == 1
    assert len(rejects(batches)) == 1
    assert not any(batch.listings for batch in batches)


# Issues


def test_an_issue_is_opened_closed_and_spoken_of():
    fake = FakeGitlab(
        issues=[thread(1, at(2), by=5, notes=2, state="closed", closed_at=at(4), closed_by=person(6))],
        notes={("issues", 1): [note(11, at(3)), note(12, at(3), system=True), note(13, at(4), by=8)]},
    )
    batches = read(fake, "issues")
    about = {"direction": "received", "number": 1}
    assert attrs(batches, "issues_opened") == {"1001": ("user5", about)}
    assert attrs(batches, "issues_closed") == {"1001": ("user6", about)}
    assert attrs(batches, "issue_comments") == {
        "11": ("user7", {**about, "on": "issue"}),
        "13": ("user8", {**about, "on": "issue"}),
    }
    assert spans(batches) == [
        Coverage(BORN, TODAY, metrics=(metric,)) for metric in ("issues_opened", "issues_closed", "issue_comments")
    ]


def test_issues_without_comments_cost_nothing_more():
    fake = FakeGitlab(issues=[thread(n, at(2)) for n in range(50)])
    read(fake, "issues")
    assert [path for path, _ in fake.requests] == ["projects/team%2Fengine", "projects/9/issues"]


def test_reopened_issues_and_deleted_comments_are_taken_back():
    batches = read(FakeGitlab(issues=[thread(1, at(2)), thread(2, at(3))]), "issues")
    told = {one.metric: (one.on, list(one.numbers)) for batch in batches for one in batch.listings}
    assert told == {"issues_closed": (None, [1, 2]), "issue_comments": ("issue", [1, 2])}


def test_a_thread_that_cannot_be_used_takes_nothing_back():
    fake = FakeGitlab(
        issues=[thread(1, at(2), state="closed", closed_at=None), thread(2, at(3), notes=1)],
        notes={("issues", 2): [note(11, "long ago")]},
    )
    batches = read(fake, "issues")
    told = {one.metric: list(one.numbers) for batch in batches for one in batch.listings}
    assert told == {"issues_closed": [2], "issue_comments": [1]}
    assert len(rejects(batches)) == 2
    assert set(states(batches).values()) == {("partial", "records that could not be used: 2")}


def test_a_later_read_asks_for_what_changed_since():
    fake = FakeGitlab(issues=[thread(n, at(n)) for n in range(1, 6)])
    first = read(fake, "issues")
    fake.issues[0]["updated_at"] = at(20)
    again = read(fake, "issues", cursor_after(first), now=NOW + timedelta(days=1))
    assert fake.requests[-1][1]["updated_after"] == at(5)
    assert set(values(again, "issues_opened")) == {"1001", "1005"}
    assert spans(again)[0] == Coverage(TODAY, TODAY + timedelta(days=1), metrics=("issues_opened",))


def test_since_shortens_the_first_read():
    fake = FakeGitlab(issues=[thread(n, at(n)) for n in range(1, 6)])
    batches = read(fake, "issues", since=date(2026, 11, 4))
    assert set(values(batches, "issues_opened")) == {"1004", "1005"}
    assert spans(batches)[0].first_day == date(2026, 11, 4)


def test_pages_go_on_by_change_and_a_full_instant_by_number():
    threads = [thread(n, at(2)) for n in range(250)] + [thread(n, at(3, n - 250)) for n in range(250, 400)]
    fake = FakeGitlab(issues=threads)
    assert total(read(fake, "issues"), "issues_opened") == 400


def test_an_issue_that_changes_while_it_is_read_pushes_none_out():
    fake = FakeGitlab(issues=[thread(n, at(1 + n)) for n in range(10)], most=4)
    stirred = []

    def stir(path, query):
        if "updated_after" in query and not stirred:
            stirred.append(fake.issues[0])
            fake.issues[0]["updated_at"] = at(20)

    fake.spoil = stir
    batches = read(fake, "issues")
    assert stirred
    assert set(values(batches, "issues_opened")) == {str(1000 + n) for n in range(10)}


def test_what_was_read_before_a_refusal_is_kept_and_the_next_read_goes_on_there():
    fake = FakeGitlab(issues=[thread(n, at(1 + n % 20), notes=1) for n in range(20)])
    fake.spoil = lambda path, _: Answer(429, {"Retry-After": "30"}) if path.endswith("issues/15/notes") else None
    kept = until(RateLimited, opened(fake, "issues").read({}))
    assert total(kept, "issues_opened") == 10
    assert cursor_after(kept) == {"9": {"at": at(10)}}
    fake.spoil = None
    rest = read(fake, "issues", cursor_after(kept))
    assert len({*values(kept, "issues_opened"), *values(rest, "issues_opened")}) == 20
    assert spans(rest)[0].first_day == BORN


def test_an_issue_that_is_deleted_while_it_is_read_stops_no_other():
    issues = [thread(1, at(2), notes=1), thread(2, at(3), notes=1)]
    fake = FakeGitlab(issues=issues, notes={("issues", 2): [note(1, at(3))]})
    fake.spoil = lambda path, _: said({"message": "404 Not found"}, 404) if path.endswith("issues/1/notes") else None
    batches = read(fake, "issues")
    assert total(batches, "issue_comments") == 1
    assert len(rejects(batches)) == 1
    assert [list(one.numbers) for b in batches for one in b.listings if one.metric == "issue_comments"] == [[2]]


def test_issues_that_are_switched_off_are_not_nought():
    with pytest.raises(NotPermitted, match="issues are switched off"):
        read(FakeGitlab(about={"issues_enabled": False}), "issues")
    with pytest.raises(NotPermitted, match="merge requests are switched off"):
        read(FakeGitlab(about={"merge_requests_access_level": "disabled"}), "merge_requests")


def test_people_who_left_are_nobody_and_tokens_are_machines():
    fake = FakeGitlab(
        issues=[
            thread(1, at(1), author=person(1, "ghost")),
            thread(2, at(2), author=None),
            thread(3, at(3), author=person(3, "project_9_bot_0a1b2c")),
        ]
    )
    assert attrs(read(fake, "issues"), "issues_opened") == {
        "1001": (None, {"direction": "received", "number": 1}),
        "1002": (None, {"direction": "received", "number": 2}),
        "1003": ("project_9_bot_0a1b2c", {"direction": "received", "bot": True, "number": 3}),
    }


# Merge requests


def merged(**more):
    return thread(5, at(2), notes=2, state="merged", merged_at=at(4), merge_user=person(6), **more)


def test_a_merge_request_is_opened_merged_reviewed_and_spoken_of():
    fake = FakeGitlab(
        merge_requests=[merged()],
        notes={
            ("merge_requests", 5): [note(11, at(3)), note(12, at(3), kind="DiffNote"), note(13, at(3), system=True)]
        },
        approvals={5: [{"user": person(3), "approved_at": at(3)}]},
    )
    batches = read(fake, "merge_requests")
    assert attrs(batches, "pulls_merged") == {"1005": ("user6", {"direction": "received", "number": 5})}
    on_pull = {"direction": "received", "number": 5, "on": "pull"}
    assert attrs(batches, "issue_comments") == {"11": ("user7", on_pull)}
    assert attrs(batches, "review_comments") == {"12": ("user7", on_pull)}
    assert attrs(batches, "pull_reviews") == {"1005:3": ("user3", on_pull)}
    assert {state for state, _ in states(batches).values()} == {"measured"}


def test_an_approval_of_an_older_server_is_dated_by_the_note_of_it():
    approved = note(14, at(3, 5), by=3, system=True, body="approved this merge request")
    fake = FakeGitlab(
        merge_requests=[merged()],
        notes={("merge_requests", 5): [approved]},
        approvals={5: [{"user": person(3)}, {"user": person(4)}]},
    )
    batches = read(fake, "merge_requests")
    assert values(batches, "pull_reviews") == {"1005:3": 1}
    assert len(rejects(batches)) == 1  # nobody says when the other one approved


def test_approvals_are_missing_without_a_token():
    fake = FakeGitlab(merge_requests=[merged()])
    batches = read(fake, "merge_requests", token=None)
    assert states(batches)["pull_reviews"] == ("missing", "approvals are told only with a token")
    assert states(batches)["pulls_merged"] == ("measured", "")
    assert not any("approvals" in path for path, _ in fake.requests)


def test_approvals_that_are_not_told_are_asked_for_once():
    fake = FakeGitlab(merge_requests=[thread(n, at(2)) for n in range(5)])
    fake.spoil = lambda path, _: said({"message": "404 Not Found"}, 404) if path.endswith("approvals") else None
    batches = read(fake, "merge_requests")
    assert states(batches)["pull_reviews"][0] == "missing"
    assert sum(path.endswith("approvals") for path, _ in fake.requests) == 1


# Fetches


def test_fetches_are_totals_of_days_and_a_day_that_is_not_told_is_nought():
    batches = read(FakeGitlab(fetches={"2026-11-20": 3, "2026-11-22": "5"}, total=8), "traffic")
    assert values(batches, "traffic_clones") == {"2026-11-20": 3, "2026-11-22": 5}
    assert spans(batches) == [Coverage(date(2026, 10, 26), TODAY, metrics=("traffic_clones",))]


def test_a_project_that_is_younger_than_thirty_days_has_no_days_before():
    batches = read(FakeGitlab(about={"created_at": "2026-11-10T00:00:00Z"}), "traffic")
    assert spans(batches)[0].first_day == date(2026, 11, 10)


@pytest.mark.parametrize("days", [{"2026-11-20": 3}, {"2026-11-20": None}, {"2025-01-01": 7}, {"today": 7}])
def test_days_that_do_not_add_up_are_partial(days):
    batches = read(FakeGitlab(fetches=days, total=7), "traffic")
    assert states(batches)["traffic_clones"][0] == "partial"


def test_fetches_take_a_token_and_the_right():
    with pytest.raises(NotPermitted, match="read_api"):
        read(FakeGitlab(), "traffic", token=None)
    with pytest.raises(NotPermitted, match="read_api, and a role"):
        read(FakeGitlab(may_push=False), "traffic")


# Several projects


def test_a_project_that_is_gone_stops_no_other():
    fake = FakeGitlab(starrers=[(1, at(3))])
    batches = read(fake, "stars", projects=(PATH, "team/gone"))
    assert total(batches, "stars") == 1
    (problem,) = problems(batches)
    assert isinstance(problem, Gone)
    assert problem.subject == "team/gone"
    assert states(batches)["stars"] == ("partial", "projects that could not be read: 1 of 2")


def test_nothing_but_gone_projects_is_an_error():
    with pytest.raises(Gone, match="check `projects`"):
        read(FakeGitlab(), "stars", projects=("team/gone", "team/gone-too"))


def test_a_project_that_moved_is_found_and_goes_on():
    fake = FakeGitlab(paths=("team/old", "team/new"), starrers=[(1, at(3))])
    batches = read(fake, "stars", projects=("team/old",))
    assert subjects(batches)["9"].name == "team/new"


def test_streams_look_a_project_up_once():
    fake = FakeGitlab()
    config = GitlabConfig(projects=(PATH,), token=secret(TOKEN))
    for stream in streams_of(CONNECTOR, config, fake).values():
        list(stream.read({}))
    assert sum(path == "projects/team%2Fengine" for path, _ in fake.requests) == 1


# Manners and refusals


def test_a_token_that_is_refused_says_where_to_make_one():
    with pytest.raises(AuthFailed, match=r"gitlab\.com/-/user_settings/personal_access_tokens") as caught:
        read(FakeGitlab(), "stars", token="wrong-token-123")
    assert "wrong-token-123" not in str(caught.value)


def test_the_token_does_not_follow_a_redirect_to_another_host():
    fake = FakeGitlab()
    fake.spoil = lambda path, _: (
        Answer(301, {"Location": "https://elsewhere.example/api/v4/projects/9"}) if len(fake.requests) == 1 else None
    )
    read(fake, "projects")
    assert fake.tokens == [
        (f"{HOST}/api/v4/projects/team%2Fengine", TOKEN),
        ("https://elsewhere.example/api/v4/projects/9", None),
    ]


@pytest.mark.parametrize("address", ["https://elsewhere.example", "http://gitlab.com"])
def test_a_next_page_elsewhere_or_without_encryption_is_not_asked_for(address):
    fake = FakeGitlab(links=address, starrers=[(n, at(3)) for n in range(200)])
    with pytest.raises(Malformed, match="external_url"):
        read(fake, "stars")
    assert {url.partition("/api")[0] for url, _ in fake.tokens} == {HOST}


def test_a_full_page_that_does_not_say_what_follows_is_malformed():
    full = [{"starred_since": at(3), "user": person(n)} for n in range(100)]
    fake = FakeGitlab(spoil=lambda path, _: said(full) if path.endswith("starrers") else None)
    with pytest.raises(Malformed, match="not what follows"):
        read(fake, "stars")


def test_pages_that_go_round_end():
    turning = said([{"starred_since": at(3), "user": person(1)}], headers={"X-Next-Page": "2"})
    with pytest.raises(Malformed, match="comes back"):
        read(FakeGitlab(spoil=lambda path, _: turning if path.endswith("starrers") else None), "stars")


def test_what_is_left_of_the_minute_is_kept():
    meter = Meter()
    read(FakeGitlab(), "stars", meter=meter)
    budget = meter.budgets["env:TEST at https://gitlab.com", "requests a minute"]
    assert (budget.limit, budget.remaining) == (2000, 1999)


@pytest.mark.parametrize("body", [{"message": "hello"}, "text", None])
def test_a_list_that_is_none_is_malformed(body):
    fake = FakeGitlab(spoil=lambda path, _: said(body) if path.endswith("issues") else None)
    with pytest.raises(Malformed):
        read(fake, "issues")


@pytest.mark.parametrize("item", [None, "text", {}, {"iid": 3}, {"iid": "x", "updated_at": at(2)}])
def test_a_thread_that_is_none_is_a_reject(item):
    fake = FakeGitlab(
        spoil=lambda path, _: said([item], headers={"X-Next-Page": ""}) if path.endswith("issues") else None
    )
    batches = read(fake, "issues")
    assert values(batches, "issues_opened") == {}
    assert len(rejects(batches)) >= 1


# The configuration


@pytest.mark.parametrize(
    "api_url", ["https://git.example.org", "https://git.example.org/", "https://git.example.org/api/v4"]
)
def test_the_address_may_be_that_of_the_server_or_of_its_api(api_url):
    config = GitlabConfig(projects=(PATH,), api_url=api_url)
    assert config.endpoint == "https://git.example.org/api/v4"


def test_a_server_may_lie_below_a_path():
    assert GitlabConfig(projects=(PATH,), api_url="https://x.org/git").endpoint == "https://x.org/git/api/v4"


@pytest.mark.parametrize("projects", [(), ("engine",), ("team/",), ("team/en gine",), ("https://gitlab.com/a/b",)])
def test_wrong_projects_are_refused(projects):
    with pytest.raises(ValueError, match="projects: "):
        GitlabConfig(projects=projects)


def test_a_wrong_address_names_its_key():
    with pytest.raises(ValueError, match="api_url: "):
        GitlabConfig(projects=(PATH,), api_url="git@gitlab.com")


# Recorded answers


def recorded(shared_data, name):
    return json.loads((shared_data / "platforms" / "gitlab" / name).read_text())


def test_recorded_issues_and_their_notes_are_read(shared_data):
    """fdroiddata, 2017: closed without a date, and notes of which GitLab wrote the half."""
    issues = [issue for page in (1, 2) for issue in recorded(shared_data, f"perceval/issue_page_{page}")]
    notes = {("issues", issue["iid"]): recorded(shared_data, f"perceval/notes_{issue['iid']}") for issue in issues}
    batches = read(
        FakeGitlab(issues=issues, notes=notes, about=recorded(shared_data, "perceval/project") | {"id": 9}), "issues"
    )
    assert total(batches, "issues_opened") == 4
    assert total(batches, "issue_comments") == 2
    undated = [issue for issue in issues if issue["state"] == "closed" and issue["closed_at"] is None]
    assert len(rejects(batches)) == len(undated)


def test_a_recorded_merge_request_is_counted_right(shared_data):
    """gitlab-foss!27117, 2019: 15 notes, 4 of them by people, and two approvals without a date of their own."""
    name = "danger_js/getMergeRequest{}.json"
    (request,) = [one["response"] for one in recorded(shared_data, name.format("Info"))]
    (notes,) = [one["response"] for one in recorded(shared_data, name.format("Notes"))]
    (approvals,) = [one["response"] for one in recorded(shared_data, name.format("Approvals"))]
    fake = FakeGitlab(
        merge_requests=[request],
        notes={("merge_requests", 27117): notes},
        approvals={27117: approvals["approved_by"]},
    )
    batches = read(fake, "merge_requests", bots=("gitlab-bot",))
    assert total(batches, "issue_comments") == request["user_notes_count"] == 4
    assert values(batches, "pull_reviews") == {"27253868:171554": 1, "27253868:283999": 1}
    (merge,) = [fact for b in batches for fact in b.observations if fact.metric == "pulls_merged"]
    assert (merge.actor, str(merge.occurred_at.date())) == ("dbalexandre", "2019-04-09")
    assert attrs(batches, "issue_comments")["158392374"][1]["bot"] is True
    assert rejects(batches) == []
