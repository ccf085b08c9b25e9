"""What becomes of an alert on its way: channels that fail, what the command is given, and the words of a message."""

from __future__ import annotations

import json
import logging
import os
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connectors.base import Secret
from harvester import redact
from harvester.config import AlertSettings
from harvester.credentials import CredentialError
from harvester.daemon.alerts import Alerts
from harvester.daemon.channels import Command, NotTold
from harvester.daemon.messages import Change, for_chat, text_of
from tests.harvester.daemon.alerting import FAILS, PATH, Chat, alerts, configured, program, said, wait_until
from tests.harvester.reported import NOW

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


# -- the command


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
