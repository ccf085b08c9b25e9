"""Who is told what, and how often: once, also across restarts, and never in the way of the daemon."""

from __future__ import annotations

import logging
import stat
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from harvester.daemon.alerts import Alerts, Condition, conditions, memory_path
from harvester.standing import Disk
from tests.harvester.daemon.alerting import FAILS, Chat, alerts, configured, program, said, wait_until
from tests.harvester.reported import NOTHING, NOW, ago, days, on, ran, row, segment, source, told

LOW = Condition("disk", "disk", "10 MiB are free", over="the disk was almost full")
LOST = Condition("lost:work:traffic", "lost", "work traffic: 1 day lost for good", "work")


# -- what is worth a message


def kinds_of(*args: Any, **more: Any) -> list[str]:
    return [each.key for each in conditions(told(*args, **more))]


def test_nothing_is_told_when_all_is_well() -> None:
    assert kinds_of(source(), row()) == []


@pytest.mark.parametrize(
    ("outcome", "times", "keys"),
    [
        ("unavailable", 1, []),
        ("unavailable", 2, []),
        ("unavailable", 3, ["failing:work"]),
        ("auth failed", 1, ["failing:work"]),
        ("not permitted", 1, ["failing:work"]),
        ("rate limited", 3, ["failing:work"]),
    ],
)
def test_failures_are_told_after_the_third_and_refusals_at_once(outcome: str, times: int, keys: list[str]) -> None:
    assert kinds_of(source(), row(ran(outcome=outcome, times=times))) == keys


def test_a_reader_in_the_way_is_told_after_ten_minutes() -> None:
    def blocked(minutes: float) -> list[str]:
        daemon = replace(NOTHING, blocked_since=NOW - timedelta(minutes=minutes), blocked_by=4711)
        return kinds_of(source(), row(), daemon=daemon)

    assert (blocked(10), blocked(10.1)) == ([], ["blocked"])


def test_a_reader_and_a_stuck_spool_are_one_thing() -> None:
    assert kinds_of(source(), row(), waiting=[segment(at=NOW - timedelta(minutes=20))]) == ["blocked"]


def test_each_thing_has_a_key_that_lasts_as_long_as_it_does() -> None:
    daemon = replace(NOTHING, config_error="line 3", abandoned=("work",))
    stored = row(last_success=ago(days=1), days=[days(on(1), on(6)), days(on(9), on(10)), days(on(13), on(13))])
    other = replace(daemon, config_error="line 4")
    first = conditions(told(source(), stored, daemon=daemon, disk=Disk(database_free=1)))
    second = conditions(
        told(source(), stored, now=NOW + timedelta(hours=2), daemon=other, disk=Disk(database_free=5))
    )
    expected = ["config", "disk", "at risk:work:traffic", "lost:work:traffic", "hanging:work"]
    assert [each.key for each in first] == [each.key for each in second] == expected
    assert first != second
    assert [each.key for each in first if not each.over] == ["lost:work:traffic"]


# -- once


def test_a_change_is_told_once_and_its_end_once(tmp_path: Path, chat: Chat) -> None:
    one = alerts(tmp_path, chat)
    for found in ([], [FAILS], [FAILS], [replace(FAILS, text="for other reasons now")], [], []):
        one.tell(found)
    assert said(chat) == ["work traffic: auth failed", "over: work failed"]
    assert all(set(post) == {"text"} for post in chat.posts)


def test_a_restart_repeats_nothing_and_forgets_nothing(tmp_path: Path, chat: Chat) -> None:
    alerts(tmp_path, chat).tell([FAILS, LOW])
    alerts(tmp_path, chat).tell([FAILS, LOW])
    alerts(tmp_path, chat).tell([LOW])
    assert len(chat.texts) == 2
    assert said(chat)[1] == "over: work failed"


def test_many_changes_at_once_are_one_message(tmp_path: Path, chat: Chat) -> None:
    many = [replace(FAILS, key=f"failing:s{n}", text=f"s{n}: failed") for n in range(50)]
    alerts(tmp_path, chat).tell(many)
    (text,) = chat.texts
    lines = text.splitlines()
    assert lines[0].endswith(": 50 changes")
    assert lines[1:3] == ["• s0: failed", "• s1: failed"]
    assert lines[-1] == "and 30 more: see `harvest status`"
    assert len(lines) == 22


def test_what_began_and_what_ended_come_together(tmp_path: Path, chat: Chat) -> None:
    one = alerts(tmp_path, chat)
    one.tell([FAILS])
    one.tell([LOW])
    assert said(chat)[1].splitlines() == ["2 changes", "• 10 MiB are free", "• over: work failed"]


def test_a_loss_ends_silently_and_the_next_is_told_again(tmp_path: Path, chat: Chat) -> None:
    one = alerts(tmp_path, chat)
    for found in ([LOST], [], [LOST]):
        one.tell(found)
    assert said(chat) == ["work traffic: 1 day lost for good"] * 2


def test_two_conditions_of_one_key_are_one(tmp_path: Path, chat: Chat) -> None:
    alerts(tmp_path, chat).tell([FAILS, FAILS])
    assert len(chat.texts[0].splitlines()) == 1


# -- memory


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": 2, "told": {}}',
        '{"format": 1}',
        '{"format": 1, "told": {"webhook": {"a": 1}}}',
    ],
)
def test_a_corrupt_memory_starts_anew_and_says_so(
    tmp_path: Path, chat: Chat, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    memory_path(configured(tmp_path)).write_text(text)
    with caplog.at_level(logging.WARNING):
        one = alerts(tmp_path, chat)
    assert "what was told before is told once more" in caplog.text
    one.tell([FAILS])
    alerts(tmp_path, chat).tell([FAILS])
    assert said(chat) == ["work traffic: auth failed"]


def test_the_memory_is_whole_private_and_alone(tmp_path: Path, chat: Chat) -> None:
    alerts(tmp_path, chat).tell([FAILS])
    path = memory_path(configured(tmp_path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [".alerts.json"]


def test_a_memory_that_cannot_be_written_still_tells_once(
    tmp_path: Path, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    one = alerts(tmp_path, chat)
    (tmp_path / "spool").rmdir()
    with caplog.at_level(logging.WARNING):
        for found in ([FAILS], [FAILS], [FAILS, LOW]):
            one.tell(found)
    assert said(chat) == ["work traffic: auth failed", "10 MiB are free"]
    assert caplog.text.count("cannot be written") == 1


def test_a_channel_that_was_added_is_told_what_holds(tmp_path: Path, chat: Chat) -> None:
    alerts(tmp_path, chat).tell([FAILS])
    tell = program(tmp_path, "tell", "")
    alerts(tmp_path, chat, command=(str(tell),)).tell([FAILS])
    assert len(chat.texts) == 1
    assert tell.with_suffix(".said").exists()


# -- never in the way


def test_observing_returns_at_once_and_keeps_the_latest(tmp_path: Path, chat: Chat) -> None:
    chat.gate = threading.Event()
    one = alerts(tmp_path, chat)
    one.observe([FAILS])
    wait_until(lambda: one._latest is None)
    for _ in range(100):
        one.observe([FAILS, LOST])
    one.observe([FAILS, LOW])
    assert chat.texts == []
    chat.gate.set()
    wait_until(lambda: len(chat.texts) == 2)
    one.stop()
    assert said(chat) == ["work traffic: auth failed", "10 MiB are free"]


def test_stopping_does_not_wait_for_a_webhook_that_hangs(tmp_path: Path, chat: Chat) -> None:
    chat.gate = threading.Event()
    one = alerts(tmp_path, chat)
    one.observe([FAILS])
    wait_until(lambda: one._latest is None)
    started = time.monotonic()
    one.stop(timeout=0.1)
    assert time.monotonic() - started < 2
    thread = one._thread
    chat.gate.set()
    assert thread is not None
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_a_defect_does_not_end_the_thread(tmp_path: Path, chat: Chat, caplog: pytest.LogCaptureFixture) -> None:
    one = alerts(tmp_path, chat)
    with caplog.at_level(logging.ERROR):
        one.observe([replace(FAILS, text=5)])  # type: ignore[arg-type]
        wait_until(lambda: "alerts could not be told" in caplog.text)
    one.observe([LOW])
    wait_until(lambda: chat.texts)
    one.stop()
    assert len(chat.texts) == 1
    assert LOW.text in chat.texts[0]


def test_without_a_channel_there_is_no_thread_and_no_file(tmp_path: Path) -> None:
    settings = configured(tmp_path)
    one = Alerts(settings)
    one.observe([FAILS])
    one.stop()
    assert one._thread is None
    assert not memory_path(settings).exists()
