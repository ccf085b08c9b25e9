"""The conformance suite: what every connector keeps, ours and yours.

A connector is described by a `Case`: a configuration, and a fake of its service that holds at least one fact for
every stream. Each check is a function that raises AssertionError with the reason:

    CONFIG = MyConfig(site="example.org", api_key=known_secret("key-1"))
    CASE = Case(connector=CONNECTOR, config=CONFIG, answer=answer, secrets=["key-1"])

    @pytest.mark.parametrize("check", checks_for(CASE))
    def test_conforms(check):
        check(CASE)
"""

from __future__ import annotations

from collections.abc import Callable

from connectors.testing.case import NOW, ZONE, Answer, Case, Mood, Wire, known_secret
from connectors.testing.conduct import (
    asks_web,
    check_empty_answer,
    check_login_page,
    check_outage,
    check_rate_limit,
    check_refusal,
    check_secrets,
    check_waiting,
)
from connectors.testing.declaration import check_declaration, check_opening
from connectors.testing.facts import check_coverage, check_facts, check_rereading, check_resuming

__all__ = [
    "CHECKS",
    "NOW",
    "WEB_CHECKS",
    "ZONE",
    "Answer",
    "Case",
    "Check",
    "Mood",
    "Wire",
    "check_connector",
    "checks_for",
    "known_secret",
]

Check = Callable[[Case], None]
"""Raises AssertionError with the reason."""

CHECKS: tuple[Check, ...] = (
    check_declaration,
    check_opening,
    check_facts,
    check_coverage,
    check_rereading,
    check_resuming,
    check_waiting,
    check_secrets,
)
WEB_CHECKS: tuple[Check, ...] = (
    check_refusal,
    check_outage,
    check_login_page,
    check_empty_answer,
    check_rate_limit,
)


def checks_for(case: Case) -> tuple[Check, ...]:
    """The checks that apply: the faults of a web service only where there is one."""
    return CHECKS + (WEB_CHECKS if asks_web(case) else ())


def check_connector(case: Case) -> None:
    """All checks that apply, the first failure raised."""
    for check in checks_for(case):
        check(case)
