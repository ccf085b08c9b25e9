"""The goatcounter connector keeps what every connector keeps."""

from __future__ import annotations

import pytest
from demo_answers import KEY, answers_of, world_of_readers

from connectors.goatcounter import CONNECTOR, GoatcounterConfig
from connectors.testing import NOW, Case, checks_for, known_secret
from harvester.demo.goatcounter import GoatCounter

WORLD = world_of_readers()
AMPLE = 10**6  # the clock stands still, so the limit of a second is that of the whole test
COUNTER = answers_of(GoatCounter(WORLD, keys=frozenset({KEY}), clock=lambda: NOW, a_second=AMPLE))
CONFIGS = {
    "its own address": GoatcounterConfig(site="wren", api_key=known_secret(KEY)),
    "a site and where it is counted": GoatcounterConfig(
        site=WORLD.site, api_key=known_secret(KEY), api_url="https://wren.goatcounter.com"
    ),
}
CASES = {
    name: Case(connector=CONNECTOR, config=config, answer=COUNTER, secrets=[KEY]) for name, config in CONFIGS.items()
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("check", checks_for(CASES["its own address"]))
def test_the_goatcounter_connector_conforms(name, check):
    check(CASES[name])
