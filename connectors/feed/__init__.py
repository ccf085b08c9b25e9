"""Posts of a blog, episodes of a podcast, videos of a channel: RSS, Atom and JSON Feed."""

from connectors.feed.stream import CONNECTOR, FeedConfig

__all__ = ["CONNECTOR", "FeedConfig"]
