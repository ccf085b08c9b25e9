"""The pypi and npm connectors keep what every connector keeps."""

from __future__ import annotations

from datetime import date

import pytest
from fake_downloads import FakeNpm, FakePypiStats, each

from connectors import npm, pypi
from connectors.testing import Case, checks_for

DAYS = each(date(2026, 6, 1), date(2026, 11, 23))
COUNTS = {day: 1 + number for number, day in enumerate(DAYS)}
CASES = {
    "pypi": Case(
        connector=pypi.CONNECTOR,
        config=pypi.PypiConfig(packages=("engine", "wheel_house")),
        answer=FakePypiStats({"engine": COUNTS, "wheel-house": COUNTS}, DAYS),
    ),
    "npm": Case(
        connector=npm.CONNECTOR,
        config=npm.NpmConfig(packages=("engine", "@me/engine")),
        answer=FakeNpm({"engine": COUNTS, "@me/engine": COUNTS}, DAYS[-1]),
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("check", checks_for(CASES["npm"]))
def test_the_connectors_of_downloads_conform(name, check):
    check(CASES[name])
