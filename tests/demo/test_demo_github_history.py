"""The history of stars: Los Angeles days, thirty weeks a page, and a past that is rewritten."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from demo_asking import get

from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.things import Repo
from harvester.demo.world import World

PATH = "/repos/wren-hollow/fresh/stargazers/history"


@pytest.fixture
def world(bare_world: World) -> World:
    return bare_world


@pytest.fixture
def repo(world: World) -> Repo:
    return world.create(world.person, "fresh", at=datetime(2025, 1, 15, tzinfo=UTC))


def weeks(github: GitHub, page: int = 1, **more: str) -> list[dict[str, Any]]:
    answer = get(github, f"{PATH}?page={page}", **more)
    assert answer.status == 200
    return list(json.loads(answer.body))


def days(github: GitHub) -> dict[date, int]:
    """The days with stars, over all pages."""
    found, page = {}, 1
    while told := weeks(github, page):
        for week in told:
            sunday = datetime.fromtimestamp(week["week"], UTC).date()
            found |= {sunday + timedelta(days=n): count for n, count in enumerate(week["days"]) if count}
        page += 1
    return found


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-01-10T07:59:59", date(2026, 1, 9)),  # winter: midnight is at eight
        ("2026-01-10T08:00:00", date(2026, 1, 10)),
        ("2026-03-08T07:59:59", date(2026, 3, 7)),  # the clocks go forward on the 8th
        ("2026-03-08T08:00:00", date(2026, 3, 8)),
        ("2026-03-09T06:59:59", date(2026, 3, 8)),
        ("2026-03-09T07:00:00", date(2026, 3, 9)),
        ("2026-07-01T06:59:59", date(2026, 6, 30)),  # summer: midnight is at seven
        ("2026-11-01T06:59:59", date(2026, 10, 31)),  # the clocks go back on the 1st
        ("2026-11-02T07:59:59", date(2026, 11, 1)),
        ("2026-11-02T08:00:00", date(2026, 11, 2)),
    ],
)
def test_a_star_counts_on_the_day_it_was_in_los_angeles(world: World, repo: Repo, at: str, day: date) -> None:
    world.star(repo, at=datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert days(GitHub(world)) == {day: 1}
    assert world.truth().days["stars"] == {(repo.full_name, day): 1}


def test_weeks_begin_on_sundays_at_midnight_utc_in_summer_and_winter(world: World, repo: Repo) -> None:
    told = weeks(GitHub(world)) + weeks(GitHub(world), 2)
    begin = [datetime.fromtimestamp(week["week"], UTC) for week in told]
    assert {(at.weekday(), at.hour, at.minute) for at in begin} == {(6, 0, 0)}
    assert {newer - older for newer, older in pairwise(begin)} == {timedelta(days=7)}


def test_a_page_has_thirty_weeks_at_most_and_the_last_one_holds_the_creation(world: World, repo: Repo) -> None:
    github = GitHub(world)
    assert [len(weeks(github, page)) for page in (1, 2, 3, 4, 5)] == [30, 30, 30, 7, 0]
    oldest = datetime.fromtimestamp(weeks(github, 4)[-1]["week"], UTC)
    assert oldest <= repo.created_at < oldest + timedelta(days=7)
    assert len(json.loads(get(github, f"{PATH}?per_page=100").body)) == 30
    assert len(json.loads(get(github, f"{PATH}?per_page=3").body)) == 3


def test_the_rest_of_the_running_week_is_zeros(world: World, repo: Repo) -> None:
    world.star(repo, at=world.now)
    newest = weeks(GitHub(world))[0]
    assert (
        world.now.weekday() == 4
    )  # the days before Friday are zeros for want of stars, Saturday is one for want of time
    assert newest["days"] == [0, 0, 0, 0, 0, 1, 0]
    assert newest["total"] == 1


def test_an_unstar_lowers_the_day_of_the_star_years_ago(world: World, repo: Repo) -> None:
    github, old = GitHub(world), datetime(2025, 2, 3, 20, tzinfo=UTC)
    kept, taken = world.star(repo, at=old), world.star(repo, at=old + timedelta(days=1))
    assert days(github) == {date(2025, 2, 3): 1, date(2025, 2, 4): 1}
    world.unstar(repo, taken)
    assert days(github) == {kept.at.date(): 1}


def test_an_unchanged_page_is_a_304_without_link(world: World, repo: Repo) -> None:
    github = GitHub(world)
    first = get(github, f"{PATH}?page=2")
    again = get(github, f"{PATH}?page=2", if_none_match=first.headers["ETag"])
    assert (again.status, again.body, again.headers.get("Link")) == (304, b"", None)
    assert 'rel="next"' in first.headers["Link"]
    world.star(repo, at=datetime(2025, 10, 1, tzinfo=UTC))
    assert get(github, f"{PATH}?page=2", if_none_match=first.headers["ETag"]).status == 200


def test_everybody_may_read_it_and_enterprise_server_lacks_it(world: World, repo: Repo) -> None:
    github = GitHub(world, tokens={"demo": Token("amber-badger")})
    assert get(github, PATH).status == 200
    assert get(GitHub(world, has_history=False), f"/api/v3{PATH}").status == 404
