from __future__ import annotations

from datetime import date

import pytest

from harvester.spans import Span, days, parse


@pytest.mark.parametrize(
    ("text", "grain", "span", "ends_on", "name"),
    [
        ("2026-W12", None, Span("week", date(2026, 3, 16)), date(2026, 3, 23), "the week of 16 to 22 March 2026"),
        ("2026w1", None, Span("week", date(2025, 12, 29)), date(2026, 1, 5),
         "the week of 29 December 2025 to 4 January 2026"),
        ("2026-12", None, Span("month", date(2026, 12, 1)), date(2027, 1, 1), "December 2026"),
        ("2024-02-29", None, Span("day", date(2024, 2, 29)), date(2024, 3, 1), "29 February 2024"),
        ("2026-03-14", "week", Span("week", date(2026, 3, 9)), date(2026, 3, 16), "the week of 9 to 15 March 2026"),
        ("2026-03-14", "month", Span("month", date(2026, 3, 1)), date(2026, 4, 1), "March 2026"),
        ("2026-03", "day", Span("day", date(2026, 3, 1)), date(2026, 3, 2), "1 March 2026"),
    ],
)  # fmt: skip
def test_a_period_is_read_and_said(text, grain, span, ends_on, name):
    assert parse(text, grain) == span
    assert (span.ends_on, span.name) == (ends_on, name)


@pytest.mark.parametrize(
    "span", [Span("month", date(2026, 1, 1)), Span("week", date(2026, 1, 5)), Span("day", date(2026, 3, 1))]
)
def test_a_period_ends_where_the_next_begins(span):
    assert span.before.ends_on == span.start
    assert parse(span.code) == span


@pytest.mark.parametrize("text", ["", "2026", "2026-00", "2026-W54", "26-03", "2026-02-30", "yesterday", "9999-W53"])
def test_what_is_no_period_is_refused_with_the_ways_to_write_one(text):
    with pytest.raises(ValueError, match="is not a period; write a week as 2026-W12, a month as 2026-03"):
        parse(text)


def test_days_are_said_as_short_as_they_can_be():
    assert days(date(2026, 3, 3), date(2026, 3, 9)) == "3 to 9 March"
    assert days(date(2026, 3, 30), date(2026, 4, 2)) == "30 March to 2 April"
