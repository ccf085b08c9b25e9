"""Many repositories at a time: what each asks is sent by a few workers, and several asks share a query."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from connectors.errors import AuthFailed, ConnectorError, Gone, NotPermitted, RateLimited, Unavailable
from connectors.github.access import Access, Stopped
from connectors.github.asks import GRAPHQL, Answer, Asking, Query
from connectors.github.failures import Elsewhere, SwitchedOff, TooMuch
from connectors.github.packing import Load, Pending, Turn, next_load
from connectors.github.tally import OUTAGE, Ended
from connectors.github.width import Share
from connectors.github.worker import Job, Told, Worker

T = TypeVar("T")
R = TypeVar("R")

POLL = 0.1  # seconds between two looks at whether to stop
PATIENCE = 1.0  # seconds that workers under way are given to end when nobody wants their results any more
TRIES = 3  # of an ask that fails for a passing reason
FIRST_PAUSE = 0.5  # seconds before the second try


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T, R]):
    """One result of a task, or its end. Those of one task come in their order."""

    task: T
    result: R | Ended


@dataclass(slots=True)
class Conductor(Generic[T, R]):
    """Runs one work per task, with so many requests at once as are configured.

    Every task ends with an Outcome that holds Ended. Passing failures are tried again; a query that is too much is
    divided, and thrown into the work that asks when it cannot be; a refusal to one credential is no refusal to the
    others. Workers are daemon threads, so that one which hangs on a socket keeps nobody from leaving.
    """

    access: Access
    _waiting: deque[Pending] = field(default_factory=deque)
    _jobs: queue.SimpleQueue[Job | None] = field(default_factory=queue.SimpleQueue)
    _told: queue.SimpleQueue[Told] = field(default_factory=queue.SimpleQueue)
    _workers: list[Worker] = field(default_factory=list)
    _turns: set[Turn] = field(default_factory=set)
    _share: Share = field(init=False)
    _queries: int = 0
    _failing: int = 0
    _ahead: float = 0.0

    def run(self, tasks: Sequence[T], work: Callable[[T], Asking[R]]) -> Iterator[Outcome[T, R]]:
        """Yield what the works yield, as it comes. Raises Stopped where the run is to end."""
        self._share = self.access.width.join()
        try:
            for task in tasks:
                turn = Turn(task, work(task), [])
                self._turns.add(turn)
                yield from self._step(turn)
            while self._turns:
                delay = self._send()
                for told in self._listen(delay):
                    for turn in self._settle(told):
                        yield from self._step(turn)
        finally:
            self._dismiss()

    def _step(self, turn: Turn) -> Iterator[Outcome[Any, Any]]:
        """Let a task go on until it asks again or ends."""
        answers: list[Answer] | None = turn.answers or None
        error = turn.error
        turn.answers, turn.error = [], None
        try:
            while True:
                said: Any = turn.work.throw(error) if error is not None else turn.work.send(answers)  # type: ignore[arg-type]
                answers = error = None
                if said == []:
                    answers = []
                elif isinstance(said, list):
                    turn.answers, turn.missing = [None] * len(said), len(said)
                    now = self._now()
                    self._waiting.extend(Pending(turn, n, ask, since=now) for n, ask in enumerate(said))
                    return
                else:
                    yield Outcome(turn.task, said)
        except StopIteration:
            ended = Ended()
        except Exception as caught:  # noqa: BLE001 - it is raised where the outcome is read
            ended = Ended(caught)
        self._turns.discard(turn)
        yield Outcome(turn.task, ended)

    def _send(self) -> float:
        """Send as much as may be sent now; the seconds after which more may be."""
        # What is sent from now on does not count: it was asked for at the same time.
        is_asking = self._queries > 0
        while self._share.take(len(self._waiting)):
            load = next_load(self._waiting, self.access.appetite, self._now(), is_asking=is_asking)
            if load is None:
                self._share.give()
                break
            try:
                admitted = self.access.admit(load.bucket, load.points, load.without)
            except (AuthFailed, RateLimited) as error:
                self._told.put(Told(load, [], error=error))
                self._queries += load.bucket == GRAPHQL
                continue
            if isinstance(admitted, float):
                self._waiting.extendleft(reversed(load.pending))
                self._share.give()
                return admitted
            self._queries += load.bucket == GRAPHQL
            self._jobs.put(Job(load, *admitted))
            if len(self._workers) < self._share.under_way:
                self._engage()
        pauses = [one.not_before - self._now() for one in self._waiting]
        return max(0.0, min(pauses, default=0.0))

    def _engage(self) -> None:
        worker = Worker(self.access, self._jobs, self._told)
        self._workers.append(worker)
        # In a copy of this context, so that what the worker spends is this stream's.
        threading.Thread(target=copy_context().run, args=(worker.run,), daemon=True, name="github").start()

    def _listen(self, delay: float) -> list[Told]:
        """What the workers have to tell; wait for it a little, or, where none is at work, for `delay` seconds."""
        if self.access.context.is_stopping():
            raise Stopped
        if not self._share.under_way:
            if delay > 0:
                self._wait(delay)
            else:
                self._share.wait(POLL)  # other streams have it all
            return []
        try:
            heard = [self._told.get(timeout=POLL)]
        except queue.Empty:
            return []
        while not self._told.empty():
            heard.append(self._told.get_nowait())
        return heard

    def _settle(self, told: Told) -> Iterator[Turn]:
        """Hand answers and errors over; the tasks that can go on."""
        self._share.give()
        self._queries -= told.load.bucket == GRAPHQL
        if told.error is None:
            self._failing = 0
        elif isinstance(told.error, Unavailable):
            self._failing += 1
        if isinstance(told.error, TooMuch) and len(told.load.pending) > 1:
            self._divide(told.load)
            return
        if told.error is not None and not isinstance(told.error, ConnectorError):
            raise told.error
        # Drawn once, so that what was asked together is asked together again.
        now, pause = self._now(), FIRST_PAUSE * random.uniform(0.5, 1)  # noqa: S311 - not to come back in step
        for position, one in enumerate(told.load.pending):
            result = told.error or told.answers[position]
            if isinstance(result, ConnectorError):
                if self._is_asked_again(one, result, told):
                    one.not_before = now + pause * 4 ** (one.tries - 1) if one.tries else now
                    self._waiting.append(one)
                    continue
                if isinstance(result, AuthFailed):  # that nobody else is left says less than why these were refused
                    result = one.refusal or result
                one.turn.error = one.turn.error or result
            else:
                one.turn.answers[one.position] = result
            one.turn.missing -= 1
            if not one.turn.missing:
                yield one.turn

    def _divide(self, load: Load) -> None:
        """GitHub could not answer so much at once: from now on ask for half."""
        weight = sum(one.ask.weight for one in load.pending if isinstance(one.ask, Query))
        self.access.appetite = max(1, min(self.access.appetite, weight // 2))
        self._waiting.extendleft(reversed(load.pending))

    def _is_asked_again(self, one: Pending, error: ConnectorError, told: Told) -> bool:
        if told.credential is None:  # it was not sent
            return False
        if isinstance(error, AuthFailed | RateLimited):
            return True  # in another's name; where there is nobody, it is not let in, and that is final
        if isinstance(error, Gone | NotPermitted):
            if isinstance(error, SwitchedOff | Elsewhere):
                return False
            one.without |= {told.credential}
            one.refusal = error
            return any(other not in one.without and other.refusal is None for other in self.access.credentials)
        if isinstance(error, TooMuch) and isinstance(one.ask, Query):
            if len(told.load.pending) > 1:
                one.is_alone = True
                return True
            if one.ask.is_divisible:
                return False
        if isinstance(error, Unavailable):
            one.tries += 1
            return one.tries < TRIES and self._failing < OUTAGE
        return False

    def _now(self) -> float:
        """Seconds that have passed, those included that were waited for on another clock than the system's."""
        return time.monotonic() + self._ahead

    def _wait(self, seconds: float) -> None:
        if seconds <= 0:
            return
        due = self._now() + seconds
        if self.access.context.wait(seconds):
            raise Stopped
        self._ahead += max(0.0, due - self._now())

    def _dismiss(self) -> None:
        self._share.leave()
        for turn in self._turns:
            turn.work.close()
        for _ in self._workers:
            self._jobs.put(None)
        ends_at = time.monotonic() + PATIENCE
        for worker in self._workers:
            worker.over.wait(max(0.0, ends_at - time.monotonic()))
