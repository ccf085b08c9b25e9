"""The HTTP door: what it sends, what comes back, and where redirects may lead."""

from __future__ import annotations

import gzip
import itertools
import json
from datetime import timedelta

import pytest
import responses
from loopback import door, moved, reply, serving

from connectors.base import Meter
from connectors.errors import (
    Gone,
    Malformed,
    NotPermitted,
    Unavailable,
)
from connectors.http import Http, Page

SECRET = "s3cr3t-key-9f2c"


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


def test_ask_tells_how_long_and_where_not_modified_holds():
    with serving(reply(304, headers={"Cache-Control": "max-age=7"})) as server, door() as http:
        page = http.ask(server.url, validators={"etag": '"1"'})
    assert (page.status, page.body, page.headers["cache-control"]) == (304, b"", "max-age=7")


def test_a_refusal_says_its_status():
    with serving(reply(410)) as server, door() as http, pytest.raises(Gone) as caught:
        http.get(server.url)
    assert caught.value.status == 410


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


# Redirects


def by_path(answers):
    """Answers by the path of the request."""
    return lambda connection, request: connection.sendall(answers[request.split()[1]])


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


def test_a_form_is_posted_and_its_secrets_are_in_no_message():
    refused = reply(403, json.dumps({"message": f"{SECRET} and plain"}).encode())
    with serving(refused) as server, door() as http, pytest.raises(NotPermitted) as caught:
        http.post_form(server.url, {"method": "a b&c"}, secrets={"token": SECRET})
    assert server.requests[0].endswith(f"method=a+b%26c&token={SECRET}")
    assert "content-type: application/x-www-form-urlencoded" in server.requests[0].lower()
    assert SECRET not in str(caught.value)
    assert "and plain" in str(caught.value)
