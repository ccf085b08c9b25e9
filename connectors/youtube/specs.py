"""What the streams of a channel are."""

from __future__ import annotations

from connectors.base import Kind, Metric, StreamSpec

VIDEOS = StreamSpec(
    "videos",
    (
        Metric("videos_published", Kind.EVENT),
        Metric("video_views", Kind.LEVEL),
        Metric("video_comments", Kind.LEVEL),
    ),
    permission="none for the latest 15; an API key for all and for comments",
)
CHANNEL = StreamSpec(
    "channel",
    (Metric("subscribers", Kind.LEVEL, gauge=True),),
    permission="API key with YouTube Data API v3",
    retention_days=1,
)
