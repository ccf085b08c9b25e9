"""The feed connector keeps what every connector keeps, whichever format the feed has."""

from __future__ import annotations

import json

import pytest
from feed_reader import item, rss

from connectors.feed import CONNECTOR, FeedConfig
from connectors.testing import Answer, Case, checks_for

KEY = "t0ken-of-a-private-feed"
ENTRY = '<link href="/p"/><title>A</title>'
COUNTED = "<slash:comments>5</slash:comments>"
FEEDS = {
    "rss": rss(item("a", more=COUNTED), item("b", more=COUNTED)),
    "atom without dates": f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>a</id>{ENTRY}</entry></feed>',
    "json": json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "a", "title": "A"}]}),
}


def blog(feed: str):
    """A server that knows its validators and wants a key."""

    def answer(request) -> Answer:
        assert KEY in request.url
        if request.headers.get("If-None-Match") == '"1"':
            return Answer(304)
        return Answer(200, {"ETag": '"1"', "Content-Type": "application/xml"}, feed.encode())

    return answer


CASES = {
    name: Case(
        connector=CONNECTOR,
        config=FeedConfig(url=f"https://blog.example/feed?key={KEY}"),
        answer=blog(feed),
    )
    for name, feed in FEEDS.items()
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("check", checks_for(CASES["rss"]))
def test_the_feed_connector_conforms(name, check):
    check(CASES[name])
