"""What a tool has emitted so far, and how far that is from the truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bench.github_parts.world import Rows


@dataclass(slots=True)
class Holding:
    """The union of all records by kind and id, the last one winning: what a store behind the tool would have."""

    _rows: dict[tuple[str, str], tuple[Any, str]] = field(default_factory=dict)

    def put(self, kind: str, key: Any, content: Any, whose: str = "") -> None:
        """A record; `whose`: what it is told as a part of."""
        self._rows[kind, str(key)] = content, whose

    def clear(self, whose: str) -> None:
        """All parts of this are told anew."""
        for at in [at for at, (_, owner) in self._rows.items() if owner == whose]:
            del self._rows[at]

    def rows(self) -> Rows:
        """What there is."""
        rows: Rows = {}
        for (kind, key), (content, _) in self._rows.items():
            rows.setdefault(kind, {})[key] = content
        return rows


@dataclass(frozen=True, slots=True)
class Wrong:
    """Records that a faultless tool has and this one lacks; that it holds too much; that say what was once so."""

    lacking: int
    too_many: int
    outdated: int

    @property
    def rows(self) -> int:
        """All of them."""
        return self.lacking + self.too_many + self.outdated

    def __str__(self) -> str:
        if not self.rows:
            return "0"
        parts = (f"{self.lacking} lacking", f"{self.too_many} too many", f"{self.outdated} outdated")
        return f"{self.rows} ({', '.join(part for part in parts if not part.startswith('0 '))})"


def compare(kinds: Iterable[str], held: Rows, truth: Rows) -> tuple[Wrong, dict[str, Wrong]]:
    """How wrong a tool is, of the kinds that it claims to read: in all, and kind by kind."""
    by_kind = {kind: _compare(held.get(kind, {}), truth.get(kind, {})) for kind in kinds}
    return (
        Wrong(
            sum(wrong.lacking for wrong in by_kind.values()),
            sum(wrong.too_many for wrong in by_kind.values()),
            sum(wrong.outdated for wrong in by_kind.values()),
        ),
        by_kind,
    )


def _compare(held: dict[str, Any], truth: dict[str, Any]) -> Wrong:
    return Wrong(
        len(truth.keys() - held.keys()),
        len(held.keys() - truth.keys()),
        sum(1 for key in truth.keys() & held.keys() if truth[key] != held[key]),
    )
