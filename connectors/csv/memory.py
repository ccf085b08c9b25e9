"""What was told before, kept in the cursor: so that only news are told, and what is no longer said is taken back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Cursor, Kind, Observation
from connectors.csv.cells import instant_of
from connectors.csv.facts import Fact
from connectors.csv.folder import order_of
from connectors.pages import day_of

Series = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """What stands in the store: a value, when it was, and which row of which file said so first."""

    value: float
    at: datetime
    file: str
    row: int
    actor: str | None = None

    def agrees_with(self, fact: Fact) -> bool:
        """Whether a row says the same, wherever it stands."""
        return (self.value, self.at, self.actor) == (fact.value, fact.at, fact.actor)


@dataclass(frozen=True, slots=True)
class Change:
    """The news of a series: rows that say something new, keys that nobody says any more, and its new cursor part."""

    series: Series
    told: Sequence[Fact]
    taken_back: Mapping[str, Said]
    part: Mapping[str, Any] | None


@dataclass(slots=True)
class Memory:
    """The facts of one kind that were told so far, by series and key."""

    kind: Kind
    held: dict[Series, dict[str, Said]] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: Kind, cursor: Cursor) -> Memory:
        """As the cursor remembers it: a part per series, named "metric subject"."""
        memory = cls(kind)
        for name, part in cursor.items():
            metric, _, subject = name.partition(" ")
            if part:
                memory.held[metric, subject] = {key: _said(kind, key, entry) for key, entry in part.items()}
        return memory

    def changes(self, facts: Mapping[str, Sequence[Fact]], undone: set[str]) -> Iterator[Change]:
        """The news, series by series, given the facts of every file that is there.

        Later files overrule earlier ones. What a file said that is gone, but was not taken back, still holds.
        """
        now = self._now(facts, undone)
        for series in sorted({*self.held, *now}):
            before, after = self.held.get(series, {}), now.get(series, {})
            told: list[Fact] = []
            entries: dict[str, Said] = {}
            for key, said in after.items():
                known = before.get(key)
                if isinstance(said, Said):
                    entries[key] = said
                elif known and known.agrees_with(said) and known.file not in undone:
                    entries[key] = known  # the row may have moved since; what it says has not
                else:
                    told.append(said)
                    entries[key] = Said(said.value, said.at, said.file, said.row, said.actor)
            taken_back = {key: said for key, said in before.items() if key not in after}
            if told or taken_back:
                yield Change(series, told, taken_back, _part(self.kind, entries) or None)

    def _now(self, facts: Mapping[str, Sequence[Fact]], undone: set[str]) -> dict[Series, dict[str, Fact | Said]]:
        lasting: dict[str, list[tuple[Series, str, Said]]] = {}
        for series, keys in self.held.items():
            for key, said in keys.items():
                if said.file not in facts and said.file not in undone:
                    lasting.setdefault(said.file, []).append((series, key, said))
        now: dict[Series, dict[str, Fact | Said]] = {}
        for name in order_of(list(facts), list(lasting)):
            for series, key, said in lasting.get(name, ()):
                now.setdefault(series, {})[key] = said
            for fact in facts.get(name, ()):
                if fact.kind is self.kind:
                    _overrule(now.setdefault(fact.series, {}), fact)
        return now


def _overrule(keys: dict[str, Fact | Said], fact: Fact) -> None:
    """A later file has the last word; one that only repeats what was said leaves it to whoever said it first."""
    earlier = keys.get(fact.key)
    if earlier is None or (earlier.value, earlier.at, earlier.actor) != (fact.value, fact.at, fact.actor):
        keys[fact.key] = fact


def taking_back(kind: Kind, series: Series, key: str, said: Said) -> Observation:
    """The fact that undoes a fact: an event of value 0; of days and levels, one that leaves no total at all."""
    attrs = {} if kind is Kind.EVENT else {"retracted": True}
    return Observation(*series, key, said.at, 0.0, said.actor, attrs)


def days_of(kind: Kind, entries: Iterable[tuple[str, Said]], zone: ZoneInfo) -> set[date]:
    """The days of facts that were told."""
    return {said.at.astimezone(zone).date() if kind is Kind.EVENT else day_of(key) for key, said in entries}


def _said(kind: Kind, key: str, entry: Sequence[Any]) -> Said:
    value, file, row, *more = entry
    at = datetime.fromisoformat(more[0]) if kind is Kind.EVENT else instant_of(day_of(key))
    return Said(float(value), at, file, row, more[1] if len(more) > 1 else None)


def _part(kind: Kind, entries: Mapping[str, Said]) -> dict[str, Any]:
    return {
        key: [said.value, said.file, said.row, *([said.at.isoformat(), said.actor] if kind is Kind.EVENT else [])]
        for key, said in sorted(entries.items())
    }
