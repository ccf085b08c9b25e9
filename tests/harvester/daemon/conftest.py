from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.harvester.daemon.alerting import Chat, listening


@pytest.fixture(autouse=True)
def _heard(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What the daemon logs gets to caplog, also after a command of this process has set logging up for itself."""
    log = logging.getLogger("harvester.daemon")
    before = log.level, log.propagate
    log.addHandler(caplog.handler)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    yield
    log.removeHandler(caplog.handler)
    log.setLevel(before[0])
    log.propagate = before[1]


@pytest.fixture
def chat() -> Iterator[Chat]:
    with listening() as chat:
        yield chat
