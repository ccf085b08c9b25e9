"""/healthz and /metrics at a loopback address, asked by friends and by others."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse

import pytest

from harvester import redact
from harvester.config import Address
from harvester.daemon.endpoint import WORKERS, Endpoint, EndpointError
from harvester.daemon.health import Health, health_of
from harvester.daemon.metrics import Metrics
from harvester.standing import Report
from tests.harvester.reported import NOTHING, NOW, ago, ran, row, segment, source, told

LOCAL = Address("127.0.0.1", 0)
Start = Callable[..., Endpoint]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Endpoint] = []

    def start(
        health: Callable[[], Health] = Health, address: Address = LOCAL, metrics: Metrics | None = None, **more: float
    ) -> Endpoint:
        endpoint = Endpoint(address, health, metrics or Metrics(), **more)
        endpoint.start()
        started.append(endpoint)
        return endpoint

    yield start
    for endpoint in started:
        endpoint.stop()


def ask(endpoint: Endpoint, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", endpoint.port, timeout=5)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def raw(endpoint: Endpoint, request: bytes, host: str = "127.0.0.1") -> bytes:
    """What comes back for these bytes, to the end."""
    with socket.create_connection((host, endpoint.port), timeout=5) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(4096):
            answer += piece
        return answer


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ")[1])


# -- health


def test_well_is_200_and_says_so(start: Start) -> None:
    response, body = ask(start(), "/healthz")
    assert (response.status, json.loads(body)) == (200, {"status": "ok", "reasons": []})
    assert response.headers["Content-Type"] == "application/json"


def test_ill_is_503_with_the_reasons_and_no_secret(start: Start) -> None:
    redact.register("zq7Kx-91vbTn-44hWq")
    response, body = ask(start(lambda: Health(("blog: was due zq7Kx-91vbTn-44hWq",))), "/healthz?verbose=1")
    assert response.status == 503
    assert json.loads(body) == {"status": "failing", "reasons": ["blog: was due [redacted]"]}


def test_health_that_cannot_be_found_out_is_ill(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    def fails() -> Health:
        raise RuntimeError("the database is busy, by secret-word")

    with caplog.at_level(logging.CRITICAL + 1):
        response, body = ask(start(fails), "/healthz")
    assert response.status == 503
    assert b"secret-word" not in body


@pytest.mark.parametrize(
    ("report", "is_well"),
    [
        (told(source(), row()), True),
        (told(source(), row(last_success=ago(hours=9))), True),
        (told(source(), row(last_success=ago(hours=9, minutes=1))), False),
        (told(source(), row(last_success=ago(days=9), paused_until=ago(hours=-1))), True),
        (told(source(enabled=False), row(last_success=ago(days=9))), True),
        (told(source(), row(ran(outcome="auth failed", times=9))), True),
        (told(source(), row(), daemon=replace(NOTHING, blocked_since=NOW)), False),
        (told(source(), row(), waiting=[segment(at=ago(minutes=11))]), False),
        (told(source(), row(), daemon=replace(NOTHING, config_error="line 3")), True),
    ],
)
def test_only_what_is_overdue_or_blocked_is_ill(report: Report, is_well: bool) -> None:
    assert (not health_of(report, NOW).reasons) == is_well


def test_a_report_that_nobody_renews_is_ill() -> None:
    report = told(source(), row())
    assert health_of(report, NOW + timedelta(hours=1)).reasons == ()
    (reason,) = health_of(report, NOW + timedelta(hours=1, seconds=1)).reasons
    assert "last looked up 2026-11-24 12:00 UTC" in reason


# -- what is answered


def test_metrics_are_answered_as_text(start: Start) -> None:
    metrics = Metrics()
    metrics.run_ended("work", "ok", 3, 1.5)
    response, body = ask(start(metrics=metrics), "/metrics")
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert b'harvester_runs_total{outcome="ok",source="work"} 1.0' in body


def test_head_is_the_same_without_a_body(start: Start) -> None:
    response, body = ask(start(), "/healthz", "HEAD")
    assert (response.status, body) == (200, b"")
    assert int(response.headers["Content-Length"]) > 0


@pytest.mark.parametrize("path", ["/", "/healthz/", "/metrics/../healthz", "/favicon.ico", "//healthz"])
def test_there_is_nothing_else(start: Start, path: str) -> None:
    assert ask(start(), path)[0].status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_only_get_and_head_are_answered(start: Start, method: str) -> None:
    endpoint = start()
    answer = raw(
        endpoint, f"{method} /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello".encode()
    )
    assert status_of(answer) == 405
    assert b"\r\nAllow: GET, HEAD\r\n" in answer


# -- who is answered


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:9797", "127.0.0.1", "127.0.0.1:80", "[::1]:9797", "[::1]", "localhost."]
)
def test_names_of_this_machine_are_served(start: Start, host: str) -> None:
    assert ask(start(), "/healthz", Host=host)[0].status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:9797", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1",
        "localhost@evil.example", "[::2]", "0.0.0.0",  # noqa: S104
    ],
)  # fmt: skip
def test_a_page_that_rebinds_its_name_gets_nothing(start: Start, host: str) -> None:
    endpoint = start()
    response, body = ask(endpoint, "/metrics", Host=host)
    assert response.status in (400, 403)
    assert b"harvester_" not in body


def test_the_configured_name_is_served_and_no_other(start: Start) -> None:
    endpoint = start()
    endpoint.address = Address("Metrics.Example", 0)
    assert ask(endpoint, "/healthz", Host="metrics.example:80")[0].status == 200
    assert ask(endpoint, "/healthz", Host="other.example")[0].status == 403


def test_at_every_address_the_one_connected_to_may_be_named(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        endpoint = start(address=Address("0.0.0.0", 0))  # noqa: S104
    assert "whoever reaches this address" in caplog.text
    request = b"GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n"
    assert status_of(raw(endpoint, request % b"127.0.0.2", host="127.0.0.2")) == 200
    assert status_of(raw(endpoint, request % b"127.0.0.2", host="127.0.0.3")) == 403
    assert status_of(raw(endpoint, request % b"evil.example", host="127.0.0.2")) == 403


def test_loopback_is_not_warned_about(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        start()
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost:\r\n\r\n", 400),
        (b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /healthz\r\n\r\n", 400),
        (b"GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /health z HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\n" + b"A: b\r\n" * 2000, 431),
        (b"GET /healthz HTTP/1.0\r\nhost: localhost\r\n\r\n", 200),
    ],
)
def test_what_is_no_request_is_refused(start: Start, request_: bytes, status: int) -> None:
    assert status_of(raw(start(), request_)) == status


# -- bad days


def test_a_slow_sender_is_cut_off_however_it_trickles(start: Start) -> None:
    endpoint = start(patience=0.3)
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=5) as connection:
        stop = threading.Event()

        def trickle() -> None:
            while not stop.wait(0.05):
                try:
                    connection.sendall(b"X")
                except OSError:
                    return

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            answer = connection.recv(4096)
        finally:
            stop.set()
            thread.join()
    assert status_of(answer) == 408


def test_silent_connections_delay_others_and_never_stop_them(start: Start) -> None:
    endpoint = start(patience=0.3)
    silent = [socket.create_connection(("127.0.0.1", endpoint.port), timeout=5) for _ in range(2 * WORKERS)]
    try:
        assert ask(endpoint, "/healthz")[0].status == 200
    finally:
        for connection in silent:
            connection.close()


def test_more_connections_than_there_is_room_for_are_closed_at_once(start: Start) -> None:
    endpoint = start(patience=2.0)
    many = [socket.create_connection(("127.0.0.1", endpoint.port), timeout=5) for _ in range(40)]
    try:
        many[-1].settimeout(0.8)  # well before a turn could come
        try:
            said = many[-1].recv(1)
        except ConnectionError:
            said = b""
    finally:
        for connection in many:
            connection.close()
    assert said == b""
    assert threading.active_count() < 2 * WORKERS


def test_clients_that_hang_up_break_nothing(start: Start) -> None:
    endpoint = start()
    for request in (b"", b"GET /healthz", b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", endpoint.port), timeout=5) as connection:
            connection.sendall(request)
    assert ask(endpoint, "/healthz")[0].status == 200


def test_a_defect_in_the_metrics_is_a_500_and_the_thread_goes_on(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Metrics):
        def render(self) -> bytes:
            raise ValueError("a secret-word")

    endpoint = start(metrics=Broken())
    with caplog.at_level(logging.CRITICAL + 1):
        for _ in range(2 * WORKERS):
            response, body = ask(endpoint, "/metrics")
            assert response.status == 500
            assert b"secret-word" not in body


def test_a_port_in_use_is_a_clear_error(start: Start) -> None:
    first = start()
    with pytest.raises(
        EndpointError, match=rf"127\.0\.0\.1:{first.port}: the port is in use; stop what listens there"
    ):
        Endpoint(Address("127.0.0.1", first.port), Health, Metrics()).start()


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (Address("192.0.2.1", 0), "192.0.2.1:0: this machine does not have the address"),
        (Address("nowhere.invalid", 80), "nowhere.invalid:80: the name does not resolve"),
    ],
)
def test_an_address_of_elsewhere_is_a_clear_error(address: Address, says: str) -> None:
    with pytest.raises(EndpointError, match=says):
        Endpoint(address, Health, Metrics()).start()


def test_stopped_it_frees_its_port_and_its_threads(start: Start) -> None:
    before = threading.active_count()
    endpoint = start()
    port = endpoint.port
    assert ask(endpoint, "/healthz")[0].status == 200
    endpoint.stop()
    assert threading.active_count() == before
    again = Endpoint(Address("127.0.0.1", port), Health, Metrics())
    again.start()
    again.stop()


def test_localhost_listens_wherever_the_name_leads(start: Start) -> None:
    endpoint = start(address=Address("localhost", 0))
    assert ask(endpoint, "/healthz")[0].status == 200
