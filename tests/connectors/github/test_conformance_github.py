"""The github connector keeps what every connector keeps, over its own transport and a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest

from connectors.github import CONNECTOR, GithubConfig
from connectors.testing import CHECKS, NOW, WEB_CHECKS, Case, Mood, checks_for, known_secret
from harvester.demo import faults
from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.life import PLANS, build
from harvester.demo.wire import Service

TOKEN = "ghp_t0kenOfTheConformanceSuite"
EVER = 10**6
NO_HISTORY = r"pocketlog/stargazers/history"  # one stream reads histories, another what has none
FAULTS = {
    Mood.REFUSING: faults.status(401),
    Mood.DOWN: faults.status(503),
    Mood.WEB_PAGE: faults.html(200),
    Mood.EMPTY: faults.empty(),
    Mood.BUSY: faults.secondary_limit(429, retry_after=90),
}


@pytest.fixture(scope="module")
def service() -> Iterator[Service[GitHub]]:
    world = build(NOW.date(), start=date(2025, 1, 1), plans=PLANS[:2])
    hub = GitHub(world, tokens={TOKEN: Token(world.person.login, limit=EVER, graphql_limit=EVER)}, clock=lambda: NOW)
    with Service(hub).listen() as running:
        yield running


@pytest.fixture
def case(service: Service[GitHub]) -> Case:
    @contextmanager
    def serving(mood: Mood) -> Iterator[None]:
        service.faults.clear()
        service.faults.inject(faults.status(404), NO_HISTORY, times=EVER)
        if mood is not Mood.FINE:
            service.faults.inject(FAULTS[mood], times=EVER)
        yield

    person = service.app.world.person.login
    config = GithubConfig(
        repos=(f"{person}/*",), token=known_secret(TOKEN), user=person, api_url=service.url
    )
    return Case(connector=CONNECTOR, config=config, serving=serving, secrets=[TOKEN])


@pytest.mark.parametrize("check", CHECKS + WEB_CHECKS)
def test_the_github_connector_conforms(check, case):
    assert check in checks_for(case)
    check(case)
