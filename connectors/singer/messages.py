"""What a tap says, line by line: RECORD, SCHEMA, STATE and ACTIVATE_VERSION, made into batches."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Batch, Coverage, Kind, Listing, Observation, Reject, Subject
from connectors.errors import Malformed
from connectors.singer.mapping import Rule, told_by

MOST_HELD = 100_000
"""Facts that are kept to see what has vanished from a table, or what counts twice."""

LARGEST_STATE = 512 * 1024

_FACTS_PER_BATCH = 1000


@dataclass(slots=True)
class Conversation:
    """What one run of a tap has said so far.

    `begun`: the text of the state that it started from. `mapping`: a digest of the rules, kept beside each state.
    `read_on`: the day of the last whole read, from which this one goes on. `masked`: makes a text fit to be shown.
    """

    source: str
    rules: Sequence[Rule]
    today: date
    now: datetime
    zone: ZoneInfo
    begun: str
    mapping: str
    read_on: date | None
    masked: Callable[[str], str]
    _keys: dict[str, Sequence[str]] = field(default_factory=dict)
    _facts: list[Observation] = field(default_factory=list)
    _rejects: list[Reject] = field(default_factory=list)
    _subjects: dict[str, Subject] = field(default_factory=dict)
    _described: dict[str, Subject] = field(default_factory=dict)
    _identities: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _versions: dict[str, Any] = field(default_factory=dict)
    _held: dict[str, dict[str, dict[str, Observation]]] = field(default_factory=dict)
    _held_count: int = 0
    _days: dict[str, set[date]] = field(default_factory=dict)
    _messages: int = 0

    def hear(self, line: bytes) -> Iterator[Batch]:
        """Take a line in; yields a batch when a STATE makes what came before it safe, or when much has gathered.

        Raises Malformed for a line that is no message.
        """
        if not line.strip():
            return
        message = self._parsed(line)
        self._messages += 1
        kind = message.get("type")
        if kind == "RECORD":
            self._record(message)
        elif kind == "SCHEMA":
            self._schema(message)
        elif kind == "STATE":
            yield self._batch({"state": self._state(message), "mapping": self.mapping})
            return
        elif kind == "ACTIVATE_VERSION":
            self._versions[str(message.get("stream"))] = message.get("version")
        elif kind == "BATCH":
            raise Malformed(f"{self.source}: the tap sends files (BATCH)", remedy="switch batches off in its config")
        else:
            self._rejects.append(Reject(str(kind)[:60], "is no message of Singer's"))
        if len(self._facts) >= _FACTS_PER_BATCH:
            yield self._batch(None)

    def end(self, subjects: Mapping[str, Sequence[str]]) -> Iterator[Batch]:
        """The tap has ended well: what is left, and what has vanished from tables that it told completely.

        `subjects`: of which each table held facts when it was last told completely. Raises Malformed for a tap that
        said nothing at all.
        """
        if not self._messages:
            raise Malformed(
                f"{self.source}: the tap ended well and said nothing",
                remedy="run it by hand; perhaps no stream is selected in its catalog",
            )
        for rule in self.rules:
            if self._is_complete(rule):
                now = self._held.get(rule.name, {})
                yield from self._listed(rule, now, subjects.get(rule.name, ()))
        last = self._batch({})
        done = {"read_on": str(self.today), "mapping": self.mapping}
        yield Batch(last.observations, last.rejects, done, last.subjects, [*self._coverage()])

    def _parsed(self, line: bytes) -> dict[str, Any]:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            shown = self.masked(line[:1000].decode(errors="replace"))[:80]
            raise Malformed(f"{self.source}: the tap says what is no message: {shown!r}")
        return message

    def _schema(self, message: Mapping[str, Any]) -> None:
        stream, schema = str(message.get("stream")), message.get("schema")
        keys = message.get("key_properties") or []
        if not isinstance(schema, Mapping) or not isinstance(keys, list) or not all(isinstance(k, str) for k in keys):
            raise Malformed(f"{self.source}: the schema of stream {stream[:80]!r} is none")
        self._keys[stream] = keys
        properties = schema.get("properties")
        if not isinstance(properties, Mapping) or not properties:
            return
        for rule in self.rules:
            if rule.stream == stream and (why := rule.unknown_property(properties)):
                raise Malformed(f"{self.source}: {why}", remedy=f"mend [source.{self.source}.streams.{rule.name}]")

    def _state(self, message: Mapping[str, Any]) -> Any:
        state = message.get("value")
        if not isinstance(state, Mapping):
            raise Malformed(f"{self.source}: a state of the tap is no object")
        if len(json.dumps(state)) > LARGEST_STATE:
            raise Malformed(f"{self.source}: a state of the tap is larger than {LARGEST_STATE >> 10} KiB")
        return state

    def _record(self, message: Mapping[str, Any]) -> None:
        stream, record = message.get("stream"), message.get("record")
        if not isinstance(stream, str) or not isinstance(record, Mapping):
            raise Malformed(f"{self.source}: a record of the tap has no stream or no content")
        if stream not in self._keys:
            raise Malformed(f"{self.source}: stream {stream[:80]!r} has a record before its schema")
        for rule in self.rules:
            if rule.stream == stream:
                self._tell(rule, record, message.get("version"))

    def _tell(self, rule: Rule, record: Mapping[str, Any], version: Any) -> None:
        try:
            told = told_by(rule, record, self._keys[rule.stream], self.source, self.today, self.now)
            if told is None:
                return
            fact = told.fact
            if rule.kind is not Kind.EVENT:
                place = (fact.metric, fact.subject, fact.key)
                first = self._identities.get(place, told.identity)
                if len(self._identities) < MOST_HELD:
                    self._identities[place] = first
                if first != told.identity:
                    raise Malformed(
                        f"{self.source}: stream {rule.stream} has several records of {fact.subject[:80]!r} for"
                        f" {fact.key} ({first[:80]}, {told.identity[:80]}), and only one can be its {fact.metric}",
                        remedy="name in `subject` what tells them apart",
                    )
        except ValueError as error:
            named = {key: record.get(key) for key in self._keys[rule.stream]}  # the rest is nobody's business
            self._rejects.append(Reject(f"{rule.stream} {str(named)[:100]}", str(error)))
            return
        self._facts.append(fact)
        if self._described.get(told.subject.id) != told.subject:
            self._described[told.subject.id] = self._subjects[told.subject.id] = told.subject
        self._days.setdefault(fact.metric, set()).add(self._day(rule, fact))
        if version is not None and rule.kind is Kind.EVENT:
            self._hold(rule, fact)

    def _day(self, rule: Rule, fact: Observation) -> date:
        is_event = rule.kind is Kind.EVENT
        return fact.occurred_at.astimezone(self.zone).date() if is_event else date.fromisoformat(fact.key)

    def _hold(self, rule: Rule, fact: Observation) -> None:
        """Keep it until the table is told completely; beyond the most that is kept, nothing is taken back."""
        self._held_count += 1
        if self._held_count <= MOST_HELD:
            self._held.setdefault(rule.name, {}).setdefault(fact.subject, {})[fact.key] = fact

    def _is_complete(self, rule: Rule) -> bool:
        """Whether this run has told the whole of a table, and nothing else tells its metric.

        Not if the version was known before: then an earlier run has told a part of it, or only changes came.
        """
        version = self._versions.get(rule.stream)
        is_alone = sum(rule.metric == other.metric for other in self.rules) == 1
        is_new = version is not None and str(version) not in self.begun
        return is_new and is_alone and rule.kind is Kind.EVENT and self._held_count <= MOST_HELD

    def _listed(
        self, rule: Rule, now: Mapping[str, Mapping[str, Observation]], before: Sequence[str]
    ) -> Iterator[Batch]:
        cause = "no longer in the tap's table"
        for subject in sorted({*now, *before}):
            listing = Listing(rule.metric, subject, cause=cause)
            yield Batch(list(now.get(subject, {}).values()), listings=[listing])
        yield Batch(checkpoint={f"table {rule.name}": sorted(now)})

    def _batch(self, checkpoint: Mapping[str, Any] | None) -> Batch:
        batch = Batch(self._facts, self._rejects, checkpoint, list(self._subjects.values()))
        self._facts, self._rejects, self._subjects = [], [], {}
        return batch

    def _coverage(self) -> Iterator[Coverage]:
        """Of events, all since the last whole read or the first one told; of the others, the days told."""
        for rule in {rule.metric: rule for rule in self.rules}.values():
            days = self._days.get(rule.metric, set())
            if rule.kind is Kind.EVENT:
                begins_on = min([*days, self.read_on or self.today, self.today])
                yield Coverage(begins_on, self.today, metrics=(rule.metric,))
                continue
            for day in sorted(days):
                yield Coverage(day, day, metrics=(rule.metric,))
            if self.today not in days:
                why = "the tap told nothing of it"
                yield Coverage(self.today, self.today, "missing", why, (rule.metric,))
