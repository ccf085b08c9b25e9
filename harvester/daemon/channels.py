"""Ways to tell somebody: a webhook, and a command. Either has told, or says why it has not."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from connectors.base import Secret
from connectors.errors import ConnectorError, NotPermitted
from connectors.http import Http
from harvester.daemon.messages import Change, for_chat, for_programs
from harvester.redact import redact, register

TIMEOUT = timedelta(seconds=10)
_LARGEST_ANSWER = 64 * 1024
_LEAST_SECRET = 8
# What a program needs to find its way; tokens that lie in other variables are none of its business.
_PASSED = frozenset(
    """
    PATH HOME USER LOGNAME SHELL LANG LANGUAGE LC_ALL LC_CTYPE LC_MESSAGES TZ TMPDIR DISPLAY WAYLAND_DISPLAY
    XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
    """.split()  # noqa: SIM905 - as a list it would be twenty lines
)


class NotTold(Exception):
    """The message did not get there; the text says why and holds no secret."""


class Channel(Protocol):
    """A way to tell somebody. `name`: under which is remembered what it has told."""

    @property
    def name(self) -> str:
        """The key of [alerts] that it comes from."""
        ...

    def tell(self, changes: Sequence[Change], at: datetime) -> None:
        """Tell these changes in one message. Raises NotTold."""
        ...


class Webhook:
    """Posts to an address that takes what Slack takes; the address is a secret."""

    name = "webhook"

    def __init__(self, address: Secret, http: Callable[[], Http]) -> None:
        self._address = address
        self._http = http

    def tell(self, changes: Sequence[Change], _at: datetime) -> None:
        """Post them in one message. Raises NotTold."""
        try:
            address = self._address.reveal()
            _keep_secret(address)
            with self._http() as http:
                http.post_json(address, for_chat(changes, socket.gethostname()))
        except NotPermitted as error:
            raise NotTold(redact(f"{error.what}; set [alerts] allow_private = true")) from None
        except ConnectorError as error:
            raise NotTold(redact(str(error))) from None


def open_http(*, allow_private: bool) -> Http:
    """The door for one message."""
    return Http(allow_private=allow_private, timeout=TIMEOUT, deadline=TIMEOUT, max_bytes=_LARGEST_ANSWER)


def _keep_secret(address: str) -> None:
    """Who knows the path of a webhook can post to it, and messages about an address show its path."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return  # no address at all, and masked as a whole
    register(parts.path.strip("/"))
    for part in (*parts.path.split("/"), *parts.query.split("&")):
        # Not "services" or "webhooks", which would be masked wherever they are spoken of.
        if len(part) >= _LEAST_SECRET and re.search("[0-9]", part):
            register(part)


class Command:
    """Runs a program without a shell and gives it JSON; exit code 0 means told."""

    name = "command"

    def __init__(self, argv: Sequence[str], folder: Path, timeout: timedelta = TIMEOUT) -> None:
        self._argv = list(argv)
        self._folder = folder
        self._timeout = timeout

    def tell(self, changes: Sequence[Change], at: datetime) -> None:
        """Run it, with what it has started, for ten seconds at the longest. Raises NotTold."""
        payload = json.dumps(for_programs(changes, socket.gethostname(), at)).encode()
        try:
            process = subprocess.Popen(  # noqa: S603 - the program that the owner of the configuration names; no shell
                self._argv,
                stdin=subprocess.PIPE,
                # Not pipes: what it leaves behind could hold them open.
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=self._folder,
                env={name: value for name, value in os.environ.items() if name in _PASSED},
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise NotTold(redact(f"{self._argv[0]}: cannot be run ({why})")) from None
        with process:
            try:
                process.communicate(payload, timeout=self._timeout.total_seconds())
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise NotTold(
                    f"{self._argv[0]}: not done after {self._timeout.total_seconds():g} s, and ended"
                ) from None
        if process.returncode:
            raise NotTold(f"{self._argv[0]}: ended with exit code {process.returncode}")
