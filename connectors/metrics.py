"""What is counted, by name, and its usual kind: for connectors whose users say what a number is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from connectors.base import Kind, Metric
from connectors.nearest import nearest

SubjectKind = Literal["repo", "post", "talk", "video", "account"]

_EVENTS = """
    issues_opened issues_closed issue_comments pulls_opened pulls_merged pull_reviews review_comments
    discussions_opened discussion_comments answers posts_published videos_published
    talks talk_audience attendees talk_interactions
"""
_DAYS = """
    stars forks traffic_views traffic_visitors traffic_clones traffic_cloners referrer_views path_views
    release_downloads post_reads post_visitors post_comments post_reactions site_visits impressions clicks
    video_views video_comments downloads
"""
_GAUGES = "stargazers watchers followers subscribers audience"

GAUGES = frozenset(_GAUGES.split())
"""Of which the reading itself is the total; other levels are counters, of which the growth is."""

USUAL: Mapping[str, Kind] = MappingProxyType(
    dict.fromkeys(_EVENTS.split(), Kind.EVENT)
    | dict.fromkeys(_DAYS.split(), Kind.DAILY)
    | dict.fromkeys(_GAUGES.split(), Kind.LEVEL)
)
"""Every metric that our connectors count; a third party's connector adds its own."""

_SUBJECTS: Mapping[str, SubjectKind] = {
    **dict.fromkeys(("post", "posts"), "post"),
    **dict.fromkeys(("video", "videos"), "video"),
    **dict.fromkeys(("talk", "talks", "attendees"), "talk"),
    **dict.fromkeys(("followers", "subscribers", "audience", "impressions", "clicks", "site", "answers"), "account"),
}


def metric_of(name: str, kind: Kind | None = None, *, tz: str = "UTC") -> Metric:
    """The metric as it is declared, in its usual kind or in another. KeyError for a name that is not known."""
    chosen = kind or USUAL[name]
    return Metric(name, chosen, tz=tz, gauge=chosen is Kind.LEVEL and name in GAUGES)


def subject_kind(name: str) -> SubjectKind:
    """What a metric is usually about; a repository where nothing else is said."""
    return _SUBJECTS.get(name) or _SUBJECTS.get(name.partition("_")[0]) or "repo"


def unknown(name: str) -> str:
    """What to say of a metric that is not known, the nearest one included."""
    near = nearest(name, USUAL)
    return f"{name!r} is no metric" + (f"; did you mean {near}?" if near else "; docs/scoring.md lists them")
