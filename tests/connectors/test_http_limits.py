"""The HTTP door: how long, how much and how many at once, and who is at the other end."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from loopback import door, moved, reply, serving, trickle

from connectors.errors import (
    ConnectorError,
    Malformed,
    Unavailable,
)
from connectors.http import Lanes

SHORT = timedelta(seconds=0.4)


def cut_after(seconds, answer, **settings):
    """The error of a request that must be given up in time."""
    with serving(answer) as server, door(**settings) as http:
        started = time.monotonic()
        with pytest.raises(ConnectorError) as caught:
            http.get(server.url)
        assert time.monotonic() - started < seconds
    return caught.value


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


def test_whom_one_door_trusts_another_does_not_and_a_file_that_changes_is_read_anew(
    tls, certificate, monkeypatch, tmp_path
):
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(certificate[0].read_bytes())
    settings = {"resolver": lambda host, port: ["127.0.0.1"]}
    with serving(reply(200, b"safe"), tls) as server:
        url = f"https://blog.test:{server.port}/"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
        for _ in range(2):
            with door(**settings) as http:
                assert http.get(url).body == b"safe"
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        with door(**settings) as http, pytest.raises(Unavailable, match="self-signed"):
            http.get(url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
        trusted.write_bytes(Path(certifi.where()).read_bytes())
        os.utime(trusted, ns=(1, 1))
        with door(**settings) as http, pytest.raises(Unavailable, match="self-signed"):
            http.get(url)


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
