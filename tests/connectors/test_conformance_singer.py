"""The singer connector keeps what every connector keeps; what taps do wrong is in test_singer_faults.py."""

from __future__ import annotations

import pytest
from singer_tap import ISSUES, Tap, issue, record, schema, state

from connectors.singer import CONNECTOR, SingerConfig
from connectors.testing import NOW, Case, checks_for, known_secret

STREAMS = {
    "issues": ISSUES,
    "views": {"metric": "post_reads", "day": "date", "value": "views", "subject": "page"},
    "account": {"metric": "followers", "value": "followers"},
}
SECRET = "tap-secret-1"


def case_of(folder=".", **more) -> Case:
    config = SingerConfig(command=("sh", "tap.sh"), streams=STREAMS, secrets={"token": known_secret(SECRET)})
    return Case(connector=CONNECTOR, config=config, secrets=[SECRET], folder=folder, now=NOW)


@pytest.mark.parametrize("check", checks_for(case_of()))
def test_the_singer_connector_conforms(check, tmp_path):
    Tap(tmp_path).says(
        schema(), issue(1), issue(2), state({"at": 2}), issue(3),
        schema("views", ("date", "page")), record("views", date="20261120", page="/a", views="12"),
        schema("account", ()), record("account", followers=90), state({"at": 3}),
    )  # fmt: skip
    check(case_of(tmp_path))
