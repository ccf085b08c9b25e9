"""The gitlab connector against a fake as unkind as the service: stars, fetches, several projects, manners."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from fake_gitlab import HOST, PATH, TOKEN, FakeGitlab, person
from gitlab_reader import BORN, TODAY, at, attrs, read, states, values
from wired import cursor_after, facts, rejects, said, secret, spans, streams_of, subjects, total

from connectors.base import Coverage, Meter
from connectors.errors import AuthFailed, Gone, Malformed, NotPermitted
from connectors.gitlab import CONNECTOR, GitlabConfig
from connectors.testing import NOW, Answer


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
