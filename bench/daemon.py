"""What `harvest daemon` costs with a thousand sources: to start, while nothing is due, and how late a due run begins.

    python bench/daemon.py --idle 600 --minutes 5

Goals: ready in 1.5 s; idle under 100 MiB and 0.2 % of a core; a due run begins within a second of its time. The
sources are talks files that are due once a year, and ten feeds on ten loopback addresses that are due each minute.
Prints a Markdown table; docs/benchmarks.md keeps the figures with date and machine.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil

from harvester.store.connection import open_reader

SOURCES, FEEDS = 1000, 10
FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>t</title><item><guid>1</guid><title>one</title>
<pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate></item></channel></rss>"""
YEARLY, EACH_MINUTE = "0 0 1 1 *", "* * * * *"


class _Feed(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(FEED)))
        self.end_headers()
        self.wfile.write(FEED)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    """Measure the three in one folder."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--idle", type=int, default=60, help="seconds to watch it idle (goal: 600)")
    options.add_argument("--minutes", type=int, default=3, help="minutes of due feeds")
    chosen = options.parse_args()
    server = ThreadingHTTPServer(("0.0.0.0", 0), _Feed)  # noqa: S104 - ten loopback addresses
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _configure(folder, server.server_address[1], YEARLY)
        with _daemon(folder):  # reads everything once, so that nothing is due afterwards
            _until(lambda: _count(folder) >= SOURCES)
        print("| what | measured | goal |\n|---|---|---|")
        with _daemon(folder) as (process, ready):
            print(f"| ready, {SOURCES} sources | {ready:.2f} s | 1.5 s |")
            time.sleep(5)
            began, cpu = time.monotonic(), sum(process.cpu_times()[:2])
            time.sleep(chosen.idle)
            share = (sum(process.cpu_times()[:2]) - cpu) / (time.monotonic() - began)
            memory = process.memory_info().rss / 2**20
        print(f"| idle for {chosen.idle} s: of a core | {share:.3%} | 0.2 % |")
        print(f"| idle: memory | {memory:.0f} MiB | 100 MiB |")
        _configure(folder, server.server_address[1], EACH_MINUTE)
        begun_at = time.time()
        with _daemon(folder):
            time.sleep(60 * chosen.minutes)
        late = _lateness(folder, begun_at)
        print(f"| a due run begins after (of {len(late)}): median | {late[len(late) // 2]:.3f} s | 1 s |")
        print(f"| … latest | {late[-1]:.3f} s | 1 s |")


def _configure(folder: Path, port: int, schedule: str) -> None:
    (folder / "talks.toml").touch()
    talks = [
        f'[source.t{n}]\nconnector = "talks"\nfile = "talks-{n}.toml"\nschedule = "{YEARLY}"\n'
        for n in range(SOURCES - FEEDS)
    ]
    feeds = [
        f'[source.f{n}]\nconnector = "feed"\nurl = "http://127.0.1.{n + 1}:{port}/"\nallow_private = true\n'
        f'schedule = "{schedule}"\n'
        for n in range(FEEDS)
    ]
    for n in range(SOURCES - FEEDS):
        (folder / f"talks-{n}.toml").touch()
    (folder / "config.toml").write_text("[harvest]\nworkers = 32\n" + "\n".join([*talks, *feeds]))


@contextmanager
def _daemon(folder: Path) -> Iterator[tuple[psutil.Process, float]]:
    """A running daemon, and the seconds until it said READY=1."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        path = folder / "notify"
        path.unlink(missing_ok=True)
        door.bind(str(path))
        door.settimeout(60)
        began = time.monotonic()
        with (folder / "log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "harvester", "daemon", "--config", str(folder / "config.toml")],
                env={**os.environ, "NOTIFY_SOCKET": str(path)}, stderr=log,
            )  # fmt: skip
        while b"READY=1" not in door.recv(4096):
            pass
        ready = time.monotonic() - began
        try:
            yield psutil.Process(process.pid), ready
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _until(happens: object) -> None:
    while not happens():  # type: ignore[operator]
        time.sleep(0.5)


def _count(folder: Path) -> int:
    if not (folder / "harvest.duckdb").exists():
        return 0
    with open_reader(folder / "harvest.duckdb") as connection:
        return int(connection.execute("SELECT count(DISTINCT source) FROM runs").fetchone()[0])  # type: ignore[index]


def _lateness(folder: Path, begun_at: float) -> list[float]:
    """Seconds from slot to start, of slots since the daemon was started: one just before is late and no catch-up."""
    with open_reader(folder / "harvest.duckdb") as connection:
        rows = connection.execute(
            "SELECT epoch(started_at) - epoch(scheduled_for) FROM runs"
            " WHERE source LIKE 'f%' AND trigger = 'schedule' AND second(scheduled_for) = 0"
            " AND epoch(scheduled_for) >= $begun_at ORDER BY 1",
            {"begun_at": begun_at},
        ).fetchall()
    return [row[0] for row in rows]


if __name__ == "__main__":
    main()
