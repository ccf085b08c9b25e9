"""The demo blog, served on loopback: what is read is what happened."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from connectors.base import Context
from connectors.feed import CONNECTOR, FeedConfig
from connectors.http import Http
from harvester.demo.life import build
from harvester.demo.server import serve


@pytest.fixture(scope="module")
def world():
    return build(date(2026, 11, 24))


@pytest.mark.parametrize("feed", ["atom.xml", "rss.xml", "feed.json"])
def test_the_posts_of_the_demo_are_all_read_and_counted_on_their_days(world, feed):
    times = [world.now]
    with serve(world, clock=lambda: world.now) as servers, Http(allow_private=True, clock=lambda: world.now) as http:
        context = Context(source="blog", http=http, clock=lambda: times[-1])
        (stream,) = CONNECTOR.open(FeedConfig(url=f"{servers.blog.url}/{feed}"), context)
        (batch,) = stream.read({})
        times.append(world.now + timedelta(hours=1))
        (unchanged,) = stream.read(batch.checkpoint)
    names = {subject.id: subject.name for subject in batch.subjects}
    truth = world.truth()
    published = Counter(
        (names[one.subject], one.occurred_at.date()) for one in batch.observations if one.metric == "posts_published"
    )
    assert published == truth.days["posts_published"]
    comments = {names[one.subject]: one.value for one in batch.observations if one.metric == "post_comments"}
    assert comments == ({} if feed == "feed.json" else truth.levels["post_comments"])
    assert unchanged.observations == ()
    assert batch.coverage[0].last_day - batch.coverage[0].first_day > timedelta(days=30)
