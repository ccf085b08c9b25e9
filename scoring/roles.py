"""What each metric stands for in the essay's formulas, and with which weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

Role = Literal["reads", "comments", "clicks", "interactions", "participants", "audience", "none"]
ROLES: tuple[Role, ...] = get_args(Role)

SIDES: Mapping[str, tuple[Role, ...]] = MappingProxyType({"e": ("reads", "comments"), "i": ("interactions",)})
"""The numerators: E is the effect of sharing, I that of taking part."""

PER_EVENT_AUDIENCE = frozenset({"talk_audience"})
"""Audiences of one occasion. Every other audience is a level that stays what it was until it is read again."""


@dataclass(frozen=True, slots=True)
class Weighting:
    """One metric's role, and how much one of it counts there."""

    role: Role
    weight: float


NOT_COUNTED = Weighting("none", 0.0)

DEFAULTS: Mapping[str, Weighting] = MappingProxyType(
    {
        "post_reads": Weighting("reads", 1.0),
        "traffic_views": Weighting("reads", 1.0),
        "video_views": Weighting("reads", 1.0),
        # 24 daily unique visitors came with each star in one public repository's 3.75 years of traffic, 168 in
        # another; we stay at the low end. A fork is two stars, as in OpenDigger's attention.
        "stars": Weighting("reads", 25.0),
        "forks": Weighting("reads", 50.0),
        "post_comments": Weighting("comments", 1.0),
        "video_comments": Weighting("comments", 1.0),
        "post_reactions": Weighting("comments", 0.25),
        "impressions": Weighting("clicks", 1.0),
        "clicks": Weighting("clicks", 1.0),
        "site_visits": Weighting("clicks", 1.0),
        # X-lab OpenDigger's activity weights.
        "issues_opened": Weighting("interactions", 2.2235),
        "issue_comments": Weighting("interactions", 0.5252),
        "pulls_opened": Weighting("interactions", 4.0679),
        "pulls_merged": Weighting("interactions", 2.0339),
        "pull_reviews": Weighting("interactions", 0.7427),
        "review_comments": Weighting("interactions", 0.7427),
        "discussion_comments": Weighting("interactions", 0.5252),
        # Our own judgements.
        "answers": Weighting("interactions", 2.0),
        "talk_interactions": Weighting("interactions", 1.0),
        "attendees": Weighting("participants", 1.0),
        "followers": Weighting("audience", 1.0),
        "stargazers": Weighting("audience", 1.0),
        "subscribers": Weighting("audience", 1.0),
        "audience": Weighting("audience", 1.0),
        "talk_audience": Weighting("audience", 1.0),
    }
)
"""Metrics that are not here have no role: they are stored and shown, and move no score."""
