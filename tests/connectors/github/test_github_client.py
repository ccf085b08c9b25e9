"""How the connector talks to GitHub: over real sockets, with answers of every kind."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from github import Auth
from github_script import NOW, TOKEN, Script, World, repository

from connectors.base import Budget
from connectors.errors import ConnectorError, Gone, Malformed, Unavailable
from connectors.github import SPECS
from connectors.github.asks import Etag, Get
from connectors.github.client import Client
from connectors.github.connection import Limits
from connectors.github.credentials import fingerprint
from connectors.github.failures import Elsewhere, Errand, Failures
from harvester.demo.exchange import Answer, Request, as_json
from harvester.demo.wire import Service

ERRAND = Errand("issues", "ann/one", "Issues: read")


@dataclass
class Heard:
    """What a client has told about itself."""

    requests: int = 0
    budgets: list[tuple[str, Budget]] = field(default_factory=list)

    def count(self) -> None:
        self.requests += 1

    def hear(self, bucket: str, budget: Budget) -> None:
        self.budgets.append((bucket, budget))


def make(url: str, heard: Heard | None = None, *, token: str | None = TOKEN, **limits: Any) -> Client:
    heard = heard or Heard()
    failures = Failures("github", None if token is None else "env:GITHUB_TOKEN", lambda: NOW)
    bounds = replace(Limits(timedelta(seconds=2), timedelta(seconds=8), allow_private=True), **limits)
    auth = None if token is None else Auth.Token(token)
    return Client(url, auth, bounds, failures, heard.count, heard.hear, token)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def client(github: World, heard: Heard) -> Iterator[Client]:
    made = make(github.service.url, heard)
    yield made
    made.close()


def get(path: str = "/x", **more: Any) -> Get:
    return Get(ERRAND, path, **more)


ONE = get("/repos/ann/one", shape="object")


def said(github: World, answer: Answer | Callable[[Request], Answer], path: str = "/x") -> None:
    github.script.said[path] = answer


class TestWhatIsSent:
    def test_a_request_says_who_asks_for_what_version(self, github: World, client: Client) -> None:
        client.get(ONE)
        [request] = github.script.seen
        assert request.headers["user-agent"].startswith("harvester/")
        assert request.headers["x-github-api-version"] == "2022-11-28"
        assert request.headers["accept"] == "application/vnd.github+json"
        assert request.bearer() == TOKEN

    def test_without_a_token_nothing_is_authorised(self, github: World) -> None:
        make(github.service.url, token=None).get(ONE)
        assert "authorization" not in github.script.seen[0].headers

    def test_netrc_is_not_read(self, github: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login ann password hunter2\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        make(github.service.url, token=None).get(ONE)
        assert "authorization" not in github.script.seen[0].headers

    def test_a_connection_is_kept_open(self, github: World, client: Client) -> None:
        for _ in range(3):
            client.get(ONE)
        pool = client._connection.session.adapters["http://"].poolmanager.pools  # type: ignore[attr-defined]
        assert [pool[key].num_connections for key in pool.keys()] == [1]  # noqa: SIM118 - no plain mapping

    def test_graphql_questions_are_not_slowed_down(self, github: World, client: Client, heard: Heard) -> None:
        said(github, as_json({"data": {}}), "/graphql")
        started = time.monotonic()
        for _ in range(5):
            client.graphql(ERRAND, "query { rateLimit { cost } }", {})
        assert time.monotonic() - started < 1
        assert heard.requests == 5

    def test_enterprise_server_has_its_graphql_beside_v3(self, github: World) -> None:
        said(github, as_json({"data": {}}), "/api/graphql")
        said(github, as_json([]), "/api/v3/x")
        client = make(f"{github.service.url}/api/v3")
        assert client.get(get()).items == []
        assert client.graphql(ERRAND, "query { x }", {}).data == {}

    def test_a_post_says_what_was_created(self, github: World, client: Client) -> None:
        said(github, as_json({"token": "t"}, 201))
        assert client.post(ERRAND, "/x") == {"token": "t"}
        assert github.script.seen[0].method == "POST"


class TestPages:
    def test_the_next_page_is_the_one_linked(self, github: World, client: Client) -> None:
        link = f'<{github.service.url}/repositories/1/x?after=a%3D%3D&per_page=100>; rel="next", <x>; rel="last"'
        said(github, as_json([1], headers={"Link": link}))
        said(github, as_json([2]), "/repositories/1/x")
        first = client.get(get(parameters={"per_page": 100}))
        assert first.next is not None
        assert client.get(get(first.next)).items == [2]
        assert github.script.paths("repositories") == ["/repositories/1/x?after=a%3D%3D&per_page=100"]

    def test_an_object_has_no_next_page(self, github: World, client: Client) -> None:
        said(github, as_json({}, headers={"Link": f'<{github.service.url}/y>; rel="next"'}))
        assert client.get(get(shape="object")).next is None

    def test_a_link_to_another_host_is_not_followed(self, github: World, client: Client) -> None:
        said(github, as_json([], headers={"Link": '<https://evil.example/x?page=2>; rel="next"'}))
        with pytest.raises(Malformed, match="another host"):
            client.get(get())

    def test_a_page_that_links_to_itself_is_an_error(self, github: World, client: Client) -> None:
        url = f"{github.service.url}/x?page=2"
        said(github, as_json([], headers={"Link": f'<{url}>; rel="next"'}))
        with pytest.raises(Malformed, match="same page"):
            client.get(get(url))

    @pytest.mark.parametrize(("body", "seen"), [({}, "an object"), ("text", "str"), (7, "int")])
    def test_anything_but_a_list_is_malformed(self, github: World, client: Client, body: object, seen: str) -> None:
        said(github, as_json(body))
        with pytest.raises(Malformed, match=f"expected a list, got {seen}"):
            client.get(get())

    def test_anything_but_an_object_is_malformed(self, github: World, client: Client) -> None:
        said(github, as_json([1]))
        with pytest.raises(Malformed, match="expected an object, got a list"):
            client.get(get(shape="object"))

    @pytest.mark.parametrize("shape", ["list", "object"])
    def test_null_is_no_answer(self, github: World, client: Client, shape: Any) -> None:
        said(github, as_json(None))
        with pytest.raises(Malformed, match="null"):
            client.get(get(shape=shape))


class TestKnownAnswers:
    def tell(self, github: World) -> None:
        """A page that answers 304 to those who know it."""

        def answer(request: Request) -> Answer:
            if request.headers.get("if-none-match") == '"v1"':
                return Answer(304, {"ETag": '"v1"'})
            return as_json([1], headers={"ETag": '"v1"'})

        said(github, answer)

    def test_an_answer_comes_with_what_proves_that_it_is_known(self, github: World, client: Client) -> None:
        self.tell(github)
        assert client.get(get()).etag == Etag(fingerprint(TOKEN), '"v1"')

    def test_what_has_not_changed_is_known_and_nothing_else(self, github: World, client: Client) -> None:
        self.tell(github)
        etag = client.get(get()).etag
        again = client.get(get(etag=etag))
        assert (again.is_known, again.data, again.next, again.etag) == (True, None, None, etag)

    def test_what_another_token_was_told_is_asked_for_anew(self, github: World, client: Client) -> None:
        self.tell(github)
        page = client.get(get(etag=Etag(fingerprint("another"), '"v1"')))
        assert (page.items, page.is_known) == ([1], False)
        assert "if-none-match" not in github.script.seen[0].headers

    def test_a_fingerprint_does_not_tell_the_token(self) -> None:
        assert len({fingerprint(TOKEN), fingerprint("another"), fingerprint(None)}) == 3
        assert fingerprint(TOKEN) not in TOKEN

    def test_not_modified_is_no_answer_to_a_question_without_etag(self, github: World, client: Client) -> None:
        said(github, Answer(304))
        with pytest.raises(Malformed, match="304"):
            client.get(get())

    def test_an_answer_without_etag_is_an_answer(self, github: World, client: Client) -> None:
        said(github, as_json([1]))
        assert client.get(get()).etag is None


class TestAllowances:
    RESET = int((NOW + timedelta(minutes=20)).timestamp())

    def headers(self, **more: str) -> dict[str, str]:
        told = {"Resource": "core", "Limit": "5000", "Remaining": "4321", "Reset": str(self.RESET), **more}
        return {f"X-RateLimit-{name}": value for name, value in told.items()}

    @pytest.mark.parametrize("status", [200, 304, 404])
    def test_every_answer_says_what_is_left(self, github: World, client: Client, heard: Heard, status: int) -> None:
        said(github, Answer(status, self.headers(), b"[]"))
        with suppress(Gone):
            client.get(get(etag=Etag(fingerprint(TOKEN), '"v1"')))
        assert heard.budgets == [("core", Budget(5000, 4321, NOW + timedelta(minutes=20)))]

    def test_graphql_says_so_too(self, github: World, client: Client, heard: Heard) -> None:
        said(github, as_json({"data": {}}, headers=self.headers(Resource="graphql")), "/graphql")
        client.graphql(ERRAND, "query { x }", {})
        assert [bucket for bucket, _ in heard.budgets] == ["graphql"]

    @pytest.mark.parametrize("wrong", [{"Remaining": "-1"}, {"Limit": "0"}, {"Limit": "9" * 13}])
    def test_headers_that_cannot_be_meant_say_nothing(
        self, github: World, client: Client, heard: Heard, wrong: dict[str, str]
    ) -> None:
        said(github, as_json([], headers=self.headers(**wrong)))
        assert client.get(get()).items == []
        assert heard.budgets == []

    def test_an_answer_without_such_headers_says_nothing(self, github: World, client: Client, heard: Heard) -> None:
        client.get(ONE)
        assert heard.budgets == []


class TestRedirects:
    def test_a_renamed_repository_answers_under_its_id(self, github: World, client: Client, heard: Heard) -> None:
        url = f"{github.service.url}/repositories/5"
        said(github, as_json({"message": "Moved Permanently", "url": url}, 301, {"Location": url}), "/repos/ann/old")
        said(github, as_json(repository(5, "ann/new")), "/repositories/5")
        assert client.get(get("/repos/ann/old", shape="object")).data["full_name"] == "ann/new"
        assert heard.requests == 2

    def test_one_that_is_not_to_be_followed_tells_where_to(self, github: World, client: Client, heard: Heard) -> None:
        url = f"{github.service.url}/repositories/5/issues/7"
        said(
            github,
            as_json({"message": "Moved Permanently", "url": url}, 301, {"Location": url}),
            "/repos/ann/one/issues/4",
        )
        with pytest.raises(Elsewhere) as moved:
            client.get(replace(get("/repos/ann/one/issues/4"), follows=False))
        assert moved.value.address == url
        assert heard.requests == 1

    def test_that_holds_for_the_one_question(self, github: World, client: Client) -> None:
        moved = Answer(301, {"Location": f"{github.service.url}/elsewhere"})
        said(github, moved, "/repos/ann/one/issues/4")
        said(github, moved, "/graphql")
        with pytest.raises(Elsewhere):
            client.get(replace(get("/repos/ann/one/issues/4"), follows=False))
        with pytest.raises(ConnectorError) as other:
            client.graphql(Errand("anything"), "{viewer{login}}", {})
        assert not isinstance(other.value, Elsewhere)

    def test_a_redirect_that_would_lose_the_query_is_refused(self, github: World, client: Client) -> None:
        said(github, Answer(301, {"Location": f"{github.service.url}/repositories/5/x?state=all"}))
        with pytest.raises(Unavailable, match="moved to another name"):
            client.get(get(parameters={"state": "all"}))
        assert not github.script.paths("repositories")

    def test_a_redirect_to_another_host_is_not_followed(self, github: World, client: Client) -> None:
        said(github, Answer(301, {"Location": "https://evil.example/x"}))
        with pytest.raises(Malformed, match="redirects to another host"):
            client.get(get())

    def test_redirects_in_a_circle_end(self, github: World, client: Client, heard: Heard) -> None:
        said(github, Answer(301, {"Location": f"{github.service.url}/y"}), "/x")
        said(github, Answer(301, {"Location": f"{github.service.url}/x"}), "/y")
        with pytest.raises(Unavailable, match="moved"):
            client.get(get())
        assert heard.requests <= 10

    @pytest.mark.parametrize("status", [302, 307, 308])
    def test_other_redirects_are_no_data(self, github: World, client: Client, status: int) -> None:
        said(github, as_json([{"id": 1}], status, {"Location": f"{github.service.url}/y"}))
        with pytest.raises(Malformed, match=str(status)):
            client.get(get())


class TestGraphql:
    def test_the_question_and_its_values_are_sent_apart(self, github: World, client: Client) -> None:
        said(github, as_json({"data": {}}), "/graphql")
        client.graphql(ERRAND, "query Q($x: Int!) { a }", {"x": 1})
        assert github.script.queries("Q") == [{"x": 1}]

    def test_partial_data_is_kept_beside_the_errors(self, github: World, client: Client) -> None:
        error = {"type": "FORBIDDEN", "path": ["b"]}
        said(github, as_json({"data": {"a": 1, "b": None}, "errors": [error, "nonsense"]}), "/graphql")
        reply = client.graphql(ERRAND, "query { a b }", {})
        assert (reply.data, reply.errors) == ({"a": 1, "b": None}, [error])

    def test_errors_without_data_are_raised(self, github: World, client: Client) -> None:
        said(github, as_json({"errors": [{"message": "Parse error"}]}), "/graphql")
        with pytest.raises(Unavailable):
            client.graphql(ERRAND, "query {", {})

    @pytest.mark.parametrize("answer", [{"data": None}, {}, {"data": [], "errors": []}, {"errors": "?"}])
    def test_neither_data_nor_errors_is_malformed(self, github: World, client: Client, answer: Any) -> None:
        said(github, as_json(answer), "/graphql")
        with pytest.raises(Malformed, match="without data"):
            client.graphql(ERRAND, "query { a }", {})

    def test_anything_but_an_object_is_malformed(self, github: World, client: Client) -> None:
        said(github, as_json([]), "/graphql")
        with pytest.raises(Malformed, match="expected an object, got a list"):
            client.graphql(ERRAND, "query { a }", {})


class _Echo(Script):
    """Answers with the path that was asked."""

    def answer(self, request: Request) -> Answer:
        return as_json({"path": request.path})


def test_every_worker_gets_the_answer_to_its_own_question() -> None:
    with Service(_Echo()).listen() as service:
        wrong: list[str] = []

        def ask(number: int) -> None:
            client = make(service.url)
            for n in range(60):
                path = f"/{number}/{n}"
                if client.get(get(path, shape="object")).data["path"] != path:
                    wrong.append(path)

        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(before)
        gc.collect()  # the sockets of forgotten clients close without a warning
        assert wrong == []


def test_pygithub_does_not_write_to_stderr_by_itself() -> None:
    assert logging.getLogger("github").handlers == []


def test_under_minus_o_the_source_refuses_and_says_why(github: World) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from datetime import UTC, datetime\n"
        "from connectors.base import Context, Secret\n"
        "from connectors.errors import NotPermitted\n"
        "from connectors.github import CONNECTOR, GithubConfig\n"
        "token = Secret('env:T', lambda: 'x')\n"
        "config = GithubConfig(repos=('ann/one',), token=token, api_url=sys.argv[2], user='ann')\n"
        "context = Context('work', None, lambda: datetime.now(UTC), allow_private=True)\n"
        "for stream in CONNECTOR.open(config, context):\n"
        "    try:\n"
        "        list(stream.read({}))\n"
        "    except NotPermitted as error:\n"
        "        print(error)\n"
    )
    root = str(Path(__file__).parents[3])
    command = [sys.executable, "-O", "-c", program, root, github.service.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.count("Python runs with -O") == len(SPECS) + 1
    assert github.script.seen == []
