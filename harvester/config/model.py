"""What a configuration says once it is read: plain, frozen, complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Connector, Secret
from connectors.metrics import USUAL
from harvester.config.errors import ConfigError, Problem, nearest
from harvester.schedule import Schedule

HARVEST_KEYS = ("database", "timezone", "spool", "publish", "export", "workers", "deadline", "listen")
ALERT_KEYS = ("webhook", "command", "allow_private")
SOURCE_KEYS = ("connector", "schedule", "person", "enabled", "timeout", "allow_private")
SCORING_KEYS = (
    "model",
    "period",
    "initial_influence",
    "click_rate",
    "participation_rate",
    "half_life_days",
    "weights",
)
WEIGHT_KEYS = ("role", "weight")

DEFAULT_DATABASE = "harvest.duckdb"
DEFAULT_SPOOL = "spool"
DEFAULT_SCHEDULE = "every 6h"
DEFAULT_PERSON = "me"
DEFAULT_TIMEOUT = timedelta(seconds=30)
DEFAULT_WORKERS = 8
DEFAULT_DEADLINE = timedelta(hours=2)

MODELS = ("chained", "essay")
PERIODS = ("day", "week", "month")
ROLES = ("reads", "comments", "clicks", "interactions", "participants", "audience", "none")
METRICS = frozenset(USUAL)
"""What our own connectors count; a third party's connector adds its own."""

NO_ROLE = frozenset(
    """
    discussions_opened issues_closed watchers downloads release_downloads path_views referrer_views
    traffic_visitors traffic_clones traffic_cloners posts_published post_visitors videos_published talks
    """.split()  # noqa: SIM905
)
"""Metrics that scoring leaves out unless the configuration gives them a role."""

Weight = float | Mapping[str, Any]
"""A number, or {"role": one of ROLES, "weight": a number}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringSettings:
    """[scoring]: checked, but not yet known to the scoring package."""

    model: str = "chained"
    period: str = "week"
    initial_influence: float = 100.0
    click_rate: float = 0.1
    participation_rate: float = 0.5
    half_life_days: float = 28.0
    weights: Mapping[str, Weight] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Address:
    """Where something listens. `host`: a name or an IP address, IPv6 without brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine gets there, as far as the address tells by itself."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """[alerts]: whom to tell when something changes. `command`: a program and its arguments, no shell."""

    webhook: Secret | None = None
    command: tuple[str, ...] = ()
    allow_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """[source.NAME]: one configured thing to harvest.

    `config`: an instance of the connector's own dataclass. `config_hash`: of what is read, that is the connector and
    its keys that differ from their defaults; secrets and the keys common to every source leave it alone.
    """

    name: str
    connector: Connector
    config: Any
    schedule: Schedule
    config_hash: str
    person: str = DEFAULT_PERSON
    enabled: bool = True
    timeout: timedelta = DEFAULT_TIMEOUT
    allow_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A whole configuration. All paths are absolute; `folder` is the configuration file's.

    For the daemon: `publish`: a copy of the database for readers, `export`: a folder of Parquet files, both renewed
    after each load; `workers`: how many sources are read at once; `deadline`: how long a run may take. `works`: the
    other addresses of a post by the one that it goes by.
    """

    path: Path
    folder: Path
    database: Path
    spool: Path
    timezone: ZoneInfo
    sources: tuple[Source, ...]
    scoring: ScoringSettings
    publish: Path | None = None
    export: Path | None = None
    workers: int = DEFAULT_WORKERS
    deadline: timedelta = DEFAULT_DEADLINE
    listen: Address | None = None
    works: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    alerts: AlertSettings = field(default_factory=AlertSettings)

    def today(self, now: datetime) -> date:
        """The running day in the configuration's time zone; `now` is aware."""
        return now.astimezone(self.timezone).date()

    def select(self, names: Sequence[str] = ()) -> tuple[Source, ...]:
        """The named sources, disabled ones too, or every enabled one. Unknown names are a ConfigError."""
        if not names:
            return tuple(source for source in self.sources if source.enabled)
        known = {source.name: source for source in self.sources}
        unknown = [name for name in names if name not in known]
        if unknown:
            there = f"there are: {', '.join(known) or 'none'}"
            raise ConfigError(
                [Problem("", f'no source "{name}"', nearest(name, known) or there) for name in unknown], self.path
            )
        return tuple(known[name] for name in dict.fromkeys(names))
