"""The HTTP door: no way into the private network, not by name, rebinding or redirect."""

from __future__ import annotations

import pytest
from loopback import door, reply, serving

from connectors.addresses import is_public
from connectors.errors import (
    Malformed,
    NotPermitted,
)
from connectors.http import Http, check_address


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
    with Http() as http:
        for params in (None, {"page": 1}):
            with pytest.raises(Malformed):
                http.get(url, params=params)
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
