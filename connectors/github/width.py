"""How many requests go at once, shared among the streams of a source that are read at once."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Share:
    """What one stream has of the width: requests `under_way`, and those that are `waiting`."""

    width: Width
    under_way: int = 0
    waiting: int = 0

    def take(self, waiting: int) -> bool:
        """Whether one more may be sent now. `waiting`: how many would be, so that the others leave room."""
        with self.width.changed:
            self.waiting = waiting
            room = self.width.most - sum(one.under_way for one in self.width.shares)
            fair = self.width.most // len(self.width.shares) or 1
            kept = sum(one.owed(fair) for one in self.width.shares if one is not self)
            if room <= (0 if self.under_way < fair else kept):
                return False
            self.under_way += 1
            self.waiting -= self.waiting > 0
            return True

    def owed(self, fair: int) -> int:
        """How many more it may send before it has as many under way as everybody may."""
        return max(0, min(self.waiting, fair - self.under_way))

    def give(self) -> None:
        """One is answered, or was not sent."""
        with self.width.changed:
            self.under_way -= 1
            self.width.changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Until another stream has given one back, at most so long."""
        with self.width.changed:
            self.width.changed.wait(seconds)

    def leave(self) -> None:
        """This stream asks for nothing more."""
        with self.width.changed:
            self.width.shares.remove(self)
            self.width.changed.notify_all()


@dataclass(slots=True)
class Width:
    """At `most` so many at once. Each stream has an equal share, and what the others leave."""

    most: int
    shares: list[Share] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def join(self) -> Share:
        """A share for a stream that is read now."""
        with self.changed:
            share = Share(self)
            self.shares.append(share)
            return share
