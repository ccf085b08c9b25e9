"""The socket under the HTTP door: made to checked addresses only, and cut at a deadline however it trickles."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import create_connection
from urllib3.util.ssl_ import create_urllib3_context

from connectors.addresses import Resolver, refuse_private, resolve
from connectors.errors import Unavailable

if TYPE_CHECKING:
    from urllib3.response import HTTPResponse


class Deadline(threading.local):
    """The instant by which an exchange is over, redirects and body included; restarted by each request.

    Each thread has its own exchange, and so its own instant.
    """

    def __init__(self, wait: float, total: float, ticks: Callable[[], float] = time.monotonic) -> None:
        self.wait = wait
        self.total = total
        self._ticks = ticks
        self._ends_at = ticks() + total

    def restart(self) -> None:
        """Give a new exchange its full time."""
        self._ends_at = self._ticks() + self.total

    @property
    def is_over(self) -> bool:
        """Whether the time is used up."""
        return self._ticks() >= self._ends_at

    def next_wait(self) -> float:
        """How long the next wait for the network may last, in seconds. Raises TimeoutError when time is up."""
        left = self._ends_at - self._ticks()
        if left <= 0:
            raise TimeoutError("the deadline of the exchange has passed")
        return min(self.wait, left)


class Guard:
    """What every connection of one door obeys.

    A name is resolved here, the addresses are checked, and the socket is made to one of exactly those: there is
    no second look-up that could answer differently (DNS rebinding). TLS still verifies the name.
    """

    def __init__(self, deadline: Deadline, *, allow_private: bool = False, resolver: Resolver = resolve) -> None:
        self.deadline = deadline
        self._allow_private = allow_private
        self._resolver = resolver

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Where `host` may be connected to. Raises NotPermitted, or Unavailable for an unknown name."""
        try:
            found = self._resolver(host, port)
        except (OSError, UnicodeError) as error:
            why = (isinstance(error, OSError) and error.strerror) or "not a valid name"
            raise Unavailable(f"the name {host} does not resolve ({why})") from None
        if not found:
            raise Unavailable(f"the name {host} has no address")
        if not self._allow_private:
            refuse_private(host, found)
        return found


class _TimedReader(io.RawIOBase):
    """A socket's bytes, each wait no longer than the deadline allows.

    A socket's own timeout starts anew with every byte, so a server that sends one now and then never hits it.
    """

    def __init__(self, raw: Any, sock: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        wait = self._deadline.next_wait()
        if wait != self._sock.gettimeout():  # to set it asks the system, even for what it has
            self._sock.settimeout(wait)
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    """An answer read within the deadline, status line and headers included."""

    def __init__(self, sock: socket.socket, *args: Any, deadline: Deadline, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        whole: Any = self.fp
        self.fp = io.BufferedReader(_TimedReader(whole.detach(), sock, deadline))


class _GuardedConnection(HTTPConnection):
    guard: Guard

    def _new_conn(self) -> socket.socket:
        port = self.port or self.default_port
        failure: OSError | None = None
        for address in self.guard.addresses(self._dns_host, port):
            try:
                return create_connection(
                    (address, port),
                    self.guard.deadline.next_wait(),
                    source_address=self.source_address,
                    socket_options=self.socket_options,
                )
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, "connecting timed out") from failure
        raise NewConnectionError(self, "no connection could be made") from failure

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 itself does
        self.response_class = partial(_TimedResponse, deadline=self.guard.deadline)  # type: ignore[assignment]
        return super().getresponse()


class _GuardedTlsConnection(_GuardedConnection, HTTPSConnection):
    def connect(self) -> None:
        if self.ca_certs and self.ssl_context is None:
            self.ssl_context = _trusting(self.ca_certs, Path(self.ca_certs).stat().st_mtime_ns)
            self.ca_certs = None  # or urllib3 would read them into it once more
        super().connect()


@lru_cache(maxsize=4)
def _trusting(bundle: str, _changed_at: int) -> ssl.SSLContext:
    """Trusts the authorities of a file. To read it takes longer than the rest of a connection, so all share one."""
    context = create_urllib3_context()
    context.load_verify_locations(bundle)
    return context


class _GuardedPool(HTTPConnectionPool):
    ConnectionCls = _GuardedConnection

    def __init__(self, *args: Any, guard: Guard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._guard = guard

    def _new_conn(self) -> Any:
        connection: Any = super()._new_conn()
        connection.guard = self._guard
        return connection


class _GuardedTlsPool(_GuardedPool, HTTPSConnectionPool):
    ConnectionCls = _GuardedTlsConnection


class GuardedAdapter(HTTPAdapter):
    """requests' transport over guarded sockets: no retries of its own, no proxies."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        super().__init__(max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        """Make the pools that make the guarded connections."""
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_GuardedPool, guard=self._guard),
            "https": partial(_GuardedTlsPool, guard=self._guard),
        }
