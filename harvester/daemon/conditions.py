"""Which findings are worth a message, and what makes two of them the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvester.findings import STUCK_AFTER, Finding, Kind, findings

if TYPE_CHECKING:
    from harvester.standing import Report

FAILURES = 3

_OVER = {
    Kind.BLOCKED: "nothing could be loaded",
    Kind.STUCK: "nothing could be loaded",
    Kind.CONFIG: "a changed configuration was not taken over",
    Kind.DISK: "the disk was almost full",
    Kind.AT_RISK: "days of {source} {stream} were about to be lost",
    Kind.FAILING: "{source} failed",
    Kind.HANGING: "{source} hung",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that lasts and is told when it begins and when it is over.

    `key`: the same as long as it lasts, whatever `text` says meanwhile. `over`: what is told then; empty: nothing.
    """

    key: str
    kind: str
    text: str
    source: str = ""
    over: str = ""


def conditions(report: Report) -> list[Condition]:
    """What of a report is worth a message. A token that is about to expire is not in it: no connector knows when."""
    return [_condition(finding) for finding in findings(report) if _is_worth_it(finding, report)]


def _is_worth_it(finding: Finding, report: Report) -> bool:
    if finding.kind is Kind.OVERDUE:
        return False  # what delays it is told, and what it would lose
    if finding.kind is Kind.FAILING:
        return finding.is_refused or finding.times >= FAILURES
    if finding.kind is Kind.BLOCKED:
        return finding.since is not None and report.now - finding.since > STUCK_AFTER
    return True


def _condition(finding: Finding) -> Condition:
    # A reader in the way and a spool that stays full for another reason are one thing to whoever is told.
    kind = Kind.BLOCKED if finding.kind is Kind.STUCK else finding.kind
    over = _OVER.get(kind, "").format(source=finding.source, stream=finding.stream)
    key = ":".join(part for part in (kind, finding.source, finding.stream) if part)
    return Condition(key, str(kind), finding.text, finding.source, over)
