"""The contract of a connector: what it yields, what it is given, and how it is declared."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Protocol
from zoneinfo import ZoneInfo

from connectors.errors import ConnectorError

if TYPE_CHECKING:
    from connectors.http import Http

ZERO = timedelta(0)
LONGEST_ID = 2000

Cursor = Mapping[str, Any]
"""Where a read starts: named parts, each a JSON value. Empty at the first read and under `--full`.

A checkpoint replaces the parts it names and leaves the others, so a stream over many repositories keeps
one part per repository and each advances by itself.
"""


class Kind(StrEnum):
    """EVENT: happened once, sums. DAILY: a source's total for a day. LEVEL: a counter or gauge, read now."""

    EVENT = "event"
    DAILY = "daily"
    LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Metric:
    """What a stream counts.

    `revise` (DAILY): a later report replaces the earlier ("last"), or only a larger one does ("max", for
    services that truncate). `tz`: whose midnight a DAILY key means. `gauge` (LEVEL): the total of a period is
    its last reading (followers), not the growth between readings (views).
    """

    name: str
    kind: Kind
    revise: Literal["last", "max"] = "last"
    tz: str = "UTC"
    gauge: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """One fact. (source, metric, subject, key) is its identity; the source is added by the pipeline.

    `subject`: the stable id of a Subject. `key`: an EVENT's stable id at its source; for DAILY and LEVEL the
    day as YYYY-MM-DD. `occurred_at`: aware, UTC; for LEVEL the instant of the reading, for DAILY the day's
    start or any instant in it. `value`: finite; 0 retracts an EVENT. `actor`: who did it, as the source names
    them. `attrs`: small JSON; `{"bot": true}` marks a machine, `{"direction": "self"}` the person's own act on
    their own ground: scoring leaves both out; `{"retracted": true}`, with value 0, takes back a DAILY or a LEVEL that
    should never have been there: its day then has no total, which is not a total of 0.
    """

    metric: str
    subject: str
    key: str
    occurred_at: datetime
    value: float = 1.0
    actor: str | None = None
    attrs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Asked of UTC itself, it takes a fifth of all this; there are many facts.
        if self.occurred_at.tzinfo is not UTC and self.occurred_at.utcoffset() != ZERO:
            raise ValueError(f"occurred_at must be UTC, got {self.occurred_at!r}")
        if not 0 < len(self.key) <= LONGEST_ID or not 0 < len(self.subject) <= LONGEST_ID:
            raise ValueError(f"{self.metric}: subject and key must have 1 to {LONGEST_ID} characters")
        if not math.isfinite(self.value):
            raise ValueError(f"{self.metric} of {self.subject}: value must be finite, got {self.value!r}")


@dataclass(frozen=True, slots=True)
class Subject:
    """What facts are about. `id` never changes; `name` is what people call it now.

    `name`: owner/name of a repository, canonical URL of a post, title of a talk. `published_at`: aware, UTC.
    """

    id: str
    name: str
    kind: Literal["repo", "post", "talk", "video", "account"]
    title: str = ""
    url: str = ""
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known about the days first_day … last_day (inclusive) of a stream.

    'measured': complete, an absent fact is a real zero. 'partial': some subjects are missing. 'missing': not
    read. 'lost': not read and beyond the source's memory. 'estimated': read off neighbours.
    `metrics`: None for all of the stream's. `takes_back`: what was said of these days before holds no longer; without
    it a state gives way to a better one only.
    """

    first_day: date
    last_day: date
    state: Literal["measured", "partial", "missing", "lost", "estimated"] = "measured"
    reason: str = ""
    metrics: tuple[str, ...] | None = None
    takes_back: bool = False


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not be used: which one, and why. Counted on the run, never a crash."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Listing:
    """All that the source has of an EVENT metric about a subject, or a part of it, is in this batch.

    What is stored of that part and not told in the batch has vanished: the load takes it back (value 0, as a new
    revision). The part is made of the facts whose attrs "on" is `on`, whose attrs "number" is among `numbers`, or,
    with `is_rest`, is not, and that occurred at `since` or later; each None: no matter. `cause`: why facts vanish
    that way, for `coverage`.
    """

    metric: str
    subject: str
    on: str | None = None
    numbers: Sequence[int] | None = None
    is_rest: bool = False
    since: datetime | None = None
    cause: str = "no longer listed"


@dataclass(frozen=True, slots=True)
class Batch:
    """A page of facts in memory.

    `checkpoint`: cursor parts that are true once everything yielded so far is stored; it seals a segment.
    None: not yet. `problems`: errors of single subjects that did not stop the stream (one repository is gone).
    `listings`: what this batch tells completely.
    """

    observations: Sequence[Observation] = ()
    rejects: Sequence[Reject] = ()
    checkpoint: Cursor | None = None
    subjects: Sequence[Subject] = ()
    coverage: Sequence[Coverage] = ()
    problems: Sequence[ConnectorError] = ()
    listings: Sequence[Listing] = ()


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """What a stream is before it is opened: for `harvest connectors`, `check` and the documentation.

    `permission`: the least right it needs, in the service's own words. `retention_days`: how long the service
    remembers: on day t it tells of the days after t - retention_days; None: for good. `cursor_version`: raise it when
    an old cursor must not be used. `lane`: streams of one lane are read one after the other; those of different lanes
    may be read at once, in threads, when the first stream of the source has been read.
    """

    name: str
    metrics: tuple[Metric, ...]
    permission: str = "none"
    retention_days: int | None = None
    cursor_version: int = 1
    lane: str = ""


class Stream(Protocol):
    """One thing a source can be read for, with its own cursor."""

    @property
    def spec(self) -> StreamSpec:
        """The declaration this stream keeps."""
        ...

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Yield what is new since cursor; may repeat, must not skip, waits only through `Context.wait`.

        Raises ConnectorError (a subclass) for what concerns the whole stream; one subject's fault goes into
        `Batch.problems`, one record's into `Batch.rejects`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Cost:
    """What reading a stream would take: so many requests, and so much of the allowance named `bucket`."""

    bucket: str
    requests: int
    points: int


class Plannable(Protocol):
    """A stream that can say what reading it would cost; a connector's streams may do so or not."""

    def plan(self, cursor: Cursor) -> Sequence[Cost]:
        """What a read from `cursor` would take now, without reading. Raises ConnectorError as `read` does."""
        ...


class Secret:
    """A credential by reference: read when it is needed, never shown, never pickled."""

    __slots__ = ("_reveal", "reference")

    def __init__(self, reference: str, reveal: Callable[[], str]) -> None:
        self.reference = reference
        self._reveal = reveal

    def reveal(self) -> str:
        """The secret itself, read now: a rotated file is seen at the next call."""
        return self._reveal()

    def __repr__(self) -> str:
        return f"Secret({self.reference!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")


@dataclass(frozen=True, slots=True)
class Budget:
    """What a service last said is left of an allowance that it renews at `reset_at` (aware, UTC)."""

    limit: int
    remaining: int
    reset_at: datetime


@dataclass(slots=True)
class Spent:
    """Requests sent, and rate points where the service counts those."""

    requests: int = 0
    points: int = 0


_watching: ContextVar[tuple[Spent, ...]] = ContextVar("_watching", default=())


@dataclass(slots=True)
class Meter(Spent):
    """What a run has cost so far.

    `budgets`: by credential (its reference, never its value) and bucket. The pipeline fills in what earlier runs
    were told and keeps what this one is told.
    """

    budgets: dict[tuple[str, str], Budget] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def spend(self, *, requests: int = 0, points: int = 0) -> None:
        """Count what was sent, for the run and for whoever watches."""
        with self._lock:
            everyone: tuple[Spent, ...] = (self, *_watching.get())
            for each in everyone:
                each.requests += requests
                each.points += points

    @contextmanager
    def watch(self) -> Iterator[Spent]:
        """What is spent meanwhile in this context: by this thread, and by those that it starts in a copy of it."""
        spent = Spent()
        token = _watching.set((*_watching.get(), spent))
        try:
            yield spent
        finally:
            _watching.reset(token)


def wait_quietly(seconds: float) -> bool:
    """Wait, where nobody can interrupt; false, as nobody did."""
    return threading.Event().wait(seconds)


@dataclass(frozen=True, slots=True)
class Context:
    """What a connector is given beside its own configuration.

    `source`: the source's name, for messages. `clock`: aware UTC now. `timezone`: of the configuration, whose
    days LEVEL readings are keyed by. `folder`: of the configuration file. `since`: backfill from this day.
    `is_stopping`: asked between requests; when true, return after the current batch. `wait`: the only way to let
    time pass, and only for a pace that the service publishes; true as soon as the run is to end.
    """

    source: str
    http: Http
    clock: Callable[[], datetime]
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    folder: Path = field(default_factory=Path)
    since: date | None = None
    allow_private: bool = False
    timeout: timedelta = timedelta(seconds=30)
    meter: Meter = field(default_factory=Meter)
    is_stopping: Callable[[], bool] = lambda: False
    wait: Callable[[float], bool] = wait_quietly

    def today(self) -> date:
        """The running day in the configuration's time zone."""
        return self.clock().astimezone(self.timezone).date()


@dataclass(frozen=True, slots=True)
class Connector:
    """The code for a kind of source, as a value: a name, its configuration, its streams, and how to open them.

    `config`: a frozen, keyword-only dataclass; its fields are the keys of [source.NAME] beside the common ones
    (types: str, int, float, bool, tuple[str, ...], date, Secret, tuple[Secret, ...], each also `| None`; and tables:
    Mapping[str, str], Mapping[str, Secret], Mapping[str, Mapping[str, str]]). A field without default is required;
    `metadata={"help": "…"}` documents it. `__post_init__` may raise ValueError("key: why"), with a line for each
    mistake; a key within a table is named "table.key".
    `open`: cheap, sends nothing; returns one Stream per entry of `streams` that this configuration asks for, with the
    metrics of its entry, or those of them that the configuration asks for.
    """

    name: str
    config: type[Any]
    open: Callable[[Any, Context], Sequence[Stream]]
    streams: tuple[StreamSpec, ...]
    summary: str = ""
