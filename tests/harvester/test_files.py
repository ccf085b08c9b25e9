"""Files that are replaced as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from harvester.files import replace_text


def test_what_a_killed_writer_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "state.json.part").write_text('{"half": "of a much longer')
    replace_text(tmp_path / "state.json", "{}", mode=0o600)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("state.json", "{}")]
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600


def test_a_failure_leaves_the_old_one_and_no_litter(tmp_path: Path) -> None:
    (tmp_path / "state.json").mkdir()
    with pytest.raises(OSError, match=r"state\.json"):
        replace_text(tmp_path / "state.json", "{}", mode=0o600)
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


def test_a_link_that_lies_in_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / "state.json.part").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"state\.json\.part"):
        replace_text(tmp_path / "state.json", "{}", mode=0o600)
    assert (tmp_path / "elsewhere").read_text() == "mine"
