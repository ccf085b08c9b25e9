"""Several repositories at a time: their results as they come, and what becomes of the failures among them."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from connectors.errors import (
    AuthFailed,
    ConnectorError,
    Gone,
    Malformed,
    NotPermitted,
    RateLimited,
    Unavailable,
)
from connectors.github.failures import SwitchedOff
from connectors.github.gate import Stopped

T = TypeVar("T")
R = TypeVar("R")

OUTAGE = 3  # repositories in a row that cannot be reached: it is not them
POLL = 0.1  # seconds between two looks at whether to stop
PATIENCE = 1.0  # seconds that workers under way are given to end when nobody wants their results any more


@dataclass(frozen=True, slots=True)
class Ended:
    """A task is over; `error`: why, where it failed."""

    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T, R]):
    """One result of a task, or its end. Those of one task come in their order."""

    task: T
    result: R | Ended


def spread(
    tasks: Sequence[T], work: Callable[[T], Generator[R, None, None]], width: int, is_stopping: Callable[[], bool]
) -> Iterator[Outcome[T, R]]:
    """Run work(task) for each task, at most `width` at a time, and yield what they yield, as it comes.

    Every task ends with an Outcome that holds Ended. Raises Stopped when `is_stopping` turns true while there
    is nothing to yield. Closing the generator ends the workers at their next result; they are daemon threads,
    so that one which hangs on a socket keeps nobody from leaving.
    """
    results: queue.Queue[Outcome[T, R]] = queue.Queue(maxsize=2 * width)
    waiting = queue.SimpleQueue[T]()
    for task in tasks:
        waiting.put(task)
    over = threading.Event()

    def hand_over(outcome: Outcome[T, R]) -> None:
        while not over.is_set():
            with suppress(queue.Full):
                results.put(outcome, timeout=POLL)
                return

    def run() -> None:
        while not over.is_set():
            try:
                task = waiting.get_nowait()
            except queue.Empty:
                return
            error: BaseException | None = None
            try:
                with closing(work(task)) as found:
                    for result in found:
                        hand_over(Outcome(task, result))
                        if over.is_set():
                            return
            except BaseException as caught:  # noqa: BLE001 - it is raised again in the thread that reads
                error = caught
            hand_over(Outcome(task, Ended(error)))

    workers = [threading.Thread(target=run, daemon=True, name="github") for _ in range(min(width, len(tasks)))]
    for worker in workers:
        worker.start()
    left = len(tasks)
    try:
        while left:
            try:
                outcome = results.get(timeout=POLL)
            except queue.Empty:
                if is_stopping():
                    raise Stopped from None
                continue
            left -= isinstance(outcome.result, Ended)
            yield outcome
    finally:
        over.set()
        ends_at = time.monotonic() + PATIENCE
        for worker in workers:
            worker.join(max(0.0, ends_at - time.monotonic()))


@dataclass(slots=True)
class Tally:
    """How a walk over many repositories goes: which failures it survives, and which it does not."""

    succeeded: int = 0
    problems: list[ConnectorError] = field(default_factory=list)
    switched_off: list[SwitchedOff] = field(default_factory=list)
    _streak: int = 0

    def end(self, ended: Ended) -> bool:
        """Record the end of one task; true where it succeeded. Raises what must stop the walk."""
        error = ended.error
        if error is None:
            self.succeeded += 1
            self._streak = 0
            return True
        if isinstance(error, SwitchedOff):
            self.switched_off.append(error)
            return False
        if not isinstance(error, ConnectorError) or isinstance(error, AuthFailed | RateLimited):
            raise error
        self.problems.append(error)
        self._streak = self._streak + 1 if isinstance(error, Unavailable) else 0
        if self._streak >= OUTAGE:
            raise self._streak_error()
        return False

    def finish(self) -> None:
        """Raise the problem to act on first, where every task had one."""
        if self.problems and not self.succeeded and not self.switched_off:
            raise min(self.problems, key=_urgency)

    def _streak_error(self) -> ConnectorError:
        last = self.problems[-1]
        return Unavailable(
            f"{last.what}; so did the {OUTAGE - 1} before", remedy="GitHub seems to be down; tried again later"
        )


def _urgency(error: ConnectorError) -> int:
    order = (Unavailable, NotPermitted, Malformed, Gone)
    return next((rank for rank, kind in enumerate(order) if isinstance(error, kind)), len(order))
