"""When `harvest now` gets ready to score."""

from __future__ import annotations

from pathlib import Path

import pytest

from harvester.cli.now import Ahead
from harvester.config import load
from harvester.outcomes import Outcome


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ([("stars", 2), ("levels", 3), ("pulls", 1)], [False, True, False]),
        ([("levels", 3), ("issues", 0), ("pulls", 1)], [False, False, True]),
        ([("levels", 3), ("issues", 0), ("pulls", 0), ("stars", 0)], [False] * 4),
    ],
    ids=["half have ended", "something draws a score only later", "nothing does"],
)
def test_it_is_time_when_half_of_the_streams_have_ended(ended: list[tuple[str, int]], expected: list[bool]) -> None:
    ahead = Ahead(levels={("work", "levels")}, left=2)
    assert [ahead.hear(Outcome("work", stream, "ok", "", facts)) for stream, facts in ended] == expected


def test_streams_of_levels_alone_draw_no_score_and_half_of_all_have_to_end(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[source.work]\nconnector = "github"\ntoken = "env:TOKEN"\nrepos = ["you/yours"]\n')
    ahead = Ahead.of(load(config).select())
    levels = {("work", name) for name in ("repository", "stars_by_level", "releases", "referrers")}
    assert (set(ahead.levels), ahead.left) == (levels, 5)
