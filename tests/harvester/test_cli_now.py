"""When `harvest now` gets ready to score."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from harvester import pipeline, scorejob
from harvester.cli.now import BUSY, harvest_and_report
from harvester.config import load
from harvester.outcomes import Outcome
from harvester.pipeline import Harvest
from harvester.reading import Order
from harvester.store import Loaded, StoreError

Ended = list[tuple[str, int]]


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ([("repository", 3), ("issues", 0), ("pulls", 1), ("stars", 2)], [0, 0, 1, 1]),
        ([("traffic", 2), ("repository", 3)], [1, 1]),
        ([("repository", 3), ("stars_by_level", 2), ("releases", 1), ("referrers", 4)], [0, 0, 0, 0]),
        ([("issues", 0), ("pulls", 0), ("traffic", 0)], [0, 0, 0]),
    ],
    ids=["events", "totals of days", "levels draw none", "nothing new"],
)
def test_it_gets_ready_once_at_the_first_stream_that_draws_a_score(
    ended: Ended, expected: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    ready: list[int] = []

    def harvest(*_: Any, heard: Any, **__: Any) -> Harvest:
        for stream, facts in ended:
            heard(Outcome("work", stream, "ok", "", facts))
            ready.append(len(calls))
        return Harvest("run", (), Loaded(), StoreError("held"), (), is_interrupted=False)

    monkeypatch.setattr(pipeline, "harvest", harvest)
    monkeypatch.setattr(scorejob, "get_ready", lambda: calls.append("ready"))
    config = tmp_path / "config.toml"
    config.write_text('[source.work]\nconnector = "github"\ntoken = "env:TOKEN"\nrepos = ["you/yours"]\n')
    settings = load(config)
    options = argparse.Namespace(json=True, quiet=True, lock_timeout=0.0)
    assert harvest_and_report(options, settings, settings.select(), Order()) == BUSY
    assert ready == expected
