"""What [source.NAME] of a GitLab source may say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from connectors.base import Secret
from connectors.pages import split_site

_PROJECT = re.compile(r"[\w.-]+(/[\w.-]+)+")
_API = "/api/v4"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitlabConfig:
    """Raises ValueError("key: why") for what is no project or no address."""

    projects: tuple[str, ...] = field(metadata={"help": "paths of the projects: group/project, group/sub/project"})
    token: Secret | None = field(
        default=None,
        metadata={"help": "an access token with the scope read_api; without one approvals and fetches are missing"},
    )
    user: str | None = field(
        default=None, metadata={"help": "your user name: what you do in these projects yourself does not count"}
    )
    api_url: str = field(default="https://gitlab.com", metadata={"help": "address of your own GitLab"})
    bots: tuple[str, ...] = field(default=(), metadata={"help": "user names that are machines"})

    def __post_init__(self) -> None:
        if not self.projects:
            raise ValueError('projects: name at least one, as in ["group/project"]')
        for project in self.projects:
            if not _PROJECT.fullmatch(project):
                raise ValueError(f'projects: "{project}" is not the path of a project, as in group/project')
        try:
            split_site(self.api_url)
        except ValueError:
            raise ValueError("api_url: write an address that begins with https://") from None

    @property
    def host(self) -> str:
        """The GitLab, by its address."""
        base, path = split_site(self.api_url)
        return base + path.removesuffix(_API)

    @property
    def endpoint(self) -> str:
        """Where its API begins."""
        return self.host + _API
