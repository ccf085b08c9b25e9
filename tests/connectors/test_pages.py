"""Days, counts and addresses as counters of readers tell them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from connectors.pages import count_of, day_of, noon, page_url, spans, split_site


@pytest.mark.parametrize(
    "text", ["2026-11-24T00:00:00Z", "20261124", "2026-W48-2", "24.11.2026", "2026-13-01", "", None, 5]
)
def test_only_a_plain_day_is_a_day(text):
    with pytest.raises(ValueError, match=r"day|month|range"):
        day_of(text)


def test_counts_written_as_text_or_as_whole_floats_are_counts():
    assert [count_of(value) for value in (0, 7, "7", 7.0)] == [0, 7, 7, 7]


@pytest.mark.parametrize(
    "value", [-1, 1.5, "1,234", "-3", "٣", "", None, True, float("nan"), float("inf"), [], 10**13]
)
def test_what_is_not_a_count_is_refused(value):
    with pytest.raises(ValueError, match="not a count"):
        count_of(value)


@pytest.mark.parametrize(
    ("site", "split"),
    [
        ("example.org", ("https://example.org", "")),
        (" https://Example.ORG/ ", ("https://example.org", "")),
        ("example.org/blog/", ("https://example.org", "/blog")),
        ("http://127.0.0.1:8000/stats", ("http://127.0.0.1:8000", "/stats")),
    ],
)
def test_a_site_is_written_as_a_name_or_an_address(site, split):
    assert split_site(site) == split


@pytest.mark.parametrize(
    "site",
    ["", "two words", "ftp://example.org", "me:pass@example.org", "example.org?a=1", "example.org:99999", "https://"],
)
def test_what_is_no_site_is_refused(site):
    with pytest.raises(ValueError, match="write a site"):
        split_site(site)


def test_an_address_is_escaped_once():
    assert page_url("https://example.org", "/über uns/%20?a=1") == "https://example.org/%C3%BCber%20uns/%20?a=1"


def test_what_is_no_path_has_no_address():
    with pytest.raises(ValueError, match="not a path"):
        page_url("https://example.org", "(not set)")


@pytest.mark.parametrize("hours", [-11, -5, 0, 5.5, 12, 14])
def test_noon_lies_in_the_day_of_the_site_even_when_its_clocks_changed(hours):
    day = date(2026, 3, 29)
    at = noon(day, timedelta(hours=hours))
    assert {(at + timedelta(hours=hours + shift)).date() for shift in (-1, 0, 1)} == {day}


def test_noon_without_an_offset_is_utc():
    assert noon(date(2026, 11, 24)) == datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_spans_cover_every_day_once():
    assert list(spans(date(2026, 1, 1), date(2026, 2, 5), 31)) == [
        (date(2026, 1, 1), date(2026, 1, 31)),
        (date(2026, 2, 1), date(2026, 2, 5)),
    ]


def test_there_is_no_span_that_ends_before_it_begins():
    assert list(spans(date(2026, 1, 2), date(2026, 1, 1), 31)) == []
