"""One source, read into the spool: what each way to fail means for the rest of it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Batch, Budget, Coverage, Listing, Observation, Reject
from connectors.errors import AuthFailed, ConnectorError, Gone, Malformed, NotPermitted, RateLimited, Unavailable
from harvester import redact
from harvester.outcomes import Outcome, failed_sources
from harvester.reading import Order, Patience
from harvester.spool import Segment, Spool
from harvester.store import Cursor
from tests.harvester.small_sources import NOW, Scripted, issue, named, read

FAILURES: list[tuple[Exception, str]] = [
    (AuthFailed("no"), "auth failed"),
    (NotPermitted("no"), "not permitted"),
    (RateLimited("no", retry_at=NOW + timedelta(hours=1)), "rate limited"),
    (Unavailable("no"), "unavailable"),
    (Gone("no"), "gone"),
    (Malformed("no"), "malformed"),
    (KeyError("no"), "defect"),
    (RecursionError("no"), "defect"),
]


def segments(folder: Path) -> list[Segment]:
    return Spool(folder / "spool").sealed()


def ends(folder: Path) -> list[dict[str, Any]]:
    return [dict(segment.finish) for segment in segments(folder) if segment.finish]


@pytest.mark.parametrize(("error", "word"), FAILURES, ids=[type(error).__name__ for error, _ in FAILURES])
def test_every_failure_has_its_word_and_keeps_what_came_before(tmp_path: Path, error: Exception, word: str) -> None:
    stream = Scripted([[Batch([issue("1")], checkpoint={"at": 1}), error], [error]])
    (outcome,) = read(tmp_path, stream)
    assert (outcome.outcome, outcome.observations) == (word, 1)
    assert "no" in outcome.message
    (segment,) = segments(tmp_path)
    assert (segment.rows, segment.checkpoint) == (1, {"at": 1})
    assert [span["state"] for span in segment.coverage] == ["missing"]
    assert ends(tmp_path)[0]["outcome"] == word
    assert not ends(tmp_path)[0]["succeeded"]


def test_every_error_of_the_contract_has_a_word() -> None:
    assert set(ConnectorError.__subclasses__()) == {type(error) for error, _ in FAILURES[:6]}


@pytest.mark.parametrize(
    ("error", "others"),
    [
        (AuthFailed("no"), "auth failed"),
        (RateLimited("no", retry_at=NOW + timedelta(hours=1)), "rate limited"),
        (NotPermitted("no"), "ok"),
        (Gone("no"), "ok"),
        (Malformed("no"), "ok"),
        (Unavailable("no"), "ok"),
        (ZeroDivisionError("no"), "ok"),
    ],
)
def test_what_concerns_the_whole_source_ends_it_and_nothing_else_does(
    tmp_path: Path, error: Exception, others: str
) -> None:
    second = named("second", [Batch([issue("1")])])
    outcomes = read(tmp_path, named("first", [error]), second)
    assert outcomes[1].outcome == others
    assert len(second.started) == (others == "ok")


def test_a_passing_failure_is_tried_again_from_the_last_checkpoint(tmp_path: Path) -> None:
    stream = Scripted(
        [[Batch([issue("1")], checkpoint={"a": 1}), Batch([issue("2")]), Unavailable("reset")], [Batch([issue("2")])]]
    )
    (outcome,) = read(tmp_path, stream, stored=Cursor({"a": 0, "b": 9}, 2))
    assert outcome.outcome == "ok"
    assert stream.started == [{"a": 0, "b": 9}, {"a": 1, "b": 9}]


def test_patience_ends_after_three_reads_that_get_nowhere(tmp_path: Path) -> None:
    stream = Scripted([[Unavailable("down")]])
    assert read(tmp_path, stream)[0].outcome == "unavailable"
    assert len(stream.started) == 3


def test_a_read_that_gets_on_has_patience_anew(tmp_path: Path) -> None:
    scripts = [[Batch(checkpoint={"at": n}), Unavailable("reset")] for n in range(6)]
    stream = Scripted([*scripts, [Batch([issue("1")])]])
    assert read(tmp_path, stream)[0].outcome == "ok"
    assert len(stream.started) == 7


def test_a_near_limit_is_waited_for(tmp_path: Path) -> None:
    stream = Scripted([[RateLimited("slow down", retry_at=NOW)], [Batch([issue("1")])]])
    assert read(tmp_path, stream)[0].outcome == "ok"


def test_a_far_limit_pauses_the_source_until_then(tmp_path: Path) -> None:
    stream = Scripted([[RateLimited("used up", retry_at=NOW + timedelta(minutes=15))]])
    assert read(tmp_path, stream)[0].outcome == "rate limited"
    assert len(stream.started) == 1
    assert ends(tmp_path)[0]["paused_until"] == "2026-11-24 12:15:00"


def test_one_allowance_that_is_used_up_holds_back_the_streams_that_draw_on_it_only(tmp_path: Path) -> None:
    later = NOW + timedelta(minutes=15)
    first = named("first", [RateLimited("used up", retry_at=later, bucket="core")])
    outcomes = read(tmp_path, first, named("second", [Batch([issue("1")])]))
    assert [outcome.outcome for outcome in outcomes] == ["rate limited", "ok"]
    assert [end["paused_until"] for end in ends(tmp_path)] == [None, None]


def test_what_is_left_of_allowances_is_given_and_kept(tmp_path: Path) -> None:
    known, told = Budget(5000, 4000, NOW), Budget(5000, 3999, NOW)
    stream = Scripted([[lambda: seen.update(stream.context.meter.budgets)]])  # type: ignore[union-attr]
    seen: dict[tuple[str, str], Budget] = {}
    other = named("other", [lambda: stream.context.meter.budgets.update({("env:T", "core"): told})])  # type: ignore[union-attr]
    read(tmp_path, stream, other, budgets={("env:T", "core"): known, ("env:T", "graphql"): known})
    assert seen == {("env:T", "core"): known, ("env:T", "graphql"): known}
    one = {
        "credential": "env:T",
        "bucket": "core",
        "limit": 5000,
        "remaining": 3999,
        "reset_at": "2026-11-24 12:00:00",
    }
    assert [end["budgets"] for end in ends(tmp_path)] == [[], [one]]


def test_a_listing_that_lost_one_of_its_facts_takes_nothing_back(tmp_path: Path) -> None:
    unusable = Observation("forks", "repo:1", "not a day", NOW)
    listing = Listing("issues_opened", "repo:1")
    read(tmp_path, Scripted([[Batch([issue("1")], listings=[listing]), Batch([unusable], listings=[listing])]]))
    assert segments(tmp_path)[0].listings == 1


def test_a_paused_source_is_not_asked(tmp_path: Path) -> None:
    stream = Scripted([[Batch([issue("1")])]])
    (outcome,) = read(tmp_path, stream, paused_until=NOW + timedelta(minutes=1))
    assert outcome.outcome == "rate limited"
    assert "12:01 UTC" in outcome.message
    assert stream.started == []
    assert read(tmp_path, stream, paused_until=NOW)[0].outcome == "ok"


def test_a_cursor_of_newer_code_is_refused_and_kept(tmp_path: Path) -> None:
    stream = Scripted([[Batch([issue("1")])]])
    (outcome,) = read(tmp_path, stream, stored=Cursor({"a": 1}, 3))
    assert outcome.outcome == "malformed"
    assert "version 3" in outcome.message
    assert "--full" in outcome.message
    assert stream.started == []
    assert segments(tmp_path)[0].checkpoint == {}


def test_a_cursor_of_older_code_starts_over(tmp_path: Path) -> None:
    stream = Scripted([[Batch(checkpoint={"a": 2})]])
    read(tmp_path, stream, stored=Cursor({"a": 1}, 1))
    assert stream.started == [{}]
    assert segments(tmp_path)[0].base == {"a": 1}


def test_full_ignores_the_cursor_and_still_starts_its_segments_from_it(tmp_path: Path) -> None:
    stream = Scripted([[Batch(checkpoint={"a": 2})]])
    read(tmp_path, stream, order=Order(full=True), stored=Cursor({"a": 1}, 2))
    assert stream.started == [{}]
    assert segments(tmp_path)[0].base == {"a": 1}


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (Observation("undeclared", "repo:1", "1", NOW), "does not declare"),
        (Observation("forks", "repo:1", "yesterday", NOW), "YYYY-MM-DD"),
        (Observation("forks", "repo:1", "20261124", NOW), "YYYY-MM-DD"),
        (Observation("forks", "repo:1", "2026-W48-2", NOW), "YYYY-MM-DD"),
    ],
)
def test_a_fact_that_could_not_be_loaded_is_rejected_not_fatal(tmp_path: Path, bad: Observation, why: str) -> None:
    (outcome,) = read(tmp_path, Scripted([[Batch([bad, issue("1")], checkpoint={"at": 1})]]))
    assert (outcome.outcome, outcome.observations, outcome.rejects) == ("ok", 1, 1)
    assert why in outcome.message
    assert segments(tmp_path)[0].rows == 1


def test_many_rejects_are_counted_and_three_are_shown(tmp_path: Path) -> None:
    (outcome,) = read(tmp_path, Scripted([[Batch(rejects=[Reject(f"entry {n}", "no date") for n in range(50)])]]))
    assert outcome.rejects == 50
    assert "50 records" in outcome.message
    assert outcome.message.count("no date") == 3


@pytest.mark.parametrize(
    ("problem", "word", "state"),
    [(Gone("gone", subject="a"), "partial", "partial"), (NotPermitted("closed", subject="a"), "ok", "partial")],
)
def test_one_subject_s_fault_leaves_the_others_and_shows_in_coverage(
    tmp_path: Path, problem: ConnectorError, word: str, state: str
) -> None:
    (outcome,) = read(tmp_path, Scripted([[Batch([issue("1")], problems=[problem])]]))
    assert (outcome.outcome, outcome.observations) == (word, 1)
    assert str(problem) in outcome.message
    assert [span["state"] for span in segments(tmp_path)[0].coverage] == [state]


def test_coverage_that_the_stream_reports_stands_alone(tmp_path: Path) -> None:
    span = Coverage(NOW.date() - timedelta(days=9), NOW.date())
    read(tmp_path, Scripted([[Batch([issue("1")], coverage=[span])]]))
    assert [span["first_day"] for span in segments(tmp_path)[0].coverage] == ["2026-11-15"]


def test_a_source_that_does_not_open_says_why(tmp_path: Path) -> None:
    (outcome,) = read(tmp_path, fails=AuthFailed("file:key is empty", remedy="store the secret there"))
    assert (outcome.outcome, outcome.stream) == ("auth failed", "")
    assert "store the secret there" in outcome.message


def test_no_message_shows_a_secret(tmp_path: Path) -> None:
    redact.register("hunter2-hunter2")
    outcomes = read(
        tmp_path,
        named("a", [Malformed("got hunter2-hunter2")]),
        named("b", [ValueError("hunter2-hunter2")]),
        named("c", [Batch(rejects=[Reject("hunter2-hunter2", "x")], problems=[Gone("hunter2-hunter2")])]),
    )
    assert "hunter2" not in str(outcomes)
    assert all(b"hunter2" not in path.read_bytes() for path in (tmp_path / "spool").iterdir())


def test_asked_to_stop_it_ends_after_the_batch_and_reads_no_other_stream(tmp_path: Path) -> None:
    stop = threading.Event()
    first = named("first", [stop.set, Batch([issue("1")], checkpoint={"at": 1}), Batch([issue("2")])])
    second = named("second", [Batch([issue("3")])])
    outcomes = read(tmp_path, first, second, stop=stop)
    assert [outcome.outcome for outcome in outcomes] == ["interrupted", "interrupted"]
    assert outcomes[0].observations == 1
    assert (first.closed, second.started) == (1, [])
    assert segments(tmp_path)[0].checkpoint == {"at": 1}


def test_asked_to_stop_it_does_not_sit_out_a_pause(tmp_path: Path) -> None:
    stop = threading.Event()
    stream = Scripted([[stop.set, Unavailable("down")]])
    began = time.monotonic()
    order = Order(patience=Patience(first_pause=timedelta(seconds=30)))
    assert read(tmp_path, stream, order=order, stop=stop)[0].outcome == "interrupted"
    assert time.monotonic() - began < 5


def test_a_spool_that_refuses_ends_the_source(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()

    def remove() -> None:
        (tmp_path / "spool").rmdir()
        (tmp_path / "spool").write_text("")

    second = named("second", [Batch([issue("2")])])
    outcomes = read(tmp_path, named("first", [remove, Batch([issue("1")])]), second)
    assert [outcome.outcome for outcome in outcomes] == ["spool failed", "spool failed"]
    assert second.started == []


def test_the_last_stream_says_whether_the_source_succeeded(tmp_path: Path) -> None:
    closed, good = [NotPermitted("closed")], [Batch([issue("1")])]

    def last(folder: str, *scripts: list[Any]) -> list[bool]:
        read(tmp_path / folder, *(named(str(n), script) for n, script in enumerate(scripts)))
        return [end["succeeded"] for end in ends(tmp_path / folder)]

    assert last("all good", good, good) == [False, True]
    assert last("one without right", good, closed) == [False, True]
    assert last("one failed", [Gone("gone")], good) == [False, False]
    assert last("no right at all", closed, closed) == [False, False]


def test_a_source_without_any_right_has_failed_one_without_some_has_not() -> None:
    outcomes = [
        Outcome("a", "x", "ok"), Outcome("a", "y", "not permitted"),
        Outcome("b", "x", "not permitted"), Outcome("b", "y", "not permitted"),
        Outcome("c", "x", "ok"), Outcome("c", "y", "gone"), Outcome("d", "x", "partial"),
    ]  # fmt: skip
    assert failed_sources(outcomes) == ["b", "c", "d"]


def test_a_defect_of_the_clock_is_not_hidden_by_a_naive_moment() -> None:
    with pytest.raises(ValueError, match="UTC"):
        RateLimited("x", retry_at=datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None))
