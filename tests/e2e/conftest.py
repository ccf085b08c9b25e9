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
