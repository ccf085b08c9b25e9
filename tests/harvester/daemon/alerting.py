"""Alerts and who is told: a webhook on loopback, and a program that writes down what it is given."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from connectors.base import Secret
from harvester.config import AlertSettings, Settings
from harvester.daemon.alerts import Alerts, Condition
from tests.harvester import small_sources
from tests.harvester.reported import NOW

FAILS = Condition("failing:work", "failing", "work traffic: auth failed", "work", "work failed")
PATH = "/services/T0123/B4567/abcdefgh12345678ijkl"


@dataclass
class Chat:
    """A webhook on loopback. `status`: what it answers; `gate`: waited for before it does."""

    status: int = 200
    texts: list[str] = field(default_factory=list)
    posts: list[Any] = field(default_factory=list)
    gate: threading.Event | None = None
    url: str = ""


@contextmanager
def listening() -> Iterator[Chat]:
    """A chat at an address of its own."""
    chat = Chat()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if chat.gate is not None:
                chat.gate.wait(10)
            chat.posts.append(posted)
            if chat.status < 300:
                chat.texts.append(posted["text"])
            self.send_response(chat.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    chat.url = f"http://127.0.0.1:{server.server_address[1]}{PATH}"
    yield chat
    if chat.gate is not None:
        chat.gate.set()
    server.shutdown()
    server.server_close()
    thread.join()


def configured(folder: Path, url: str | None = None, command: tuple[str, ...] = (), **more: Any) -> Settings:
    webhook = Secret("env:HOOK", lambda: url) if url is not None else None
    made = small_sources.settings(folder)
    made.spool.mkdir(exist_ok=True)
    more = {"allow_private": True, **more}
    return replace(made, alerts=AlertSettings(webhook=webhook, command=command, **more))


def alerts(folder: Path, chat: Chat, **more: Any) -> Alerts:
    return Alerts(configured(folder, chat.url, **more), clock=lambda: NOW)


def said(chat: Chat) -> list[str]:
    """The messages without the name of the machine."""
    return [text.split(": ", 1)[1] for text in chat.texts]


def program(folder: Path, name: str, more: str) -> Path:
    """A program that writes down what it is given, beside itself."""
    path = folder / name
    path.write_text(
        f"#!{sys.executable} -S\nimport os, sys, json, time\n"
        f"said = sys.stdin.read()\nopen({str(path.with_suffix('.said'))!r}, 'w').write(said)\n"
        f"seen = json.dumps([sys.argv, dict(os.environ), os.getcwd()])\n"
        f"open({str(path.with_suffix('.env'))!r}, 'w').write(seen)\n{more}"
    )
    path.chmod(0o700)
    return path


def wait_until(true: Any) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
