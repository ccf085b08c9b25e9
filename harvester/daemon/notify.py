"""Tell systemd how it goes, by the protocol of sd_notify(3); elsewhere nothing happens."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)


class Notify:
    """The door to the service manager. Taken out of the environment, so that no child believes it is meant."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._address = environ.get("NOTIFY_SOCKET", "")
        microseconds = environ.get("WATCHDOG_USEC", "")
        is_ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.interval = int(microseconds) / 2e6 if microseconds.isdigit() and is_ours else None
        """Seconds between signs of life; None: none are awaited."""
        if environ is os.environ:
            for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
                os.environ.pop(name, None)

    def say(self, *lines: str) -> None:
        """Send lines such as READY=1."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
                door.settimeout(1)
                door.sendto("\n".join(lines).encode(), address)
        except OSError as error:
            log.debug("the service manager cannot be told: %s", error)
