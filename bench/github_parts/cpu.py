"""CPU time per observation of the GitHub connector, from the socket to the sealed segment.

    python -m bench.github_parts.cpu API_URL FOLDER

Reads every stream twice, the first time to warm up, and prints what the second one cost this process alone. The
fake runs in another one and answers at once. Sending the requests and TCP are in it; DuckDB is not.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.github_parts.fake import TOKEN
from bench.github_parts.world import OWNER
from connectors.base import Context, Secret, Stream
from connectors.github import CONNECTOR
from connectors.http import Http
from harvester.spool import Finish, Read, Spool

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    """Print {"observations": …, "seconds": …}."""
    url, folder = sys.argv[1:]
    read_all(url, Path(folder) / "first")
    started = time.process_time()
    observations = read_all(url, Path(folder) / "second")
    print(json.dumps({"observations": observations, "seconds": time.process_time() - started}))


def read_all(url: str, folder: Path) -> int:
    """Every stream of the source into a spool; the number of observations."""
    config = CONNECTOR.config(repos=(f"{OWNER}/*",), api_url=url, token=Secret("bench", lambda: TOKEN))
    spool = Spool(folder)
    spool.prepare()
    http = Http(allow_private=True)
    context = Context("work", http, lambda: datetime.now(UTC), allow_private=True, timeout=timedelta(minutes=1))
    try:
        return sum(read(stream, spool) for stream in CONNECTOR.open(config, context))
    finally:
        http.close()


def read(stream: Stream, spool: Spool) -> int:
    """One stream from its beginning."""
    spec = stream.spec
    whole = Read(
        "work", "github", "me", "every 6h", "c", spec.name, spec.cursor_version, spec.metrics, "run", "now", WHEN
    )
    writer, observations = spool.writer(whole, {}), 0
    for batch in stream.read({}):
        writer.add(batch)
        observations += len(batch.observations)
    writer.finish(Finish(WHEN, "ok", succeeded=True))
    return observations


if __name__ == "__main__":
    main()
