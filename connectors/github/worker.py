"""A thread that sends what it is handed and tells what came of it."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field
from typing import cast

from connectors.errors import ConnectorError
from connectors.github.access import Access
from connectors.github.asks import Answer, Get, Query
from connectors.github.client import Client
from connectors.github.credentials import Credential
from connectors.github.failures import Errand, Forbidden
from connectors.github.ledger import Passage
from connectors.github.packing import Load
from connectors.github.sheets import compose, take_apart


@dataclass(frozen=True, slots=True)
class Job:
    """A request to be sent, in whose name, and its entry in the ledger."""

    load: Load
    credential: Credential
    passage: Passage


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a load: an answer or an error to each of its asks, or one error to all."""

    load: Load
    answers: list[Answer | ConnectorError]
    credential: Credential | None = None
    error: BaseException | None = None


@dataclass(slots=True)
class Worker:
    """Works until it is handed None. `over` is set when it has ended."""

    access: Access
    jobs: queue.SimpleQueue[Job | None]
    told: queue.SimpleQueue[Told]
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Send one job after the other; what goes wrong is told, never raised."""
        while (job := self.jobs.get()) is not None:
            try:
                told = self._tell(job)
            except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that reads
                told = Told(job.load, [], job.credential, error)
            job.credential.ledger.leave(job.passage, self.access.context.clock())
            self.told.put(told)
        self.over.set()

    def _tell(self, job: Job) -> Told:
        client: Client | None = None
        try:
            client = self.access.take(job.credential)
            return Told(job.load, self._send(client, job), job.credential)
        except ConnectorError as error:
            self.access.remember(job.credential, client.token if client else None, job.load.bucket, error)
            return Told(job.load, [], job.credential, error)
        finally:
            if client is not None:
                self.access.give_back(job.credential, client)

    def _send(self, client: Client, job: Job) -> list[Answer | ConnectorError]:
        first = job.load.pending[0].ask
        if isinstance(first, Get):
            return [client.get(first)]
        return self._query(client, job, [cast("Query", one.ask) for one in job.load.pending])

    def _query(self, client: Client, job: Job, asks: list[Query]) -> list[Answer | ConnectorError]:
        text, variables = compose(asks)
        errand = asks[0].errand if len(asks) == 1 else Errand(f"{asks[0].errand.what} of {len(asks)} repositories")
        reply = client.graphql(errand, text, variables)
        limit = reply.data.get("rateLimit")
        self.access.count_points(limit["cost"] if isinstance(limit, dict) else job.load.points)
        results: list[Answer | ConnectorError] = []
        for ask, (data, errors) in zip(asks, take_apart(asks, reply.data, reply.errors), strict=True):
            if errors or not isinstance(data, dict):
                missing = errors or [{"type": "NOT_FOUND"}]
                error = client.failures.of_graphql(ask.errand, missing, reply.headers)
                if isinstance(error, Forbidden):
                    error.partial = data
                self.access.remember(job.credential, client.token, job.load.bucket, error)
                results.append(error)
            else:
                results.append(data)
        return results
