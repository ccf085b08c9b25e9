"""How facts, subjects, listings and what is known of days are written in a segment: as JSON, a line each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import orjson

from connectors.base import Coverage, Listing, Observation, Subject

# Half a surrogate pair, left where a service cut a title, is no Unicode: as an escape DuckDB refuses the whole file.
LONE = "replace"
_OLDEST = date(1990, 1, 1)
# Sorted: attrs are compared as text. What is no JSON by itself is refused, as by json.
_STRICT = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def _encode(line: Mapping[str, Any]) -> bytes:
    """Raises TypeError or ValueError for what is no JSON."""
    try:
        return orjson.dumps(line, option=_STRICT)
    except orjson.JSONEncodeError:
        return _encode_anything(line)


def _encode_anything(line: Mapping[str, Any]) -> bytes:
    """Also what orjson does not take: half a surrogate pair, numbers of more than 64 bits, keys that are numbers."""
    return json.dumps(line, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode(errors=LONE)


def observation_line(observation: Observation, n: int) -> bytes:
    """A fact, as line `n` of its segment."""
    attrs, moment = observation.attrs, observation.occurred_at
    line = {
        "metric": observation.metric,
        "subject": observation.subject,
        "key": observation.key,
        # To spell it ourselves takes half as long as all the rest; anywhere else in the line an instant is refused.
        "occurred_at": orjson.Fragment(orjson.dumps(moment if moment.tzinfo is UTC else moment.astimezone(UTC))),
        "value": float(observation.value),
        "actor": observation.actor,
        "attrs": attrs,
        "left_out": _left_out(attrs) if attrs else None,
        "n": n,
    }
    try:
        return orjson.dumps(line, option=_STRICT)
    except orjson.JSONEncodeError:
        return _encode_anything({**line, "occurred_at": stamp(moment)})


def _left_out(attrs: Mapping[str, Any]) -> str | None:
    if attrs.get("bot"):
        return "bot"
    if attrs.get("direction") == "self":
        return "self"
    return "retracted" if attrs.get("retracted") else None


def subject_line(subject: Subject, n: int) -> bytes:
    """What facts are about, as line `n`."""
    return _encode(
        {
            "subject": subject.id,
            "name": subject.name,
            "kind": subject.kind,
            "title": subject.title,
            "url": subject.url,
            "published_at": stamp(subject.published_at) if subject.published_at else None,
            "n": n,
        }
    )


def listing_line(listing: Listing, n: int) -> bytes:
    """What was told completely, as line `n`."""
    return _encode(
        {
            "listed": listing.metric,
            "subject": listing.subject,
            "on": listing.on,
            "numbers": None if listing.numbers is None else list(listing.numbers),
            "is_rest": listing.is_rest,
            "cause": listing.cause,
            "since": stamp(listing.since) if listing.since else None,
            "n": n,
        }
    )


def coverage_value(span: Coverage) -> dict[str, Any]:
    """What is known of some days."""
    return {
        # A source that speaks of the year 1 would cost a row for every day since.
        "first_day": max(span.first_day, _OLDEST).isoformat(),
        "last_day": span.last_day.isoformat(),
        "state": span.state,
        "reason": span.reason,
        "metrics": list(span.metrics) if span.metrics is not None else None,
        "takes_back": span.takes_back,
    }


def stamp(moment: datetime) -> str:
    """Naive UTC in ISO form: the store keeps no zones (an aware value would be converted to the session's)."""
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat(" ")[: -len("+00:00")]


def jsonable(value: Any) -> Any:
    """A field of Read or Finish."""
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, Mapping):
        return [
            {"credential": credential, "bucket": bucket, "limit": left.limit, "remaining": left.remaining,
             "reset_at": stamp(left.reset_at)}
            for (credential, bucket), left in value.items()
        ]  # fmt: skip
    if isinstance(value, tuple):
        return [{"name": m.name, "kind": m.kind.value, "revise": m.revise, "gauge": m.gauge} for m in value]
    return value


def plain(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The checkpoint as it comes back from JSON, so that comparing it with the stored one is exact."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(checkpoint), ensure_ascii=False).encode(errors=LONE))
    return plain
