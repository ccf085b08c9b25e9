"""Works that ask, and what drives them without a network: for tests of what is asked and what is made of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from github_script import NOW

from connectors.base import Batch, Context, Secret
from connectors.errors import ConnectorError
from connectors.github import GithubConfig
from connectors.github.access import Access
from connectors.github.asks import Ask, Asking, Fields, Get, Query
from connectors.github.facts import People
from connectors.github.failures import Errand
from connectors.github.repository import Repository, Sign
from connectors.github.visit import Visit
from connectors.http import Http

ERRAND = Errand("issues", "ann/one", "Issues: read")
THING = Fields("Thing", "node(id: $id)", "id", {"id": "ID!"}, lambda _: 1, on="Repository")

Answering = Callable[[Ask], Any]


def query(number: int | str = 1, fields: Fields = THING, weight: int = 1, **values: Any) -> Query:
    """An ask for a thing of that id."""
    return Query(ERRAND, fields, {"id": f"X{number}", **values}, weight)


def get(path: str = "/x", shape: Any = "object") -> Get:
    """An ask for an address."""
    return Get(ERRAND, path, shape=shape)


def repository(**more: Any) -> Repository:
    """ann/one as the pulse has seen it, with nothing in it."""
    born = datetime(2026, 1, 5, 10, tzinfo=UTC)
    signs = {name: Sign(0) for name in ("forks", "issues", "pulls", "discussions", "releases")}
    told = {"stargazers": 0, "watchers": 3, "node": "R_1", "signs": signs, "permission": "ADMIN"}
    return Repository(1, "ann/one", born, born, NOW, **{**told, **more})


def access(clock: Callable[[], datetime] = lambda: NOW, **options: Any) -> Access:
    """A way in that is never taken."""
    token = Secret("env:GITHUB_TOKEN", lambda: "ghp_x")
    config = GithubConfig(repos=("ann/one",), token=token)
    zone = ZoneInfo("Europe/Berlin")
    return Access(config, Context("work", Http(), clock, zone, timeout=timedelta(seconds=2), **options))


def visit(parts: dict[str, Any] | None = None, of: Repository | None = None, way: Access | None = None) -> Visit:
    """A repository being read."""
    return Visit(way or access(), of or repository(), parts or {}, People.of("ann", []), ERRAND)


@dataclass
class Driven:
    """What came of a work: its results, and what it asked in which rounds."""

    results: list[Any] = field(default_factory=list)
    rounds: list[Sequence[Ask]] = field(default_factory=list)
    error: BaseException | None = None

    @property
    def asked(self) -> list[Ask]:
        return [ask for asks in self.rounds for ask in asks]

    @property
    def facts(self) -> list[tuple[str, str, float]]:
        return [(o.metric, o.key, o.value) for batch in self.results for o in batch.observations]

    @property
    def parts(self) -> dict[str, Any]:
        """The parts of the cursor that it leads to."""
        return {name: part for batch in self.results for name, part in (batch.checkpoint or {}).items()}


def steps(work: Asking[Any], answer: Answering, driven: Driven | None = None) -> Iterator[Any]:
    """Answer a work's asks as they come; a failure of one of them is thrown into it, as the conductor does."""
    driven = driven or Driven()
    answers: list[Any] | None = None
    error: ConnectorError | None = None
    while True:
        try:
            said = work.throw(error) if error is not None else work.send(answers)  # type: ignore[arg-type]
        except StopIteration:
            return
        answers = error = None
        if not isinstance(said, list):
            yield said
            continue
        driven.rounds.append(said)
        answers = []
        for ask in said:
            try:
                answers.append(answer(ask))
            except ConnectorError as caught:
                error = error or caught


def drive(work: Asking[Any], answer: Answering, most: int | None = None) -> Driven:
    """Drive a work to its end, or until it has yielded `most` results."""
    driven = Driven()
    results = steps(work, answer, driven)
    try:
        driven.results += itertools.islice(results, most)
    except ConnectorError as error:
        driven.error = error
    work.close()
    return driven


def checkpoints(batches: Sequence[Batch]) -> list[Any]:
    """The checkpoints of some batches, None where there is none."""
    return [batch.checkpoint for batch in batches]
