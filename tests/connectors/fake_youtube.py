"""A channel as YouTube shows it: by feed and by the Data API v3, with the habits of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from xml.sax.saxutils import escape

import requests
from wired import asked, said

from connectors.testing import Answer

CHANNEL = "UC_x5XG1OV2P6uZZ5FSM9Ttw"
KEY = "AIzaSyA-fake-key-4f7d"
INVALID = {
    "error": {
        "code": 400,
        "message": "API key not valid. Please pass a valid API key.",
        "errors": [{"message": "API key not valid.", "domain": "global", "reason": "badRequest"}],
        "status": "INVALID_ARGUMENT",
        "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}],
    }
}


def refusal(status: int, reason: str) -> Answer:
    return said({"error": {"code": status, "message": "no", "errors": [{"reason": reason}]}}, status)


@dataclass
class Video:
    """`views` and `comments`: None where the count is hidden or switched off."""

    id: str
    published: str
    views: int | None = 0
    comments: int | None = 0
    title: str = "A talk"
    is_private: bool = False
    state: str = "none"


@dataclass
class FakeYoutube:
    """Newest first, 15 in the feed, 50 a page, counts as texts, what is empty left out of the answers."""

    videos: list[Video] = field(default_factory=list)
    subscribers: str | None = "1230"
    hides_subscribers: bool = False
    created: str = "2007-08-23T00:34:43.000Z"
    spoil: Any = None
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __call__(self, request: requests.PreparedRequest) -> Answer:
        path, query = asked(request)
        self.requests.append((path, query))
        spoilt = self.spoil and self.spoil(path, query)
        return spoilt or self.answer(path, query, request.headers.get("X-Goog-Api-Key"))

    def answer(self, path: str, query: dict[str, str], key: str | None) -> Answer:
        if path == "/feeds/videos.xml":
            return self.feed() if query["channel_id"] == CHANNEL else Answer(404)
        if key != KEY:
            return said(INVALID, 400)
        what = path.removeprefix("/youtube/v3/")
        return {"channels": self.channels, "playlistItems": self.playlist, "videos": self.list}[what](query)

    def newest(self) -> list[Video]:
        return sorted(self.videos, key=lambda video: video.published, reverse=True)

    def channels(self, query: dict[str, str]) -> Answer:
        if query["id"] != CHANNEL:  # no such channel: no items at all
            return said({"kind": "youtube#channelListResponse", "pageInfo": {"totalResults": 0}})
        counts = {"viewCount": "160361638", "hiddenSubscriberCount": self.hides_subscribers}
        counts["videoCount"] = str(len(self.videos))
        if self.subscribers is not None and not self.hides_subscribers:
            counts["subscriberCount"] = self.subscribers
        item = {
            "kind": "youtube#channel",
            "id": CHANNEL,
            "snippet": {"title": "Talks", "publishedAt": self.created},
            "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": "UU" + CHANNEL[2:]}},
            "statistics": counts,
        }
        return said({"kind": "youtube#channelListResponse", "items": [item]})

    def playlist(self, query: dict[str, str]) -> Answer:
        if not self.videos:
            return refusal(404, "playlistNotFound")
        start = int(query.get("pageToken", "p0")[1:])
        page = self.newest()[start : start + min(int(query["maxResults"]), 50)]
        more = {"nextPageToken": f"p{start + 50}"} if start + 50 < len(self.videos) else {}
        items = [{"contentDetails": {"videoId": video.id}} for video in page]
        return said({"kind": "youtube#playlistItemListResponse", "items": items, **more})

    def list(self, query: dict[str, str]) -> Answer:
        names = query["id"].split(",")
        if len(names) > 50:
            return refusal(400, "invalidFilters")
        items = [self.item(video) for video in self.videos if video.id in names and not video.is_private]
        return said({"kind": "youtube#videoListResponse", **({"items": items[::-1]} if items else {})})

    def item(self, video: Video) -> dict[str, Any]:
        counts = {"viewCount": video.views, "commentCount": video.comments, "likeCount": 3}
        return {
            "id": video.id,
            "snippet": {
                "title": video.title,
                "publishedAt": video.published,
                "liveBroadcastContent": video.state,
            },
            "statistics": {name: str(count) for name, count in counts.items() if count is not None},
        }

    def feed(self) -> Answer:
        entries = "".join(self.entry(video) for video in self.newest()[:15] if not video.is_private)
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015"'
            ' xmlns:media="http://search.yahoo.com/mrss/" xmlns="http://www.w3.org/2005/Atom">'
            f"<id>yt:channel:x</id><title>Talks</title>{entries}</feed>"
        )
        return Answer(200, {"Content-Type": "text/xml; charset=UTF-8"}, body.encode())

    def entry(self, video: Video) -> str:
        counts = "" if video.views is None else f'<media:statistics views="{video.views}"/>'
        return (
            f"<entry><id>yt:video:{video.id}</id><yt:videoId>{video.id}</yt:videoId>"
            f"<title>{escape(video.title)}</title><published>{video.published}</published>"
            f"<media:group><media:title>not this one</media:title><media:community>{counts}"
            "</media:community></media:group></entry>"
        )


def videos(count: int, first_day: int = 1) -> list[Video]:
    """A video a day; the first day is 1 October 2026."""
    return [
        Video(f"video-{day:05d}", f"{date(2026, 9, 30) + timedelta(day)}T10:00:00Z", abs(day), day % 3)
        for day in range(first_day, first_day + count)
    ]
