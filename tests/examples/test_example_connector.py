"""The example of docs/connectors.md keeps what every connector keeps."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from example_connector import CONNECTOR, PypiConfig

from connectors.errors import Malformed
from connectors.testing import Answer, Case, checks_for
from connectors.testing.case import read_all

DAYS = [{"category": "without_mirrors", "date": f"2026-11-{day}", "downloads": day} for day in range(20, 24)]


def service(*days):
    """pypistats.org, as its page on the API shows its answers."""
    body = json.dumps({"data": days, "package": "engine", "type": "overall_downloads"})

    def answer(request):
        assert request.url == "https://pypistats.org/api/packages/engine/overall?mirrors=false"
        if request.headers.get("If-None-Match") == '"1"':
            return Answer(304)
        return Answer(200, {"ETag": '"1"', "Content-Type": "application/json"}, body.encode())

    return answer


CASE = Case(connector=CONNECTOR, config=PypiConfig(package="engine"), answer=service(*DAYS))


@pytest.mark.parametrize("check", checks_for(CASE))
def test_the_example_conforms(check):
    check(CASE)


def test_every_day_is_read_with_its_downloads():
    ((_, batches),) = read_all(CASE)

    assert [(one.key, one.value) for one in batches[0].observations] == [
        ("2026-11-20", 20), ("2026-11-21", 21), ("2026-11-22", 22), ("2026-11-23", 23)
    ]  # fmt: skip


def test_a_day_without_a_figure_is_rejected_not_fatal_and_nothing_is_called_complete():
    ((_, batches),) = read_all(replace(CASE, answer=service(*DAYS, {"date": "2026-11-24", "downloads": None})))

    assert len(batches[0].observations) == 4
    assert len(batches[0].rejects) == 1
    assert not batches[0].coverage


def test_an_answer_without_days_is_malformed_not_silence():
    case = replace(CASE, answer=lambda request: Answer(200, {}, b'{"data": "soon"}'))

    with pytest.raises(Malformed, match="no list of days"):
        read_all(case)
