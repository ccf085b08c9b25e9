"""The plausible connector keeps what every connector keeps."""

from __future__ import annotations

import pytest
from demo_answers import KEY, answers_of, world_of_readers

from connectors.plausible import CONNECTOR, PlausibleConfig
from connectors.testing import NOW, Case, checks_for, known_secret
from harvester.demo.analytics import Plausible

WORLD = world_of_readers()
CASE = Case(
    connector=CONNECTOR,
    config=PlausibleConfig(site=WORLD.site, api_key=known_secret(KEY)),
    answer=answers_of(Plausible(WORLD, keys=frozenset({KEY}), clock=lambda: NOW)),
    secrets=[KEY],
)


@pytest.mark.parametrize("check", checks_for(CASE))
def test_the_plausible_connector_conforms(check):
    check(CASE)
