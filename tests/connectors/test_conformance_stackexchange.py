"""The stackexchange connector keeps what every connector keeps."""

from __future__ import annotations

import pytest
from fake_stackexchange import BORN, KEY, FakeStackExchange

from connectors.stackexchange import CONNECTOR, StackexchangeConfig
from connectors.testing import Case, checks_for, known_secret

DAY = 86_400
CASE = Case(
    connector=CONNECTOR,
    config=StackexchangeConfig(users=("42",), api_key=known_secret(KEY)),
    answer=FakeStackExchange(
        answers={n: BORN + n * DAY for n in range(1, 6)},
        posts={n: BORN + n * DAY for n in range(1, 6)},
        scores={1: 5, 2: -3},
        comments={n: (1 + n % 5, BORN + (10 + n) * DAY, n) for n in range(1, 8)},
        quota=10**6,
        most=2,
    ),
    secrets=[KEY],
)


@pytest.mark.parametrize("check", checks_for(CASE))
def test_the_stackexchange_connector_conforms(check):
    check(CASE)
