"""Find the configuration file and read it: all of its mistakes at once, or Settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from harvester.config import document, values
from harvester.config.alerts import read_alerts
from harvester.config.errors import ConfigError, KeyPath, Mistake, Problem, nearest
from harvester.config.model import (
    DEFAULT_DATABASE,
    DEFAULT_DEADLINE,
    DEFAULT_SPOOL,
    DEFAULT_WORKERS,
    HARVEST_KEYS,
    METRICS,
    Address,
    Settings,
)
from harvester.config.scoring import read_scoring
from harvester.config.sources import Connectors, read_sources
from harvester.config.table import Findings, Table
from harvester.config.works import read_works
from harvester.registry import Registry

_TABLES = ("harvest", "source", "scoring", "works", "alerts")


def find_config(explicit: str | None, environ: Mapping[str, str] | None = None) -> Path:
    """The configuration file to use: `explicit`, else $HARVEST_CONFIG, ./config.toml, the user's config directory.

    The first two are not skipped when they lead nowhere. ConfigError says where it looked.
    """
    environ = os.environ if environ is None else environ
    for origin, named in (("--config", explicit), ("$HARVEST_CONFIG", environ.get("HARVEST_CONFIG"))):
        if named:
            path = Path(named).expanduser().absolute()
            if path.is_file():
                return path
            what = "is a folder, not a file" if path.is_dir() else "does not exist"
            raise ConfigError([Problem(origin, what, "name another file, or create it: harvest init")], path)
    places = (Path("config.toml").absolute(), user_config(environ))
    for path in places:
        if path.is_file():
            return path
    looked = ", ".join(map(str, places))
    raise ConfigError(
        [
            Problem(
                "", f"no configuration found; looked for {looked}", "create one: harvest init, or name it: --config"
            )
        ]
    )


def user_config(environ: Mapping[str, str]) -> Path:
    """Where the configuration of a user lies that belongs to no folder."""
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    base = Path(environ.get("XDG_CONFIG_HOME", ""))
    # The XDG specification says to ignore a relative one.
    return (base if base.is_absolute() else home / ".config") / "harvester" / "config.toml"


def load(path: Path, *, registry: Connectors | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check a whole configuration; raises ConfigError with every mistake of it.

    Sends nothing and reads no secret. Only the connectors that the file names are imported.
    `environ`: where `env:` and `credential:` look when a secret is read, later.
    """
    path = path.absolute()
    doc = document.read(path)
    findings = Findings(doc)
    root = Table((), doc.table, findings)
    harvest = root.table("harvest")
    scoring = root.table("scoring")
    works = root.table("works")
    alerts = root.table("alerts")
    sources = root.table("source")
    root.finish(_TABLES, hint=_hint_for_root)

    zone: ZoneInfo = harvest.take("timezone", values.timezone, ZoneInfo("UTC"))
    inside = values.path_in(path.parent)
    database: Path = harvest.take("database", _database(inside), inside(DEFAULT_DATABASE))
    spool: Path = harvest.take("spool", inside, database.parent / DEFAULT_SPOOL)
    if spool == database:
        findings.add(("harvest", "spool"), "is the same path as the database", "the spool is a folder of its own")
    publish: Path | None = harvest.take("publish", _database(inside), None)
    if publish in (database, spool):
        findings.add(("harvest", "publish"), "is the database or the spool itself", "name another file beside it")
    export: Path | None = harvest.take("export", inside, None)
    if export in (database, spool, publish) and export:
        findings.add(("harvest", "export"), "is taken by another key", "name a folder of its own")
    workers: int = harvest.take("workers", values.whole_from(1, 64), DEFAULT_WORKERS)
    deadline: timedelta = harvest.take("deadline", values.deadline, DEFAULT_DEADLINE)
    listen: Address | None = harvest.take("listen", values.address, None)
    harvest.finish(HARVEST_KEYS)

    registry = Registry() if registry is None else registry
    read = read_sources(sources, registry, path.parent, environ)
    counted = {metric.name for source in read for spec in source.connector.streams for metric in spec.metrics}
    settings = Settings(
        path=path,
        folder=path.parent,
        database=database,
        spool=spool,
        timezone=zone,
        sources=read,
        scoring=read_scoring(scoring, METRICS | counted, tuple(sources)),
        publish=publish,
        export=export,
        workers=workers,
        deadline=deadline,
        listen=listen,
        works=read_works(works),
        alerts=read_alerts(alerts, path.parent, environ),
    )
    findings.raise_if_any()
    return settings


def _database(inside: Callable[[Any], Path]) -> Callable[[Any], Path]:
    def convert(value: Any) -> Path:
        if values.text(value).startswith(":"):
            raise Mistake("must be a file: what is in memory is gone after every run")
        path = inside(value)
        if path.is_dir():
            raise Mistake("is a folder", f'write a file in it: "{Path(value) / DEFAULT_DATABASE}"')
        return path

    return convert


def _hint_for_root(path: KeyPath) -> str:
    return "it belongs under [harvest]" if path[-1] in HARVEST_KEYS else nearest(path[-1], _TABLES)
