"""The report against what is known of it: dates by hand, times on a virtual clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.base import Kind, Metric, StreamSpec
from harvester import findings as findings_module
from harvester.daemon.state import Running
from harvester.findings import Kind as What
from harvester.findings import exit_code, findings
from harvester.retention import Span
from harvester.standing import Disk, Report, forgetful
from tests.harvester.reported import (
    GIB,
    NOTHING,
    NOW,
    POSTS,
    VIEWS,
    ago,
    days,
    kinds,
    on,
    only,
    ran,
    row,
    segment,
    source,
    span,
    told,
)


def test_all_well_calls_for_nobody() -> None:
    made = told(source(), row())
    assert only(made).state == "ok"
    assert only(made).next_due == NOW + timedelta(hours=5)
    assert findings(made) == []
    assert exit_code([]) == 0


def test_only_days_of_forgetful_streams_are_asked_for() -> None:
    levels = StreamSpec("levels", (Metric("stargazers", Kind.LEVEL),), retention_days=1)
    assert forgetful([source("work", VIEWS, POSTS, levels), source("blog", POSTS)]) == [("work", "traffic")]


# -- due and overdue


@pytest.mark.parametrize(
    ("schedule", "last", "tolerance", "late_after"),
    [
        ("every 10m", ago(hours=1), timedelta(hours=1), timedelta(minutes=70)),
        ("every 6h", ago(hours=6), timedelta(hours=3), timedelta(hours=9)),
        ("0 0 * * *", ago(hours=13), timedelta(hours=12), timedelta(hours=13)),
        ("@hourly", ago(minutes=90), timedelta(hours=1), timedelta(minutes=90)),
    ],
)
def test_a_source_is_overdue_beyond_half_its_interval_or_an_hour(
    schedule: str, last: datetime, tolerance: timedelta, late_after: timedelta
) -> None:
    one, stored = source(schedule=schedule), row(last_success=last)
    limit = last.replace(tzinfo=UTC) + late_after
    punctual, late = told(one, stored, now=limit), told(one, stored, now=limit + timedelta(seconds=1))
    assert only(punctual).tolerance == tolerance
    assert only(punctual).overdue_by is None
    assert only(late).overdue_by == tolerance + timedelta(seconds=1)
    assert (kinds(late), exit_code(findings(late))) == ([What.OVERDUE], 3)


def test_a_weekend_does_not_make_a_weekday_source_late() -> None:
    """Due on Friday at nine, the next slot is on Monday: half of that is the tolerance."""
    friday = datetime(2026, 11, 20, 9, tzinfo=UTC)
    made = told(
        source(schedule="0 9 * * 1-5"),
        row(last_success=ago(days=5, hours=2)),
        now=friday + timedelta(hours=35),
    )
    assert only(made).next_due == friday
    assert only(made).overdue_by is None


def test_a_disabled_source_is_not_overdue_and_says_so() -> None:
    made = told(source(enabled=False), row(last_success=ago(days=9), days=[days(on(1), on(14))]))
    assert (only(made).state, only(made).overdue_by, findings(made)) == ("disabled", None, [])


def test_a_paused_source_is_not_overdue_and_says_so() -> None:
    stored = row(ran(outcome="rate limited"), last_success=ago(days=2), paused_until=ago(hours=-1))
    made = told(source(), stored)
    assert (only(made).state, only(made).overdue_by) == ("paused", None)
    assert only(made).paused_until == NOW + timedelta(hours=1)
    assert findings(made) == []


def test_a_pause_that_is_over_excuses_nothing() -> None:
    made = told(source(), row(last_success=ago(days=2), paused_until=ago(seconds=1)))
    assert only(made).state == "overdue"


def test_what_never_ran_is_overdue_when_a_daemon_should_have_run_it() -> None:
    one = source("blog", POSTS)
    assert only(told(one)).state == "never run"
    assert findings(told(one)) == []
    young = replace(NOTHING, started_at=NOW - timedelta(hours=2))
    assert findings(told(one, daemon=young)) == []
    assert kinds(told(one, daemon=NOTHING)) == [What.OVERDUE]


def test_a_success_in_the_future_is_a_wrong_clock_and_due_now() -> None:
    made = told(source(), row(last_success=ago(days=-30)))
    assert only(made).next_due == NOW


# -- days at risk and days lost


def test_the_whole_window_of_what_never_ran_is_at_risk_day_by_day() -> None:
    stream = only(told(source())).streams[0]
    assert [each.day for each in stream.at_risk] == [on(day) for day in range(11, 24)]
    assert stream.at_risk[0].gone_at == datetime(2026, 11, 25, tzinfo=UTC)
    assert kinds(told(source())) == [What.AT_RISK]


def test_nothing_of_a_source_that_remembers_is_at_risk() -> None:
    assert only(told(source("blog", POSTS))).streams[0].at_risk == ()


def test_days_at_risk_call_for_somebody_three_days_before_the_first_is_gone() -> None:
    stored = row(last_success=ago(hours=1), days=[days(on(1), on(13))])
    first_gone = datetime(2026, 11, 28, tzinfo=UTC)
    early = told(source(), stored, now=first_gone - timedelta(days=3, seconds=1))
    late = told(source(), stored, now=first_gone - timedelta(days=3))
    assert only(early).streams[0].at_risk[0].day == on(14)
    assert What.AT_RISK not in kinds(early)
    assert What.AT_RISK in kinds(late)
    (said,) = [finding for finding in findings(late) if finding.kind is What.AT_RISK]
    assert "2026-11-14 to 2026-11-24" in said.text
    assert "2026-11-28 00:00 UTC" in said.text
    assert "harvest now work" in said.text


def test_a_short_memory_does_not_cry_every_night() -> None:
    """Of two days' memory, yesterday is always about to be gone: until it is really late, that is how it goes."""
    one = source("work", replace(VIEWS, retention_days=2))
    stored = row(days=[days(on(1), on(22)), days(on(23), on(23), whole=False)])
    assert only(told(one, stored)).streams[0].at_risk[0].gone_at == datetime(2026, 11, 25, tzinfo=UTC)
    assert findings(told(one, stored, now=datetime(2026, 11, 24, 1, tzinfo=UTC))) == []
    assert What.AT_RISK in kinds(told(one, stored, now=datetime(2026, 11, 24, 13, tzinfo=UTC)))


def test_days_that_are_gone_are_counted_and_said_while_it_is_news() -> None:
    stored = row(days=[days(on(1), on(1)), days(on(9), on(24))])
    made = told(source(), stored, now=NOW)
    assert only(made).streams[0].lost == (Span(on(2), on(8)),)
    assert only(made).streams[0].days_lost == 7
    assert (kinds(made), exit_code(findings(made))) == ([What.LOST], 3)
    assert kinds(told(source(), stored, now=NOW + timedelta(days=1))) == [What.OVERDUE]


def test_what_may_not_be_read_is_not_at_risk_but_said() -> None:
    made = told(source(), row(ran(outcome="not permitted"), ran("posts"), days=[days(on(1), on(24), "missing")]))
    stream = only(made).streams[0]
    assert (stream.is_permitted, stream.at_risk, stream.lost) == (False, (), ())
    assert findings(made) == []


def test_a_source_that_may_read_nothing_fails() -> None:
    made = told(source(), row(ran(outcome="not permitted"), ran("posts", "not permitted")))
    assert kinds(made) == [What.FAILING]
    assert findings(made)[0].is_refused


def test_days_of_a_zone_end_at_its_midnight() -> None:
    tokyo = source("work", StreamSpec("visits", (Metric("site_visits", Kind.EVENT),), retention_days=14))
    stream = only(told(tokyo, zone="Asia/Tokyo", now=datetime(2026, 11, 24, 16, tzinfo=UTC))).streams[0]
    assert [stream.at_risk[0].day, stream.at_risk[-1].day] == [on(12), on(24)]
    assert stream.at_risk[0].gone_at == datetime(2026, 11, 25, 15, tzinfo=UTC)


def test_a_lost_stretch_that_a_connector_noticed_is_told_without_retention() -> None:
    made = told(source("work", POSTS), row(ran("posts"), days=[days(on(22), on(23), "lost", stream="posts")]))
    assert only(made).streams[0].days_lost == 2
    assert kinds(made) == [What.LOST]


# -- failing


def test_failing_says_since_when_how_often_and_why() -> None:
    since = ago(hours=20)
    bad = ran(outcome="unavailable", message="example.org: 503", since=since, times=4, last_success=ago(days=1))
    made = told(source(), row(bad, ran("posts"), last_success=ago(hours=2)))
    (said,) = findings(made)
    assert (said.kind, said.times, said.since, said.is_refused) == (What.FAILING, 4, since.replace(tzinfo=UTC), False)
    assert said.text == "work traffic: unavailable since 2026-11-23 16:00 UTC, 4 times in a row: example.org: 503"
    assert only(made).state == "1 of 2 failing"
    assert only(made).streams[0].last_success == NOW - timedelta(days=1)


def test_refused_credentials_are_told_from_other_failures() -> None:
    assert findings(told(source(), row(ran(outcome="auth failed"))))[0].is_refused


def test_a_long_or_hostile_message_stays_one_line() -> None:
    (said,) = findings(told(source(), row(ran(outcome="malformed", message="a\nb\r\n" + "x" * 5000))))
    assert "\n" not in said.text
    assert len(said.text) < 400


# -- what waits in the spool has been read


def test_what_waits_counts_as_read() -> None:
    waiting = [
        segment(span(on(14), on(23)), at=NOW - timedelta(hours=2)),
        segment(at=NOW - timedelta(minutes=1), outcome="ok", succeeded=True),
    ]
    stale = row(ran(at=ago(days=10)), last_success=ago(days=10), days=[days(on(1), on(13))])
    made = told(source(), stale, waiting=waiting)
    standing = only(made)
    assert standing.last_success == standing.streams[0].last_success == NOW - timedelta(minutes=1)
    assert standing.streams[0].at_risk == ()
    assert (made.waiting.segments, made.waiting.observations) == (2, 8)
    assert made.waiting.oldest_at == NOW - timedelta(hours=2)


def test_a_waiting_read_of_a_running_day_does_not_cover_its_rest() -> None:
    read_at = datetime(2026, 11, 23, 18, tzinfo=UTC)
    made = told(source(), row(days=[days(on(1), on(22))]), waiting=[segment(span(on(20), on(23)), at=read_at)])
    assert [each.day for each in only(made).streams[0].at_risk] == [on(23)]


def test_a_waiting_span_of_other_metrics_says_nothing_of_the_days() -> None:
    waiting = [segment(span(on(20), on(23), metrics=["something_else"]))]
    made = told(source(), row(days=[days(on(1), on(19))]), waiting=waiting)
    assert len(only(made).streams[0].at_risk) == 4


def test_waiting_failures_go_on_counting_and_a_success_ends_them() -> None:
    stored = row(ran(outcome="unavailable", times=2, since=ago(hours=9), at=ago(hours=5)), last_success=ago(hours=2))
    bad = segment(at=NOW - timedelta(minutes=2), outcome="malformed")
    good = segment(at=NOW - timedelta(minutes=1), outcome="ok", succeeded=True)
    failing = only(told(source(), stored, waiting=[bad])).streams[0]
    assert (failing.outcome, failing.times, failing.since) == ("malformed", 3, NOW - timedelta(hours=9))
    fine = only(told(source(), stored, waiting=[bad, good])).streams[0]
    assert (fine.outcome, fine.times, fine.since) == ("ok", 1, NOW - timedelta(minutes=1))


def test_a_segment_that_is_loaded_but_still_lies_there_counts_once() -> None:
    stored = row(ran(outcome="unavailable", times=2, at=ago(minutes=2)))
    again = segment(at=NOW - timedelta(minutes=2), outcome="unavailable")
    assert only(told(source(), stored, waiting=[again])).streams[0].times == 2


def test_a_run_that_was_interrupted_says_nothing_of_the_source() -> None:
    cut = segment(at=NOW - timedelta(minutes=2), outcome="interrupted")
    assert only(told(source(), row(), waiting=[cut])).streams[0].outcome == "ok"


def test_a_source_known_from_the_spool_alone_has_run() -> None:
    made = told(source(), waiting=[segment(span(on(11), on(24)), outcome="ok", succeeded=True)])
    assert [stream.stream for stream in only(made).streams] == ["traffic"]
    assert only(made).state == "ok"


def test_a_waiting_pause_is_kept() -> None:
    paused = segment(outcome="rate limited", paused_until=str(ago(hours=-2)))
    assert only(told(source(), row(), waiting=[paused])).paused_until == NOW + timedelta(hours=2)


# -- what concerns all


def test_a_reader_that_blocks_loads_is_named_and_comes_first() -> None:
    daemon = replace(NOTHING, blocked_since=NOW - timedelta(hours=1), blocked_by=4711, blocked_command="duckdb")
    made = told(source(), row(last_success=ago(days=2)), daemon=daemon)
    assert kinds(made) == [What.BLOCKED, What.OVERDUE]
    assert exit_code(findings(made)) == 4
    said = findings(made)[0].text
    assert "process 4711 (duckdb)" in said
    assert "2026-11-24 11:00 UTC" in said


def test_a_spool_that_nobody_loads_is_stuck_after_ten_minutes() -> None:
    def waits(minutes: float) -> Report:
        return told(source(), row(), waiting=[segment(at=NOW - timedelta(minutes=minutes))])

    assert findings(waits(10)) == []
    assert kinds(waits(10.1)) == [What.STUCK]
    assert exit_code(findings(waits(10.1))) == 4


@pytest.mark.parametrize(
    ("disk", "is_low"),
    [
        (Disk(database=10, database_free=500 * 1024**2, spool_free=500 * 1024**2), False),
        (Disk(database=10, database_free=500 * 1024**2 - 1), True),
        (Disk(database=10 * GIB, database_free=20 * GIB), False),
        (Disk(database=10 * GIB, database_free=20 * GIB - 1), True),
        (Disk(database=10, database_free=9 * GIB, spool_free=1), True),
        (Disk(), False),
    ],
)
def test_a_disk_is_low_below_500_mib_or_twice_the_database(disk: Disk, is_low: bool) -> None:
    assert kinds(told(source(), row(), disk=disk)) == [What.DISK] * is_low


def test_a_broken_configuration_and_a_hanging_source_are_told() -> None:
    daemon = replace(
        NOTHING, config_error="line 3: unknown key", abandoned=("work",), running=(Running("work", "r", NOW),)
    )
    made = told(source(), row(), daemon=daemon)
    assert kinds(made) == [What.CONFIG, What.HANGING]
    assert "line 3: unknown key" in findings(made)[0].text
    assert only(made).running_since == NOW


def test_quota_that_was_renewed_since_is_not_told() -> None:
    left = {"credential": "env:T", "bucket": "core", "remaining": 1, "allowed": 5000, "read_at": ago(hours=1)}
    made = told(source(), row(quota=[{**left, "reset_at": ago(minutes=1)}, {**left, "reset_at": ago(minutes=-1)}]))
    (quota,) = only(made).quota
    assert quota.reset_at == NOW + timedelta(minutes=1)


def test_the_order_of_findings_knows_every_kind() -> None:
    assert list(What)[:2] == [What.BLOCKED, What.STUCK]
    assert findings_module.exit_code([findings_module.Finding(kind, "x") for kind in list(What)[2:]]) == 3
