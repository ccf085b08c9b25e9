"""The demo's GitHub in a process of its own: 50 ms an answer, and an account of what was asked.

A process that is told what to do in lines of JSON, one answer a line; `served` starts it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from bench.github_parts.world import OWNER, Rows, Size, a_day_later, make, truth
from harvester.demo.exchange import Answer, Request
from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.github_limits import Limits
from harvester.demo.github_lists import Paging
from harvester.demo.wire import Service

# Of a service that is gone when the bench ends: the owner's, who may read traffic, and a stranger's.
TOKEN, STRANGERS_TOKEN = "zq7Kx-91vbTn-44hWq", "hr3Wd-58qmLc-17pZs"
LATENCY = 0.05
ROOT = Path(__file__).parents[2]

# Makes the fake read its schema, which takes it longer than any answer.
_WAKING = Request(
    "POST",
    "/graphql",
    "",
    {"user-agent": "bench", "authorization": f"Bearer {TOKEN}"},
    b'{"query":"{viewer{login}}"}',
)
# What a client sends that changes the answer.
_TELLING = ("accept", "authorization", "content-type", "if-none-match", "user-agent", "x-github-api-version")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as it can be sent again. `took`: seconds of work for its answer, which are part of the latency."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: str
    status: int
    took: float


@dataclass(frozen=True, slots=True)
class Account:
    """What was asked since the last `fresh`. `rest`, `graphql`: points of the hour, where a 304 is free.

    `queries`: the requests that went to GraphQL. `took`: milliseconds of work for an answer, median and most.
    """

    requests: int
    queries: int
    rest: int
    graphql: int
    refusals: int
    busiest: int
    statuses: Mapping[str, int]
    took: tuple[float, float]


class Counting:
    """A GitHub whose every answer takes the latency, what it works included, and is written down."""

    def __init__(self, github: GitHub, latency: float) -> None:
        self.github = github
        self.latency = latency
        self.asked: list[Asked] = []
        self.points: Counter[str] = Counter()
        self._lock = threading.Lock()

    def fresh(self, *, secondary: bool, clock: Callable[[], datetime]) -> None:
        """Forget what was asked, and begin a new hour."""
        with self._lock:
            self.github.limits = Limits(clock, secondary=secondary, seconds=self.latency)
            self.asked, self.points = [], Counter()

    def answer(self, request: Request) -> Answer:
        """As GitHub does, and not before the latency has passed."""
        started = time.perf_counter()
        answer = self.github.answer(request)
        took = time.perf_counter() - started
        headers = {name: value for name, value in request.headers.items() if name in _TELLING}
        asked = Asked(request.method, request.target, headers, request.body.decode(), answer.status, took)
        used = int(answer.headers.get("X-RateLimit-Used", 0))
        with self._lock:
            self.asked.append(asked)
            resource = answer.headers.get("X-RateLimit-Resource", "")
            self.points[resource] = max(used, self.points[resource])
        time.sleep(max(0.0, started + self.latency - time.perf_counter()))
        return answer

    def account(self, busiest: int) -> Account:
        """What was asked."""
        with self._lock:
            took = [1000 * asked.took for asked in self.asked] or [0.0]
            return Account(
                len(self.asked),
                sum(1 for asked in self.asked if asked.target.partition("?")[0].endswith("/graphql")),
                self.points["core"],
                self.points["graphql"],
                self.github.limits.refusals.total(),
                busiest,
                dict(Counter(str(asked.status) for asked in self.asked)),
                (median(took), max(took)),
            )


@dataclass(slots=True)
class Fake:
    """The process, as the bench sees it."""

    url: str
    size: Size
    _process: subprocess.Popen[str]
    names: list[str] = field(default_factory=list)

    def fresh(self, *, secondary: bool = False) -> None:
        """Forget what was asked, and begin a new hour for everybody."""
        self._tell("fresh", secondary=secondary)

    def account(self) -> Account:
        """What was asked since."""
        return Account(**self._tell("account"))

    def asked(self) -> list[dict[str, Any]]:
        """The requests themselves."""
        asked: list[dict[str, Any]] = self._tell("asked")
        return asked

    def truth(self) -> Rows:
        """What there is."""
        rows: Rows = self._tell("truth")
        return rows

    def a_day_later(self) -> None:
        """Let a day pass."""
        self._tell("day")

    def _tell(self, what: str, **more: Any) -> Any:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the fake has no pipes")
        self._process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def served(size: Size, latency: float = LATENCY) -> Iterator[Fake]:
    """A fake with a world of this size, while the block runs."""
    command = [sys.executable, "-m", "bench.github_parts.fake", json.dumps(asdict(size)), str(latency)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None:
                raise RuntimeError("the fake has no pipes")
            said = json.loads(process.stdout.readline())
            yield Fake(said["url"], size, process, said["names"])
        finally:
            if process.stdin is not None:
                process.stdin.close()
            process.wait()


def main() -> None:
    """Serve until the standard input ends."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("size", type=json.loads)
    options.add_argument("latency", type=float)
    chosen = options.parse_args()
    world = make(Size(**chosen.size))
    begun_on, ahead = world.now.date(), timedelta()

    def clock() -> datetime:
        return datetime.now(UTC) + ahead

    # The links of GitHub's list of issues carry `after`, and tap-github looks for nothing else in them.
    tokens = {TOKEN: Token(OWNER), STRANGERS_TOKEN: Token("stranger")}
    github = GitHub(world, tokens=tokens, paging=Paging("cursor"), clock=clock)
    github.answer(_WAKING)
    counting = Counting(github, chosen.latency)
    with Service(counting).listen() as service:
        _say({"url": service.url, "names": [repo.full_name for repo in world.repos]})
        for line in sys.stdin:
            told = json.loads(line)
            match told["do"]:
                case "fresh":
                    service.busiest = 0
                    counting.fresh(secondary=told["secondary"], clock=clock)
                    _say(None)
                case "account":
                    _say(asdict(counting.account(service.busiest)))
                case "asked":
                    _say([asdict(asked) for asked in counting.asked])
                case "truth":
                    _say(truth(world, begun_on))
                case "day":
                    a_day_later(world)
                    ahead = timedelta(days=1)
                    _say(None)


def _say(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
