"""Days read forward in pieces, facts made of rows, and requests kept to a pace."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from asked import checkpoint

from connectors.base import Batch, Context, Coverage
from connectors.daily import Sheet, by_day, covered, read_days, within
from connectors.errors import AuthFailed, Gone, Unavailable, in_words
from connectors.http import Http
from connectors.pace import Pace
from connectors.pages import page_at, page_of

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TODAY = NOW.date()


def context(**more) -> Context:
    return Context(source="mine", http=Http(), **{"clock": lambda: NOW, **more})


def read(cursor, begins_on=date(2026, 11, 1), length=10, **more):
    asked = []

    def piece(first, last, checkpoint):
        asked.append((first.day, last.day))
        yield Batch(checkpoint=checkpoint)

    batches = list(
        read_days(context(**more), cursor, "site", beginning=lambda _: begins_on, piece=piece, length=length)
    )
    return asked, checkpoint(batches)


def test_the_first_read_begins_at_the_beginning_and_ends_today():
    assert read({}) == (
        [(1, 10), (11, 20), (21, 24)],
        {"site": {"from": "2026-11-01", "through": "2026-11-24"}},
    )


def test_a_later_read_goes_three_days_back_and_keeps_the_beginning():
    cursor = {"site": {"from": "2026-01-01", "through": "2026-11-22"}}
    assert read(cursor) == ([(19, 24)], {"site": {"from": "2026-01-01", "through": "2026-11-24"}})


def test_a_clock_that_was_ahead_loses_no_day():
    assert read({"site": {"from": "2026-11-01", "through": "2030-01-01"}})[0] == [(21, 24)]


def test_since_is_later_than_the_beginning_or_has_no_effect():
    assert read({}, since=date(2026, 11, 20))[0] == [(20, 24)]
    assert read({}, since=date(2020, 1, 1))[0][0] == (1, 10)


def test_a_cursor_of_something_else_starts_anew():
    assert read({"other": {"from": "2026-01-01", "through": "2026-11-22"}})[0][0] == (1, 10)


def test_a_stopped_read_asks_for_no_piece():
    assert read({}, is_stopping=lambda: True)[0] == []


def test_nothing_is_said_of_days_that_have_not_begun():
    assert covered(date(2026, 11, 20), TODAY, date(2026, 11, 23)) == [
        Coverage(date(2026, 11, 20), date(2026, 11, 23))
    ]
    assert covered(TODAY, TODAY, date(2026, 11, 23)) == []


def test_each_day_has_its_own_verdict_and_equal_neighbours_are_one_span():
    def verdict(day):
        return ("missing", "silence") if day.day in (21, 22) else ("measured", "")

    assert by_day(date(2026, 11, 20), TODAY, date(2026, 11, 23), verdict) == [
        Coverage(date(2026, 11, 20), date(2026, 11, 20)),
        Coverage(date(2026, 11, 21), date(2026, 11, 22), "missing", "silence"),
        Coverage(date(2026, 11, 23), date(2026, 11, 23)),
    ]
    assert by_day(TODAY, TODAY, date(2026, 11, 23), verdict) == []


def test_a_row_that_cannot_be_used_is_a_reject_and_its_days_are_partial():
    sheet = Sheet()
    sheet.take(
        {"a": 1}, lambda row: (within(TODAY, TODAY, TODAY), page_of("https://a.example", "/"), {"post_reads": 1})
    )
    sheet.take({"a": 1}, lambda row: row["b"])
    batch = sheet.batch()
    assert [fact.value for fact in batch.observations] == [1]
    assert [(reject.what, reject.why) for reject in batch.rejects] == [("{'a': 1}", "KeyError: 'b'")]
    assert [span.state for span in sheet.covered(TODAY, TODAY, TODAY, "some rows")] == ["partial"]


def test_a_day_that_was_not_asked_for_is_refused():
    with pytest.raises(ValueError, match="2026-11-25 is not among the days"):
        within(date(2026, 11, 25), TODAY, TODAY)


def test_a_page_is_identified_by_what_was_told_and_named_by_its_address():
    page = page_at("HTTPS://Example.org/über?a=1#part")
    assert (page.id, page.name) == ("https://example.org/über?a=1", "https://example.org/%C3%BCber?a=1")
    assert page_at("https://example.org").id == "https://example.org/"


@pytest.mark.parametrize("address", ["", "example.org/a", "ftp://example.org/a", "(not set)", "https://"])
def test_what_is_no_address_is_no_page(address):
    with pytest.raises(ValueError, match="is not an address"):
        page_at(address)


def test_user_and_password_in_an_address_are_not_kept():
    assert page_at("https://me:secret@example.org/a").id == "https://example.org/a"


def test_a_pace_lets_so_many_through_and_then_waits_for_the_first_to_be_old():
    now, waits = [NOW], []

    def wait(seconds):
        waits.append(seconds)
        now[0] += timedelta(seconds=seconds)
        return False

    pace = Pace(context(clock=lambda: now[0], wait=wait), 2, timedelta(seconds=10))
    for _ in range(5):
        pace.step()
        now[0] += timedelta(seconds=1)
    assert waits == [8, 8]


def test_a_refusal_is_told_in_the_words_of_its_service():
    with pytest.raises(AuthFailed) as caught, in_words({AuthFailed: ("no such key", "make one")}):
        raise AuthFailed("host: answered 401")
    assert str(caught.value) == "no such key (host: answered 401); make one"


@pytest.mark.parametrize("error", [Gone("host: answered 404"), Unavailable("host: answered 500")])
def test_what_has_no_words_passes_as_it_is(error):
    with pytest.raises(type(error)) as caught, in_words({AuthFailed: ("no such key", "make one")}):
        raise error
    assert caught.value is error
