"""The table of connectors in the docs against the connectors: what code knows of them is told as it is."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from harvester.cli import run

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
INSTALLED = sorted(PROJECT["entry-points"]["harvester.connectors"])
HEAD = [
    "connector",
    "service",
    "gives",
    "kind",
    "days_of",
    "retention",
    "permission",
    "cost",
    "backfill",
    "cannot_say",
]


def table():
    """The rows of the table, each a dict by the names of its columns."""
    (found,) = re.findall(r"^\| connector \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    head = re.search(r"^\| connector \|.*", PAGE, re.MULTILINE)[0]
    assert [cell.strip().replace(" ", "_") for cell in head.strip("|").split("|")] == HEAD
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in found.splitlines()]
    return [dict(zip(HEAD, row, strict=True)) for row in rows]


ROWS = table()


@pytest.fixture
def told(capsys):
    """What `harvest connectors --json` tells, by connector."""
    assert run(["connectors", "--json"]) == 0
    return {one["connector"]: one["streams"] for one in json.loads(capsys.readouterr().out)}


def test_every_connector_has_one_row():
    assert sorted(row["connector"].strip("`") for row in ROWS) == INSTALLED


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["connector"].strip("`"))
def test_a_row_says_what_the_streams_are(row, told):
    name = row["connector"].strip("`")
    streams = told[name]
    kinds = {metric["kind"] for stream in streams for metric in stream["metrics"]}

    assert all(row.values())
    assert f"](connectors/{name}.md)" in row["service"]
    assert row["kind"] == ", ".join(kind for kind in ("event", "daily", "level") if kind in kinds)
    assert set(re.findall(r"\ball\b|\bnow only\b|\b\d+ days\b", row["retention"])) == {
        kept(stream["retention_days"]) for stream in streams
    }
    assert row["permission"] == "; ".join(dict.fromkeys(stream["permission"] for stream in streams))


def kept(days):
    """As the table says it."""
    if days is None:
        return "all"
    return "now only" if days == 1 else f"{days} days"
