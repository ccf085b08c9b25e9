"""Taps that die, hang, lie and babble: a failed run each, with the state where it was, and nothing left running."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from singer_tap import Tap, issue, record, schema, state

from connectors.errors import ConnectorError, Gone, Malformed, NotPermitted, Unavailable
from connectors.singer import process
from connectors.testing import known_secret


@pytest.fixture
def tap(tmp_path) -> Tap:
    return Tap(tmp_path)


def failure(tap: Tap, kind: type[ConnectorError]) -> str:
    with pytest.raises(kind) as caught:
        tap.read()
    return str(caught.value)


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def has_ended(pid: int) -> bool:
    for _ in range(100):
        if not is_running(pid):
            return True
        time.sleep(0.02)
    return False


# How it ends


def test_of_a_traceback_only_what_happened_is_told(tap):
    frames = 'Traceback (most recent call last):\n  File "tap.py", line 3\n    ^^^^^\nValueError: no site'
    (tap.folder / "said").write_text(frames + "\n")
    tap.says(schema(), then="cat said >&2; exit 1")
    assert failure(tap, Unavailable).endswith("it said: Traceback (most recent call last): | ValueError: no site")


@pytest.mark.parametrize(
    ("then", "how"), [("exit 3", "sh: ended with code 3"), ("kill -9 $$", "sh: was killed by signal 9")]
)
def test_a_tap_that_dies_is_a_failed_run_and_keeps_what_its_state_made_safe(tap, then, how):
    tap.says(schema(), issue(1), state({"at": 1}), issue(2), then=f"echo 'no route to host' >&2; {then}")
    assert f"forge: {how}; it said: no route to host" in failure(tap, Unavailable)
    assert tap.cursor["state"] == {"at": 1}


def test_a_tap_that_dies_within_a_line_is_told_as_dead(tap):
    tap.says(schema(), issue(1), state({"at": 1}), '{"type": "RECORD", "str', end="", then="exit 1")
    assert "ended with code 1, without a word of why" in failure(tap, Unavailable)


def test_a_torn_last_line_of_a_tap_that_ended_well_is_malformed(tap):
    tap.says(schema(), issue(1), '{"type": "RECORD", "str', end="")
    assert "the last line is torn" in failure(tap, Malformed)


def test_a_tap_that_hangs_is_ended_with_all_it_started(tap):
    tap.keys["silence"] = 1
    tap.says(schema(), issue(1), state({"at": 1}), then="sleep 600 & echo $! > child; wait")
    assert "said nothing for 1 s and was ended" in failure(tap, Unavailable)
    assert tap.cursor["state"] == {"at": 1}
    assert has_ended(int((tap.folder / "child").read_text()))


def test_complaints_on_standard_error_are_no_sign_of_life(tap):
    tap.keys["silence"] = 1
    tap.says(schema(), then="while :; do echo trying again >&2; sleep 0.1; done")
    assert "it said: trying again | trying again" in failure(tap, Unavailable)


def test_a_tap_that_will_not_end_is_killed(tap, monkeypatch):
    monkeypatch.setattr(process, "_GRACE", 0.2)
    tap.keys["silence"] = 1
    tap.says(schema(), before="echo $$ > pid; trap '' TERM", then="while :; do sleep 0.1; done")
    failure(tap, Unavailable)
    assert has_ended(int((tap.folder / "pid").read_text()))


def test_a_child_that_keeps_the_output_open_does_not_hold_up_a_tap_that_ended(tap):
    tap.says(schema(), issue(1), then="sleep 600 & echo $! > child")
    assert len(tap.facts()) == 1
    assert has_ended(int((tap.folder / "child").read_text()))


def test_a_tap_is_ended_when_we_are_asked_to_stop(tap):
    tap.says(schema(), issue(1), state({"at": 1}), before="echo $$ > pid", then="sleep 600")
    batches = tap.batches()
    next(batches)
    tap.is_stopping = lambda: True
    assert list(batches) == []
    assert has_ended(int((tap.folder / "pid").read_text()))


def test_a_tap_is_ended_when_nobody_listens_any_more(tap):
    tap.says(schema(), issue(1), state({"at": 1}), before="echo $$ > pid", then="sleep 600")
    batches = tap.batches()
    next(batches)
    batches.close()
    assert has_ended(int((tap.folder / "pid").read_text()))


def test_a_tap_that_waits_to_begin_ends_at_once_when_we_stop(tap):
    tap.is_stopping = lambda: True
    tap.says(schema(), before="sleep 600")
    assert tap.read() == []


def test_a_program_that_is_not_there_says_what_to_do(tap):
    tap.keys["command"] = ("tap-that-nobody-has",)
    said = failure(tap, Gone)
    assert "there is no program 'tap-that-nobody-has'; install it in an environment of its own" in said


def test_a_program_that_cannot_be_run_says_so(tap):
    (tap.folder / "tap").write_text("no program")
    tap.keys["command"] = ("./tap",)
    assert "'./tap' cannot be run (Permission denied)" in failure(tap, NotPermitted)


# What it says


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((), "ended well and said nothing; run it by hand"),
        (("<!doctype html><title>Sign in</title>",), "says what is no message: '<!doctype html>"),
        (("[1, 2]",), "says what is no message"),
        (("9" * 5000,), "says what is no message"),
        (("[" * 100_000,), "says what is no message"),
        ((record("issues", id=1),), "has a record before its schema"),
        ((schema(), {"type": "RECORD", "stream": "issues"}), "has no stream or no content"),
        ((schema(), {"type": "RECORD", "record": {}}), "has no stream or no content"),
        (({"type": "SCHEMA", "stream": "issues"},), "the schema of stream 'issues' is none"),
        (({"type": "SCHEMA", "stream": "issues", "schema": {}, "key_properties": "id"},), "is none"),
        ((schema(), state(7)), "a state of the tap is no object"),
        ((schema(), state({"x": "y" * (1 << 20)})), "a state of the tap is larger than 512 KiB"),
        (({"type": "BATCH", "stream": "issues"},), "switch batches off"),
        ((schema("issues", ("id",), "id", "createdAt", "repo", "user"),), "did you mean createdAt?"),
    ],
)  # fmt: skip
def test_what_is_not_singers_is_malformed(tap, lines, said):
    tap.says(*lines)
    assert said in failure(tap, Malformed)
    assert "state" not in tap.cursor


def test_a_message_of_an_unknown_type_is_counted_and_passed_over(tap):
    tap.says(schema(), {"type": "GREETING"}, "", issue(1))
    (batch,) = tap.read()
    assert [each.what for each in batch.rejects] == ["GREETING"]
    assert len(batch.observations) == 1


def test_a_line_without_end_is_not_gathered(tap):
    tap.says("x" * (process.LONGEST_LINE + 10), end="")
    assert "a line is longer than 4 MiB" in failure(tap, Malformed)


def test_several_records_a_day_cannot_be_its_total(tmp_path):
    tap = Tap(tmp_path, streams={"a": {"metric": "clicks", "day": "d", "value": "n"}})
    tap.says(
        schema("a", ("d", "country")),
        record("a", d="2026-11-20", country="de", n=1),
        record("a", d="2026-11-20", country="de", n=2),
        record("a", d="2026-11-20", country="fr", n=3),
    )
    assert "several records of 'forge' for 2026-11-20 (2026-11-20|de, 2026-11-20|fr)" in failure(tap, Malformed)


# Secrets


def test_what_a_tap_complains_of_shows_no_secret(tap):
    (tap.folder / "tap.json").write_text(
        '{"site": "example.org", "auth": {"password": "p@ss word/1"}, "api_key": "key-from-the-file"}'
    )
    tap.keys |= {"config": "tap.json", "secrets": {"token": known_secret("hush-hush-hush")}}
    tap.says(schema(), then='cat "$2" >&2; echo " p%40ss%20word%2F1 example.org" >&2; exit 1')
    said = failure(tap, Unavailable)
    for secret in ("hush-hush", "p@ss", "p%40ss", "key-from"):
        assert secret not in said
    assert "example.org" in said


def test_a_babbling_tap_shows_no_secret_either(tap):
    tap.keys["secrets"] = {"token": known_secret("hush-hush-hush")}
    tap.says("starting with token hush-hush-hush")
    assert "hush-hush" not in failure(tap, Malformed)


def test_only_the_last_words_are_shown_and_no_control_characters(tap):
    tap.says(
        schema(),
        then='i=0; while [ $i -lt 100 ]; do echo "line $i" >&2; i=$((i+1)); done; printf "\\033[31mred" >&2; exit 1',
    )
    said = failure(tap, Unavailable)
    assert "line 99" in said
    assert "line 80" not in said
    assert "\x1b" not in said
    assert said.endswith("red")


@pytest.mark.parametrize(
    ("text", "said"), [(None, "cannot be read"), ("{token: hush}", "is no JSON"), ("[]", "is no JSON object")]
)
def test_a_configuration_of_the_tap_that_cannot_be_used_is_named_without_its_content(tap, text, said):
    if text is not None:
        (tap.folder / "tap.json").write_text(text)
    tap.keys["config"] = "tap.json"
    tap.says(schema())
    told = failure(tap, Malformed)
    assert said in told
    assert "hush" not in told


def test_a_catalog_that_is_not_there_is_named(tap):
    tap.keys["catalog"] = "catalog.json"
    tap.says(schema())
    assert "catalog.json: is no file" in failure(tap, Malformed)
