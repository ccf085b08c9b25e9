"""What a stream remembers of a repository between two reads, as parts of its cursor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from connectors.github.facts import instant
from connectors.github.visit import OVERLAP, write

# So many threads share a part of the cursor: one that changes rewrites a kilobyte, not all that is known.
CHUNK = 100


@dataclass(slots=True)
class Memory:
    """How far the threads of a repository are known. A thread is an issue, a pull request or a discussion.

    `until`: the newest change read. `seen_at`: when the signs were taken that this was read after. `after`: where
    the first walk, by age, goes on; None when it is over. `first_day`: earlier facts are left out. `counted_on`:
    when all were last counted. `gap`: by how many GitHub's total exceeds what it lists. `marks`: by number, what
    shows whether anything has vanished from a thread.
    """

    until: datetime | None = None
    seen_at: datetime | None = None
    after: str | None = None
    is_whole: bool = False
    first_day: date | None = None
    counted_on: date | None = None
    gap: int = 0
    marks: dict[int, str] = field(default_factory=dict)
    _dirty: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, parts: Mapping[str, Any]) -> Memory:
        """From the parts of a cursor."""
        main = parts.get("") or {}
        marks = {
            int(number): str(mark)
            for name, chunk in parts.items()
            if name[1:].isdecimal()
            for number, mark in chunk.items()
        }
        return cls(
            until=instant(main["until"]) if "until" in main else None,
            seen_at=instant(main["seen"]) if "seen" in main else None,
            after=main.get("after"),
            is_whole=bool(main.get("whole")),
            first_day=date.fromisoformat(main["from"]) if "from" in main else None,
            counted_on=date.fromisoformat(main["counted"]) if "counted" in main else None,
            gap=int(main.get("gap", 0)),
            marks=marks,
        )

    @property
    def is_settled(self) -> bool:
        """Whether no change can have slipped in beside the newest one read, unseen by a replica that lagged."""
        return self.until is None or (self.seen_at is not None and self.until <= self.seen_at - OVERLAP)

    def mark(self, number: int, mark: str) -> None:
        """A thread is read completely, and looks so."""
        if self.marks.get(number) != mark:
            self.marks[number] = mark
            self._dirty.add(number // CHUNK)

    def forget(self, numbers: Iterable[int]) -> None:
        """Threads that are gone."""
        for number in numbers:
            if self.marks.pop(number, None) is not None:
                self._dirty.add(number // CHUNK)

    def checkpoint(self) -> dict[str, Any]:
        """The parts of the cursor that have changed since the last call."""
        main: dict[str, Any] = {"whole": self.is_whole}
        if self.until is not None:
            main["until"] = write(self.until)
        if self.seen_at is not None:
            main["seen"] = write(self.seen_at)
        if self.after is not None:
            main["after"] = self.after
        if self.first_day is not None:
            main["from"] = self.first_day.isoformat()
        if self.counted_on is not None:
            main["counted"] = self.counted_on.isoformat()
        if self.gap:
            main["gap"] = self.gap
        chunks = {}
        for chunk in sorted(self._dirty):
            numbers = sorted(number for number in self.marks if number // CHUNK == chunk)
            chunks[f"/{chunk}"] = {str(number): self.marks[number] for number in numbers}
        self._dirty.clear()
        return {"": main, **chunks}
