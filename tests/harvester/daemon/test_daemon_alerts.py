"""Who is told what, how often, and what happens when nobody listens."""

from __future__ import annotations

import json
import logging
import os
import stat
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Secret
from harvester import redact
from harvester.config import AlertSettings, Settings
from harvester.credentials import CredentialError
from harvester.daemon.alerts import Alerts, Condition, conditions, memory_path
from harvester.daemon.channels import Command, NotTold
from harvester.daemon.messages import Change, for_chat, text_of
from harvester.standing import Disk
from tests.harvester import small_sources
from tests.harvester.test_standing import NOTHING, NOW, ago, days, on, ran, row, segment, source, told

FAILS = Condition("failing:work", "failing", "work traffic: auth failed", "work", "work failed")
LOW = Condition("disk", "disk", "10 MiB are free", over="the disk was almost full")
LOST = Condition("lost:work:traffic", "lost", "work traffic: 1 day lost for good", "work")
PATH = "/services/T0123/B4567/abcdefgh12345678ijkl"


@dataclass
class Chat:
    """A webhook on loopback. `status`: what it answers; `gate`: waited for before it does."""

    status: int = 200
    texts: list[str] = field(default_factory=list)
    posts: list[Any] = field(default_factory=list)
    gate: threading.Event | None = None
    url: str = ""


@pytest.fixture
def chat() -> Iterator[Chat]:
    chat = Chat()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if chat.gate is not None:
                chat.gate.wait(10)
            chat.posts.append(posted)
            if chat.status < 300:
                chat.texts.append(posted["text"])
            self.send_response(chat.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    chat.url = f"http://127.0.0.1:{server.server_address[1]}{PATH}"
    yield chat
    if chat.gate is not None:
        chat.gate.set()
    server.shutdown()
    server.server_close()
    thread.join()


def configured(folder: Path, url: str | None = None, command: tuple[str, ...] = (), **more: Any) -> Settings:
    webhook = Secret("env:HOOK", lambda: url) if url is not None else None
    made = small_sources.settings(folder)
    made.spool.mkdir(exist_ok=True)
    more = {"allow_private": True, **more}
    return replace(made, alerts=AlertSettings(webhook=webhook, command=command, **more))


def alerts(folder: Path, chat: Chat, **more: Any) -> Alerts:
    return Alerts(configured(folder, chat.url, **more), clock=lambda: NOW)


def said(chat: Chat) -> list[str]:
    """The messages without the name of the machine."""
    return [text.split(": ", 1)[1] for text in chat.texts]


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


# -- when it does not get there


@pytest.mark.parametrize("status", [500, 404, 403, 429, 301])
def test_what_is_not_taken_is_told_with_the_next_check(
    tmp_path: Path, chat: Chat, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    one = alerts(tmp_path, chat)
    chat.status = status
    with caplog.at_level(logging.WARNING):
        one.tell([FAILS])
        one.tell([FAILS])
    assert len(caplog.records) == 1  # the same reason is not repeated
    assert "[alerts] webhook" in caplog.text
    chat.status = 200
    one.tell([FAILS])
    one.tell([FAILS])
    assert said(chat) == ["work traffic: auth failed"]


def test_an_end_that_is_not_taken_is_told_with_the_next_check(tmp_path: Path, chat: Chat) -> None:
    one = alerts(tmp_path, chat)
    one.tell([FAILS])
    chat.status = 503
    one.tell([])
    chat.status = 200
    alerts(tmp_path, chat).tell([])
    assert said(chat) == ["work traffic: auth failed", "over: work failed"]


def test_what_has_come_and_gone_untold_stays_untold(tmp_path: Path, chat: Chat) -> None:
    one = alerts(tmp_path, chat)
    chat.status = 503
    one.tell([FAILS])
    chat.status = 200
    one.tell([])
    assert chat.texts == []


def test_one_channel_that_fails_does_not_stop_the_other(tmp_path: Path, chat: Chat) -> None:
    one = alerts(tmp_path, chat, command=(str(tmp_path / "missing"),))
    one.tell([FAILS])
    tell = program(tmp_path, "missing", "")
    one.tell([FAILS])
    assert said(chat) == ["work traffic: auth failed"]
    assert json.loads(tell.with_suffix(".said").read_text())["changes"][0]["key"] == "failing:work"


def test_private_addresses_are_refused_unless_allowed(
    tmp_path: Path, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        alerts(tmp_path, chat, allow_private=False).tell([FAILS])
    assert chat.posts == []
    assert "set [alerts] allow_private = true" in caplog.text


def test_the_address_of_the_webhook_is_in_no_message(
    tmp_path: Path, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    chat.status = 404
    alerts(tmp_path, chat).tell([FAILS])
    alerts(tmp_path, replace(chat, url="http://127.0.0.1:1" + PATH)).tell([FAILS])
    assert len(caplog.records) == 2
    assert "abcdefgh" not in caplog.text
    assert "B4567" not in caplog.text
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or "abcdefgh" not in path.read_text()
    assert redact.redact("services and webhooks") == "services and webhooks"


def test_a_secret_that_is_not_there_is_told_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def missing() -> str:
        raise CredentialError("env:HOOK: this environment variable is not set", remedy="export HOOK=…")

    settings = configured(tmp_path)
    settings = replace(settings, alerts=AlertSettings(webhook=Secret("env:HOOK", missing)))
    with caplog.at_level(logging.WARNING):
        Alerts(settings).tell([FAILS])
    assert "env:HOOK: this environment variable is not set" in caplog.text


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


def wait_until(true: Any) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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


# -- the command


def program(folder: Path, name: str, more: str) -> Path:
    """A program that writes down what it is given, beside itself."""
    path = folder / name
    path.write_text(
        f"#!{sys.executable} -S\nimport os, sys, json, time\n"
        f"said = sys.stdin.read()\nopen({str(path.with_suffix('.said'))!r}, 'w').write(said)\n"
        f"seen = json.dumps([sys.argv, dict(os.environ), os.getcwd()])\n"
        f"open({str(path.with_suffix('.env'))!r}, 'w').write(seen)\n{more}"
    )
    path.chmod(0o700)
    return path


CHANGE = Change("new", "failing:work", "failing", "work", "work: `rm -rf /`; $(true) 'x'")


def test_the_command_is_given_json_and_its_arguments_and_no_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    tell = program(tmp_path, "tell", "")
    Command(["./tell", "$HOME", "a b; true"], tmp_path).tell([CHANGE], NOW)
    given = json.loads(tell.with_suffix(".said").read_text())
    argv, environ, folder = json.loads(tell.with_suffix(".env").read_text())
    assert argv[1:] == ["$HOME", "a b; true"]
    assert folder == str(tmp_path)
    assert "GITHUB_TOKEN" not in environ
    assert environ["PATH"] == os.environ["PATH"]
    assert given["changes"] == [
        {"state": "new", "key": "failing:work", "kind": "failing", "source": "work", "text": CHANGE.text}
    ]
    assert datetime.fromisoformat(given["at"]) == NOW
    assert given["text"].endswith(CHANGE.text)


@pytest.mark.parametrize(
    ("more", "says"),
    [("sys.exit(3)", "ended with exit code 3"), ("os.kill(os.getpid(), 9)", "ended with exit code -9")],
)
def test_a_command_that_fails_has_not_told(tmp_path: Path, more: str, says: str) -> None:
    tell = program(tmp_path, "tell", more)
    with pytest.raises(NotTold, match=says):
        Command([str(tell)], tmp_path).tell([CHANGE], NOW)


def test_a_command_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    tell = program(
        tmp_path, "tell",
        f"child = os.fork()\nif child: open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child}}')\n"
        "time.sleep(60)\n",
    )  # fmt: skip
    started = time.monotonic()
    with pytest.raises(NotTold, match="not done after 1 s, and ended"):
        Command([str(tell)], tmp_path, timedelta(seconds=1)).tell([CHANGE], NOW)
    assert time.monotonic() - started < 10
    for pid in pids.read_text().split():
        wait_until(lambda pid=pid: not _is_running(int(pid)))


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_command_that_reads_nothing_is_no_failure(tmp_path: Path) -> None:
    many = [replace(CHANGE, text="x" * 400)] * 1000
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\ntouch ran\n")
    program.chmod(0o700)
    Command([str(program)], tmp_path).tell(many, NOW)
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("argv", "says"), [(["./none"], "No such file"), (["./folder"], "ermission"), (["a\0b"], "null")]
)
def test_a_command_that_cannot_be_run_is_named(tmp_path: Path, argv: list[str], says: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(NotTold, match=says):
        Command(argv, tmp_path).tell([CHANGE], NOW)


# -- words


def test_what_sources_say_mentions_nobody_and_hides_no_link() -> None:
    hostile = replace(CHANGE, text="<!channel> <@U1> @here [click](https://evil.example) a & b\r\nnew line")
    text = for_chat([hostile], "host")["text"]
    assert text == (
        "harvester on host: &lt;!channel&gt; &lt;@\u200bU1&gt; @\u200bhere [click] (https://evil.example)"
        " a &amp; b new line"
    )


def test_secrets_are_masked_and_long_messages_cut() -> None:
    redact.register("zq7Kx-91vbTn-44hWq")
    assert text_of([replace(CHANGE, text="token zq7Kx-91vbTn-44hWq")], "") == "harvester: token [redacted]"
    assert len(text_of([replace(CHANGE, text="x" * 5000)], "")) < 600


def test_every_kind_of_alert_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "monitoring.md").read_text(encoding="utf-8")
    section = page.partition("## Alerts")[2].partition("\n## ")[0]
    assert section.count("\n| ") == 1 + 7
    for word in ("three failures", "three days", "ten minutes", "500 MiB", "expire", "10 seconds", ".alerts.json"):
        assert word in section
