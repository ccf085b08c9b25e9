"""GitHub: stars, issues, pull requests, reviews and comments of repositories, through PyGithub."""

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
from connectors.github.stars import LOS_ANGELES, Stars
from connectors.github.streams import Manner, RepositoriesStream
from connectors.github.survey import Survey

WIDTH = 8  # repositories at a time; GitHub allows 100 requests at once

METADATA = "Metadata: read"
ISSUES = "Issues: read"
PULLS = "Pull requests: read"

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
)


def open_streams(config: GithubConfig, context: Context) -> Sequence[Stream]:
    """Every stream, sharing one survey of the repositories, one count of requests, and their connections."""
    access, stars = Access(config, context), Stars()
    survey = Survey(access, WIDTH)
    manners = {
        "repository": Manner("levels", levels, memory="now", days=None),
        "stars": Manner("stars", stars.by_day, days=LOS_ANGELES),
        "stars_by_level": Manner("stars", stars.by_level, memory="now", days=None),
        "issues": Manner("issues", issues),
        "pulls": Manner("pull requests", pulls),
        "issue_comments": Manner("issue comments", issue_comments),
        "pull_reviews": Manner("pull request reviews", pull_reviews),
        "review_comments": Manner("review comments", review_comments),
    }
    return [RepositoriesStream(spec, manners[spec.name], access, survey, WIDTH) for spec in SPECS]


CONNECTOR = Connector(
    "github",
    GithubConfig,
    open_streams,
    SPECS,
    "Stars, forks, issues, pull requests, reviews and comments of GitHub repositories",
)
