"""A real tap from PyPI, where one is named: TAP_JSONL=/path/to/tap-jsonl, installed in an environment of its own."""

from __future__ import annotations

import json
import os

import pytest
from singer_tap import Tap

PROGRAM = os.environ.get("TAP_JSONL", "")


@pytest.mark.skipif(not PROGRAM, reason="needs a tap from PyPI: TAP_JSONL=/path/to/tap-jsonl")
def test_a_real_tap_is_read_and_goes_on_from_its_state(tmp_path):
    lines = [{"id": number, "at": f"2026-11-1{number}T10:00:00Z", "repo": "engine"} for number in (1, 2, 3)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    settings = {"path": str(tmp_path / "*.jsonl"), "stream_name": "issues", "primary_keys": ["id"]}
    (tmp_path / "tap.json").write_text(json.dumps(settings))
    tap = Tap(
        tmp_path,
        command=(PROGRAM,),
        config="tap.json",
        streams={"issues": {"metric": "issues_opened", "day": "at", "subject": "repo"}},
    )

    assert sorted(tap.facts()) == [("issues_opened", "engine", str(number)) for number in (1, 2, 3)]
    assert tap.cursor["state"]["bookmarks"]["issues"]
    assert tap.facts().keys() <= {("issues_opened", "engine", str(number)) for number in (1, 2, 3)}
