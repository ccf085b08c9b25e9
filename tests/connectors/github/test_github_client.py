"""How the connector talks to GitHub: over real sockets, with answers of every kind."""

from __future__ import annotations

import gc
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from github_script import NOW, TOKEN, Script, World, repository

from connectors.base import Meter, Secret
from connectors.errors import AuthFailed, ConnectorError, Malformed, NotPermitted, RateLimited, Unavailable
from connectors.github import SPECS
from connectors.github.client import Client
from connectors.github.connection import Limits
from connectors.github.failures import Errand, Failures, Hurried
from connectors.github.gate import RUSH, Gate, Stopped
from harvester.demo.exchange import Answer, Request, as_json
from harvester.demo.wire import Service

ERRAND = Errand("issues", "ann/one", "Issues: read")


def make(url: str, *, token: str | None = TOKEN, **limits: object) -> Client:
    secret = None if token is None else Secret("env:GITHUB_TOKEN", lambda: token)
    failures = Failures("github", secret, lambda: NOW)
    bounds = Limits(timedelta(seconds=2), timedelta(seconds=8), allow_private=True)
    gate = Gate(Meter(), lambda: NOW, lambda: False)
    return Client(url, secret, replace(bounds, **limits), failures, gate)  # type: ignore[arg-type]


@pytest.fixture
def client(github: World) -> Iterator[Client]:
    made = make(github.service.url)
    yield made
    made.close()


def said(github: World, answer: object, path: str = "/x") -> None:
    github.script.said[path] = answer  # type: ignore[assignment]


class TestWhatIsSent:
    def test_a_request_says_who_asks_for_what_version(self, github: World, client: Client) -> None:
        client.get(ERRAND, "/repos/ann/one")
        [request] = github.script.seen
        assert request.headers["user-agent"].startswith("harvester/")
        assert request.headers["x-github-api-version"] == "2022-11-28"
        assert request.headers["accept"] == "application/vnd.github+json"
        assert request.bearer() == TOKEN

    def test_without_a_token_nothing_is_authorised(self, github: World) -> None:
        make(github.service.url, token=None).get(ERRAND, "/repos/ann/one")
        assert "authorization" not in github.script.seen[0].headers

    def test_netrc_is_not_read(self, github: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login ann password hunter2\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        make(github.service.url, token=None).get(ERRAND, "/repos/ann/one")
        assert "authorization" not in github.script.seen[0].headers

    def test_a_connection_is_kept_open(self, github: World, client: Client) -> None:
        for _ in range(3):
            client.get(ERRAND, "/repos/ann/one")
        pool = client._connection.session.adapters["http://"].poolmanager.pools  # type: ignore[attr-defined]
        assert [pool[key].num_connections for key in pool.keys()] == [1]  # noqa: SIM118 - no plain mapping

    def test_graphql_questions_are_not_slowed_down(self, github: World, client: Client) -> None:
        said(github, as_json({"data": {"rateLimit": {"cost": 3}}}), "/graphql")
        started = time.monotonic()
        for _ in range(5):
            client.graphql(ERRAND, "query { rateLimit { cost } }", {})
        assert time.monotonic() - started < 1
        assert (client.gate.meter.requests, client.gate.meter.points) == (5, 15)

    def test_enterprise_server_has_its_graphql_beside_v3(self, github: World) -> None:
        said(github, as_json({"data": {}}), "/api/graphql")
        said(github, as_json([]), "/api/v3/x")
        client = make(f"{github.service.url}/api/v3")
        assert client.page(ERRAND, "/x").items == []
        assert client.graphql(ERRAND, "query { x }", {}).data == {}


class TestPages:
    def test_the_next_page_is_the_one_linked(self, github: World, client: Client) -> None:
        link = f'<{github.service.url}/repositories/1/x?after=a%3D%3D&per_page=100>; rel="next", <x>; rel="last"'
        said(github, as_json([1], headers={"Link": link}))
        said(github, as_json([2]), "/repositories/1/x")
        first = client.page(ERRAND, "/x", per_page=100)
        assert first.next is not None
        assert client.page(ERRAND, first.next).items == [2]
        assert github.script.paths("repositories") == ["/repositories/1/x?after=a%3D%3D&per_page=100"]

    def test_a_link_to_another_host_is_not_followed(self, github: World, client: Client) -> None:
        said(github, as_json([], headers={"Link": '<https://evil.example/x?page=2>; rel="next"'}))
        with pytest.raises(Malformed, match="another host"):
            client.page(ERRAND, "/x")

    def test_a_page_that_links_to_itself_is_an_error(self, github: World, client: Client) -> None:
        url = f"{github.service.url}/x?page=2"
        said(github, as_json([], headers={"Link": f'<{url}>; rel="next"'}))
        with pytest.raises(Malformed, match="same page"):
            client.page(ERRAND, url)

    @pytest.mark.parametrize("body", [{}, None, "text", 7])
    def test_anything_but_a_list_is_malformed(self, github: World, client: Client, body: object) -> None:
        said(github, as_json(body))
        with pytest.raises(Malformed, match="expected a list"):
            client.page(ERRAND, "/x")

    def test_anything_but_an_object_is_malformed(self, github: World, client: Client) -> None:
        said(github, as_json([1]))
        with pytest.raises(Malformed, match="expected an object, got a list"):
            client.get(ERRAND, "/x")


class TestRedirects:
    def test_a_renamed_repository_answers_under_its_id(self, github: World, client: Client) -> None:
        url = f"{github.service.url}/repositories/5"
        said(github, as_json({"message": "Moved Permanently", "url": url}, 301, {"Location": url}), "/repos/ann/old")
        said(github, as_json(repository(5, "ann/new")), "/repositories/5")
        assert client.get(ERRAND, "/repos/ann/old")["full_name"] == "ann/new"
        assert client.gate.meter.requests == 2

    def test_a_redirect_that_would_lose_the_query_is_refused(self, github: World, client: Client) -> None:
        url = f"{github.service.url}/repositories/5/x?state=all"
        said(github, Answer(301, {"Location": url}))
        with pytest.raises(Unavailable, match="moved to another name"):
            client.page(ERRAND, "/x", state="all")
        assert not github.script.paths("repositories")

    def test_a_redirect_to_another_host_is_not_followed(self, github: World, client: Client) -> None:
        said(github, Answer(301, {"Location": "https://evil.example/x"}))
        with pytest.raises(Malformed, match="redirects to another host"):
            client.get(ERRAND, "/x")

    def test_redirects_in_a_circle_end(self, github: World, client: Client) -> None:
        said(github, Answer(301, {"Location": f"{github.service.url}/y"}), "/x")
        said(github, Answer(301, {"Location": f"{github.service.url}/x"}), "/y")
        with pytest.raises(Unavailable, match="moved"):
            client.get(ERRAND, "/x")
        assert client.gate.meter.requests <= 10

    @pytest.mark.parametrize("status", [302, 307, 308])
    def test_other_redirects_are_no_data(self, github: World, client: Client, status: int) -> None:
        said(github, as_json({"id": 1}, status, {"Location": f"{github.service.url}/y"}))
        with pytest.raises(Malformed, match=str(status)):
            client.get(ERRAND, "/x")


class TestBadAnswers:
    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (Answer(200, {"Content-Type": "application/json"}, b"<html>login</html>"), Malformed),
            (Answer(200, {"Content-Type": "application/json"}, b""), Malformed),
            (Answer(200, {}, b"[" * 100_000), Unavailable),
            (Answer(200, {}, b'[{"id": 1'), Unavailable),
            (Answer(200, {}, b'[{"id": 1}]', wire="truncated"), Unavailable),
            (Answer(200, {}, b"[]", wire="reset"), Unavailable),
            (Answer(202, {}, b"{}"), Unavailable),
            (Answer(204, {}, b""), Malformed),
            (Answer(500, {"Content-Type": "text/html"}, b"<html>"), Unavailable),
            (Answer(200, {"X-RateLimit-Remaining": "inf", "X-RateLimit-Limit": "1"}, b"[]"), Malformed),
            (Answer(200, {"Content-Encoding": "gzip"}, b"no gzip"), Malformed),
        ],
    )
    def test_an_answer_that_is_none_is_an_error_named(
        self, github: World, client: Client, answer: Answer, kind: type[ConnectorError]
    ) -> None:
        said(github, answer)
        with pytest.raises(kind) as caught:
            client.page(ERRAND, "/x")
        assert caught.value.subject == "ann/one"

    def test_the_client_is_fit_for_use_after_a_failure(self, github: World, client: Client) -> None:
        said(github, Answer(200, {}, b'[{"id": 1}]', wire="truncated"))
        with pytest.raises(Unavailable):
            client.page(ERRAND, "/x")
        said(github, as_json([2]))
        assert client.page(ERRAND, "/x").items == [2]

    def test_a_server_that_says_nothing_is_given_up(self, github: World) -> None:
        client = make(github.service.url, timeout=timedelta(seconds=0.2))
        said(github, Answer(200, {}, b"[]", wire="silence"))
        with pytest.raises(Unavailable, match="in time"):
            client.page(ERRAND, "/x")

    def test_a_trickle_meets_the_deadline(self, github: World) -> None:
        client = make(github.service.url, deadline=timedelta(seconds=0.5))
        said(github, Answer(200, {}, b"[" + b" " * 500 + b"]", wire="trickle"))
        started = time.monotonic()
        with pytest.raises(Unavailable, match="in time"):
            client.page(ERRAND, "/x")
        assert time.monotonic() - started < 2

    def test_more_than_the_most_is_not_read(self, github: World) -> None:
        client = make(github.service.url, max_bytes=1000)
        said(github, as_json(["x" * 2000]))
        with pytest.raises(Malformed, match="more than any answer needs"):
            client.page(ERRAND, "/x")

    def test_nobody_listening_is_an_outage(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with pytest.raises(Unavailable):
            make(f"http://127.0.0.1:{port}").get(ERRAND, "/x")

    def test_a_private_address_is_refused_unless_allowed(self, github: World) -> None:
        client = make(github.service.url, allow_private=False)
        with pytest.raises(NotPermitted, match="private"):
            client.get(ERRAND, "/repos/ann/one")
        assert github.script.seen == []

    @pytest.mark.parametrize("token", ["two\nlines", "naïve 🙈"])
    def test_a_token_that_no_header_can_carry_is_not_repeated(self, github: World, token: str) -> None:
        with pytest.raises(Malformed) as caught:
            make(github.service.url, token=token).get(ERRAND, "/repos/ann/one")
        assert token not in str(caught.value)


class TestGraphql:
    def test_partial_data_is_kept_beside_the_error(self, github: World, client: Client) -> None:
        body = {"data": {"a": 1, "b": None}, "errors": [{"type": "FORBIDDEN", "path": ["b"]}]}
        said(github, as_json(body), "/graphql")
        reply = client.graphql(ERRAND, "query { a b }", {})
        assert reply.data == {"a": 1, "b": None}
        assert isinstance(reply.failure, NotPermitted)

    def test_errors_without_data_are_raised(self, github: World, client: Client) -> None:
        said(github, as_json({"errors": [{"message": "Parse error"}]}), "/graphql")
        with pytest.raises(Unavailable):
            client.graphql(ERRAND, "query {", {})

    def test_neither_data_nor_errors_is_malformed(self, github: World, client: Client) -> None:
        said(github, as_json({"data": None}), "/graphql")
        with pytest.raises(Malformed, match="without data"):
            client.graphql(ERRAND, "query { a }", {})


class TestGate:
    def test_after_a_refused_token_nothing_is_sent(self, github: World, client: Client) -> None:
        said(github, as_json({"message": "Bad credentials"}, 401))
        for _ in range(3):
            with pytest.raises(AuthFailed):
                client.get(ERRAND, "/x")
        assert len(github.script.seen) == 1

    def test_a_used_up_limit_holds_back_its_own_kind_of_request_only(self, github: World, client: Client) -> None:
        limit = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW.timestamp()) + 600)}
        said(github, as_json({"message": "?"}, 403, limit))
        said(github, as_json({"data": {}}), "/graphql")
        for _ in range(2):
            with pytest.raises(RateLimited):
                client.get(ERRAND, "/x")
        assert client.graphql(ERRAND, "query { a }", {}).failure is None
        assert len(github.script.paths("/x")) == 1

    def test_a_secondary_limit_holds_back_everything_until_its_end(self, github: World, client: Client) -> None:
        said(github, as_json({"message": "?"}, 403, {"Retry-After": "30"}))
        with pytest.raises(Hurried):
            client.get(ERRAND, "/x")
        with pytest.raises(Hurried):
            client.graphql(ERRAND, "query { a }", {})
        client.gate.clock = lambda: NOW + timedelta(seconds=30)
        said(github, as_json({"id": 1}))
        assert client.get(ERRAND, "/x") == {"id": 1}

    def test_a_stopped_run_sends_nothing(self, github: World, client: Client) -> None:
        client.gate.is_stopping = lambda: True
        with pytest.raises(Stopped):
            client.get(ERRAND, "/repos/ann/one")
        assert github.script.seen == []

    def test_many_requests_in_a_minute_go_one_by_one(self, github: World) -> None:
        clients = [make(github.service.url) for _ in range(4)]
        gate = clients[0].gate
        for client in clients:
            client.gate = gate
        gate._sent.extend([NOW] * RUSH)
        github.service.latency = 0.02
        threads = [threading.Thread(target=c.get, args=(ERRAND, "/repos/ann/one")) for c in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert github.service.busiest == 1
        assert len(github.script.seen) == 4


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
                if client.get(ERRAND, path)["path"] != path:
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
        "from connectors.base import Context\n"
        "from connectors.errors import NotPermitted\n"
        "from connectors.github import CONNECTOR, GithubConfig\n"
        "config = GithubConfig(repos=('ann/one',), api_url=sys.argv[2])\n"
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
    assert done.stdout.count("Python runs with -O") == len(SPECS)
    assert github.script.seen == []
