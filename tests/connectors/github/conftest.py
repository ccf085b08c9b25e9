"""What the tests of the GitHub connector ask for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from github_script import World, served

from connectors.github.ledger import SHARED


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet() -> None:
    """The accounts of this process are by address, and a port may be used again."""
    SHARED._by_name.clear()


@pytest.fixture
def github() -> Iterator[World]:
    """A scripted GitHub with one repository, ann/one."""
    with served() as world:
        world.script.add()
        yield world


@pytest.fixture(scope="session")
def recorded(shared_data: Path) -> Callable[[str], list[dict[str, Any]]]:
    """The recorded real exchanges of one file."""

    def exchanges(name: str) -> list[dict[str, Any]]:
        folder = shared_data / "github_rest" / "pygithub" / "a"
        return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]

    return exchanges
