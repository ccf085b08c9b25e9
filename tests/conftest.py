"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The recorded real answers; a user's checkout does not have them, CI must."""
    if not SHARED.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("recorded data must lie beside the checkout in CI")
        pytest.skip("recorded real answers are not beside this checkout")
    return SHARED
