"""Downloads of a package per day, as pypistats.org counts them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from connectors.base import (
    Batch,
    Connector,
    Context,
    Coverage,
    Cursor,
    Kind,
    Metric,
    Observation,
    Reject,
    StreamSpec,
    Subject,
)
from connectors.errors import Malformed

SPEC = StreamSpec("downloads", (Metric("downloads", Kind.DAILY),), retention_days=180)


@dataclass(frozen=True, slots=True, kw_only=True)
class PypiConfig:
    package: str = field(metadata={"help": "name of the package on PyPI"})


@dataclass(frozen=True, slots=True)
class Downloads:
    config: PypiConfig
    context: Context
    spec: StreamSpec = SPEC

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        package = self.config.package
        url = f"https://pypistats.org/api/packages/{package}/overall"
        page = self.context.http.get(url, params={"mirrors": "false"}, validators=cursor)
        if page is None:  # 304: nothing new, and the cursor stays
            return
        answer = page.json()
        if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
            raise Malformed(f"{url}: answered no list of days")
        facts, rejects = [], []
        for row in answer["data"]:
            try:
                start = datetime.combine(date.fromisoformat(row["date"]), time(), UTC)
                facts.append(Observation("downloads", package, str(start.date()), start, float(row["downloads"])))
            except (KeyError, TypeError, ValueError) as error:
                rejects.append(Reject(str(row)[:200], repr(error)))
        days = [fact.occurred_at.date() for fact in facts]
        coverage = [Coverage(min(days), max(days))] if days and not rejects else []
        yield Batch(facts, rejects, page.validators, [Subject(package, package, "repo")], coverage)


CONNECTOR = Connector("pypistats", PypiConfig, lambda c, context: [Downloads(c, context)], (SPEC,), "PyPI downloads")
