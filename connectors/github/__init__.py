"""GitHub: stars, issues, pull requests, reviews, discussions, forks, traffic and downloads, through PyGithub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.base import Connector, Context, Kind, Metric, Stream, StreamSpec
from connectors.errors import NotPermitted
from connectors.github import anonymous, forks, releases, threads
from connectors.github.access import Access
from connectors.github.config import GithubConfig
from connectors.github.kinds import DISCUSSIONS, ISSUES, PULLS
from connectors.github.levels import levels
from connectors.github.pulse import Pulse
from connectors.github.stars import LOS_ANGELES, Stars
from connectors.github.streams import Manner, RepositoriesStream
from connectors.github.traffic import Traffic, forecast

METADATA = "Metadata: read"
ISSUES_READ = "Issues: read"
PULLS_READ = "Pull requests: read"
DISCUSSIONS_READ = "Discussions: read"
CONTENTS = "Contents: read"
ADMINISTRATION = "Administration: read"

# Lanes of what is read beside the rest: each waits for a few last answers at its end.
STARS, PULL_REQUESTS, TRAFFIC, REFERRERS = "stars", "pulls", "traffic", "referrers"

SPECS = (
    StreamSpec(
        "repository",
        (Metric("stargazers", Kind.LEVEL, gauge=True), Metric("watchers", Kind.LEVEL, gauge=True)),
        METADATA,
        retention_days=1,  # GitHub tells today's only
    ),
    StreamSpec("stars", (Metric("stars", Kind.DAILY, tz=LOS_ANGELES.key),), METADATA, cursor_version=2, lane=STARS),
    StreamSpec("stars_by_level", (Metric("stars", Kind.LEVEL),), METADATA, retention_days=1, lane=STARS),
    StreamSpec("forks", (Metric("forks", Kind.EVENT),), METADATA),
    StreamSpec(
        "issues",
        (
            Metric("issues_opened", Kind.EVENT),
            Metric("issues_closed", Kind.EVENT),
            Metric("issue_comments", Kind.EVENT),
        ),
        ISSUES_READ,
        cursor_version=2,
    ),
    StreamSpec(
        "pulls",
        (
            Metric("pulls_opened", Kind.EVENT),
            Metric("pulls_merged", Kind.EVENT),
            Metric("issue_comments", Kind.EVENT),
            Metric("pull_reviews", Kind.EVENT),
            Metric("review_comments", Kind.EVENT),
        ),
        PULLS_READ,
        cursor_version=2,
        lane=PULL_REQUESTS,
    ),
    StreamSpec(
        "discussions",
        (
            Metric("discussions_opened", Kind.EVENT),
            Metric("discussion_comments", Kind.EVENT),
            Metric("answers", Kind.EVENT),
        ),
        DISCUSSIONS_READ,
    ),
    StreamSpec("releases", (Metric("release_downloads", Kind.LEVEL),), CONTENTS, retention_days=1, cursor_version=2),
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
        cursor_version=2,
        lane=TRAFFIC,
    ),
    StreamSpec(
        "referrers",
        (Metric("referrer_views", Kind.LEVEL, gauge=True), Metric("path_views", Kind.LEVEL, gauge=True)),
        ADMINISTRATION,
        retention_days=1,  # the sums of 14 days are told as they are today
        cursor_version=2,
        lane=REFERRERS,
    ),
)
GIVEN = StreamSpec(
    "given",
    (
        Metric("issues_opened", Kind.EVENT),
        Metric("issue_comments", Kind.EVENT),
        Metric("pulls_opened", Kind.EVENT),
        Metric("pulls_merged", Kind.EVENT),
        Metric("pull_reviews", Kind.EVENT),
        Metric("discussion_comments", Kind.EVENT),
        Metric("answers", Kind.EVENT),
    ),
    METADATA,
)

NO_REVIEWS = NotPermitted(
    "pull_reviews need a token, though one without any right: REST wants a request per pull request for them",
    remedy="set token",
)


def open_streams(config: GithubConfig, context: Context) -> Sequence[Stream]:
    """Every stream, sharing one pulse of the repositories, the accounts of the credentials, and their connections."""
    access = Access(config, context)
    pulse = Pulse(access)
    manners = _anonymous() if config.is_anonymous else _with_token()
    streams: list[Stream] = [
        RepositoriesStream(spec, manners[spec.name], access, pulse, is_first=spec is SPECS[0]) for spec in SPECS
    ]
    if config.user is None:
        return streams
    from connectors.github.given import GivenStream

    return [*streams, GivenStream(GIVEN, access, pulse)]


def _with_token() -> Mapping[str, Manner]:
    stars = Stars()
    return {
        **_either_way(stars),
        "forks": Manner("forks", forks.forks, forks.forecast),
        "issues": Manner("issues", threads.issues, threads.forecast(ISSUES)),
        "pulls": Manner("pull requests", threads.pulls, threads.forecast(PULLS)),
        "discussions": Manner("discussions", threads.discussions, threads.forecast(DISCUSSIONS)),
        "releases": Manner("releases", releases.releases, releases.forecast, days=None),
    }


def _anonymous() -> Mapping[str, Manner]:
    return {
        **_either_way(Stars()),
        "forks": Manner("forks", anonymous.forks, anonymous.forecast(1)),
        "issues": Manner("issues", anonymous.issues, anonymous.forecast(2)),
        "pulls": Manner(
            "pull requests", anonymous.pulls, anonymous.forecast(2), unread=("pull_reviews",), because=NO_REVIEWS
        ),
        "discussions": Manner("discussions", anonymous.wants_token, anonymous.forecast(0)),
        "releases": Manner("releases", anonymous.releases, anonymous.forecast(1), days=None),
    }


def _either_way(stars: Stars) -> Mapping[str, Manner]:
    traffic = Traffic()
    return {
        "repository": Manner("levels", levels, lambda _: [], days=None),
        "stars": Manner("stars", stars.by_day, stars.forecast, days=LOS_ANGELES),
        "stars_by_level": Manner("stars", stars.by_level, lambda _: [], days=None),
        "traffic": Manner("traffic", traffic.by_day, forecast),
        "referrers": Manner("referrers", traffic.by_place, forecast, days=None),
    }


CONNECTOR = Connector(
    "github",
    GithubConfig,
    open_streams,
    (*SPECS, GIVEN),
    "Stars, forks, issues, pull requests, reviews, discussions, traffic and downloads of GitHub repositories",
)
