from __future__ import annotations

import feedparser
import pytest
import requests

from harvester.demo.blog import Blog
from harvester.demo.server import Servers, serve
from harvester.demo.world import World

FEEDS = ("/atom.xml", "/rss.xml", "/feed.json")


@pytest.mark.parametrize(("path", "version"), [("/atom.xml", "atom10"), ("/rss.xml", "rss20")])
def test_feed_holds_every_post_with_its_comments(
    world: World, servers: Servers, http: requests.Session, path: str, version: str
) -> None:
    feed = feedparser.parse(http.get(servers.blog.url + path).content)
    assert (feed.version, feed.bozo) == (version, False)
    counts = {entry.link: int(entry.slash_comments) for entry in feed.entries}
    assert counts == world.truth().levels["post_comments"]
    days = [entry.published_parsed[:3] for entry in feed.entries]
    assert days == sorted(days, reverse=True)


def test_atom_counts_replies_in_all_three_ways(servers: Servers, http: requests.Session) -> None:
    entry = feedparser.parse(http.get(f"{servers.blog.url}/atom.xml").content).entries[0]
    replies = next(link for link in entry.links if link["rel"] == "replies")
    assert entry.slash_comments == entry.thr_total == replies["thr:count"]


def test_json_feed_holds_the_same_posts(world: World, servers: Servers, http: requests.Session) -> None:
    feed = http.get(f"{servers.blog.url}/feed.json").json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert {item["url"] for item in feed["items"]} == set(world.truth().levels["post_comments"])


def test_feed_may_show_only_the_newest(world: World, http: requests.Session) -> None:
    with serve(world, blog=Blog(world, shown=20)) as servers:
        feed = http.get(f"{servers.blog.url}/feed.json").json()
    newest = sorted(world.posts, key=lambda post: post.published_at, reverse=True)[:20]
    assert [item["title"] for item in feed["items"]] == [post.title for post in newest]


@pytest.mark.parametrize("path", FEEDS)
def test_validators_are_honoured(world: World, servers: Servers, http: requests.Session, path: str) -> None:
    url = servers.blog.url + path
    first = http.get(url)
    etag, modified = first.headers["ETag"], first.headers["Last-Modified"]
    assert http.get(url, headers={"If-None-Match": etag}).status_code == 304
    assert http.get(url, headers={"If-Modified-Since": modified}).status_code == 304
    assert http.get(url, headers={"If-None-Match": '"other"', "If-Modified-Since": modified}).status_code == 200
    world.publish("new", "Something new")
    assert http.get(url, headers={"If-None-Match": etag, "If-Modified-Since": modified}).status_code == 200


def test_new_comment_changes_the_feed(world: World, servers: Servers, http: requests.Session) -> None:
    etag = http.get(f"{servers.blog.url}/rss.xml").headers["ETag"]
    world.comment_post(world.posts[-1])
    assert http.get(f"{servers.blog.url}/rss.xml", headers={"If-None-Match": etag}).status_code == 200


def test_anything_else_is_not_found(servers: Servers, http: requests.Session) -> None:
    assert http.get(f"{servers.blog.url}/").status_code == 404
