"""Instants as services write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.instants import instant_of, instant_of_seconds

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T10:00:00.123Z", datetime(2026, 11, 20, 10, 0, 0, 123000, UTC)),
        ("2026-11-20T12:00:00.000+02:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-28T12:00:00Z", datetime(2026, 11, 28, 12, tzinfo=UTC)),
    ],
)
def test_an_instant_is_told_in_utc(written, instant):
    assert instant_of(written, NOW) == instant


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "yesterday",
        7,
        "2026-11-20T10:00:00",
        "1767-01-01T00:00:00Z",
        "2031-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_what_is_no_possible_instant_is_refused(written):
    with pytest.raises(ValueError, match="not"):
        instant_of(written, NOW)


def test_seconds_are_an_instant():
    assert instant_of_seconds(1_763_632_800, NOW) == datetime(2025, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [None, "1763632800", True, -1, 10**20, 10**12, float("nan")])
def test_what_are_no_seconds_is_refused(seconds):
    with pytest.raises(ValueError, match="not"):
        instant_of_seconds(seconds, NOW)
