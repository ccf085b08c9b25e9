"""What GitHub's GraphQL answers where arguments, or who asks, say what: the top of a query, and repositories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from harvester.demo.github_activity import ACTIVITY
from harvester.demo.github_ask import Ask, Asked, by_creation, by_update
from harvester.demo.github_connections import Slice
from harvester.demo.github_conversations import CONVERSATIONS, discussions_page, threads_page
from harvester.demo.github_json import number_of
from harvester.demo.graphql_cost import MOST_AT_ONCE
from harvester.demo.graphql_failures import FieldFailed
from harvester.demo.things import (
    Account,
    Discussion,
    InlineComment,
    Release,
    Remark,
    Repo,
    Review,
    Thread,
    threads_of,
)

_REPO_ORDERS: Mapping[str, Callable[[Any], tuple[Any, int]]] = {
    "CREATED_AT": by_creation,
    "UPDATED_AT": by_update,
    "PUSHED_AT": lambda repo: (repo.pushed_at, repo.id),
    "NAME": lambda repo: (repo.name.lower(), repo.id),
    "STARGAZERS": lambda repo: (len(repo.stars), repo.id),
}


def _repository(_: None, ask: Ask) -> Repo:
    name = f"{ask.arguments['owner']}/{ask.arguments['name']}"
    repo = ask.world.repo(name)
    if repo is None and ask.arguments["followRenames"]:
        repo = ask.world.renamed(name)
    if repo is None or not ask.asker.may_see(repo):
        raise FieldFailed("NOT_FOUND", f"Could not resolve to a Repository with the name '{name}'.")
    if repo.access == "blocked":
        raise FieldFailed("FORBIDDEN", "Repository access blocked")
    return repo


def _node(_: None, ask: Ask) -> Any:
    return _by_node_id(ask, ask.arguments["id"])


def _nodes(_: None, ask: Ask) -> list[Any]:
    ids = ask.arguments["ids"]
    if len(ids) > MOST_AT_ONCE:
        message = f"You may not provide more than {MOST_AT_ONCE} node ids; you provided {len(ids)}."
        raise FieldFailed("ARGUMENT_LIMIT", message)
    ask.context.serve(len(ids))
    found: list[Any] = []
    for each in ids:
        try:
            found.append(_by_node_id(ask, each))
        except FieldFailed as failure:  # one unknown id does not hide the others
            found.append(failure)
    return found


def _by_node_id(ask: Ask, wanted: str) -> Any:
    found = ask.world.index.find(*number_of(wanted))
    if found is None or not _is_there(ask, found):
        raise FieldFailed("NOT_FOUND", f"Could not resolve to a node with the global id of '{wanted}'")
    if not isinstance(found, Repo):
        ask.need(_right_for(found), found.repo)
    return found


def _is_there(ask: Ask, found: Any) -> bool:
    if isinstance(found, Repo):
        return ask.asker.may_open(found)
    if isinstance(found, Discussion | Remark):
        is_told = found.repo.has_discussions
    elif isinstance(found, Review | InlineComment):
        is_told = ask.asker.may_read(found if isinstance(found, Review) else found.review)
    else:
        is_told = found.repo.has_issues or (found if isinstance(found, Thread) else found.thread).pull is not None
    return is_told and ask.asker.may_open(found.repo)


def _right_for(thing: Any) -> str:
    if isinstance(thing, Discussion | Remark):
        return "discussions"
    thread: Thread = thing if isinstance(thing, Thread) else thing.thread
    return "issues" if thread.pull is None else "pull_requests"


def _account(kind: str, article: str) -> Asked:
    def find(_: None, ask: Ask) -> Account:
        login = ask.arguments["login"]
        account = ask.world.account(login)
        if account is None or account.type != kind:
            raise FieldFailed("NOT_FOUND", f"Could not resolve to {article} {kind} with the login of '{login}'.")
        return account

    return find


def _repository_owner(_: None, ask: Ask) -> Account | None:
    # The one lookup that is null without an error where nobody is found.
    account = ask.world.account(ask.arguments["login"])
    return account if account is not None and account.type != "Bot" else None


def _viewer(_: None, ask: Ask) -> Account | None:
    return ask.world.account(ask.asker.login or "")


def _rate_limit(_: None, ask: Ask) -> Mapping[str, Any]:
    return ask.context.rate


def _repositories(owner: Account, ask: Ask) -> Slice:
    """Those of the affiliations asked for: by default what they own, or collaborate on, and not what an org owns."""
    others = ask.world.repos if owner == ask.world.person else ()
    candidates = [*ask.world.index.by("R", owner), *(r for r in others if r.maintained and r.owner != owner)]
    privacy, is_fork = ask.arguments.get("privacy"), ask.arguments.get("isFork")
    kept = (
        repo
        for repo in candidates
        if ask.asker.may_open(repo)
        and _affiliation(owner, repo) in (ask.arguments.get("ownerAffiliations") or ())
        and privacy in (None, "PRIVATE" if repo.access == "private" else "PUBLIC")
        and is_fork in (None, repo.parent is not None)
    )
    return ask.sorted_page(kept, _REPO_ORDERS, "CREATED_AT")


def _affiliation(account: Account, repo: Repo) -> str:
    if repo.owner == account:
        return "OWNER"
    return "ORGANIZATION_MEMBER" if repo.owner.type == "Organization" else "COLLABORATOR"


def _permission(repo: Repo, ask: Ask) -> str | None:
    return ask.asker.permission(repo)


def _issues(repo: Repo, ask: Ask) -> Slice:
    ask.need("issues", repo)
    # Issues that are switched off count as none here, where REST answers 410.
    threads: Iterable[Thread] = threads_of(repo, pulls=False) if repo.has_issues else ()
    return threads_page(threads, ask)


def _pulls(repo: Repo, ask: Ask) -> Slice:
    ask.need("pull_requests", repo)
    return threads_page(threads_of(repo, pulls=True), ask)


def _discussions(repo: Repo, ask: Ask) -> Slice:
    ask.need("discussions", repo)
    return discussions_page(repo.discussions.values() if repo.has_discussions else (), ask)


def _thread(what: str, *, pulls: bool | None) -> Asked:
    def find(repo: Repo, ask: Ask) -> Thread:
        number = ask.arguments["number"]
        thread = repo.threads.get(number)
        is_pull = pulls if thread is None or pulls is not None else thread.pull is not None
        ask.need("pull_requests" if is_pull else "issues", repo)
        if thread is None or (thread.pull is not None) != is_pull or not (is_pull or repo.has_issues):
            raise FieldFailed("NOT_FOUND", f"Could not resolve to {what} with the number of {number}.")
        return thread

    return find


def _discussion(repo: Repo, ask: Ask) -> Discussion:
    ask.need("discussions", repo)
    number = ask.arguments["number"]
    found = repo.discussions.get(number) if repo.has_discussions else None
    if found is None:
        raise FieldFailed("NOT_FOUND", f"Could not resolve to a Discussion with the number of {number}.")
    return found


def _stargazers(repo: Repo, ask: Ask) -> Slice:
    if not ask.asker.maintains(repo):
        return ask.hidden(len(repo.stars))  # outsiders: counted, never listed
    starred = {mark.account: mark.at for mark in repo.stars}
    orders = {"STARRED_AT": lambda account: (starred[account], account.id)}
    return ask.sorted_page(starred, orders, "STARRED_AT")


def _forks(repo: Repo, ask: Ask) -> Slice:
    forks = (fork for fork in repo.forks if ask.asker.may_open(fork))
    return ask.sorted_page(forks, _REPO_ORDERS, "CREATED_AT")


def _releases(repo: Repo, ask: Ask) -> Slice:
    ask.need("contents", repo)
    told = (release for release in repo.releases if ask.asker.may_read_release(release))
    return ask.sorted_page(
        told, {"CREATED_AT": by_creation, "NAME": lambda release: (release.tag, release.id)}, "CREATED_AT"
    )


def _assets(release: Release, ask: Ask) -> Slice:
    name = ask.arguments.get("name")
    return ask.page((asset for asset in release.assets if name in (None, asset.name)), by_creation)


ASKED: Mapping[str, Mapping[str, Asked]] = {
    "Query": {
        "repository": _repository,
        "node": _node,
        "nodes": _nodes,
        "user": _account("User", "a"),
        "organization": _account("Organization", "an"),
        "repositoryOwner": _repository_owner,
        "viewer": _viewer,
        "rateLimit": _rate_limit,
    },
    "Repository": {
        "viewerPermission": _permission,
        "issues": _issues,
        "pullRequests": _pulls,
        "discussions": _discussions,
        "issue": _thread("an Issue", pulls=False),
        "pullRequest": _thread("a PullRequest", pulls=True),
        "issueOrPullRequest": _thread("an issue or pull request", pulls=None),
        "discussion": _discussion,
        "stargazers": _stargazers,
        "watchers": lambda repo, ask: ask.hidden(repo.watchers),
        "forks": _forks,
        "releases": _releases,
    },
    "Release": {"releaseAssets": _assets},
    "Organization": {"repositories": _repositories},
    **CONVERSATIONS,
    **ACTIVITY,
    "User": {"repositories": _repositories, **ACTIVITY["User"]},
}
