"""A period of a person taken apart, with what the store knows of it: what moved it, and what happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from harvester.config.errors import ConfigError, Problem
from harvester.happenings import Run, quiet, silences, spike
from harvester.scorejob import Inputs, inputs, metrics_of
from harvester.spans import Span
from harvester.store import Store
from harvester.store.evidence import Evidence, evidence

if TYPE_CHECKING:
    from harvester.config import Settings
    from scoring import Anatomy

USUAL_DAYS = 56
"""How far back one looks to say what is usual on a day: two half-lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`spikes`: per side the run of days far above what is usual; `silences`: days on which a series that reports
    daily said 0; `quiet`: per side what came of what was usual, where all of it was little."""

    span: Span
    anatomy: Anatomy
    evidence: Evidence
    spikes: dict[str, Run]
    silences: tuple[Run, ...]
    quiet: dict[str, float]


def explain(
    settings: Settings, span: Span, *, person: str | None, today: date, with_facts: bool = False
) -> Explanation:
    """Take the period apart. Raises ConfigError where there is no such person or period, Busy, StoreError."""
    import scoring

    given = inputs(settings, today=today)
    who = given.person(person)
    found = scoring.anatomy(
        given.totals, given.params, person=who, grain=span.grain, period=span.start,
        participants=given.participants, now=today,
    )  # fmt: skip
    if found is None:
        raise ConfigError([Problem("", _unknown(given, who, span))])
    counted = metrics_of(given.params, "reads", "comments", "interactions", "clicks", "audience", "participants")
    with Store(settings.database, settings.timezone).reading() as connection:
        known = evidence(
            connection, person=who, grain=span.grain, before=span.before.start, period=span.start,
            ends_on=span.ends_on, first=span.start - timedelta(days=USUAL_DAYS), metrics=counted,
            with_facts=with_facts,
        )  # fmt: skip
    stopped = silences(known.days, span)
    spikes = {name: run for name in ("e", "i") if (run := spike(known.days, getattr(found, name), span))}
    return Explanation(
        span=span,
        anatomy=found,
        evidence=known,
        spikes=spikes,
        silences=stopped,
        quiet={} if stopped else quiet(found),
    )


def _unknown(given: Inputs, person: str, span: Span) -> str:
    mine = (given.totals["person"] == person) & (given.totals["grain"] == span.grain)
    starts = given.totals["period"][mine]
    if not len(starts):
        return f"nothing is known of {person} by {span.grain}"
    first, last = (Span(span.grain, day.astype("datetime64[D]").item()) for day in (starts.min(), starts.max()))
    return f"nothing is known of {person} in {span.name}; there is {first.code} to {last.code}"
