"""Answers that are none: what the client makes of them, and that it is fit for use afterwards."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from github_script import World
from test_github_client import ONE, get, make, said

from connectors.errors import ConnectorError, Malformed, NotPermitted, Unavailable
from connectors.github.client import Client
from connectors.github.failures import TooMuch
from harvester.demo.exchange import Answer, as_json


@pytest.fixture
def client(github: World) -> Iterator[Client]:
    made = make(github.service.url)
    yield made
    made.close()


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
        (Answer(502, {"Content-Type": "text/html"}, b"<html>"), TooMuch),
        (Answer(200, {"X-RateLimit-Remaining": "inf", "X-RateLimit-Limit": "1"}, b"[]"), Malformed),
        (Answer(200, {"Content-Encoding": "gzip"}, b"no gzip"), Malformed),
    ],
)
def test_an_answer_that_is_none_is_an_error_named(
    github: World, client: Client, answer: Answer, kind: type[ConnectorError]
) -> None:
    said(github, answer)
    with pytest.raises(kind) as caught:
        client.get(get())
    assert caught.value.subject == "ann/one"


def test_the_client_is_fit_for_use_after_a_failure(github: World, client: Client) -> None:
    said(github, Answer(200, {}, b'[{"id": 1}]', wire="truncated"))
    with pytest.raises(Unavailable):
        client.get(get())
    said(github, as_json([2]))
    assert client.get(get()).items == [2]


def test_a_server_that_says_nothing_is_given_up(github: World) -> None:
    client = make(github.service.url, timeout=timedelta(seconds=0.2))
    said(github, Answer(200, {}, b"[]", wire="silence"))
    with pytest.raises(TooMuch, match="in time"):
        client.get(get())


def test_a_trickle_meets_the_deadline(github: World) -> None:
    client = make(github.service.url, deadline=timedelta(seconds=0.5))
    said(github, Answer(200, {}, b"[" + b" " * 500 + b"]", wire="trickle"))
    started = time.monotonic()
    with pytest.raises(TooMuch, match="in time"):
        client.get(get())
    assert time.monotonic() - started < 2


def test_more_than_the_most_is_not_read(github: World) -> None:
    client = make(github.service.url, max_bytes=1000)
    said(github, as_json(["x" * 2000]))
    with pytest.raises(Malformed, match="more than any answer needs"):
        client.get(get())


def test_nobody_listening_is_an_outage() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unavailable):
        make(f"http://127.0.0.1:{port}").get(ONE)


def test_a_private_address_is_refused_unless_allowed(github: World) -> None:
    client = make(github.service.url, allow_private=False)
    with pytest.raises(NotPermitted, match="private"):
        client.get(ONE)
    assert github.script.seen == []


@pytest.mark.parametrize("token", ["two\nlines", "naïve 🙈"])
def test_a_token_that_no_header_can_carry_is_not_repeated(github: World, token: str) -> None:
    with pytest.raises(Malformed) as caught:
        make(github.service.url, token=token).get(ONE)
    assert token not in str(caught.value)
