"""The clock: APScheduler rings once for each name at its moment, and knows nothing of what is done then."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger


class Alarm:
    """Calls `ring(name)` from a thread of its own; `ring` must return at once. Any thread may call any method.

    A moment that has passed rings at once, however late it is: a suspended machine drops nothing.
    """

    def __init__(self, ring: Callable[[str], None]) -> None:
        self._ring = ring
        # Rings are put on a queue in no time: a pool would only be one more place where they can be dropped.
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": DebugExecutor()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        logging.getLogger("apscheduler").setLevel(logging.WARNING)

    def start(self) -> None:
        """Begin to ring."""
        self._scheduler.start()

    def stop(self) -> None:
        """Ring no more."""
        self._scheduler.shutdown(wait=False)

    def set(self, name: str, moment: datetime) -> None:
        """Ring for this name at `moment` (aware), and at no other."""
        self._scheduler.add_job(
            self._ring, DateTrigger(moment, timezone=UTC), args=(name,), id=name, replace_existing=True
        )

    def unset(self, name: str) -> None:
        """Do not ring for this name."""
        with suppress(JobLookupError):
            self._scheduler.remove_job(name)

    def look(self) -> None:
        """Look at the wall clock anew: it may have jumped, or stood still while the machine slept."""
        if self._scheduler.running:
            self._scheduler.wakeup()
