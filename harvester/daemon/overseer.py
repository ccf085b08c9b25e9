"""Looks every now and then at how everything stands, and tells those who asked: alerts, /healthz and /metrics."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from harvester.daemon.alerts import Alerts
from harvester.daemon.conditions import conditions
from harvester.daemon.health import Health, health_of
from harvester.redact import redact
from harvester.store import StoreError
from harvester.survey import Survey

if TYPE_CHECKING:
    from harvester.config import Settings
    from harvester.daemon.endpoint import Endpoint
    from harvester.daemon.metrics import Metrics
    from harvester.outcomes import Outcome
    from harvester.standing import Report
    from harvester.store import Loaded

log = logging.getLogger(__name__)

_OFTEN, _SELDOM = 60.0, 300.0
_MANY = 100


@dataclass(slots=True)
class Overseer:
    """A thread that looks; none where nobody asked. `Endpoint.start` may refuse: EndpointError."""

    settings: Settings
    clock: Callable[[], datetime]
    _report: Report | None = None
    _alerts: Alerts | None = None
    _metrics: Metrics | None = None
    _endpoint: Endpoint | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin to listen and to look. Raises EndpointError where the address cannot be had."""
        settings = self.settings
        if settings.listen:
            from harvester.daemon.endpoint import Endpoint  # costs time and memory that others need not spend
            from harvester.daemon.metrics import Metrics

            self._metrics = Metrics(self.clock)
            self._endpoint = Endpoint(settings.listen, self._health, self._metrics)
            self._endpoint.start()
        if settings.alerts.webhook or settings.alerts.command:
            self._alerts = Alerts(settings, clock=self.clock)
        if self._endpoint or self._alerts:
            threading.Thread(target=self._look, name="overseer", daemon=True).start()

    def stop(self) -> None:
        """Look and listen no more."""
        self._stopping.set()
        if self._endpoint:
            self._endpoint.stop()
        if self._alerts:
            self._alerts.stop()

    def run_ended(self, outcomes: Sequence[Outcome], seconds: float) -> None:
        """Count a run."""
        if self._metrics:
            for outcome in outcomes:
                self._metrics.run_ended(outcome.source, outcome.outcome, outcome.requests, seconds)

    def loaded(self, done: Loaded, seconds: float) -> None:
        """Count a load."""
        if self._metrics:
            self._metrics.loaded(done.stored, done.revised, seconds)

    def _look(self) -> None:
        survey = Survey(self.settings)
        pause = _OFTEN if len(self.settings.sources) <= _MANY else _SELDOM
        while True:
            try:
                report = self._report = survey.take(self.clock(), timeout=1)
                if self._metrics:
                    self._metrics.update(report)
                if self._alerts:
                    self._alerts.observe(conditions(report))
            except StoreError as error:
                log.warning("how things stand cannot be looked up: %s", redact(str(error)))
            except Exception:
                log.exception("a defect of ours in looking how things stand")
            if self._stopping.wait(pause):
                return

    def _health(self) -> Health:
        if self._report is None:
            return Health(("just started; nothing has been looked up yet",))
        return health_of(self._report, self.clock())
