"""One repository being read for one stream: what is known of it, and what becomes of the objects that come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import Batch, Context, Observation, Reject
from connectors.github.access import Access
from connectors.github.asks import Asking, Json
from connectors.github.facts import Facts, People, Reader
from connectors.github.failures import Errand, SwitchedOff
from connectors.github.repository import Repository, Sign

# GitHub's replicas and clocks may disagree by less than this.
OVERLAP = timedelta(minutes=5)

Record = tuple[str, Json, Callable[..., Facts], tuple[Any, ...]]
"""What an object is, the object, which method of Reader reads it, and what that is told beside it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """`parts`: the repository's own parts of the stream's cursor, "" the main one; empty at the first time.

    Checkpoints of the batches made of a visit name such parts; the stream puts the repository before them.
    """

    access: Access
    repository: Repository
    parts: Mapping[str, Any]
    people: People
    errand: Errand

    @property
    def context(self) -> Context:
        """What the connector was given."""
        return self.access.context

    @property
    def part(self) -> Mapping[str, Any] | None:
        """The main part of the cursor."""
        part: Mapping[str, Any] | None = self.parts.get("")
        return part

    @property
    def subject(self) -> str:
        """The stable id that its facts are about."""
        return self.repository.subject_id

    @property
    def day(self) -> str:
        """The day of a reading taken now, which a LEVEL is keyed by."""
        return self.context.today().isoformat()

    def sign(self, thing: str) -> Sign:
        """What the pulse told of a thing. Raises NotPermitted where it is hidden, SwitchedOff where there is none."""
        repository = self.repository
        if thing in repository.forbidden:
            raise repository.forbidden[thing]
        sign = repository.signs.get(thing)
        if sign is None or not repository.has(thing):
            raise SwitchedOff(f"{self.errand.what} of {repository.name} are switched off", subject=repository.name)
        return sign

    def reader(self) -> Reader:
        """Who reads objects as they are now."""
        return Reader(self.subject, self.people, self.context.clock())

    def taking(self, records: Iterable[Record], reader: Reader | None = None) -> Taken:
        """The facts that the objects are, and those of no use. `reader`: for those who take many, a few at a time."""
        reader, taken = reader or self.reader(), Taken()
        for what, item, read, about in records:
            try:
                taken.facts += read(reader, item, *about)
            except ValueError as error:
                said = item if isinstance(item, dict) else {}
                which = next((said[name] for name in _NAMED if said.get(name)), "without id")
                taken.rejects.append(Reject(f"{what} {which} of {self.repository.name}", str(error)))
        return taken


_NAMED = ("number", "fullDatabaseId", "databaseId", "id")


@dataclass(slots=True)
class Taken:
    """Facts and rejects of some objects."""

    facts: list[Observation] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


Reading = Callable[[Visit], Asking[Batch]]


def write(moment: datetime) -> str:
    """A date as GitHub and our cursors write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
