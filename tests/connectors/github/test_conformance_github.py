"""The github connector keeps what every connector keeps, over a transport of its own and a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from functools import partial

import pytest

from connectors.github import CONNECTOR, GithubConfig
from connectors.testing import CHECKS, NOW, WEB_CHECKS, Case, Mood, checks_for, known_secret
from connectors.testing.facts import check_coverage
from harvester.demo import faults
from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.life import PLANS, build
from harvester.demo.things import Traffic
from harvester.demo.wire import Service

TOKEN = "ghp_t0kenOfTheConformanceSuite"
EVER = 10**6
FAULTS = {
    Mood.REFUSING: faults.status(401),
    Mood.DOWN: faults.status(503),
    Mood.WEB_PAGE: faults.html(200),
    Mood.EMPTY: faults.empty(),
    Mood.BUSY: faults.secondary_limit(429, retry_after=90),
}


@pytest.fixture(scope="module")
def service() -> Iterator[Service[GitHub]]:
    """Two repositories with more of everything than one page holds."""
    world = build(NOW.date(), start=date(2025, 1, 1), plans=PLANS[:2])
    for repo in world.repos:
        world.visit(repo, NOW.date(), Traffic(views=9, visitors=4, clones=2, cloners=1))
        world.refer(repo, {"Google": 5}, {"": 7})
        for number in range(101):
            world.release(repo, f"v{number}", "tool.zip")
    other = world.create(world.new_account("stranger"), "others")
    world.comment(world.open_issue(other, world.person), world.person)
    hub = GitHub(world, tokens={TOKEN: Token(world.person.login, limit=EVER, graphql_limit=EVER)}, clock=lambda: NOW)
    with Service(hub).listen() as running:
        yield running


@contextmanager
def in_mood(service: Service[GitHub], without_history: str, mood: Mood) -> Iterator[None]:
    """Stars come by the day where there is a history, and as a level where there is none."""
    if without_history:
        service.faults.inject(faults.status(404), f"{without_history}/stargazers/history", times=EVER)
    if mood is not Mood.FINE:
        service.faults.inject(FAULTS[mood], times=EVER)
    try:
        yield
    finally:
        service.faults.clear()


def case_of(service: Service[GitHub], without_history: str = "") -> Case:
    person = service.app.world.person.login
    config = GithubConfig(repos=(f"{person}/*",), token=known_secret(TOKEN), user=person, api_url=service.url)
    serving: partial[AbstractContextManager[None]] = partial(in_mood, service, without_history)
    return Case(connector=CONNECTOR, config=config, serving=serving, secrets=[TOKEN])


# The address of the service is not known before it runs, so the case is not there yet.
@pytest.mark.parametrize("check", CHECKS + WEB_CHECKS)
def test_the_github_connector_conforms(check, service):
    case = case_of(service, without_history="pocketlog")
    assert check in checks_for(case)
    check(case)


@pytest.mark.parametrize("without_history", ["", ".*"], ids=["every history is told", "none is"])
def test_what_is_said_about_days_conforms_on_every_kind_of_github(without_history, service):
    check_coverage(case_of(service, without_history))
