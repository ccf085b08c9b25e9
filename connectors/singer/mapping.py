"""What the records of a tap mean: a table of the configuration, checked, and what it makes of a record."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from connectors.base import Kind, Observation, Subject
from connectors.metrics import USUAL, metric_of, subject_kind, unknown
from connectors.nearest import nearest
from connectors.pages import noon

KEYS = ("stream", "metric", "kind", "day", "value", "subject", "title", "url", "key", "actor")

_PROPERTIES = ("day", "value", "subject", "title", "url", "actor")
_FIRST_DAY = date(1990, 1, 1)
_AHEAD = timedelta(days=2)
_LONGEST_KEY = 500
_LONGEST_TEXT = 1000
_DELETED = "_sdc_deleted_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What the records of one stream of the tap are. `key`: the properties that tell its records apart."""

    name: str
    stream: str
    metric: str
    kind: Kind
    day: str = ""
    value: str = ""
    subject: str = ""
    title: str = ""
    url: str = ""
    actor: str = ""
    key: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, table: Mapping[str, str]) -> Rule:
        """From a table that `mistakes` has found nothing wrong with."""
        texts = {key: table[key] for key in (*_PROPERTIES, "metric") if key in table}
        kind = Kind(table["kind"]) if "kind" in table else USUAL[table["metric"]]
        key = tuple(part.strip() for part in table.get("key", "").split(",") if part.strip())
        return cls(name=name, stream=table.get("stream", name), kind=kind, key=key, **texts)

    def unknown_property(self, properties: Mapping[str, Any]) -> str:
        """What to say of a property that the tap's schema does not have, or nothing."""
        for path in (*self.key, *(getattr(self, key) for key in _PROPERTIES)):
            first = path.partition(".")[0]
            if path and first not in properties and path not in properties:
                near = nearest(first, properties)
                hint = f"did you mean {near}?" if near else f"it has {', '.join(list(properties)[:30])}"
                return f"stream {self.stream} has no property {first!r}; {hint}"
        return ""


def mistakes(streams: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Everything that is wrong with the tables, as "streams.name: why"."""
    kinds: dict[str, Kind] = {}
    for name, table in streams.items():
        place = f"streams.{name}"
        for key in table:
            if key not in KEYS:
                near = nearest(key, KEYS)
                hint = f"did you mean {near}?" if near else f"known are {', '.join(KEYS)}"
                yield f"{place}: unknown key {key!r}; {hint}"
        metric = table.get("metric", "")
        if metric not in USUAL:
            yield f"{place}: {unknown(metric) if metric else 'metric is missing'}"
            continue
        kind = table.get("kind", USUAL[metric].value)
        if kind not in [*Kind]:
            yield f"{place}: kind {kind!r} is not one of event, daily, level"
            continue
        if kinds.setdefault(metric, Kind(kind)) != kind:
            yield f"{place}: {metric} is {kind} here and {kinds[metric]} in another table, and would count twice"
        if kind != Kind.LEVEL and "day" not in table:
            yield f"{place}: day is missing; name the property that tells when"
        if kind != Kind.EVENT and "value" not in table:
            yield f"{place}: value is missing; name the property that tells how many"


def kinds_of(streams: Mapping[str, Mapping[str, str]]) -> set[tuple[str, Kind]]:
    """The metrics that may come, each with its kind."""
    return {(rule.metric, rule.kind) for rule in (Rule.of(name, table) for name, table in streams.items())}


@dataclass(frozen=True, slots=True)
class Told:
    """A fact of a record, what it is about, and what tells the record apart from others."""

    fact: Observation
    subject: Subject
    identity: str


def told_by(
    rule: Rule, record: Mapping[str, Any], key_properties: Sequence[str], source: str, today: date, now: datetime
) -> Told | None:
    """The fact of a record; None where it has none: no day yet, or a number that is not known.

    Raises ValueError for a record that cannot be used.
    """
    identity = _identity(record, rule.key or tuple(key_properties))
    value = _value(record, rule.value) if rule.value else 1.0
    when = _when(record, rule.day, today) if rule.day else (today, noon(today))
    if value is None or when is None:
        return None
    day, at = when
    if rule.kind is Kind.EVENT:
        if not identity:
            raise ValueError("nothing tells it apart; name a property in key")
        key = identity
        value = 0.0 if record.get(_DELETED) else value
    else:
        key, at = str(day), min(noon(day), now) if day == today else noon(day)
    subject = _text(record, rule.subject) or source
    title, url = _text(record, rule.title), _text(record, rule.url)
    actor = _text(record, rule.actor) or None
    fact = Observation(rule.metric, subject, key, at, value, actor, {"stream": rule.stream})
    name = url or title or subject
    return Told(fact, Subject(subject, name, subject_kind(rule.metric), title, url), identity)


def property_of(record: Mapping[str, Any], path: str) -> Any:
    """A property, also of an object within: user.login. None where it is not there."""
    if path in record:
        return record[path]
    found: Any = record
    for part in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def _identity(record: Mapping[str, Any], properties: Sequence[str]) -> str:
    parts = [property_of(record, path) for path in properties]
    if any(isinstance(part, dict | list) or part is None for part in parts):
        raise ValueError(f"its key ({', '.join(properties)}) is not told")
    identity = "|".join(str(part) for part in parts)
    if len(identity) > _LONGEST_KEY:
        raise ValueError(f"its key has {len(identity)} characters")
    return identity


def _value(record: Mapping[str, Any], path: str) -> float | None:
    given = property_of(record, path)
    if given is None:
        return None
    try:
        value = math.nan if isinstance(given, bool | dict | list) else float(given)
    except (ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{path}: {str(given)[:60]!r} is no count")
    return value


def _text(record: Mapping[str, Any], path: str) -> str:
    given = property_of(record, path) if path else None
    if given is None or isinstance(given, dict | list):
        return ""
    return " ".join(str(given).split())[:_LONGEST_TEXT]


def _when(record: Mapping[str, Any], path: str, today: date) -> tuple[date, datetime] | None:
    given = property_of(record, path)
    if given is None or given == "":
        return None
    text = str(given).strip()
    try:
        if re.fullmatch(r"[0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            day = date.fromisoformat(text)
            at = noon(day)
        elif re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]", text):
            moment = datetime.fromisoformat(text)
            day = moment.date()
            at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        else:
            raise ValueError
    except (ValueError, OverflowError):
        raise ValueError(f"{path}: {text[:60]!r} is no day") from None
    if not _FIRST_DAY <= day <= today + _AHEAD:
        raise ValueError(f"{path}: {text[:60]!r} is out of range")
    return day, at


def declared() -> list[tuple[str, Kind]]:
    """Every metric in every kind."""
    return [(name, kind) for name in USUAL for kind in Kind]


def metric_for(name: str, kind: Kind) -> Any:
    """The metric as a stream declares it; its days are the tap's."""
    return metric_of(name, kind, tz="tap")
