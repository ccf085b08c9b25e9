"""Which failures a walk over many repositories survives."""

from __future__ import annotations

import pytest
from github_script import NOW

from connectors.errors import (
    AuthFailed,
    ConnectorError,
    Gone,
    Malformed,
    NotPermitted,
    RateLimited,
    Unavailable,
)
from connectors.github.failures import SwitchedOff
from connectors.github.tally import OUTAGE, Ended, Tally


def tally_of(*errors: BaseException | None) -> Tally:
    tally = Tally()
    for error in errors:
        tally.end(Ended(error))
    return tally


def test_failures_of_single_tasks_are_kept_and_switched_off_is_none() -> None:
    tally = tally_of(Gone("a"), None, NotPermitted("b"), Malformed("c"), Unavailable("d"), SwitchedOff("e"))
    tally.finish()
    assert [problem.what for problem in tally.problems] == ["a", "b", "c", "d"]
    assert [problem.what for problem in tally.switched_off] == ["e"]


@pytest.mark.parametrize(
    ("error", "is_success"), [(None, True), (Gone("x"), False), (SwitchedOff("x"), False), (Unavailable("x"), False)]
)
def test_only_a_task_without_error_has_succeeded(error: ConnectorError | None, is_success: bool) -> None:
    assert Tally().end(Ended(error)) is is_success


@pytest.mark.parametrize("error", [AuthFailed("x"), RateLimited("x", retry_at=NOW), ValueError("ours")])
def test_what_concerns_all_stops_the_walk(error: Exception) -> None:
    with pytest.raises(type(error)):
        Tally().end(Ended(error))


def test_an_outage_is_so_many_in_a_row() -> None:
    tally = tally_of(*[Unavailable("x"), None] * OUTAGE, *[Unavailable("x")] * (OUTAGE - 1))
    with pytest.raises(Unavailable, match="so did the 2 before") as caught:
        tally.end(Ended(Unavailable("x")))
    assert "down" in caught.value.remedy


def test_another_failure_in_between_is_no_outage() -> None:
    down = [Unavailable("x")] * (OUTAGE - 1)
    assert len(tally_of(*down, Gone("y"), *down).problems) == 2 * OUTAGE - 1


@pytest.mark.parametrize(
    ("errors", "first"),
    [
        ([Gone("x"), Malformed("x"), NotPermitted("x"), Unavailable("x")], Unavailable),
        ([Gone("x"), Malformed("x"), NotPermitted("x")], NotPermitted),
        ([Gone("x"), Malformed("x")], Malformed),
        ([Gone("x"), Gone("x")], Gone),
    ],
)
def test_where_all_failed_the_most_urgent_is_raised(
    errors: list[ConnectorError], first: type[ConnectorError]
) -> None:
    with pytest.raises(first):
        tally_of(*errors).finish()


@pytest.mark.parametrize("errors", [[], [None], [SwitchedOff("x"), Gone("y")], [Gone("x"), None]])
def test_where_something_was_read_or_is_switched_off_nothing_is_raised(errors: list[ConnectorError | None]) -> None:
    assert tally_of(*errors).finish() is None
