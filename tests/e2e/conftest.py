from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.running import Field, field_of, small_world


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Field]:
    """A small world, served, and an empty folder to harvest it into."""
    with field_of(small_world(), tmp_path / "farm") as made:
        yield made


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long version of the kills runs where it is asked for: `-m slow`, or `-m "slow or not slow"` for all."""
    if not config.option.markexpr:
        for item in items:
            if item.path.is_relative_to(Path(__file__).parent) and item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="minutes of kill -9; run with -m slow"))
