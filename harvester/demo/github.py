"""GitHub's API over a demo world: who may ask, how much, and where things moved; REST here, GraphQL beside it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import unquote

from harvester.demo.exchange import JSON, Answer, Request, as_json, matches, to_bytes
from harvester.demo.github_access import Asker, Purse, Token
from harvester.demo.github_apps import GitHubApp, Tokens
from harvester.demo.github_graphql import GraphQL
from harvester.demo.github_json import Renderer
from harvester.demo.github_limits import Limits, Resource
from harvester.demo.github_lists import Paging, Position, Refused, accepted, choice, cut, refuse
from harvester.demo.github_repo import Call, Said, answer_repo, permission_for
from harvester.demo.things import Account, Repo
from harvester.demo.world import World

API_VERSIONS = ("2022-11-28", "2026-03-10")
APP = Purse("app", "the App", core=5_000, graphql=0)  # of the App itself, which asks for tokens only

_REPO = re.compile(r"/repos/(?P<name>[^/]+/[^/]+)(?P<rest>/.*)?|/repositories/(?P<id>\d+)(?P<rest2>/.*)?")
_REPOS_OF = re.compile(r"/(users|orgs)/([^/]+)/repos")
_ACCESS_TOKENS = re.compile(r"/app/installations/(\d+)/access_tokens")
_ACCOUNT = re.compile(r"/(users|orgs)/([^/]+)")
_REPO_ORDERS: Mapping[str, Callable[[Repo], Position]] = {
    "created": lambda repo: (repo.created_at, repo.id),
    "updated": lambda repo: (repo.updated_at, repo.id),
    "pushed": lambda repo: (repo.pushed_at, repo.id),
    "full_name": lambda repo: (repo.full_name.lower(), repo.id),
}


class GitHub:
    """The service. `tokens`: known secrets, "demo" of the world's person by default; others draw a 401.

    `closed_stargazers`: what the list of stargazers answers an outsider, 404, 403, or 200 with nothing.
    `has_history`: whether /stargazers/history exists, which Enterprise Server lacks. `graphql`: the other endpoint.
    `app`: a GitHub App that may ask for tokens of its installations. Limits and tokens go by `clock`. Paths may
    begin with /api/v3 and /api/graphql, as they do on Enterprise Server.
    """

    def __init__(
        self,
        world: World,
        *,
        tokens: Mapping[str, Token] | None = None,
        limits: Limits | None = None,
        paging: Paging | None = None,
        closed_stargazers: int = 404,
        has_history: bool = True,
        graphql: GraphQL | None = None,
        app: GitHubApp | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.world = world
        self.tokens = dict(tokens) if tokens is not None else {"demo": Token(world.person.login)}
        self._credentials = Tokens(self.tokens, app, clock)
        self.limits = limits or Limits(clock)
        self.paging = paging or Paging()
        self.closed_stargazers = closed_stargazers
        self.has_history = has_history
        self.graphql = graphql or GraphQL(world)
        self._cache: dict[tuple[object, ...], Said] = {}
        self._cached_version = -1

    def answer(self, request: Request) -> Answer:
        """Answer one request; the world stands still meanwhile."""
        with self.world.lock:
            path = unquote(request.path).removeprefix("/api/v3")
            try:
                self._check(request)
                if request.method == "POST" and (found := _ACCESS_TOKENS.fullmatch(path)):
                    return self._give_token(request, int(found[1]))
                asker = self._who(request)
            except Refused as refusal:
                return refusal.answer
            if path in ("/graphql", "/api/graphql"):
                return self._decorate(self._graphql(request, asker), asker, "graphql")
            try:
                answer = self._rest(request, path, asker)
            except Refused as refusal:
                answer = refusal.answer
            return self._decorate(answer, asker, _resource(path))

    def _check(self, request: Request) -> None:
        if not request.headers.get("user-agent"):
            raise refuse(403, "Request forbidden by administrative rules. A User-Agent header is required.")
        if request.headers.get("x-github-api-version", API_VERSIONS[0]) not in API_VERSIONS:
            raise refuse(400, "The API version requested is not supported")

    def _who(self, request: Request) -> Asker:
        secret = request.bearer()
        token = None if secret is None else self._credentials.find(secret)
        if secret is not None and token is None:
            raise refuse(401, "Bad credentials")
        asker = Asker(secret or "", token, self.world.person.login)
        if asker.login is not None and self.world.account(asker.login) is None:
            self.world.new_account(asker.login, "Bot" if asker.is_app else "User")
        return asker

    def _give_token(self, request: Request, number: int) -> Answer:
        refused = self.limits.charge(APP, "core", request)
        return refused or as_json(self._credentials.give(request, number), 201)

    def _rest(self, request: Request, path: str, asker: Asker) -> Answer:
        is_new = request.headers.get("x-github-api-version") == API_VERSIONS[1]
        if path == "/rate_limit":
            limits = self.limits.overview(asker.purse)
            return as_json(limits if is_new else {**limits, "rate": limits["resources"]["core"]})
        refusal = self.limits.charge(asker.purse, _resource(path), request)
        if refusal is not None:
            return refusal
        if request.method != "GET" or path != path.rstrip("/"):
            raise refuse(404, "Not Found")
        base = request.base + ("/api/v3" if request.path.startswith("/api/v3") else "")
        key = (request.target, request.base, asker.identity, request.headers.get("accept"), is_new)
        if self._cached_version != self.world.version:
            self._cache.clear()
            self._cached_version = self.world.version
        if key not in self._cache:
            data, link = self._say(request, path, asker, Renderer(base, is_new))
            self._cache[key] = (to_bytes(data), link)
        body, link = self._cache[key]
        return self._conditional(request, asker, body, link)

    def _conditional(self, request: Request, asker: Asker, body: bytes, link: str | None) -> Answer:
        # An ETag belongs to the token that drew it: another token's never matches.
        etag = f'W/"{hashlib.sha256(body + asker.credential.encode()).hexdigest()}"'
        if matches(etag, request.headers.get("if-none-match")):
            if asker.token is not None:
                self.limits.refund(asker.purse, "core")
            return Answer(304, {"ETag": etag})
        headers = {"ETag": etag, "Content-Type": JSON}
        return Answer(200, {**headers, "Link": link} if link else headers, body)

    def _say(self, request: Request, path: str, asker: Asker, render: Renderer) -> Said:
        if path in ("/user", "/user/repos"):
            return self._say_own(request, path, asker, render)
        if path == "/installation/repositories":
            return self._say_installed(request, asker, render)
        if found := _REPOS_OF.fullmatch(path):
            owner = self._account(found[2], must_be_org=found[1] == "orgs")
            return self._repos(self._owned(owner), request, path, asker, render)
        if found := _ACCOUNT.fullmatch(path):
            return self._profile(self._account(found[2], must_be_org=found[1] == "orgs"), render), None
        if found := _REPO.fullmatch(path):
            return self._ask_repo(request, asker, render, found)
        raise refuse(404, "Not Found")

    def _say_own(self, request: Request, path: str, asker: Asker, render: Renderer) -> Said:
        if asker.token is None:
            raise refuse(401, "Requires authentication")
        if asker.is_app:
            raise refuse(403, asker.refusal)
        own = self._account(asker.token.login)
        if path == "/user":
            return self._profile(own, render), None
        theirs = [repo for repo in self.world.repos if asker.maintains(repo) and repo.owner.id != own.id]
        return self._repos([*self._owned(own), *theirs], request, path, asker, render)

    def _say_installed(self, request: Request, asker: Asker, render: Renderer) -> Said:
        if asker.token is None or not asker.is_app:
            raise refuse(
                403, "You must authenticate with an installation access token in order to list repositories."
            )
        only, repos = asker.token.only, self._owned(self._account(asker.token.login))
        chosen = [repo for repo in repos if only is None or repo.name in only]
        listed, link = self._repos(chosen, request, request.path, asker, render)
        count = sum(1 for repo in chosen if asker.may_open(repo))
        selection = "all" if only is None else "selected"
        return {"total_count": count, "repository_selection": selection, "repositories": listed}, link

    def _ask_repo(self, request: Request, asker: Asker, render: Renderer, found: re.Match[str]) -> Said:
        rest = found["rest"] or found["rest2"] or ""
        repo = self.world.repo_by_id(int(found["id"])) if found["id"] else self.world.repo(found["name"])
        if repo is None and found["name"]:
            moved = self.world.renamed(found["name"])
            if moved is not None and asker.may_see(moved):
                tail = f"?{request.raw_query}" if request.raw_query else ""
                url = f"{render.base}/repositories/{moved.id}{rest}{tail}"
                raise Refused(as_json({"message": "Moved Permanently", "url": url}, 301, {"Location": url}))
        if repo is None or not asker.may_see(repo):
            raise refuse(404, "Not Found")
        if repo.access == "blocked":
            raise refuse(451, "Repository access blocked", block={"reason": "dmca"})
        needed = permission_for(rest)
        if asker.lacks(needed, repo):
            raise refuse(403, asker.refusal, headers=accepted(needed))
        if rest == "/stargazers/history" and not self.has_history:
            raise refuse(404, "Not Found")
        call = Call(
            world=self.world,
            repo=repo,
            rest=rest,
            query=request.query,
            accept=request.headers.get("accept", ""),
            asker=asker,
            render=render,
            paging=self.paging,
            closed_stargazers=self.closed_stargazers,
        )
        return answer_repo(call)

    def _account(self, login: str, *, must_be_org: bool = False) -> Account:
        known = self.world.account(login)
        if known is None or (must_be_org and known.type != "Organization"):
            raise refuse(404, "Not Found")
        return known

    def _owned(self, account: Account) -> list[Repo]:
        return list(self.world.index.by("R", account))

    def _profile(self, account: Account, render: Renderer) -> dict[str, object]:
        return render.profile(account, sum(1 for repo in self._owned(account) if repo.access == "open"))

    def _repos(self, repos: list[Repo], request: Request, path: str, asker: Asker, render: Renderer) -> Said:
        usual = "created" if path.startswith("/orgs") else "full_name"
        sort = choice(request.query, "sort", tuple(_REPO_ORDERS), usual)
        direction = choice(request.query, "direction", ("asc", "desc"), "asc" if sort == "full_name" else "desc")
        chosen, link = cut(
            [repo for repo in repos if asker.may_open(repo)],
            _REPO_ORDERS[sort],
            is_descending=direction == "desc",
            url=render.base + path,
            query=request.query,
            paging=self.paging,
        )
        return [render.minimal_repo(repo) for repo in chosen], link

    def _graphql(self, request: Request, asker: Asker) -> Answer:
        if asker.token is None:
            return as_json({"message": "This endpoint requires you to be authenticated."}, 401)

        def charge(points: int) -> Answer | None:
            return self.limits.charge(asker.purse, "graphql", request, points)

        def rate() -> Mapping[str, int]:
            return self.limits.rate(asker.purse, "graphql")

        return self.graphql.answer(request, asker, charge, rate)

    def _decorate(self, answer: Answer, asker: Asker, resource: Resource) -> Answer:
        headers = {
            "Server": "github.com",
            "Cache-Control": "private, max-age=60, s-maxage=60",
            "Vary": "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With",
            "X-GitHub-Media-Type": f"github.v{4 if resource == 'graphql' else 3}; format=json",
            **self.limits.headers(asker.purse, resource),
        }
        return Answer(answer.status, {**headers, **answer.headers}, answer.body, answer.wire)


def _resource(path: str) -> Resource:
    return "search" if path.startswith("/search/") else "core"
