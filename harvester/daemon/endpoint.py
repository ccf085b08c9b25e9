"""The local HTTP endpoint: /healthz and /metrics, and nothing else.

A few threads, a short line before them, and a deadline for each request: whoever connects and says nothing, or says
it a byte at a time, holds up others for seconds and the daemon not at all.
"""

from __future__ import annotations

import errno
import json
import logging
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Full, Queue
from typing import TYPE_CHECKING

from harvester.daemon.health import EndpointError, Health
from harvester.daemon.metrics import CONTENT_TYPE, Metrics
from harvester.redact import redact

if TYPE_CHECKING:
    from harvester.config import Address

log = logging.getLogger(__name__)

WORKERS = 4
_LINE = 16
_LARGEST_HEAD = 8192
_ALWAYS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised, not listened at
_REQUEST = re.compile(r"([A-Za-z]{1,20}) (/[!-~]*) HTTP/1\.[01]")
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]\s]+)(?::[0-9]{1,5})?")
_REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
            408: "Request Timeout", 431: "Request Header Fields Too Large", 500: "Internal Server Error",
            503: "Service Unavailable"}  # fmt: skip


class _Refused(Exception):
    """A request that is not answered as it was meant."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    kind: str = "text/plain; charset=utf-8"


@dataclass(slots=True)
class Endpoint:
    """Answers at `address` while started. `health` is asked at each /healthz, from a thread of the endpoint.

    `patience`: seconds for a request to arrive, and again for its answer to be taken.
    """

    address: Address
    health: Callable[[], Health]
    metrics: Metrics
    patience: float = 3.0
    _listeners: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _line: Queue[socket.socket | None] = field(default_factory=lambda: Queue(_LINE))

    @property
    def port(self) -> int:
        """Where it really listens, also when port 0 was asked for."""
        port: int = self._listeners[0].getsockname()[1]
        return port

    def start(self) -> None:
        """Listen. Raises EndpointError: the port is in use, the address is not of this machine."""
        self._listeners = _listen(self.address)
        if not self.address.is_loopback:
            log.warning("%s: whoever reaches this address may read the state of your sources", self.address)
        jobs = [self._work] * WORKERS + [lambda each=each: self._accept(each) for each in self._listeners]
        self._threads = [threading.Thread(target=job, name="endpoint", daemon=True) for job in jobs]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Listen no more; what is being answered has a moment to end."""
        for listener in self._listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread
            listener.close()
        for _ in range(WORKERS):
            with suppress(Full):
                self._line.put(None, timeout=1)
        for thread in self._threads:
            thread.join(timeout=1)
        self._listeners, self._threads = [], []

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError as error:
                if listener.fileno() < 0 or error.errno in (errno.EBADF, errno.EINVAL):
                    return
                time.sleep(0.1)  # no descriptor left, for instance: it passes
                continue
            try:
                self._line.put_nowait(connection)
            except Full:
                connection.close()

    def _work(self) -> None:
        while (connection := self._line.get()) is not None:
            with suppress(OSError), connection:
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        is_head = False
        try:
            method, path, hosts = _parsed(_head(connection, self.patience))
            is_head = method == "HEAD"
            self._check(method, hosts, connection)
            answer = self._answer(path)
        except _Refused as refused:
            answer = _Answer(refused.status, f"{refused}\n".encode())
        except OSError:
            return  # gone before it had said what it wanted
        except Exception:
            # Whatever it is, the thread goes on: there are few of them.
            log.exception("a request could not be answered")
            answer = _Answer(500, b"a defect; see the log of the daemon\n")
        _send(connection, answer, self.patience, with_body=not is_head)

    def _check(self, method: str, hosts: list[str], connection: socket.socket) -> None:
        """A web page that has its own name lead here (DNS rebinding) still says its own name."""
        match = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if match is None:
            raise _Refused(400, "one Host header is needed")
        allowed = {*_ALWAYS, _bracketed(self.address.host)}
        if self.address.host in _ANY:
            allowed.add(_bracketed(connection.getsockname()[0].removeprefix("::ffff:")))
        if match[1].lower().rstrip(".") not in allowed:
            raise _Refused(403, "this host name is not served; [harvest] listen says which is")
        if method not in ("GET", "HEAD"):
            raise _Refused(405, "only GET and HEAD")

    def _answer(self, path: str) -> _Answer:
        if path == "/healthz":
            reasons = [redact(reason) for reason in self._health().reasons]
            body = {"status": "failing" if reasons else "ok", "reasons": reasons}
            text = json.dumps(body, ensure_ascii=False) + "\n"
            return _Answer(503 if reasons else 200, text.encode(errors="replace"), "application/json")
        if path == "/metrics":
            return _Answer(200, self.metrics.render(), CONTENT_TYPE)
        raise _Refused(404, "there are /healthz and /metrics")

    def _health(self) -> Health:
        try:
            return self.health()
        except Exception:
            # Not to know how things stand is not to be well.
            log.exception("how things stand could not be found out")
            return Health(("how things stand could not be found out; see the log of the daemon",))


def _listen(address: Address) -> list[socket.socket]:
    """A listener for each address of the host that this machine has."""
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_ADDRCONFIG
        )
    except OSError as error:
        raise EndpointError(
            f"{address}: the name does not resolve ({error.strerror}); correct [harvest] listen"
        ) from None
    listeners: list[socket.socket] = []
    failure: OSError | None = None
    for family, _, _, _, where in dict.fromkeys(found):
        try:
            listeners.append(socket.create_server(where[:2], family=family, backlog=_LINE))
        except OSError as error:
            if failure is None or error.errno == errno.EADDRINUSE:
                failure = error
    if failure is not None and (not listeners or failure.errno == errno.EADDRINUSE):
        for listener in listeners:
            listener.close()
        raise EndpointError(_why(address, failure)) from None
    return listeners


def _why(address: Address, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{address}: the port is in use; stop what listens there, or set another in [harvest] listen"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{address}: this machine does not have the address; correct [harvest] listen"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{address}: not allowed to listen there; set a port from 1024 on in [harvest] listen"
    return f"{address}: cannot listen there ({error.strerror}); correct [harvest] listen"


def _head(connection: socket.socket, patience: float) -> str:
    """Request line and headers, all of them within the time."""
    ends_at = time.monotonic() + patience
    head = b""
    while b"\r\n\r\n" not in head:
        left = ends_at - time.monotonic()
        if left <= 0:
            raise _Refused(408, "the request took too long")
        connection.settimeout(left)
        try:
            piece = connection.recv(_LARGEST_HEAD)
        except TimeoutError:
            raise _Refused(408, "the request took too long") from None
        if not piece:
            raise ConnectionAbortedError("closed before the request was whole")
        head += piece
        if len(head) > _LARGEST_HEAD:
            raise _Refused(431, "the request is too long")
    return head.partition(b"\r\n\r\n")[0].decode("latin-1")


def _parsed(head: str) -> tuple[str, str, list[str]]:
    """Method, path without its query, and the values of Host."""
    line, *headers = head.split("\r\n")
    request = _REQUEST.fullmatch(line)
    if request is None:
        raise _Refused(400, "this is no HTTP/1.1 request")
    pairs = [header.partition(":") for header in headers]
    hosts = [value.strip() for name, _, value in pairs if name.lower() == "host"]
    return request[1].upper(), request[2].partition("?")[0], hosts


def _bracketed(host: str) -> str:
    return f"[{host}]".lower() if ":" in host else host.lower().rstrip(".")


def _send(connection: socket.socket, answer: _Answer, patience: float, *, with_body: bool) -> None:
    """The whole answer within the time, then a close that does not cut it off at the other end."""
    allow = "Allow: GET, HEAD\r\n" if answer.status == 405 else ""
    head = (
        f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}\r\nContent-Type: {answer.kind}\r\n"
        f"Content-Length: {len(answer.body)}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        f"{allow}Connection: close\r\n\r\n"
    )
    connection.settimeout(patience)
    connection.sendall(head.encode() + (answer.body if with_body else b""))
    connection.shutdown(socket.SHUT_WR)
    # To close with bytes unread would reset the connection, and the answer with it.
    connection.settimeout(0.2)
    for _ in range(8):
        if not connection.recv(_LARGEST_HEAD):
            break
