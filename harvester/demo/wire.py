"""A service on a loopback socket: keeps connections alive, and breaks them where a fault says so."""

from __future__ import annotations

import select
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Generic, TypeVar

from harvester.demo.exchange import Answer, App, Request, http_date
from harvester.demo.faults import Faults

TRICKLE_PAUSE = 0.1  # seconds between two bytes: no read ever times out, the answer never ends

A = TypeVar("A", bound=App)


@dataclass(frozen=True, slots=True)
class Logged:
    """One request and how it was answered."""

    method: str
    path: str
    query: str
    status: int


@dataclass(slots=True)
class Service(Generic[A]):
    """A service at its address. `latency`: seconds every answer takes; `log`: what was asked so far."""

    app: A
    url: str = ""
    latency: float = 0.0
    log: list[Logged] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    busiest: int = 0
    _busy: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closing: threading.Event = field(default_factory=threading.Event)

    def respond(self, request: Request) -> Answer:
        """What goes back for this request, after the latency."""
        answer = self.faults.apply(request, self.app.answer(request))
        self._closing.wait(self.latency)
        with self._lock:
            self.log.append(Logged(request.method, request.path, request.raw_query, answer.status))
        return answer

    @contextmanager
    def under_way(self) -> Iterator[int]:
        """Counts this request among those being answered."""
        with self._lock:
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
            busy = self._busy
        try:
            yield busy
        finally:
            with self._lock:
                self._busy -= 1

    def pause(self, seconds: float) -> bool:
        """Wait; true when the service is closing."""
        return self._closing.wait(seconds)

    @contextmanager
    def listen(self) -> Iterator[Service[A]]:
        """Serve on a free loopback port; every connection and thread is gone afterwards."""
        server = _Server(self)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._closing.set()
            server.shutdown()
            thread.join()
            server.hang_up()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close waits for them
    request_queue_size = 128

    def __init__(self, service: Service[Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.service = service
        self.open: set[socket.socket] = set()
        self.to_reset: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        if request in self.to_reset:  # a shutdown would say goodbye first
            self.to_reset.discard(request)
            request.close()
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that hangs up is no news
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        for connection in tuple(self.open):
            with suppress(OSError):  # its thread was faster
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        service = self.server.service
        with service.under_way() as busy:
            self._send(service.respond(self._request(busy)))

    do_POST = do_GET  # noqa: N815  # the name http.server looks for

    def log_message(self, *_: Any) -> None:
        """Silence: the service keeps its own log."""

    def _request(self, busy: int) -> Request:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = headers.get("host", self.server.service.url.removeprefix("http://"))
        latency = self.server.service.latency
        return Request(self.command, path, query, headers, body, f"http://{host}", busy, latency)

    def _send(self, answer: Answer) -> None:
        body = answer.body
        if answer.wire == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.server.to_reset.add(self.connection)
        elif answer.wire == "silence":
            self._wait_for_hangup()
        elif answer.wire == "truncated":
            self.wfile.write(self._head(answer) + body[: len(body) // 2])
        elif answer.wire == "trickle":
            self._trickle(self._head(answer), body)
        else:
            self.wfile.write(self._head(answer) + (b"" if answer.status == 304 else body))
        if answer.wire != "whole":
            self.close_connection = True

    def _head(self, answer: Answer) -> bytes:
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        headers = {"Date": http_date(datetime.now(UTC)), **answer.headers}
        if answer.status != 304:
            headers["Content-Length"] = str(len(answer.body))
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _trickle(self, head: bytes, body: bytes) -> None:
        self.wfile.write(head)
        for position in range(len(body)):
            if self.server.service.pause(TRICKLE_PAUSE):
                return
            self.wfile.write(body[position : position + 1])

    def _wait_for_hangup(self) -> None:
        while not self.server.service.pause(0.02):
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                return
