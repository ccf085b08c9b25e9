"""The cases, one after the other, and in each every contestant in turn."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Protocol

from bench.github_parts.envs import NotInstalled
from bench.github_parts.fake import LATENCY, ROOT, STRANGERS_TOKEN, Account, Fake, served
from bench.github_parts.holding import Wrong, compare
from bench.github_parts.ours import Ours
from bench.github_parts.peers import PEERS
from bench.github_parts.watch import Command, Cost, Failed, watch
from bench.github_parts.world import Rows, Size

AHEAD = {"first": timedelta(), "again": timedelta(), "later": timedelta(days=1)}
BARE = "bare fetch"
REST_A_MINUTE, GRAPHQL_A_MINUTE = 900, 2_000  # points: one for a GET or a query, a 304 and all

Say = Callable[[str], None]


class Contestant(Protocol):
    """A tool that harvests the world of a fake."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it claims to read."""
        ...

    @property
    def note(self) -> str:
        """What to know of how it is run."""
        ...

    def warm(self, ahead: timedelta) -> None:
        """Let the fake get its answers ready."""
        ...

    def run(self, ahead: timedelta) -> Cost:
        """Harvest once, so much later than it is. Raises Failed."""
        ...

    def held(self) -> Rows:
        """What it holds after all runs so far."""
        ...


@dataclass(frozen=True, slots=True)
class Result:
    """What one contestant took in one case. `beyond`: ms of an answer beyond the latency, median and 95 %."""

    case: str
    name: str
    cost: Cost
    account: Account
    wrong: Wrong | None = None
    kinds: dict[str, Wrong] = field(default_factory=dict)
    beyond: tuple[float, float] = (0.0, 0.0)

    @property
    def allowed(self) -> float:
        """The seconds that GitHub's published limits a minute want for what was asked."""
        queries, rest = self.account.queries, self.account.requests - self.account.queries
        return 60 * max(rest / REST_A_MINUTE, queries / GRAPHQL_A_MINUTE)


@dataclass(slots=True)
class Results:
    """Everything measured, and what could not be."""

    found: list[Result] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    cpu: tuple[int, float] | None = None  # observations, seconds

    def of(self, case: str, name: str) -> Result | None:
        """One result."""
        return next((one for one in self.found if (one.case, one.name) == (case, name)), None)


def race(size: Size, folder: Path, envs: Path | None, cases: Sequence[str], say: Say) -> Results:
    """First harvest, nothing changed, a day later; up to the last one of `cases`. `envs`: None without peers."""
    results = Results()
    with served(size) as fake:
        contestants: list[Contestant] = [Ours(fake, folder / "ours")]
        contestants += _peers(fake, folder, envs, results) if envs is not None else ()
        for case in AHEAD:
            if case == "later":
                fake.a_day_later()
            for one in tuple(contestants):
                say(f"{case}: {one.name}")
                try:
                    results.found += _measure(case, one, fake, folder)
                except Failed as failure:
                    results.notes.append(f"{one.name} did not get through ({case}): {failure}")
                    contestants.remove(one)
            if case == cases[-1]:
                break
        results.notes += [one.note for one in contestants if one.note]
        results.notes += [f"{one.name} is held to its {', '.join(one.kinds)} rows" for one in contestants]
        results.notes.append("in these cases each run has an hour of its own, and limits a minute are not enforced")
    return results


def thousand(size: Size, folder: Path, say: Say) -> Results:
    """Ours alone with every limit of GitHub enforced: first harvest, nothing changed.

    The token is a stranger's, who may not read traffic: of a thousand repositories that is 4,000 requests.
    """
    results = Results(notes=[f"{size.repos:,}: with a stranger's token, to whom GitHub tells no traffic"])
    with served(size) as fake:
        ours = Ours(fake, folder / "thousand", STRANGERS_TOKEN)
        for case in (f"{size.repos:,}: first", f"{size.repos:,}: again"):
            say(f"{case}, unmeasured, for the fake to get its answers ready")
            fake.fresh()
            ours.warm(timedelta())
            say(case)
            fake.fresh(secondary=True)
            try:
                cost = ours.run(timedelta())
            except Failed as failure:
                results.notes.append(f"{case}: did not get through, {fake.account()}: {failure}")
                break
            wrong, kinds = compare(ours.kinds, ours.held(), fake.truth())
            results.found.append(Result(case, ours.name, cost, fake.account(), wrong, kinds))
    return results


def cpu(size: Size, folder: Path) -> tuple[int, float]:
    """Observations, and the seconds of CPU they took from the socket to the segment."""
    with served(size, latency=0) as fake:
        command = [sys.executable, "-m", "bench.github_parts.cpu", fake.url, str(folder / "cpu")]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    said = json.loads(done.stdout)
    return said["observations"], said["seconds"]


def _peers(fake: Fake, folder: Path, envs: Path, results: Results) -> Iterator[Contestant]:
    for peer in PEERS:
        try:
            yield peer(fake, folder / peer.__name__, envs)
        except (NotInstalled, subprocess.CalledProcessError) as failure:
            results.notes.append(f"{peer.name} could not be set up: {failure}")


def _measure(case: str, one: Contestant, fake: Fake, folder: Path) -> Iterator[Result]:
    one.warm(AHEAD[case])
    fake.fresh()
    cost = one.run(AHEAD[case])
    account = fake.account()
    wrong, kinds = compare(one.kinds, one.held(), fake.truth())
    yield Result(case, one.name, cost, account, wrong, kinds)
    if isinstance(one, Ours):
        yield _bare(case, fake, folder)


def _bare(case: str, fake: Fake, folder: Path) -> Result:
    """The same requests as ours just sent, again."""
    requests, times = folder / "requests.json", folder / "times.json"
    requests.write_text(json.dumps(fake.asked()), encoding="utf-8")
    script = str(Path(__file__).with_name("replay.py"))
    fake.fresh()
    cost = watch([Command([sys.executable, script, fake.url, str(requests), str(times)], folder)])
    took = [each - 1000 * LATENCY for each in json.loads(times.read_text(encoding="utf-8"))]
    beyond = (median(took), quantiles(took, n=20)[-1] if len(took) > 1 else took[0])
    return Result(case, BARE, cost, fake.account(), beyond=beyond)
