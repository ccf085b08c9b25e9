"""The feed of a channel: its latest videos, with their views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from connectors.errors import Malformed

LATEST = 15
"""Videos that the feed shows at most."""

_ATOM = "http://www.w3.org/2005/Atom"
_YT = "http://www.youtube.com/xml/schemas/2015"
_MEDIA = "http://search.yahoo.com/mrss/"
_FEED = f"{_ATOM} feed"
_ENTRY = (_FEED, f"{_ATOM} entry")
_STATISTICS = (*_ENTRY, f"{_MEDIA} group", f"{_MEDIA} community", f"{_MEDIA} statistics")
_TEXTS = {
    (*_ENTRY, f"{_YT} videoId"): "id",
    (*_ENTRY, f"{_ATOM} title"): "title",
    (*_ENTRY, f"{_ATOM} published"): "published",
    (_FEED, f"{_ATOM} title"): "channel",
}
_DEEPEST = 50


@dataclass(slots=True)
class FeedVideo:
    """A video as the feed writes it; "" where it says nothing."""

    id: str = ""
    title: str = ""
    published: str = ""
    views: str = ""


@dataclass(slots=True)
class _Reader:
    """Collects what is asked for while expat reads; nothing is expanded, as a document type is refused."""

    videos: list[FeedVideo] = field(default_factory=list)
    channel: str = ""
    path: list[str] = field(default_factory=list)
    is_feed: bool = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(name)
        if len(self.path) > _DEEPEST:
            raise ValueError("is nested deeper than a feed")
        path = tuple(self.path)
        if path == (_FEED,):
            self.is_feed = True
        elif path == _ENTRY:
            self.videos.append(FeedVideo())
        elif path == _STATISTICS:
            self.videos[-1].views = attributes.get("views", "")

    def end(self, _: str) -> None:
        self.path.pop()

    def text(self, data: str) -> None:
        what = _TEXTS.get(tuple(self.path))
        if what == "channel":
            self.channel += data
        elif what:
            setattr(self.videos[-1], what, getattr(self.videos[-1], what) + data)

    def refuse(self, *_: object) -> NoReturn:
        raise ValueError("declares a document type, which the feed of a channel does not")


def read_feed(body: bytes, url: str) -> tuple[str, Sequence[FeedVideo]]:
    """The channel's title and its latest videos. Raises Malformed for anything but a whole Atom feed.

    Read with expat and not with feedparser, which belongs to the feed connector and exists for feeds that break
    the rules: this one is written by a single service. A document type is refused before any entity is declared,
    so there is nothing that could expand or be fetched.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    try:
        parser.Parse(body.lstrip(), True)
    except (expat.ExpatError, ValueError) as error:
        raise Malformed(f"{url}: is not the feed of a channel ({error})") from None
    if not reader.is_feed:
        raise Malformed(f"{url}: is not the feed of a channel")
    return reader.channel.strip(), reader.videos
