"""What segments that are not loaded yet say of runs and days: it was read, though the database does not know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.base import Kind, StreamSpec
from harvester.retention import Known, Memory, Span

if TYPE_CHECKING:
    from harvester.spool import Segment


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of a stream ended; naive UTC."""

    finished_at: datetime
    outcome: str
    message: str


@dataclass(slots=True)
class Unloaded:
    """What waits of one source; naive UTC, as in the spool."""

    ended: dict[str, list[Ended]] = field(default_factory=dict)
    last_success: datetime | None = None
    served: datetime | None = None
    paused_until: datetime | None = None
    has_ended: bool = False
    _spans: dict[str, list[tuple[Mapping[str, Any], datetime]]] = field(default_factory=dict)

    def add(self, segment: Segment) -> None:
        """Take note of a segment; the oldest comes first."""
        stream, finish = segment.stream[1], segment.finish
        self._spans.setdefault(stream, []).extend((span, segment.observed_at) for span in segment.coverage)
        if finish is None:
            return
        self.has_ended = True
        finished_at = datetime.fromisoformat(finish["finished_at"])
        paused_until = finish["paused_until"]
        self.paused_until = datetime.fromisoformat(paused_until) if paused_until else None
        if finish["succeeded"]:
            self.last_success = finished_at
        if finish.get("served"):
            self.served = datetime.fromisoformat(finish["served"])
        if finish["outcome"] != "interrupted":
            self.ended.setdefault(stream, []).append(Ended(finished_at, finish["outcome"], finish["message"]))

    def known(self, spec: StreamSpec, memory: Memory) -> list[Known]:
        """What the spans of a stream say of its days.

        One that speaks of some metrics only says nothing of the days as a whole.
        """
        told = {metric.name for metric in spec.metrics if metric.kind is not Kind.LEVEL}
        found: list[Known] = []
        for span, observed_at in self._spans.get(spec.name, ()):
            if span["metrics"] is not None and not told <= set(span["metrics"]):
                continue
            days = Span(date.fromisoformat(span["first_day"]), date.fromisoformat(span["last_day"]))
            read_on = observed_at.replace(tzinfo=UTC).astimezone(memory.zone).date()
            # What had ended by then was read whole.
            whole = Span(days.first_day, min(days.last_day, read_on - timedelta(days=1)))
            rest = Span(max(days.first_day, read_on), days.last_day)
            found += [
                Known(part, span["state"], is_whole)
                for part, is_whole in ((whole, True), (rest, False))
                if part.days > 0
            ]
        return found


def unloaded(segments: Sequence[Segment]) -> dict[str, Unloaded]:
    """What waits, by source."""
    found: dict[str, Unloaded] = {}
    for segment in segments:
        found.setdefault(segment.stream[0], Unloaded()).add(segment)
    return found
