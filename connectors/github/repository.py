"""A repository as GitHub describes it now, and the signs by which it is seen whether anything has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.base import Subject
from connectors.errors import Malformed, NotPermitted
from connectors.github.asks import Json
from connectors.github.facts import count_of, instant

MAY_PUSH = ("ADMIN", "MAINTAIN", "WRITE")


@dataclass(frozen=True, slots=True)
class Sign:
    """How many there are of a thing, and when the newest of them changed; None where there is none."""

    total: int
    newest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as it was at `read_at`. Its numeric id never changes, its name does.

    `node`: its id in GraphQL. `signs`: by thing ("issues", "pulls", "discussions", "forks", "releases"), without
    those that were not told. `forbidden`: those that the token may not see. `permission`: what the token's owner may
    do, None where that is not told.
    """

    id: int
    name: str
    created_at: datetime
    updated_at: datetime
    read_at: datetime
    stargazers: int
    watchers: int | None
    node: str = ""
    url: str = ""
    description: str = ""
    has_issues: bool = True
    has_discussions: bool = True
    permission: str | None = None
    signs: Mapping[str, Sign] = field(default_factory=dict)
    forbidden: Mapping[str, NotPermitted] = field(default_factory=dict)

    def has(self, thing: str) -> bool:
        """Whether the repository has such things switched on."""
        return {"issues": self.has_issues, "discussions": self.has_discussions}.get(thing, True)

    @property
    def key(self) -> str:
        """What names it in a cursor."""
        return str(self.id)

    @property
    def path(self) -> str:
        """Where its lists are: under the name of today, as PyGithub drops the query of what is redirected."""
        return f"/repos/{self.name}"

    @property
    def subject_id(self) -> str:
        """The stable id of what its facts are about."""
        return f"repo:{self.id}"

    @property
    def subject(self) -> Subject:
        """What its facts are about."""
        return Subject(self.subject_id, self.name, "repo", self.description, self.url, published_at=self.created_at)


def described(data: Json, read_at: datetime) -> Repository:
    """A repository from what GET /repos/{owner}/{repo} answers with. Raises Malformed."""
    try:
        return Repository(
            id=count_of(data["id"]),
            name=str(data["full_name"]),
            created_at=instant(data["created_at"]),
            updated_at=instant(data["updated_at"]),
            read_at=read_at,
            stargazers=count_of(data["stargazers_count"]),
            # watchers_count is GitHub's old name for the stargazers.
            watchers=count_of(data["subscribers_count"]) if "subscribers_count" in data else None,
            node=str(data.get("node_id") or ""),
            url=str(data.get("html_url") or ""),
            description=str(data.get("description") or ""),
            has_issues=data.get("has_issues") is not False,
        )
    except (KeyError, ValueError) as error:
        raise _unusable(data.get("full_name"), error) from error


def pulsing(data: Json, read_at: datetime, forbidden: Mapping[str, NotPermitted]) -> Repository:
    """A repository from what the pulse asks of it. Raises Malformed."""
    try:
        signs = {
            name: _sign(data[there])
            for name, there in (
                ("forks", "forks"),
                ("issues", "issues"),
                ("pulls", "pullRequests"),
                ("discussions", "discussions"),
                ("releases", "releases"),
            )
            if isinstance(data.get(there), dict)
        }
        return Repository(
            id=count_of(data["databaseId"]),
            name=str(data["nameWithOwner"]),
            created_at=instant(data["createdAt"]),
            updated_at=instant(data["updatedAt"]),
            read_at=read_at,
            stargazers=count_of(data["stargazerCount"]),
            watchers=count_of(data["watchers"]["totalCount"]),
            node=str(data["id"]),
            url=str(data.get("url") or ""),
            description=str(data.get("description") or ""),
            has_issues=data.get("hasIssuesEnabled") is not False,
            has_discussions=data.get("hasDiscussionsEnabled") is True,
            permission=data.get("viewerPermission"),
            signs=signs,
            forbidden=forbidden,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(data.get("nameWithOwner"), error) from error


def _sign(said: Mapping[str, Any]) -> Sign:
    shown = said.get("nodes") or [{}]
    newest = (shown[0] or {}).get("updatedAt") or (shown[0] or {}).get("createdAt")
    return Sign(count_of(said["totalCount"]), None if newest is None else instant(newest))


def _unusable(name: Any, error: Exception) -> Malformed:
    subject = name if isinstance(name, str) else None
    return Malformed(f"repository {subject or '(without a name)'}: unusable description ({error})", subject=subject)
