"""A GitHub that answers everything, and works that ask it: for tests of what runs them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from github_script import Script, World
from github_work import ERRAND

from connectors.github.asks import Ask, Asking, Get
from connectors.github.conductor import Conductor, Outcome
from harvester.demo.exchange import Answer, Request, as_json
from harvester.demo.wire import Service


class Things(Script):
    """Answers a thing with the path that was asked, where nothing else is written down."""

    def answer(self, request: Request) -> Answer:
        if request.path.startswith("/things/") and request.path not in self.said:
            self.seen.append(request)
            return as_json({"path": request.path})
        return super().answer(request)


@contextmanager
def things_served() -> Iterator[World]:
    """Things at an address of their own."""
    with Service(Things()).listen() as service:
        yield World(service.app, service)


def get(number: int | str) -> Get:
    """An ask for a thing."""
    return Get(ERRAND, f"/things/{number}", shape="object")


def asking(ask: Any) -> Any:
    """A work that asks once, for what `ask` makes of its task, and yields the answers."""

    def work(task: Any) -> Asking[Any]:
        asks: list[Ask] = ask(task) if isinstance(ask(task), list) else [ask(task)]
        answers = yield asks
        yield tuple(answers)

    return work


def count_to(task: int) -> Asking[Any]:
    """Asks as often as its task says."""
    for n in range(task):
        (page,) = yield [get(f"{task}.{n}")]
        yield page.data["path"]


def conduct(github: World, tasks: Sequence[Any], work: Any) -> Iterator[Outcome[Any, Any]]:
    """The outcomes of some tasks."""
    return Conductor[Any, Any](github.access()).run(tasks, work)


def told(outcomes: Iterator[Outcome[Any, Any]]) -> dict[Any, list[Any]]:
    """The results by task, in their order."""
    found: dict[Any, list[Any]] = {}
    for outcome in outcomes:
        found.setdefault(outcome.task, []).append(outcome.result)
    return found


def errors(outcomes: Iterator[Outcome[Any, Any]]) -> dict[Any, Any]:
    """What each task ended with."""
    return {task: results[-1].error for task, results in told(outcomes).items()}
