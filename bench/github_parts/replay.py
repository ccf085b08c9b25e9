"""The bare fetch: recorded requests sent again by eight threads, and nothing done with the answers.

Each goes to URL, or to the "host" that is recorded with it.

    python replay.py URL REQUESTS.json TIMES.json

The least that any harvest by these requests can take. Standard library only, so that little has to start.
"""

import json
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

THREADS = 8


def main() -> None:
    """Send them all; TIMES gets the milliseconds that each answer took."""
    url, requests, times = sys.argv[1:]
    host = urlsplit(url).netloc
    todo = iter(json.loads(Path(requests).read_text(encoding="utf-8")))
    lock, took = threading.Lock(), []

    def work() -> None:
        connections: dict[str, HTTPConnection] = {}
        while True:
            with lock:
                asked = next(todo, None)
            if asked is None:
                return
            started = time.perf_counter()
            where = asked.get("host", host)
            connection = connections.setdefault(where, HTTPConnection(where))
            connection.request(asked["method"], asked["target"], asked["body"] or None, asked["headers"])
            connection.getresponse().read()
            took.append(1000 * (time.perf_counter() - started))

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Path(times).write_text(json.dumps(took), encoding="utf-8")


if __name__ == "__main__":
    main()
