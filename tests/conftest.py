"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harvester.store import warm

# Files that take longest, begun first, so that no worker is left alone with one of them at the end.
LONGEST = (
    "test_daemon_year.py",
    "test_e2e_daemon.py",
    "test_e2e_kill.py",
    "test_scoring_properties.py",
    "test_arguing_demo.py",
    "test_exactly_once.py",
    "test_github_faults.py",
    "test_feed_recordings.py",
)
SHARED = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def bench() -> Iterator[None]:
    """As a command does, tests that run in this process keep one database in memory to work at."""
    with warm():
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The recorded real answers; a user's checkout does not have them, CI must."""
    if not SHARED.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("recorded data must lie beside the checkout in CI")
        pytest.skip("recorded real answers are not beside this checkout")
    return SHARED


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Longest first; what takes minutes only where it is asked for: `-m slow`, or `-m "slow or not slow"` for all."""
    if not config.option.markexpr:
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="takes minutes; run with -m slow"))
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))
