"""What [source.NAME] of a YouTube source may say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from connectors.base import Secret
from connectors.pages import split_site

_CHANNEL = re.compile(r"UC[A-Za-z0-9_-]{22}")
_ADDRESS = re.compile(r"https?://(?:www\.|m\.)?youtube\.com/channel/([^/?#]+)/?")


@dataclass(frozen=True, slots=True, kw_only=True)
class YoutubeConfig:
    """Raises ValueError("key: why") for what is no channel or no address."""

    channel: str = field(metadata={"help": "id of the channel, UC and 22 characters, or its address with that id"})
    api_key: Secret | None = field(
        default=None,
        metadata={
            "help": "a Google Cloud API key with YouTube Data API v3; without one the latest 15 videos are read"
        },
    )
    api_url: str = field(
        default="https://www.googleapis.com/youtube/v3", metadata={"help": "address of the Data API"}
    )
    feed_url: str = field(
        default="https://www.youtube.com/feeds/videos.xml", metadata={"help": "address of the feed of channels"}
    )

    def __post_init__(self) -> None:
        if not _CHANNEL.fullmatch(self.channel_id):
            raise ValueError(
                "channel: not the id of a channel, UC and 22 characters; "
                "YouTube shows it under the channel's description, Share channel, Copy channel ID"
            )
        for key in ("api_url", "feed_url"):
            try:
                split_site(getattr(self, key))
            except ValueError:
                raise ValueError(f"{key}: write an address that begins with https://") from None

    @property
    def channel_id(self) -> str:
        """The bare id."""
        address = _ADDRESS.fullmatch(self.channel.strip())
        return address[1] if address else self.channel.strip()
