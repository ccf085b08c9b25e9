"""The pace that a service publishes: so many requests in so much time."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.base import Context


@dataclass(slots=True)
class Pace:
    """At most `most` requests in any `span`, of all threads together, waited for through the context."""

    context: Context
    most: int
    span: timedelta
    _sent: deque[datetime] = field(default_factory=deque, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def step(self) -> None:
        """Return when the next request may go out, or at once where the run is to end: its read looks there next."""
        with self._lock:  # others wait for it too
            if len(self._sent) >= self.most:
                rest = self._sent[0] + self.span - self.context.clock()
                if rest > timedelta(0):
                    self.context.wait(rest.total_seconds())
                self._sent.popleft()
            self._sent.append(self.context.clock())
