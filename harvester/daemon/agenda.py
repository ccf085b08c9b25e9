"""When a source is read next: its schedule, counted from the ledger, later where it fails or was asked to pause.

Pure: the same ledger and the same moment give the same plan, so a restart, a kill or a suspend changes nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from harvester.config import Source
    from harvester.schedule import Schedule
    from harvester.store import SourceRecord

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
LATE = timedelta(minutes=1)
"""So much after its time a slot was missed, not served."""
_APART = timedelta(seconds=2)
_LONGEST_SPREAD = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Slot:
    """A moment that a schedule names, and when it may be served at the earliest. Both aware, UTC."""

    due: datetime
    start_at: datetime
    failures: int = 0

    def trigger(self, schedule: Schedule, at: datetime, zone: tzinfo) -> str:
        """What `runs` says of a read that is taken up `at`: 'catch-up' when slots went by meanwhile."""
        missed_others = schedule.next_after(self.due, zone) <= at
        is_late = at > self.start_at + LATE and not self.failures
        return "catch-up" if missed_others or is_late else "schedule"


def next_slot(
    source: Source, record: SourceRecord, now: datetime, zone: tzinfo, *, spread: timedelta = timedelta(0)
) -> Slot:
    """What to serve next. `spread`: how much later than others of its host it starts."""
    due = source.schedule.due(_aware(record.served), now, zone)
    earliest = [due + spread]
    if record.failures and record.ended_at:
        # An end in the future is a clock that was put back.
        earliest.append(min(record.ended_at.replace(tzinfo=UTC), now) + back_off(source.name, record.failures))
    if record.paused_until:
        earliest.append(record.paused_until.replace(tzinfo=UTC))
    return Slot(due, max(earliest), record.failures)


def back_off(name: str, failures: int) -> timedelta:
    """How long to leave a source alone that has failed so often in a row: a minute, doubling, at most six hours.

    Up to a fifth longer, by its name, so that those that failed together do not come back together.
    """
    pause: timedelta = min(FIRST_PAUSE * 2 ** min(failures - 1, 20), LONGEST_PAUSE)
    return pause + pause * 0.2 * _share(name)


def spreads(sources: Iterable[Source]) -> Mapping[str, timedelta]:
    """How much later than its slot each source starts, so that those of one host do not call it at once."""
    sources = list(sources)
    together = Counter(host_of(source) for source in sources)
    return {
        source.name: min(_APART * (together[host_of(source)] - 1), _LONGEST_SPREAD) * _share(source.name)
        for source in sources
    }


def host_of(source: Source) -> str:
    """Whom the source asks: the host of its address, or else its connector, which then knows only one."""
    config: Any = source.config
    for key in ("api_url", "url"):
        if isinstance(address := getattr(config, key, None), str) and (host := urlsplit(address).netloc):
            return host.rpartition("@")[2].casefold()
    return source.connector.name


def _share(name: str) -> float:
    """A number from 0 to 1 that belongs to the name."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest()) / 2**32


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None
