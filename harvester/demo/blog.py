"""The demo blog's feeds: Atom, RSS 2.0 and JSON Feed, newest first, with comment counts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from xml.sax.saxutils import escape

from harvester.demo.exchange import Answer, Request, http_date, matches, to_bytes
from harvester.demo.things import Post
from harvester.demo.world import World

TITLE = "Notes from Wren Hollow"
SLASH = "http://purl.org/rss/1.0/modules/slash/"
THREADING = "http://purl.org/syndication/thread/1.0"


class Blog:
    """Serves /atom.xml, /rss.xml and /feed.json. `shown`: how many of the newest posts, None for all."""

    def __init__(self, world: World, *, shown: int | None = None) -> None:
        self.world = world
        self.shown = shown

    def answer(self, request: Request) -> Answer:
        """Answer one request; honours If-None-Match, and If-Modified-Since where that is absent."""
        with self.world.lock:
            posts = sorted(self.world.posts, key=lambda post: post.published_at, reverse=True)[: self.shown]
            changed = _changed(posts) or self.world.now
            writers = {
                "/atom.xml": (self._atom, "application/atom+xml; charset=utf-8"),
                "/rss.xml": (self._rss, "application/rss+xml; charset=utf-8"),
                "/feed.json": (self._json, "application/feed+json; charset=utf-8"),
            }
            if request.path not in writers or request.method != "GET":
                return Answer(404, {"Content-Type": "text/plain"}, b"Not found")
            write, kind = writers[request.path]
            body = write(posts, changed)
        etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
        validators = {"ETag": etag, "Last-Modified": http_date(changed), "Cache-Control": "max-age=3600"}
        if _is_known(request, etag, changed):
            return Answer(304, validators)
        return Answer(200, {**validators, "Content-Type": kind}, body)

    def _atom(self, posts: Sequence[Post], changed: datetime) -> bytes:
        entries = "".join(self._entry(post) for post in posts)
        home = self.world.post_url("/")
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            f'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:slash="{SLASH}" xmlns:thr="{THREADING}">'
            f"<title>{TITLE}</title><id>{home}</id><updated>{changed.isoformat()}</updated>"
            f'<link rel="alternate" href="{home}"/><link rel="self" href="{home}atom.xml"/>'
            f"<author><name>Wren Hollow</name></author>{entries}</feed>\n"
        ).encode()

    def _entry(self, post: Post) -> str:
        url, count = self.world.post_url(post.path), len(post.comments)
        return (
            f"<entry><title>{escape(post.title)}</title><id>{url}</id>"
            f'<link rel="alternate" href="{url}"/>'
            f'<link rel="replies" href="{url}#comments" thr:count="{count}"/>'
            f"<published>{post.published_at.isoformat()}</published>"
            f"<updated>{post.updated_at.isoformat()}</updated>"
            f"<slash:comments>{count}</slash:comments><thr:total>{count}</thr:total>"
            f"<summary>About {escape(post.title.lower())}.</summary></entry>"
        )

    def _rss(self, posts: Sequence[Post], changed: datetime) -> bytes:
        items = "".join(self._item(post) for post in posts)
        home = self.world.post_url("/")
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            f'<rss version="2.0" xmlns:slash="{SLASH}"><channel><title>{TITLE}</title><link>{home}</link>'
            f"<description>Demo</description><lastBuildDate>{format_datetime(changed)}</lastBuildDate>"
            f"<ttl>60</ttl>{items}</channel></rss>\n"
        ).encode()

    def _item(self, post: Post) -> str:
        url = self.world.post_url(post.path)
        return (
            f"<item><title>{escape(post.title)}</title><link>{url}</link>"
            f'<guid isPermaLink="true">{url}</guid><pubDate>{format_datetime(post.published_at)}</pubDate>'
            f"<slash:comments>{len(post.comments)}</slash:comments>"
            f"<description>About {escape(post.title.lower())}.</description></item>"
        )

    def _json(self, posts: Sequence[Post], _: datetime) -> bytes:
        home = self.world.post_url("/")
        items = [
            {
                "id": self.world.post_url(post.path),
                "url": self.world.post_url(post.path),
                "title": post.title,
                "content_text": f"About {post.title.lower()}.",
                "date_published": post.published_at.isoformat(),
                "date_modified": post.updated_at.isoformat(),
            }
            for post in posts
        ]
        feed = {"version": "https://jsonfeed.org/version/1.1", "title": TITLE, "home_page_url": home}
        return to_bytes({**feed, "feed_url": f"{home}feed.json", "items": items})


def _changed(posts: Sequence[Post]) -> datetime | None:
    moments = [at for post in posts for at in (post.published_at, post.updated_at, *post.comments)]
    return max(moments, default=None)


def _is_known(request: Request, etag: str, changed: datetime) -> bool:
    if "if-none-match" in request.headers:
        return matches(etag, request.headers["if-none-match"])
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return parsedate_to_datetime(since) >= changed.replace(microsecond=0)
    except (ValueError, TypeError):
        return False
