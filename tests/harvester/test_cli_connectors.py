"""`harvest connectors`: what is installed, at a glance and whole."""

from __future__ import annotations

import json

from connectors.metrics import USUAL
from harvester.cli import run
from harvester.registry import Registry


def test_every_connector_is_listed_and_a_stream_of_any_metric_says_so(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["connectors"]) == 0
    shown = capsys.readouterr().out

    for name in Registry().names():
        assert f"\n {name} " in shown
    assert "as configured (event, daily, level)" in shown
    assert "post_reads (daily)" in shown  # of connectors that count what they count


def test_as_json_nothing_is_left_out(capsys):
    assert run(["connectors", "--json"]) == 0
    told = {each["connector"]: each for each in json.loads(capsys.readouterr().out)}

    assert {metric["metric"] for stream in told["csv"]["streams"] for metric in stream["metrics"]} == set(USUAL)
