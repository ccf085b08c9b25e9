"""What the streams of GitLab projects are."""

from __future__ import annotations

from connectors.base import Kind, Metric, StreamSpec

REMEMBERED = 30
"""Days of fetches that GitLab tells."""

_PUBLIC = "none for public projects, else a token with read_api"

PROJECTS = StreamSpec("projects", (Metric("stargazers", Kind.LEVEL, gauge=True),), _PUBLIC, retention_days=1)
STARS = StreamSpec("stars", (Metric("stars", Kind.EVENT),), _PUBLIC)
ISSUES = StreamSpec(
    "issues",
    (
        Metric("issues_opened", Kind.EVENT),
        Metric("issues_closed", Kind.EVENT),
        Metric("issue_comments", Kind.EVENT),
    ),
    _PUBLIC,
)
MERGE_REQUESTS = StreamSpec(
    "merge_requests",
    (
        Metric("pulls_opened", Kind.EVENT),
        Metric("pulls_merged", Kind.EVENT),
        Metric("issue_comments", Kind.EVENT),
        Metric("review_comments", Kind.EVENT),
        Metric("pull_reviews", Kind.EVENT),
    ),
    "none for public projects; a token with read_api for approvals",
)
TRAFFIC = StreamSpec(
    "traffic",
    (Metric("traffic_clones", Kind.DAILY, revise="max"),),
    "a token with read_api of somebody who may push",
    retention_days=REMEMBERED,
)
