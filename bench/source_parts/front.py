"""Services at loopback addresses of their own, in one process: 50 ms an answer, and a list of what was asked.

A process that is told what to do in lines of JSON, one answer a line; `served` starts it. What was answered once is
answered the same again, so that in the measured runs the services' own work takes nothing of the machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench.github_parts.fake import LATENCY, ROOT
from harvester.demo.exchange import Answer, App, Request

# Of the connection, not of the question.
_PLUMBING = {"host", "connection", "content-length", "accept-encoding"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as it can be sent again; `took`: seconds of work for its answer, which are part of the latency."""

    host: str
    method: str
    target: str
    headers: dict[str, str]
    body: str
    status: int
    took: float


class Front(ThreadingHTTPServer):
    """One door for all services: which is meant, the address says that the client connected to."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, latency: float) -> None:
        super().__init__(("0.0.0.0", 0), _Handler)  # noqa: S104 - many loopback addresses
        self.latency = latency
        self.apps: list[App] = []
        self.asked: list[Asked] = []
        self._kept: dict[Any, Answer] = {}
        self._lock = threading.Lock()

    def place(self, app: App) -> str:
        """Give a service an address of its own."""
        self.apps.append(app)
        return f"http://127.0.1.{len(self.apps)}:{self.server_port}"

    def respond(self, app: App, request: Request) -> Answer:
        """What the service says, and not before the latency has passed."""
        started = time.perf_counter()
        said = {name: value for name, value in request.headers.items() if name not in _PLUMBING}
        key = (request.base, request.method, request.target, request.body, tuple(sorted(said.items())))
        answer = self._kept.get(key)
        if answer is None:
            answer = app.answer(request)
            if answer.status < HTTPStatus.BAD_REQUEST:
                self._kept[key] = answer
        took = time.perf_counter() - started
        host = request.base.partition("://")[2]
        asked = Asked(host, request.method, request.target, said, request.body.decode(), answer.status, took)
        with self._lock:
            self.asked.append(asked)
        time.sleep(max(0.0, started + self.latency - time.perf_counter()))
        return answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Front

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        app = self.server.apps[int(self.connection.getsockname()[0].rpartition(".")[2]) - 1]
        request = Request(self.command, path, query, headers, body, f"http://{headers['host']}")
        answer = self.server.respond(app, request)
        whole = answer.body if answer.status != HTTPStatus.NOT_MODIFIED else b""
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}", f"Content-Length: {len(whole)}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items() if name.lower() != "content-length"]
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + whole)

    do_POST = do_GET  # noqa: N815 - the name http.server looks for

    def log_message(self, *_: Any) -> None:
        """Silence: the front keeps its own log."""


@dataclass(slots=True)
class Services:
    """The process, as the bench sees it. In `folder` lies the configuration that reads all of them."""

    folder: Path
    _process: subprocess.Popen[str]

    def fresh(self) -> None:
        """Forget what was asked."""
        self._tell("fresh")

    def asked(self) -> list[dict[str, Any]]:
        """What was asked since, in the order of the answers."""
        asked: list[dict[str, Any]] = self._tell("asked")
        return asked

    def _tell(self, what: str) -> Any:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the services have no pipes")
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def served(world: str, folder: Path, *sizes: int) -> Iterator[Services]:
    """The services of a world of bench.source_parts.worlds, while the block runs."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "bench.source_parts.front", world, str(folder), *map(str, sizes)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            services = Services(folder, process)
            services.fresh()  # answered when everything is there
            yield services
        finally:
            if process.stdin is not None:
                process.stdin.close()
            process.wait()


def main(arguments: Sequence[str]) -> None:
    """Serve until the standard input ends."""
    from bench.source_parts.worlds import WORLDS

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("world", choices=WORLDS)
    options.add_argument("folder", type=Path)
    options.add_argument("sizes", type=int, nargs="*")
    chosen = options.parse_args(arguments)
    with Front(LATENCY) as front, ExitStack() as stack:
        threading.Thread(target=front.serve_forever, args=(0.02,), daemon=True).start()
        stack.callback(front.shutdown)
        tick = WORLDS[chosen.world](front.place, chosen.folder, stack, *chosen.sizes)
        for line in sys.stdin:
            answer: Any = None
            if line.strip() == "fresh":
                tick()
                front.asked = []
            else:
                answer = [asdict(asked) for asked in front.asked]
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
