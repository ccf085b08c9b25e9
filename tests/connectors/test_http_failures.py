"""The HTTP door: how each failure is named, and that no message repeats a secret."""

from __future__ import annotations

import json
from datetime import timedelta
from email.utils import format_datetime

import pytest
import requests
import urllib3.exceptions
from loopback import NOW, door, moved, reply, reset, serving

from connectors.answers import OUTCOMES
from connectors.errors import (
    AuthFailed,
    ConnectorError,
    Gone,
    Malformed,
    NotPermitted,
    RateLimited,
    Unavailable,
)
from connectors.http import Http, Page, without_secrets

SECRET = "s3cr3t-key-9f2c"


def closing_early(data):
    return lambda connection, _: connection.sendall(data)


def resetting(data):
    def answer(connection, _):
        connection.sendall(data)
        reset(connection)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        closing_early(b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nshort"),
        closing_early(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        closing_early(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n"),
        closing_early(b""),
        closing_early(b"SSH-2.0-OpenSSH\r\n"),
        closing_early(b"HTTP/1.1 200 X\r\n" + b"".join(b"H%d: x\r\n" % n for n in range(200)) + b"\r\n"),
        closing_early(b"HTTP/1.1 200 X\r\nLong: " + b"x" * 100_000 + b"\r\n\r\n"),
        resetting(b""),
        resetting(b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nshort"),
    ],
)
def test_a_broken_answer_is_unavailable(answer):
    with serving(answer) as server, door() as http, pytest.raises(Unavailable):
        http.get(server.url)


def test_a_door_works_on_after_a_broken_answer():
    answers = iter([b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nshort", reply(200, b"fine")])
    with serving(lambda connection, _: connection.sendall(next(answers))) as server, door() as http:
        with pytest.raises(Unavailable):
            http.get(server.url)
        assert http.get(server.url).body == b"fine"


def test_a_body_that_is_not_compressed_as_it_says_is_malformed():
    with (
        serving(reply(200, b"plain", {"Content-Encoding": "gzip"})) as server,
        door() as http,
        pytest.raises(Malformed),
    ):
        http.get(server.url)


def test_a_refused_connection_is_unavailable():
    with serving(reply(200)) as server:
        pass
    with door() as http, pytest.raises(Unavailable, match="Connection refused"):
        http.get(server.url)


def test_an_unknown_name_is_unavailable():
    with Http() as http, pytest.raises(Unavailable, match=r"the name nobody\.invalid does not resolve"):
        http.get("http://nobody.invalid/")


# Statuses


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (400, {}, Malformed),
        (401, {}, AuthFailed),
        (402, {}, NotPermitted),
        (403, {}, NotPermitted),
        (403, {"Retry-After": "60"}, RateLimited),
        (403, {"X-RateLimit-Remaining": "0"}, RateLimited),
        (403, {"X-RateLimit-Remaining": "10"}, NotPermitted),
        (404, {}, Gone),
        (408, {}, Unavailable),
        (410, {}, Gone),
        (418, {}, Malformed),
        (429, {}, RateLimited),
        (451, {}, Gone),
        (500, {}, Unavailable),
        (500, {"Retry-After": "60"}, Unavailable),
        (502, {}, Unavailable),
        (503, {}, Unavailable),
        (503, {"Retry-After": "60"}, RateLimited),
        (504, {}, Unavailable),
        (521, {}, Unavailable),
    ],
)
def test_a_status_is_named_by_what_to_do_next(status, headers, outcome):
    with (
        serving(reply(status, headers=headers)) as server,
        door() as http,
        pytest.raises(outcome, match=str(status)) as caught,
    ):
        http.get(server.url)
    assert type(caught.value) is outcome


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({"Retry-After": "120"}, timedelta(seconds=120)),
        ({"Retry-After": format_datetime(NOW + timedelta(hours=2), usegmt=True)}, timedelta(hours=2)),
        ({"Retry-After": format_datetime(NOW - timedelta(hours=2), usegmt=True)}, timedelta(seconds=1)),
        ({"Retry-After": "0"}, timedelta(seconds=1)),
        ({"Retry-After": "-5"}, timedelta(seconds=60)),
        ({"Retry-After": "soon"}, timedelta(seconds=60)),
        ({"Retry-After": "99999999"}, timedelta(days=1)),
        ({"Retry-After": "9" * 400}, timedelta(seconds=60)),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, timedelta(days=1)),
        ({}, timedelta(seconds=60)),
        ({"X-RateLimit-Reset": str(int(NOW.timestamp()) + 300)}, timedelta(seconds=300)),
        ({"X-Rate-Limit-Reset": "7"}, timedelta(seconds=7)),
    ],
)  # fmt: skip
def test_the_instant_to_come_back_is_what_the_server_says_within_reason(headers, after):
    with serving(reply(429, headers=headers)) as server, door() as http, pytest.raises(RateLimited) as caught:
        http.get(server.url)
    assert caught.value.retry_at == NOW + after


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (b'{"error": "no such\\n metric"}', "(no such metric)"),
        (b'{"error": {"message": "nested"}}', "(nested)"),
        (b'{"message": 7}', "400"),
        (b"[" * 3000, "400"),
        (b"<html>no</html>", "400"),
        (b"", "400"),
    ],
)
def test_what_the_service_says_about_a_refusal_is_passed_on(body, hint):
    with serving(reply(400, body)) as server, door() as http, pytest.raises(Malformed) as caught:
        http.get(server.url)
    assert str(caught.value).endswith(hint)


# Secrets


def echo(connection, request):
    """Refuse like a service that repeats the key it was sent."""
    connection.sendall(reply(400, json.dumps({"message": f"invalid key {SECRET}"}).encode()))


@pytest.mark.parametrize(
    "answer",
    [
        echo,
        b"",
        reply(401),
        reply(200, b"<html>"),
        moved(302, "/loop?key=" + SECRET),
        moved(302, f"ftp://u:{SECRET}@x/"),
    ],
)
def test_no_message_repeats_a_secret(answer):
    headers = {"X-Api-Key": SECRET, "Authorization": f"Bearer {SECRET}"}
    with serving(answer) as server, door() as http, pytest.raises(ConnectorError) as caught:
        http.get(f"http://me:{SECRET}@127.0.0.1:{server.port}/a?token={SECRET}", headers=headers).json()
    shown = f"{caught.value} {caught.value!r} {caught.value.remedy} {caught.value.__cause__}"
    assert SECRET not in shown


def test_an_unreachable_host_does_not_show_the_query():
    with door(resolver=lambda host, port: ["127.0.0.1"]) as http, pytest.raises(Unavailable) as caught:
        http.get(f"http://x.example:1/feed?token={SECRET}")
    assert SECRET not in f"{caught.value} {caught.value.__cause__}"
    assert "x.example" in str(caught.value)


def test_a_page_does_not_show_secrets_nor_its_body():
    page = Page(f"https://x.example/?token={SECRET}", 200, {"set-cookie": SECRET}, SECRET.encode(), {})
    assert repr(page) == "Page('https://x.example/?token=…', 200, 15 bytes)"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@x.example:8443/a?b=c&d=e#f", "https://x.example:8443/a?b=…&d=…"),
        ("https://x.example/a?s3cr3t", "https://x.example/a?…"),
        ("https://[::1]:80/a", "https://[::1]:80/a"),
        ("http://[::1", "(unreadable address)"),
    ],
)
def test_an_address_in_a_message_is_bare(url, shown):
    assert without_secrets(url) == shown


# The lower libraries


def exceptions_of(module):
    members = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Exception)]
    return [member for member in members if not issubclass(member, Warning) and member.__module__ == module.__name__]


@pytest.mark.parametrize("member", [*exceptions_of(requests.exceptions), *exceptions_of(urllib3.exceptions)])
def test_every_exception_of_the_transport_is_mapped(member):
    assert member in OUTCOMES


class Failing(requests.adapters.BaseAdapter):
    """A transport that raises what it is given."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def send(self, *args, **kwargs):
        raise self.error

    def close(self) -> None:
        pass


@pytest.mark.parametrize("member", exceptions_of(requests.exceptions))
def test_an_exception_of_requests_arrives_as_ours(member):
    error = member.__new__(member)
    error.args = (f"https://x.example/?token={SECRET}",)
    with Http(transport=Failing(error)) as http, pytest.raises(OUTCOMES[member][0]) as caught:
        http.get("https://x.example/feed")
    assert "https://x.example/feed" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_line_break_in_a_key_is_named():
    with door() as http, pytest.raises(Malformed, match="check token and key for line breaks"):
        http.get("http://127.0.0.1:1/", headers={"X-Api-Key": "a\nb"})
