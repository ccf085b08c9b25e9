"""GitHub: stars, issues, pull requests, reviews, comments, traffic and downloads, through PyGithub."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.base import Connector, Context, Kind, Metric, Stream, StreamSpec
from connectors.github.access import Access
from connectors.github.config import GithubConfig
from connectors.github.readings import (
    issue_comments,
    issues,
    levels,
    pull_reviews,
    pulls,
    review_comments,
)
from connectors.github.releases import releases
from connectors.github.stars import LOS_ANGELES, Stars
from connectors.github.streams import Manner, RepositoriesStream
from connectors.github.survey import Survey
from connectors.github.traffic import referrers, traffic

WIDTH = 8  # repositories at a time; GitHub allows 100 requests at once

METADATA = "Metadata: read"
ISSUES = "Issues: read"
PULLS = "Pull requests: read"
CONTENTS = "Contents: read"
ADMINISTRATION = "Administration: read"

SPECS = (
    StreamSpec(
        "repository",
        (
            Metric("stargazers", Kind.LEVEL, gauge=True),
            Metric("watchers", Kind.LEVEL, gauge=True),
            Metric("forks", Kind.LEVEL),
        ),
        METADATA,
        retention_days=1,  # GitHub tells today's only
    ),
    StreamSpec("stars", (Metric("stars", Kind.DAILY, tz=LOS_ANGELES.key),), METADATA),
    StreamSpec("stars_by_level", (Metric("stars", Kind.LEVEL),), METADATA, retention_days=1),
    StreamSpec("issues", (Metric("issues_opened", Kind.EVENT), Metric("issues_closed", Kind.EVENT)), ISSUES),
    StreamSpec("pulls", (Metric("pulls_opened", Kind.EVENT), Metric("pulls_merged", Kind.EVENT)), PULLS),
    StreamSpec("issue_comments", (Metric("issue_comments", Kind.EVENT),), ISSUES),
    StreamSpec("pull_reviews", (Metric("pull_reviews", Kind.EVENT),), PULLS),
    StreamSpec("review_comments", (Metric("review_comments", Kind.EVENT),), PULLS),
    StreamSpec("releases", (Metric("release_downloads", Kind.LEVEL),), CONTENTS, retention_days=1),
    StreamSpec(
        "traffic",
        (
            Metric("traffic_views", Kind.DAILY, revise="max"),
            Metric("traffic_visitors", Kind.DAILY, revise="max"),
            Metric("traffic_clones", Kind.DAILY, revise="max"),
            Metric("traffic_cloners", Kind.DAILY, revise="max"),
        ),
        ADMINISTRATION,
        retention_days=14,
    ),
    StreamSpec(
        "referrers",
        (Metric("referrer_views", Kind.LEVEL, gauge=True), Metric("path_views", Kind.LEVEL, gauge=True)),
        ADMINISTRATION,
        retention_days=1,  # the sums of 14 days are told as they are today
    ),
)


def open_streams(config: GithubConfig, context: Context) -> Sequence[Stream]:
    """Every stream, sharing one survey of the repositories, one count of requests, and their connections."""
    access, stars = Access(config, context), Stars()
    survey = Survey(access, WIDTH)
    manners = {
        "repository": Manner("levels", levels, days=None),
        "stars": Manner("stars", stars.by_day, days=LOS_ANGELES),
        "stars_by_level": Manner("stars", stars.by_level, days=None),
        "issues": Manner("issues", issues),
        "pulls": Manner("pull requests", pulls),
        "issue_comments": Manner("issue comments", issue_comments),
        "pull_reviews": Manner("pull request reviews", pull_reviews),
        "review_comments": Manner("review comments", review_comments),
        "releases": Manner("releases", releases, days=None),
        "traffic": Manner("traffic", traffic),
        "referrers": Manner("referrers", referrers, days=None),
    }
    return [RepositoriesStream(spec, manners[spec.name], access, survey, WIDTH) for spec in SPECS]


CONNECTOR = Connector(
    "github",
    GithubConfig,
    open_streams,
    SPECS,
    "Stars, forks, issues, pull requests, reviews, comments, traffic and downloads of GitHub repositories",
)
