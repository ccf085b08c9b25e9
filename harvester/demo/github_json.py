"""What GitHub's REST API says about accounts and repositories, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from harvester.demo.things import Account, Asset, Repo, threads_of

Json = dict[str, Any]

WEB = "https://github.com"
GHOST = Account("ghost", 10137)

# Under /repos/{owner}/{name}: what follows, for each …_url field of a repository.
_REPO_URLS: Mapping[str, str] = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
_USER_URLS: Mapping[str, str] = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_WORDS = ("the", "build", "works", "here", "but", "not", "there", "when", "a", "path", "holds", "spaces")


def node_id(kind: str, number: int) -> str:
    """The id that GraphQL knows a thing by, and REST repeats."""
    return f"{kind}_kgDO{number:x}"


def number_of(wanted: str) -> tuple[str, int]:
    """The kind and the number that a node id was made of; of no kind where it is none of ours."""
    kind, _, digits = wanted.partition("_kgDO")
    try:
        return kind, int(digits, 16)
    except ValueError:
        return "", 0


def iso(at: datetime | None) -> str | None:
    """An instant as GitHub writes it."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def prose(number: int) -> str:
    """Some text, always the same for the same number."""
    rng = Random(number)
    return " ".join(rng.choice(_WORDS) for _ in range(rng.randrange(12, 90)))


def download_url(asset: Asset) -> str:
    """Where a file of a release is downloaded."""
    release = asset.release
    return f"{WEB}/{release.repo.full_name}/releases/download/{release.tag}/{asset.name}"


def association(repo: Repo, author: Account | None) -> str:
    """How GitHub says the author belongs to the repository."""
    if author is not None and author.id == repo.owner.id:
        return "OWNER"
    return "CONTRIBUTOR" if author is not None and author.type == "Bot" else "NONE"


@dataclass(frozen=True, slots=True)
class Renderer:
    """Writes objects for a client that reached the API at `base`; `is_new`: in API version 2026-03-10."""

    base: str
    is_new: bool = False

    def account(self, account: Account) -> Json:
        """A simple user."""
        url = f"{self.base}/users/{account.login}"
        slug = account.login.removesuffix("[bot]")
        kind = {"User": "U", "Bot": "BOT", "Organization": "O"}[account.type]
        return {
            "login": account.login,
            "id": account.id,
            "node_id": node_id(kind, account.id),
            "avatar_url": f"https://avatars.githubusercontent.com/u/{account.id}?v=4",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{WEB}/{'apps/' if account.type == 'Bot' else ''}{slug}",
            **{name: url + rest for name, rest in _USER_URLS.items()},
            "type": account.type,
            "user_view_type": "public",
            "site_admin": False,
        }

    def author(self, account: Account | None) -> Json | None:
        """Who wrote something; null for a ghost."""
        return None if account is None else self.account(account)

    def profile(self, account: Account, repos: int) -> Json:
        """A public user."""
        counts = {"public_repos": repos, "public_gists": 0, "followers": 41, "following": 7}
        blanks = dict.fromkeys(("company", "location", "email", "hireable", "bio", "twitter_username"))
        dates = dict.fromkeys(("created_at", "updated_at"), iso(account.created_at))
        return {**self.account(account), "name": account.login, "blog": "", **blanks, **counts, **dates}

    def repo_url(self, repo: Repo) -> str:
        """The address of a repository in the API."""
        return f"{self.base}/repos/{repo.full_name}"

    def minimal_repo(self, repo: Repo) -> Json:
        """A repository as lists hold it."""
        url, web = self.repo_url(repo), f"{WEB}/{repo.full_name}"
        open_threads = sum(1 for t in threads_of(repo) if t.closed_at is None)
        return {
            "id": repo.id,
            "node_id": node_id("R", repo.id),
            "name": repo.name,
            "full_name": repo.full_name,
            "private": repo.access == "private",
            "visibility": "private" if repo.access == "private" else "public",
            "owner": self.account(repo.owner),
            "html_url": web,
            "description": repo.description or None,
            "fork": repo.parent is not None,
            "url": url,
            **{name: url + rest for name, rest in _REPO_URLS.items()},
            "git_url": f"git://github.com/{repo.full_name}.git",
            "ssh_url": f"git@github.com:{repo.full_name}.git",
            "clone_url": f"{web}.git",
            "svn_url": web,
            "mirror_url": None,
            "homepage": None,
            "language": "Python",
            "license": None,
            "topics": [],
            "size": 1234,
            "default_branch": "main",
            "created_at": iso(repo.created_at),
            "updated_at": iso(repo.updated_at),
            "pushed_at": iso(repo.pushed_at),
            "stargazers_count": len(repo.stars),
            "watchers_count": len(repo.stars),  # GitHub's old name for stars; watchers are the subscribers
            "watchers": len(repo.stars),
            "forks_count": repo.network(),
            "forks": repo.network(),
            "open_issues_count": open_threads,
            "open_issues": open_threads,
            "has_issues": repo.has_issues,
            "has_projects": False,
            "has_wiki": False,
            "has_pages": False,
            "has_downloads": False,
            "has_discussions": repo.has_discussions,
            "archived": False,
            "disabled": False,
        }

    def full_repo(self, repo: Repo) -> Json:
        """A repository asked for by itself: only here are its watchers."""
        rest: Json = {"subscribers_count": repo.watchers, "network_count": repo.network()}
        if repo.parent is not None:
            source = repo.parent
            while source.parent is not None:
                source = source.parent
            rest |= {"parent": self.minimal_repo(repo.parent), "source": self.minimal_repo(source)}
        return {**self.minimal_repo(repo), **rest}
