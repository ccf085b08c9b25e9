"""A server on 127.0.0.1 that answers each request with whatever bytes a test wants, well-formed or not."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from connectors.http import Http, Lanes

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

Answer = Callable[[socket.socket, str], None]


class Loopback:
    """Accepts until closed; keeps the requests it saw as text. One request per connection."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[str] = []
        self._answer = answer
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            worker = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(worker)
            worker.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                connection.settimeout(10)
                if request := _read_request(connection):
                    self.requests.append(request)
                    self._answer(connection, request)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=15)


def _read_request(connection: socket.socket) -> str:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (piece := connection.recv(4096)):
            return ""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += connection.recv(4096)
    return (head + b"\r\n\r\n" + body).decode()


@contextlib.contextmanager
def serving(answer: Answer | bytes, tls: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    """A server that answers each request by `answer`, or always with the same bytes."""
    server = Loopback(answer if callable(answer) else lambda connection, _: connection.sendall(answer), tls)
    try:
        yield server
    finally:
        server.close()


def reply(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """A complete answer with the right Content-Length."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def moved(status: int, location: str) -> bytes:
    """A redirect."""
    return reply(status, headers={"Location": location})


def trickle(connection: socket.socket, data: bytes, pause: float = 0.05) -> None:
    """Send byte by byte, each well within any time-out of a single wait."""
    for index in range(len(data)):
        connection.sendall(data[index : index + 1])
        time.sleep(pause)


def reset(connection: socket.socket) -> None:
    """Make closing this connection send RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def door(**settings) -> Http:
    """A door to the loopback server, with short times and a table of its own."""
    chosen = {"allow_private": True, "timeout": timedelta(seconds=5), "clock": lambda: NOW, "lanes": Lanes()}
    return Http(**{**chosen, **settings})
