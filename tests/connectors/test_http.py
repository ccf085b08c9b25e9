"""The HTTP door: what it sends, what it refuses, and how failures are named."""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import ssl
import threading
import time
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
import responses
import urllib3.exceptions
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from loopback import reply, reset, serving, trickle

from connectors.addresses import is_public
from connectors.answers import OUTCOMES
from connectors.base import Meter
from connectors.errors import (
    AuthFailed,
    ConnectorError,
    Gone,
    Malformed,
    NotPermitted,
    RateLimited,
    Unavailable,
)
from connectors.http import Http, Lanes, Page, check_address, without_secrets

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECRET = "s3cr3t-key-9f2c"


def door(**settings) -> Http:
    """A door to the loopback server, with short times and a table of its own."""
    chosen = {"allow_private": True, "timeout": timedelta(seconds=5), "clock": lambda: NOW, "lanes": Lanes()}
    return Http(**{**chosen, **settings})


# What is sent


def test_a_page_is_what_came():
    answer = reply(200, b"hello", {"ETag": 'W/"a b"', "Last-Modified": "yesterday", "X-Kind": "Odd"})
    with serving(answer) as server, door() as http:
        page = http.get(f"{server.url}/feed#part")
    assert (page.url, page.status, page.body) == (f"{server.url}/feed", 200, b"hello")
    assert page.headers["x-kind"] == "Odd"
    assert page.validators == {"etag": 'W/"a b"', "last_modified": "yesterday"}
    assert page.moved_to is None


def test_validators_are_sent_verbatim_and_an_unchanged_page_is_none():
    with serving(reply(304)) as server, door() as http:
        assert (
            http.get(server.url, validators={"etag": '"x-gzip"', "last_modified": "Tue, 1 Jan", "read_on": "x"})
            is None
        )
    assert 'If-None-Match: "x-gzip"\r\n' in server.requests[0]
    assert "If-Modified-Since: Tue, 1 Jan\r\n" in server.requests[0]


def test_an_unasked_for_not_modified_is_malformed():
    with serving(reply(304)) as server, door() as http, pytest.raises(Malformed):
        http.get(server.url)


def test_it_says_who_it_is_and_takes_gzip_only():
    with serving(reply(200)) as server, door() as http:
        http.get(server.url)
    assert "User-Agent: harvester" in server.requests[0]
    assert "Accept-Encoding: gzip\r\n" in server.requests[0]


def test_cookies_are_not_kept():
    with serving(reply(200, headers={"Set-Cookie": "id=1; Path=/"})) as server, door() as http:
        http.get(server.url)
        http.get(server.url)
    assert "Cookie" not in server.requests[1]


def test_netrc_is_not_read(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(reply(200)) as server, door() as http:
        http.get(server.url)
    assert "Authorization" not in server.requests[0]


def test_parameters_join_those_of_the_address():
    with serving(reply(200)) as server, door() as http:
        http.get(f"{server.url}/x?a=1", params={"b": "ä &", "c": 2})
    assert server.requests[0].startswith("GET /x?a=1&b=%C3%A4+%26&c=2 ")


def test_json_is_posted():
    with serving(reply(200, b'{"ok": true}')) as server, door() as http:
        page = http.post_json(server.url, {"q": "é"}, headers={"Authorization": "Bearer x"})
    head, _, body = server.requests[0].partition("\r\n\r\n")
    assert "Content-Type: application/json" in head
    assert "Authorization: Bearer x" in head
    assert json.loads(body) == {"q": "é"}
    assert page.json() == {"ok": True}


def test_user_and_password_of_an_address_become_a_header_and_vanish_from_the_page():
    with serving(reply(200)) as server, door() as http:
        page = http.get(f"http://me:p%40ss@127.0.0.1:{server.port}/feed")
    assert "Authorization: Basic bWU6cEBzcw==" in server.requests[0]
    assert page.url == f"{server.url}/feed"


def test_a_gzip_body_is_decoded():
    with serving(reply(200, gzip.compress(b"text"), {"Content-Encoding": "gzip"})) as server, door() as http:
        assert http.get(server.url).body == b"text"


def test_every_request_is_counted_failed_ones_too():
    meter = Meter()
    answers = itertools.chain([reply(302, headers={"Location": "/b"}), reply(200), reply(500)])
    with serving(lambda connection, _: connection.sendall(next(answers))) as server, door(meter=meter) as http:
        http.get(server.url)
        with pytest.raises(Unavailable):
            http.get(server.url)
    assert meter.requests == 3


# Addresses


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0",  # noqa: S104  # to be refused, not bound
        "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.2.1", "198.18.0.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::80ff:fffe",
    ],
)  # fmt: skip
def test_a_private_or_reserved_address_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "140.82.121.4", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_an_address_of_the_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:7f00:1]", "169.254.169.254", "127.1", "2130706433", "0x7f.1"]
)
def test_a_private_address_is_refused_with_the_way_to_allow_it(host):
    with Http() as http, pytest.raises(NotPermitted, match="set allow_private = true on this source"):
        http.get(f"http://{host}/latest/meta-data")


def test_a_name_that_leads_to_a_private_address_is_refused_before_anything_is_sent():
    with (
        serving(reply(200)) as server,
        door(allow_private=False, resolver=lambda host, port: ["93.184.216.34", "127.0.0.1"]) as http,
        pytest.raises(NotPermitted, match=r"blog\.example leads to 127\.0\.0\.1"),
    ):
        http.get(f"http://blog.example:{server.port}/")
    assert server.requests == []


class Rebinding:
    """A resolver that answers the check with a public address and the next question with a private one."""

    def __init__(self) -> None:
        self.answers = iter(["93.184.216.34", "127.0.0.1"])

    def __call__(self, host, port):
        return [next(self.answers)]


def test_a_name_that_changes_its_address_after_a_check_is_refused_at_the_socket():
    resolver = Rebinding()
    with serving(reply(200)) as server, door(allow_private=False, resolver=resolver) as http:
        url = f"http://rebind.example:{server.port}/"
        check_address(url, False, resolver)
        with pytest.raises(NotPermitted):
            http.get(url)
    assert server.requests == []


def test_the_socket_is_made_to_the_very_address_that_was_checked():
    asked = []

    def resolver(host, port):
        asked.append(host)
        return ["127.0.0.1"]

    with serving(reply(200, b"here")) as server, door(resolver=resolver) as http:
        page = http.get(f"http://blog.test:{server.port}/")
    assert page.body == b"here"
    assert asked == ["blog.test"]
    assert f"Host: blog.test:{server.port}" in server.requests[0]


def test_the_next_address_is_tried_where_one_does_not_answer():
    with serving(reply(200, b"here")) as server, door(resolver=lambda host, port: ["127.0.0.9", "127.0.0.1"]) as http:
        assert http.get(f"http://blog.test:{server.port}/").body == b"here"


@pytest.mark.parametrize(
    "url", ["ftp://x.example/", "file:///etc/passwd", "x.example/feed", "http://", "http://x:99999/", "http://[::1/"]
)
def test_what_is_no_web_address_is_malformed(url):
    with Http() as http, pytest.raises(Malformed):
        http.get(url)
    with pytest.raises(Malformed):
        check_address(url, True)


def test_check_address_refuses_what_resolves_to_a_private_address():
    with pytest.raises(NotPermitted):
        check_address("https://ghe.example", False, lambda host, port: ["10.0.0.7"])


def test_check_address_lets_pass_what_is_public_allowed_or_unknown():
    def unknown(host, port):
        raise OSError("no such name")

    check_address("https://api.example", False, lambda host, port: ["1.1.1.1"])
    check_address("https://ghe.example", True, lambda host, port: ["10.0.0.7"])
    check_address("https://ghe.example", False, unknown)


# Redirects


def by_path(answers):
    """Answers by the path of the request."""
    return lambda connection, request: connection.sendall(answers[request.split()[1]])


def moved(status, location):
    return reply(status, headers={"Location": location})


def test_redirects_are_followed_and_permanent_ones_reported_up_to_the_first_temporary():
    pages = {
        "/a": moved(301, "/b"),
        "/b": moved(308, "/c"),
        "/c": moved(302, "/d"),
        "/d": moved(301, "/e"),
        "/e": reply(200),
    }
    with serving(by_path(pages)) as server, door() as http:
        page = http.get(f"{server.url}/a")
    assert page.url == f"{server.url}/e"
    assert page.moved_to == f"{server.url}/c"


def test_redirects_that_do_not_end_are_malformed():
    with serving(moved(302, "/again")) as server, door() as http, pytest.raises(Malformed, match="10 redirects"):
        http.get(server.url)
    assert len(server.requests) == 11


def test_a_redirect_without_a_target_is_malformed():
    with serving(reply(302)) as server, door() as http, pytest.raises(Malformed, match="302"):
        http.get(server.url)


def test_the_body_of_a_redirect_is_not_read():
    def endless(connection, request):
        if request.startswith("GET /b"):
            connection.sendall(reply(200, b"there"))
            return
        connection.sendall(b"HTTP/1.1 302 X\r\nLocation: /b\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with serving(endless) as server, door(deadline=timedelta(seconds=5)) as http:
        assert http.get(server.url).body == b"there"


def test_a_redirect_to_another_origin_loses_every_header_of_the_caller():
    with serving(reply(200)) as other, serving(moved(302, other.url)) as server, door() as http:
        sent = {"Authorization": f"Bearer {SECRET}", "X-Api-Key": SECRET, "Accept": "text/xml"}
        http.get(server.url, headers=sent, validators={"etag": '"1"'})
    assert SECRET in server.requests[0]
    assert SECRET not in other.requests[0]
    assert "Accept: text/xml" in other.requests[0]
    assert 'If-None-Match: "1"' in other.requests[0]


def test_a_password_in_the_address_does_not_reach_another_origin():
    with serving(reply(200)) as other, serving(moved(302, other.url)) as server, door() as http:
        http.get(f"http://me:{SECRET}@127.0.0.1:{server.port}/")
    assert "Authorization" in server.requests[0]
    assert "Authorization" not in other.requests[0]


def test_a_redirect_within_the_origin_keeps_the_headers():
    with serving(by_path({"/a": moved(302, "/b"), "/b": reply(200)})) as server, door() as http:
        http.get(f"{server.url}/a", headers={"X-Api-Key": SECRET})
    assert SECRET in server.requests[1]


@responses.activate
def test_the_move_of_a_host_from_http_to_https_keeps_the_headers():
    responses.get("http://a.example/", status=301, headers={"Location": "https://a.example/"})
    responses.get("https://a.example/", body="ok")
    with Http() as http:
        page = http.get("http://a.example/", headers={"X-Api-Key": SECRET})
    assert responses.calls[1].request.headers["X-Api-Key"] == SECRET
    assert page.moved_to == "https://a.example/"


@responses.activate
def test_the_move_of_a_host_from_https_to_http_loses_the_headers():
    responses.get("https://a.example/", status=301, headers={"Location": "http://a.example/"})
    responses.get("http://a.example/", body="ok")
    with Http() as http:
        http.get("https://a.example/", headers={"X-Api-Key": SECRET})
    assert "X-Api-Key" not in responses.calls[1].request.headers


@responses.activate
@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://localhost:{port}/"]
)
def test_a_redirect_into_the_own_machine_is_refused(target):
    with serving(reply(200)) as server, Http() as http:
        responses.get("https://blog.example/", status=302, headers={"Location": target.format(port=server.port)})
        with pytest.raises(NotPermitted):
            http.get("https://blog.example/")
    assert server.requests == []


@responses.activate
def test_a_redirect_to_a_name_inside_the_network_is_refused():
    with serving(reply(200)) as server, Http(resolver=lambda host, port: ["127.0.0.1"]) as http:
        inside = f"http://inside.example:{server.port}/"
        responses.add_passthru(inside)
        responses.get("https://blog.example/", status=302, headers={"Location": inside})
        with pytest.raises(NotPermitted, match=r"inside\.example"):
            http.get("https://blog.example/")
    assert server.requests == []


@responses.activate
def test_a_redirect_to_another_scheme_is_malformed():
    responses.get("https://blog.example/", status=302, headers={"Location": "file:///etc/passwd"})
    with Http() as http, pytest.raises(Malformed, match="not an http or https address"):
        http.get("https://blog.example/")


def test_a_post_is_repeated_only_where_the_server_asks_for_it_within_its_origin():
    with serving(by_path({"/a": moved(308, "/b"), "/b": reply(200)})) as server, door() as http:
        http.post_json(f"{server.url}/a", {"q": 1})
    assert server.requests[1].startswith("POST /b")
    assert server.requests[1].endswith('{"q":1}')


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_post_that_would_become_a_get_is_malformed(status):
    with serving(moved(status, "/b")) as server, door() as http, pytest.raises(Malformed, match="new address"):
        http.post_json(server.url, {})
    assert len(server.requests) == 1


def test_a_post_does_not_reach_another_origin():
    with (
        serving(reply(200)) as other,
        serving(moved(307, other.url)) as server,
        door() as http,
        pytest.raises(Malformed),
    ):
        http.post_json(server.url, {"password": SECRET})
    assert other.requests == []


def test_a_redirect_target_in_utf_8_is_understood():
    with serving(by_path({"/a": moved(302, "/caf\xc3\xa9"), "/caf%C3%A9": reply(200)})) as server, door() as http:
        assert http.get(f"{server.url}/a").url == f"{server.url}/café"


# Time and size


def cut_after(seconds, answer, **settings):
    """The error of a request that must be given up in time."""
    with serving(answer) as server, door(**settings) as http:
        started = time.monotonic()
        with pytest.raises(ConnectorError) as caught:
            http.get(server.url)
        assert time.monotonic() - started < seconds
    return caught.value


SHORT = timedelta(seconds=0.4)


def test_a_trickling_body_is_cut_at_the_deadline():
    error = cut_after(
        2,
        lambda connection, _: trickle(connection, reply(200, b"x" * 90)),
        deadline=SHORT,
    )
    assert isinstance(error, Unavailable)
    assert "not complete after 0.4 s" in str(error)


def test_a_trickling_body_after_a_swift_head_is_cut_at_the_deadline():
    def answer(connection, _):
        connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 90\r\n\r\n")
        trickle(connection, b"x" * 90)

    assert isinstance(cut_after(2, answer, deadline=SHORT), Unavailable)


def test_trickling_chunks_are_cut_at_the_deadline():
    def answer(connection, _):
        connection.sendall(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
        trickle(connection, b"1\r\nx\r\n" * 30)

    assert isinstance(cut_after(2, answer, deadline=SHORT), Unavailable)


def test_a_server_that_says_nothing_is_left_after_the_timeout():
    error = cut_after(2, lambda connection, _: time.sleep(0.8), timeout=SHORT)
    assert isinstance(error, Unavailable)
    assert "took too long" in str(error)


def test_the_deadline_spans_redirects():
    def slow(connection, _):
        time.sleep(0.15)
        connection.sendall(moved(302, "/again"))

    assert isinstance(cut_after(2, slow, deadline=SHORT), Unavailable)


def test_each_request_has_its_full_time():
    def slow(connection, _):
        time.sleep(0.25)
        connection.sendall(reply(200, b"ok"))

    with serving(slow) as server, door(deadline=SHORT) as http:
        assert [http.get(server.url).body for _ in range(3)] == [b"ok"] * 3


def test_a_body_over_the_limit_is_malformed():
    error = cut_after(2, reply(200, b"x" * 3000), max_bytes=2048)
    assert isinstance(error, Malformed)
    assert "more than" in str(error)


def test_a_body_at_the_limit_is_read():
    with serving(reply(200, b"x" * 2048)) as server, door(max_bytes=2048) as http:
        assert len(http.get(server.url).body) == 2048


def test_a_compressed_bomb_is_stopped():
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1024 * 1024)
    bomb = b"".join(packer.compress(block) for _ in range(300)) + packer.flush()
    assert len(bomb) < 400_000
    error = cut_after(5, reply(200, bomb, {"Content-Encoding": "gzip"}))
    assert isinstance(error, Malformed)
    assert "more than 10 MiB" in str(error)


def test_an_endless_body_is_stopped():
    def endless(connection, _):
        connection.sendall(b"HTTP/1.1 200 X\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    assert isinstance(cut_after(5, endless, max_bytes=1_000_000), Malformed)


# Broken answers


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


# JSON


@pytest.mark.parametrize(
    ("body", "looks_like"),
    [
        (b"", "nothing"),
        (b"  \n", "nothing"),
        (b"<!doctype html><p>Sign in", "a web page"),
        (b'{"a": 1', "something else"),
        (b'{"a": NaN}', "something else"),
        (b"\xff\xfe\xff", "something else"),
        (b"[" * 100_000, "something else"),
    ],
)
def test_what_is_not_json_is_malformed_and_says_where(body, looks_like):
    page = Page("https://x.example/api?key=1", 200, {"content-type": "application/json"}, body, {})
    with pytest.raises(Malformed, match=rf"https://x\.example/api\?key=…: answered {looks_like} instead of JSON"):
        page.json()


def test_json_may_start_with_a_byte_order_mark():
    assert Page("https://x.example/", 200, {}, b'\xef\xbb\xbf{"a": 1}', {}).json() == {"a": 1}


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


# Lanes


def test_no_more_requests_run_to_one_host_than_there_are_lanes():
    running, most, lock = [], [], threading.Lock()

    def answer(connection, _):
        with lock:
            running.append(1)
            most.append(len(running))
        time.sleep(0.05)
        with lock:
            running.pop()
        connection.sendall(reply(200))

    lanes = Lanes(per_host=2)

    def work(url):
        with door(lanes=lanes) as http:
            http.get(url)

    with serving(answer) as server:
        workers = [threading.Thread(target=work, args=(server.url,)) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert len(server.requests) == 8
    assert max(most) == 2


def test_a_lane_that_does_not_get_free_is_unavailable():
    lanes = Lanes(per_host=1)
    with (
        lanes.lane("127.0.0.1", 0),
        door(lanes=lanes, timeout=SHORT) as http,
        pytest.raises(Unavailable, match="other requests"),
    ):
        http.get("http://127.0.0.1:1/")


def test_a_failed_request_frees_its_lane():
    with serving(b"") as server, door(lanes=Lanes(per_host=1)) as http:
        for _ in range(3):
            with pytest.raises(Unavailable, match="connection"):
                http.get(server.url)


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Paths of a certificate for blog.test that signs itself, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "blog.test")])
    today = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("blog.test")]), critical=False)
    )
    folder = tmp_path_factory.mktemp("tls")
    certificate, secret = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, secret


@pytest.fixture
def tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def test_a_pinned_address_is_still_verified_by_its_name(tls, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    with serving(reply(200, b"safe"), tls) as server, door(resolver=lambda host, port: ["127.0.0.1"]) as http:
        assert http.get(f"https://blog.test:{server.port}/").body == b"safe"
        with pytest.raises(Unavailable, match=r"Hostname mismatch.*other\.test"):
            http.get(f"https://other.test:{server.port}/")
    assert len(server.requests) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(tls):
    settings = {"resolver": lambda host, port: ["127.0.0.1"]}
    with (
        serving(reply(200), tls) as server,
        door(**settings) as http,
        pytest.raises(Unavailable, match="self-signed"),
    ):
        http.get(f"https://blog.test:{server.port}/")
    assert server.requests == []


def test_a_trickling_answer_under_tls_is_cut_at_the_deadline(tls, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    settings = {"resolver": lambda host, port: ["127.0.0.1"], "deadline": SHORT}
    with (
        serving(lambda connection, _: trickle(connection, reply(200, b"x" * 90)), tls) as server,
        door(**settings) as http,
    ):
        started = time.monotonic()
        with pytest.raises(Unavailable, match="not complete"):
            http.get(f"https://blog.test:{server.port}/")
    assert time.monotonic() - started < 5


def test_a_server_that_never_shakes_hands_is_left_at_the_deadline(certificate):
    with socket.create_server(("127.0.0.1", 0)) as listener, door(deadline=SHORT) as http:
        started = time.monotonic()
        with pytest.raises(Unavailable):
            http.get(f"https://127.0.0.1:{listener.getsockname()[1]}/")
        assert time.monotonic() - started < 2


def test_connections_stay_open_between_requests():
    opened = []

    def answer(connection, request):
        opened.append(request)
        for _ in range(2):
            connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\nok")
            connection.recv(4096)

    with serving(answer) as server, door() as http:
        assert [http.get(server.url).body for _ in range(2)] == [b"ok", b"ok"]
    assert len(opened) == 1
