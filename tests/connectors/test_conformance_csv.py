"""The csv connector keeps what every connector keeps, with a column for everything and with a column per metric."""

from __future__ import annotations

import pytest

from connectors.csv import CONNECTOR, CsvConfig
from connectors.testing import NOW, Case, checks_for

LONG = """metric,kind,subject,day,value,id,who
post_reads,daily,https://example.org/a,2026-11-01,10,,
post_reads,daily,https://example.org/a,2026-11-03,12,,
followers,level,me,2026-11-25,1500,,
talk_interactions,event,Small databases,2026-10-03,3,q-1,ada
talk_interactions,event,Small databases,2026-10-03,1,q-2,bob
"""
COLUMNS = {
    "id": "id",
    "metric": "metric",
    "kind": "kind",
    "subject": "subject",
    "day": "day",
    "value": "value",
    "actor": "who",
}
WIDE = "Day;Views;Claps\n2026-11-01;1,000;4\n2026-11-02;;0\n"


def case_of(folder, **keys) -> Case:
    return Case(connector=CONNECTOR, config=CsvConfig(folder="exports", **keys), folder=folder, now=NOW)


KEYS = {
    "long": {"columns": COLUMNS},
    "wide": {"columns": {"day": "Day"}, "metrics": {"post_reads": "Views", "post_reactions": "Claps"}},
}


@pytest.mark.parametrize("shape", KEYS)
@pytest.mark.parametrize("check", checks_for(case_of(".", **KEYS["wide"])))
def test_the_csv_connector_conforms(shape, check, tmp_path):
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "a.csv").write_text(LONG if shape == "long" else WIDE)
    check(case_of(tmp_path, **KEYS[shape]))
