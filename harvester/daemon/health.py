"""Whether the daemon does its work, for those who would restart it or wake somebody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvester.findings import Kind, findings

if TYPE_CHECKING:
    from harvester.standing import Report

# A source that fails is its own affair: it is read at its times, and told of elsewhere.
_ILL = frozenset({Kind.BLOCKED, Kind.STUCK, Kind.OVERDUE})


@dataclass(frozen=True, slots=True)
class Health:
    """Well without reasons, ill with them."""

    reasons: tuple[str, ...] = ()


def health_of(report: Report) -> Health:
    """Ill where sources are overdue beyond their tolerance, or nothing gets into the database."""
    return Health(tuple(finding.text for finding in findings(report) if finding.kind in _ILL))
