"""How a walk over many repositories goes: which failures it survives, and which it does not."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.errors import AuthFailed, ConnectorError, Gone, Malformed, NotPermitted, RateLimited, Unavailable
from connectors.github.failures import SwitchedOff

OUTAGE = 3  # repositories in a row that cannot be reached: it is not them


@dataclass(frozen=True, slots=True)
class Ended:
    """A task is over; `error`: why, where it failed."""

    error: BaseException | None = None


@dataclass(slots=True)
class Tally:
    """Counts the ends of tasks."""

    succeeded: int = 0
    problems: list[ConnectorError] = field(default_factory=list)
    switched_off: list[SwitchedOff] = field(default_factory=list)
    _streak: int = 0

    def end(self, ended: Ended) -> bool:
        """Record the end of one task; true where it succeeded. Raises what must stop the walk."""
        error = ended.error
        if error is None:
            self.succeeded += 1
            self._streak = 0
            return True
        if isinstance(error, SwitchedOff):
            self.switched_off.append(error)
            return False
        if not isinstance(error, ConnectorError) or isinstance(error, AuthFailed | RateLimited):
            raise error
        self.problems.append(error)
        self._streak = self._streak + 1 if isinstance(error, Unavailable) else 0
        if self._streak >= OUTAGE:
            raise self._streak_error()
        return False

    def finish(self) -> None:
        """Raise the problem to act on first, where every task had one."""
        if self.problems and not self.succeeded and not self.switched_off:
            raise min(self.problems, key=_urgency)

    def _streak_error(self) -> ConnectorError:
        last = self.problems[-1]
        return Unavailable(
            f"{last.what}; so did the {OUTAGE - 1} before", remedy="GitHub seems to be down; tried again later"
        )


def _urgency(error: ConnectorError) -> int:
    order = (Unavailable, NotPermitted, Malformed, Gone)
    return next((rank for rank, kind in enumerate(order) if isinstance(error, kind)), len(order))
