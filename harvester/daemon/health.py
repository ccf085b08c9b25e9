"""Whether the daemon does its work, for those who would restart it or wake somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from harvester.findings import Kind, findings, stamp

if TYPE_CHECKING:
    from harvester.standing import Report


class EndpointError(Exception):
    """Nobody can listen at the address; the text says why and what to do."""


STALE_AFTER = timedelta(hours=1)
# A source that fails is its own affair: it is read at its times, and told of elsewhere.
_ILL = frozenset({Kind.BLOCKED, Kind.STUCK, Kind.OVERDUE})


@dataclass(frozen=True, slots=True)
class Health:
    """Well without reasons, ill with them."""

    reasons: tuple[str, ...] = ()


def health_of(report: Report, now: datetime) -> Health:
    """Ill where sources are overdue beyond their tolerance, nothing gets into the database, or nobody looks any more:
    a report of more than an hour ago says nothing about `now`.
    """
    reasons = [finding.text for finding in findings(report) if finding.kind in _ILL]
    if now - report.now > STALE_AFTER:
        reasons.append(f"how things stand was last looked up {stamp(report.now)}; see the log of the daemon")
    return Health(tuple(reasons))
