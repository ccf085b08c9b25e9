"""GitHub's GraphQL API over a demo world: the part of its schema that a harvest reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harvester.demo.exchange import Answer, Request, as_json
from harvester.demo.github_access import Asker
from harvester.demo.github_connections import Placed, connect
from harvester.demo.github_fields import PLAIN, account_node, state_of
from harvester.demo.github_json import iso, node_id
from harvester.demo.graphql_language import BadQuery, parse
from harvester.demo.graphql_run import Cost, FieldFailed, Node, Run, Schema, cost_of
from harvester.demo.things import Repo, Thread, pull_of, threads_of
from harvester.demo.world import World

Arguments = Mapping[str, Any]

SLOW = "Something went wrong while executing your query. This may be the result of a timeout, or it could be a bug."


@dataclass(slots=True)
class Context:
    """What resolvers know beside their object. `rate`: the credential's hour, once this query is charged."""

    world: World
    asker: Asker
    cost: Cost
    rate: Callable[[], Mapping[str, int]]


@dataclass(slots=True)
class GraphQL:
    """The endpoint. `patience`: a query that may return more nodes than this times out with a 502."""

    world: World
    patience: int | None = None

    def answer(
        self,
        request: Request,
        asker: Asker,
        charge: Callable[[int], Answer | None],
        rate: Callable[[], Mapping[str, int]],
    ) -> Answer:
        """Run one query; `charge` counts its points and may refuse."""
        try:
            asked = json.loads(request.body)
            text, variables = asked["query"], asked.get("variables") or {}
        except (ValueError, KeyError, TypeError):
            return as_json({"message": "Problems parsing JSON"}, 400)
        try:
            document = parse(text)
            run = Run(SCHEMA, document, {**document.defaults, **variables}, None)
            cost = cost_of(run)
            refusal = charge(cost.points)
            if refusal is not None:
                return refusal
            if self.patience is not None and cost.nodes > self.patience:
                return as_json({"data": None, "errors": [{"message": SLOW}]}, 502)
            run.context = Context(self.world, asker, cost, rate)
            data = run.execute()
        except BadQuery as error:
            return as_json({"errors": [{"message": str(error), **error.extra}]})
        return as_json({"data": data, "errors": run.errors} if run.errors else {"data": data})


def _repository(_: Node, arguments: Arguments, context: Context) -> Node:
    name = f"{arguments['owner']}/{arguments['name']}"
    repo = context.world.repo(name)
    if repo is None and arguments.get("followRenames", True):
        repo = context.world.renamed(name)
    if repo is None or not context.asker.may_see(context.world, repo):
        raise FieldFailed("NOT_FOUND", f"Could not resolve to a Repository with the name '{name}'.")
    if repo.access == "blocked":
        raise FieldFailed("FORBIDDEN", "Repository access blocked")
    return Node("Repository", repo)


def _node(_: Node, arguments: Arguments, context: Context) -> Node:
    for node in _by_node_id(context, str(arguments["id"])):
        return node
    raise FieldFailed("NOT_FOUND", f"Could not resolve to a node with the global id of '{arguments['id']}'")


def _nodes(node: Node, arguments: Arguments, context: Context) -> list[Node | FieldFailed]:
    found: list[Node | FieldFailed] = []
    for each in arguments["ids"]:
        try:
            found.append(_node(node, {"id": each}, context))
        except FieldFailed as failure:  # one unknown id does not hide the others
            found.append(failure)
    return found


def _by_node_id(context: Context, wanted: str) -> Iterator[Node]:
    for repo in context.world.repos:
        if not context.asker.may_see(context.world, repo) or repo.access == "blocked":
            continue
        if wanted.startswith("R_"):
            if node_id("R", repo.id) == wanted:
                yield Node("Repository", repo)
            continue
        for thread in threads_of(repo):
            if thread.pull is None:
                if node_id("I", thread.id) == wanted:
                    yield Node("Issue", thread, repo)
                continue
            if node_id("PR", thread.pull.id) == wanted:
                yield Node("PullRequest", thread, repo)
            for review in thread.pull.reviews:
                if node_id("PRR", review.id) == wanted and context.asker.may_read(review):
                    yield Node("PullRequestReview", review, (repo, thread))


def _owner(_: Node, arguments: Arguments, context: Context) -> Node:
    wanted = str(arguments["login"]).lower()
    for login, account in context.world.accounts.items():
        if login.lower() == wanted:
            return account_node(account)
    raise FieldFailed("NOT_FOUND", f"Could not resolve to a User with the login of '{arguments['login']}'.")


def _viewer(_: Node, __: Arguments, context: Context) -> Node:
    return account_node(context.world.accounts[context.asker.login or ""])


def _rate_limit(_: Node, __: Arguments, context: Context) -> Node:
    rate = context.rate()
    reset = iso(datetime.fromtimestamp(rate["reset"], UTC))
    more = {"cost": context.cost.points, "nodeCount": context.cost.nodes, "resetAt": reset}
    return Node("RateLimit", {**rate, **more})


def _repositories(node: Node, arguments: Arguments, context: Context) -> Node:
    own = [r for r in context.world.repos if r.owner.id == node.value.id]
    visible = [r for r in own if r.access != "blocked" and context.asker.may_see(context.world, r)]
    return connect("Repository", [((r.created_at, r.id), Node("Repository", r)) for r in visible], arguments)


def _issues(node: Node, arguments: Arguments, context: Context) -> Node:
    _need(context, "issues")
    wanted = arguments.get("filterBy") or {}
    states = arguments.get("states") or wanted.get("states")
    since = datetime.fromisoformat(wanted["since"]) if wanted.get("since") else None
    # Issues that are switched off count as none here, where REST answers 410.
    threads: Iterable[Thread] = threads_of(node.value, pulls=False) if node.value.has_issues else ()
    kept = [t for t in threads if since is None or t.updated_at >= since]
    return _threads("Issue", node.value, kept, states, arguments)


def _pulls(node: Node, arguments: Arguments, context: Context) -> Node:
    _need(context, "pull_requests")
    threads = threads_of(node.value, pulls=True)
    return _threads("PullRequest", node.value, threads, arguments.get("states"), arguments)


def _threads(
    kind: str, repo: Repo, threads: Iterable[Thread], states: list[str] | None, arguments: Arguments
) -> Node:
    order = arguments.get("orderBy") or {}
    by_update = order.get("field") == "UPDATED_AT"
    placed = [
        ((t.updated_at if by_update else t.created_at, t.id), Node(kind, t, repo))
        for t in threads
        if not states or state_of(t) in states
    ]
    return connect(kind, placed, arguments, down=order.get("direction") == "DESC")


def _one(kind: str) -> Callable[[Node, Arguments, Context], Node]:
    def find(node: Node, arguments: Arguments, context: Context) -> Node:
        _need(context, "issues" if kind == "Issue" else "pull_requests")
        thread = node.value.threads.get(arguments["number"])
        if thread is None or (thread.pull is not None) != (kind == "PullRequest"):
            raise FieldFailed("NOT_FOUND", f"Could not resolve to {kind} number {arguments['number']}.")
        return Node(kind, thread, node.value)

    return find


def _comments(node: Node, arguments: Arguments, _: Context) -> Node:
    order = arguments.get("orderBy") or {}
    by_update = order.get("field") == "UPDATED_AT"
    placed = [
        ((c.updated_at if by_update else c.created_at, c.id), Node("IssueComment", c, node.home))
        for c in node.value.comments
    ]
    return connect("IssueComment", placed, arguments, down=order.get("direction") == "DESC")


def _reviews(node: Node, arguments: Arguments, context: Context) -> Node:
    states = arguments.get("states")
    placed = [
        ((r.created_at, r.id), Node("PullRequestReview", r, (node.home, node.value)))
        for r in pull_of(node.value).reviews
        if context.asker.may_read(r) and (not states or r.state in states)
    ]
    return connect("PullRequestReview", placed, arguments)


def _review_comments(node: Node, arguments: Arguments, _: Context) -> Node:
    repo, thread = node.home
    said = [c for c in pull_of(thread).inline if c.review is node.value]
    placed: list[Placed] = [((c.created_at, c.id), Node("PullRequestReviewComment", c, repo)) for c in said]
    return connect("PullRequestReviewComment", placed, arguments)


def _stargazers(node: Node, arguments: Arguments, context: Context) -> Node:
    shown = connect(
        "Stargazer", [((m.at, m.account.id), account_node(m.account)) for m in node.value.stars], arguments
    )
    if context.asker.is_admin(context.world):
        return shown
    hidden = connect("Stargazer", [], arguments)  # outsiders: counted, never listed
    return Node(hidden.type, _with_total(hidden.value, len(node.value.stars)), hidden.home)


def _forks(node: Node, arguments: Arguments, _: Context) -> Node:
    empty = connect("Repository", [], arguments)  # the forks themselves are not in the world
    return Node(empty.type, _with_total(empty.value, len(node.value.forks)), empty.home)


def _watchers(node: Node, arguments: Arguments, _: Context) -> Node:
    empty = connect("User", [], arguments)
    return Node(empty.type, _with_total(empty.value, node.value.watchers), empty.home)


def _with_total(part: Any, total: int) -> Any:
    return type(part)(part.shown, total, part.has_next, part.has_previous)


def _need(context: Context, permission: str) -> None:
    if context.asker.lacks(permission):
        raise FieldFailed("FORBIDDEN", "Resource not accessible by personal access token")


SCHEMA = Schema(
    plain=PLAIN,
    asked={
        "Query": {
            "repository": _repository,
            "node": _node,
            "nodes": _nodes,
            "user": _owner,
            "organization": _owner,
            "repositoryOwner": _owner,
            "viewer": _viewer,
            "rateLimit": _rate_limit,
        },
        "Repository": {
            "issues": _issues,
            "pullRequests": _pulls,
            "issue": _one("Issue"),
            "pullRequest": _one("PullRequest"),
            "stargazers": _stargazers,
            "watchers": _watchers,
            "forks": _forks,
        },
        "User": {"repositories": _repositories},
        "Organization": {"repositories": _repositories},
        "Issue": {"comments": _comments},
        "PullRequest": {"comments": _comments, "reviews": _reviews},
        "PullRequestReview": {"comments": _review_comments},
    },
    interfaces={
        "User": frozenset({"Actor", "Node", "RepositoryOwner"}),
        "Organization": frozenset({"Actor", "Node", "RepositoryOwner"}),
        "Bot": frozenset({"Actor", "Node"}),
        **{
            kind: frozenset({"Node"})
            for kind in ("Repository", "Issue", "PullRequest", "IssueComment", "PullRequestReview")
        },
    },
    connections=frozenset(
        ("issues", "pullRequests", "comments", "reviews", "stargazers", "watchers", "forks", "repositories")
    ),
)
