"""A connector made for the conformance suite, and the ways to break it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from connectors.base import (
    Batch,
    Connector,
    Context,
    Coverage,
    Cursor,
    Kind,
    Metric,
    Observation,
    Secret,
    StreamSpec,
    Subject,
)
from connectors.testing import NOW, Answer, Case, known_secret

KEY = "s3cr3t-key-9f2c"
TODAY = "2026-11-25"  # in the zone of the suite
AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
SPEC = StreamSpec("pages", (Metric("clicks", Kind.EVENT), Metric("reads", Kind.DAILY), Metric("likes", Kind.LEVEL)))
PAGE = Subject("p1", "https://site.example/", "post")
EVENT = Observation("clicks", "p1", "c1", AT)
DAILY = Observation("reads", "p1", "2026-11-20", AT, 7)
LEVEL = Observation("likes", "p1", TODAY, NOW, 3)
FIRST = Batch([EVENT], subjects=[PAGE], checkpoint={"seen": 1})
LAST = Batch([DAILY, LEVEL], coverage=[Coverage(date(2026, 11, 20), date(2026, 11, 25))], checkpoint={"seen": 2})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    key: Secret = field(metadata={"help": "key of the service"})


@dataclass(frozen=True)
class Pages:
    """A stream of two pages: a sound one, and what the broken ones differ from."""

    config: Config
    context: Context
    spec: StreamSpec = SPEC

    def ask(self) -> Any:
        headers = {"Authorization": f"Bearer {self.config.key.reveal()}"}
        page = self.context.http.get("https://site.example/api", headers=headers)
        return page.json()

    def batches(self) -> list[Batch]:
        return [FIRST, LAST]

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        for batch in self.batches()[cursor.get("seen", 0) :]:
            self.ask()
            yield batch
            if self.context.is_stopping():
                return


def connector_of(stream: type[Pages], **changes) -> Connector:
    sound = Connector("shop", Config, lambda config, context: [stream(config, context)], (SPEC,), "pages of a shop")
    return replace(sound, **changes)


def case_of(connector: Connector, **changes) -> Case:
    case = Case(
        connector=connector,
        config=Config(key=known_secret(KEY)),
        answer=lambda request: Answer(200, {}, b"{}"),
        secrets=[KEY],
    )
    return replace(case, **changes)


def yielding(*batches: Batch) -> type[Pages]:
    """A stream that gives these batches instead."""

    class Other(Pages):
        def batches(self):
            return list(batches)

    return Other
