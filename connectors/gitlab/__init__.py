"""Projects on GitLab: stars, issues, merge requests, what is said on them, and fetches."""

from connectors.base import Connector
from connectors.gitlab.config import GitlabConfig
from connectors.gitlab.specs import ISSUES, MERGE_REQUESTS, PROJECTS, STARS, TRAFFIC
from connectors.gitlab.streams import open_streams

__all__ = ["CONNECTOR", "GitlabConfig"]

CONNECTOR = Connector(
    "gitlab",
    GitlabConfig,
    open_streams,
    (PROJECTS, STARS, ISSUES, MERGE_REQUESTS, TRAFFIC),
    "projects on GitLab: stars, issues, merge requests, comments, approvals, fetches",
)
