"""What GitHub's GraphQL answers where arguments say which."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from harvester.demo.github_ask import Ask, by_creation, by_update
from harvester.demo.github_connections import Slice
from harvester.demo.github_fields import state_of
from harvester.demo.github_json import number_of
from harvester.demo.graphql_failures import FieldFailed
from harvester.demo.things import Account, Repo, Review, Thread, pull_of, threads_of

Asked = Callable[[Any, Ask], Any]

_THREAD_ORDERS = {
    "CREATED_AT": by_creation,
    "UPDATED_AT": by_update,
    "COMMENTS": lambda thread: (len(thread.comments), thread.id),
}


def _repository(_: None, ask: Ask) -> Repo:
    name = f"{ask.arguments['owner']}/{ask.arguments['name']}"
    repo = ask.world.repo(name)
    if repo is None and ask.arguments["followRenames"]:
        repo = ask.world.renamed(name)
    if repo is None or not ask.asker.may_see(ask.world, repo):
        raise FieldFailed("NOT_FOUND", f"Could not resolve to a Repository with the name '{name}'.")
    if repo.access == "blocked":
        raise FieldFailed("FORBIDDEN", "Repository access blocked")
    return repo


def _node(_: None, ask: Ask) -> Any:
    return _by_node_id(ask, str(ask.arguments["id"]))


def _nodes(_: None, ask: Ask) -> list[Any]:
    ask.context.serve(len(ask.arguments["ids"]))
    found: list[Any] = []
    for each in ask.arguments["ids"]:
        try:
            found.append(_by_node_id(ask, each))
        except FieldFailed as failure:  # one unknown id does not hide the others
            found.append(failure)
    return found


def _by_node_id(ask: Ask, wanted: str) -> Any:
    found = ask.world.index.find(*number_of(wanted))
    repo = found if isinstance(found, Repo) else found.repo if isinstance(found, Thread) else None
    if isinstance(found, Review) and ask.asker.may_read(found):
        repo = found.thread.repo
    if repo is None or not ask.may_read(repo):
        raise FieldFailed("NOT_FOUND", f"Could not resolve to a node with the global id of '{wanted}'")
    return found


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


def _viewer(_: None, ask: Ask) -> Account:
    return ask.world.accounts[ask.asker.login or ""]


def _rate_limit(_: None, ask: Ask) -> Mapping[str, Any]:
    return ask.context.rate


def _repositories(owner: Account, ask: Ask) -> Slice:
    return ask.page((r for r in ask.world.repos if r.owner.id == owner.id and ask.may_read(r)), by_creation)


def _issues(repo: Repo, ask: Ask) -> Slice:
    ask.need("issues")
    wanted = ask.arguments.get("filterBy") or {}
    since = wanted.get("since")
    # Issues that are switched off count as none here, where REST answers 410.
    threads: Iterable[Thread] = threads_of(repo, pulls=False) if repo.has_issues else ()
    kept = (t for t in threads if since is None or t.updated_at >= since)
    return _threads(kept, ask, wanted.get("states"))


def _pulls(repo: Repo, ask: Ask) -> Slice:
    ask.need("pull_requests")
    return _threads(threads_of(repo, pulls=True), ask)


def _threads(threads: Iterable[Thread], ask: Ask, more_states: Iterable[str] | None = None) -> Slice:
    states = ask.arguments.get("states") or more_states
    kept = (thread for thread in threads if not states or state_of(thread) in states)
    return ask.sorted_page(kept, _THREAD_ORDERS, "CREATED_AT")


def _one(kind: str, permission: str) -> Asked:
    def find(repo: Repo, ask: Ask) -> Thread:
        ask.need(permission)
        number = ask.arguments["number"]
        thread = repo.threads.get(number)
        if thread is None or (thread.pull is not None) != (kind == "PullRequest"):
            article = "an" if kind == "Issue" else "a"
            raise FieldFailed("NOT_FOUND", f"Could not resolve to {article} {kind} with the number of {number}.")
        return thread

    return find


def _comments(thread: Thread, ask: Ask) -> Slice:
    return ask.sorted_page(thread.comments, {"CREATED_AT": by_creation, "UPDATED_AT": by_update}, "CREATED_AT")


def _reviews(thread: Thread, ask: Ask) -> Slice:
    states = ask.arguments.get("states")
    told = (r for r in pull_of(thread).reviews if ask.asker.may_read(r) and (not states or r.state in states))
    return ask.page(told, by_creation)


def _review_comments(review: Review, ask: Ask) -> Slice:
    return ask.page((said for said in pull_of(review.thread).inline if said.review is review), by_creation)


def _stargazers(repo: Repo, ask: Ask) -> Slice:
    if not ask.asker.is_admin(ask.world):
        return ask.hidden(len(repo.stars))  # outsiders: counted, never listed
    starred = {mark.account: mark.at for mark in repo.stars}
    return ask.page(starred, lambda account: (starred[account], account.id))


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
        "issues": _issues,
        "pullRequests": _pulls,
        "issue": _one("Issue", "issues"),
        "pullRequest": _one("PullRequest", "pull_requests"),
        "stargazers": _stargazers,
        "watchers": lambda repo, ask: ask.hidden(repo.watchers),
        "forks": lambda repo, ask: ask.hidden(len(repo.forks)),
    },
    "User": {"repositories": _repositories},
    "Organization": {"repositories": _repositories},
    "Issue": {"comments": _comments},
    "PullRequest": {"comments": _comments, "reviews": _reviews},
    "PullRequestReview": {"comments": _review_comments},
}
