"""Videos of a YouTube channel: by its feed without a key, by the Data API v3 with one."""

from connectors.base import Connector
from connectors.youtube.config import YoutubeConfig
from connectors.youtube.specs import CHANNEL, VIDEOS
from connectors.youtube.streams import open_streams

__all__ = ["CONNECTOR", "YoutubeConfig"]

CONNECTOR = Connector(
    "youtube",
    YoutubeConfig,
    open_streams,
    (VIDEOS, CHANNEL),
    "videos of a YouTube channel with their views, and with an API key comments and subscribers",
)
