"""The youtube connector keeps what every connector keeps, with a key and without."""

from __future__ import annotations

import pytest
from fake_youtube import CHANNEL, KEY, FakeYoutube, videos

from connectors.testing import Case, checks_for, known_secret
from connectors.youtube import CONNECTOR, YoutubeConfig

CASES = {
    "feed": Case(connector=CONNECTOR, config=YoutubeConfig(channel=CHANNEL), answer=FakeYoutube(videos(15))),
    "key": Case(
        connector=CONNECTOR,
        config=YoutubeConfig(channel=CHANNEL, api_key=known_secret(KEY)),
        answer=FakeYoutube(videos(54)),
        secrets=[KEY],
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("check", checks_for(CASES["key"]))
def test_the_youtube_connector_conforms(name, check):
    check(CASES[name])
