"""Tell somebody when something begins and when it is over: once each, also across restarts, and never in the way."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harvester.daemon.channels import Channel, Command, NotTold, Webhook, open_http
from harvester.daemon.conditions import Condition, conditions
from harvester.daemon.messages import Change
from harvester.files import replace_text

if TYPE_CHECKING:
    from connectors.http import Http
    from harvester.config import Settings

__all__ = ["Alerts", "Condition", "conditions", "memory_path"]

log = logging.getLogger(__name__)

FORMAT = 1
_LARGEST = 1 << 22


def memory_path(settings: Settings) -> Path:
    """Where it is remembered what was told."""
    return settings.spool / ".alerts.json"


@dataclass(frozen=True, slots=True)
class _Told:
    """What was told of a condition, and has to be told when it is over."""

    kind: str
    source: str
    over: str


class Alerts:
    """Compares what is with what was told, and tells the difference through each channel of [alerts].

    What cannot be told is tried again at the next observation; what has come and gone meanwhile is not told at all.
    """

    def __init__(
        self,
        settings: Settings,
        http: Callable[[], Http] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._path = memory_path(settings)
        self._channels = _channels(settings, http)
        self._clock = clock
        self._memory = _Memory(self._path, [channel.name for channel in self._channels])
        self._complaints: dict[str, str] = {}
        self._lock = threading.Condition()
        self._latest: list[Condition] | None = None
        self._is_stopping = False
        self._thread: threading.Thread | None = None

    def observe(self, found: Iterable[Condition]) -> None:
        """Take note of all that holds now, and return at once. While a message is on its way only the last of these
        is kept: what held in between would be news of yesterday.
        """
        if not self._channels:
            return
        with self._lock:
            self._latest = list(found)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="alerts", daemon=True)
                self._thread.start()
            self._lock.notify_all()

    def stop(self, timeout: float = 2.0) -> None:
        """Tell nothing more; a message that is on its way has `timeout` seconds.

        What was not told then is told after the next start.
        """
        with self._lock:
            self._is_stopping = True
            self._lock.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=timeout)

    def _work(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._is_stopping or self._latest is not None)
                if self._is_stopping:
                    return
                found, self._latest = self._latest or [], None
            try:
                self.tell(found)
            except Exception:
                # Whatever it is, the next observation is told.
                log.exception("alerts could not be told")

    def tell(self, found: Sequence[Condition]) -> None:
        """Tell what has changed, now and in this thread."""
        for channel in self._channels:
            told = self._memory.of(channel.name)
            changes = _changes(told, found)
            if not changes:
                continue
            try:
                if aloud := [change for change in changes if change.text]:
                    channel.tell(aloud, self._clock())
            except NotTold as error:
                self._complain(channel.name, str(error))
                continue
            self._complain(channel.name, "")
            holds = {each.key: _Told(each.kind, each.source, each.over) for each in found}
            self._memory.keep(channel.name, holds)

    def _complain(self, channel: str, why: str) -> None:
        """Once for each reason: the same is tried again and again."""
        if why and self._complaints.get(channel) != why:
            log.warning("[alerts] %s: %s; tried again at the next check", channel, why)
        self._complaints[channel] = why


def _channels(settings: Settings, http: Callable[[], Http] | None) -> list[Channel]:
    alerts = settings.alerts
    channels: list[Channel] = []
    if alerts.webhook is not None:
        channels.append(Webhook(alerts.webhook, http or (lambda: open_http(allow_private=alerts.allow_private))))
    if alerts.command:
        channels.append(Command(alerts.command, settings.folder))
    return channels


def _changes(told: Mapping[str, _Told], found: Iterable[Condition]) -> list[Change]:
    """What is new, then what is over; of what ends silently the text is empty."""
    now = {each.key: each for each in found}
    new = [
        Change("new", each.key, each.kind, each.source, each.text) for each in now.values() if each.key not in told
    ]
    over = [Change("over", key, each.kind, each.source, each.over) for key, each in told.items() if key not in now]
    return new + over


class _Memory:
    """What each channel has told and not yet called over, in a file that survives the process."""

    def __init__(self, path: Path, channels: Sequence[str]) -> None:
        self._path = path
        self._told: dict[str, dict[str, _Told]] = {channel: {} for channel in channels}
        self._is_unwritable = False
        self._load()

    def of(self, channel: str) -> Mapping[str, _Told]:
        """What a channel has told."""
        return self._told[channel]

    def keep(self, channel: str, told: dict[str, _Told]) -> None:
        """Remember it, in this process at least."""
        self._told[channel] = told
        plain = {name: {key: asdict(each) for key, each in of.items()} for name, of in self._told.items()}
        try:
            replace_text(self._path, json.dumps({"format": FORMAT, "told": plain}, indent=1) + "\n", mode=0o600)
        except OSError as error:
            if not self._is_unwritable:
                log.warning(
                    "%s: cannot be written (%s); after a restart alerts are repeated", self._path, error.strerror
                )
            self._is_unwritable = True
        else:
            self._is_unwritable = False

    def _load(self) -> None:
        try:
            with self._path.open("rb") as file:
                said = json.loads(file.read(_LARGEST))
            if said["format"] != FORMAT:
                raise ValueError(f"format {said['format']}")
            read = {
                channel: {str(key): _read(each) for key, each in said["told"].get(channel, {}).items()}
                for channel in self._told
            }
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            log.warning("%s: cannot be read; what was told before is told once more", self._path)
            return
        self._told = read


def _read(said: Mapping[str, Any]) -> _Told:
    return _Told(str(said["kind"]), str(said["source"]), str(said["over"]))
