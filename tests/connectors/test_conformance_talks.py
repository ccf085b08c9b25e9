"""The talks connector keeps what every connector keeps, whichever way the file is written."""

from __future__ import annotations

from datetime import date

import pytest

from connectors.talks import CONNECTOR, Number, Talk, TalksConfig, append_number, append_talk
from connectors.testing import NOW, Case, checks_for

TALKS = (
    Talk(title="Small databases", day=date(2026, 3, 9), audience=200, attendees=80, interactions=23, event="PyCon"),
    Talk(title="Field notes as code", day=date(2026, 10, 1), attendees=0, kind="workshop", id="notes"),
    Talk(title="Already held where it is tomorrow", day=date(2026, 11, 25), interactions=4),
    Talk(title="Still to come", day=date(2027, 1, 8), audience=60),
)
IMPRESSIONS = Number(metric="impressions", day=date(2026, 11, 20), value=900, of="newsletter")


def case_of(file: str = "talks.toml", **more) -> Case:
    return Case(connector=CONNECTOR, config=TalksConfig(file=file), **more)


@pytest.mark.parametrize("file", ["talks.toml", "talks.csv"])
@pytest.mark.parametrize("check", checks_for(case_of()))
def test_the_talks_connector_conforms(file, check, tmp_path):
    for talk in TALKS:
        append_talk(tmp_path / file, talk, today=date(2026, 11, 25))
    if file.endswith(".toml"):
        append_number(tmp_path / file, IMPRESSIONS, today=date(2026, 11, 25))
    check(case_of(file, folder=tmp_path, now=NOW))
