"""The hackernews connector keeps what every connector keeps."""

from __future__ import annotations

import pytest
from fake_hackernews import FakeHackerNews, stories

from connectors.hackernews import CONNECTOR, HackernewsConfig
from connectors.testing import Case, checks_for

CASE = Case(
    connector=CONNECTOR,
    config=HackernewsConfig(sites=("example.org", "github.com/me")),
    answer=FakeHackerNews([*stories(5), *stories(3, url="https://github.com/me/engine", first=100)], most=2),
)


@pytest.mark.parametrize("check", checks_for(CASE))
def test_the_hackernews_connector_conforms(check):
    check(CASE)
