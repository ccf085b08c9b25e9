"""[source.NAME] of the configuration: the keys of every source, and those of its connector's dataclass."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from connectors.base import Connector, Secret
from harvester.config import values
from harvester.config.errors import Mistake, dotted
from harvester.config.model import (
    DEFAULT_PERSON,
    DEFAULT_SCHEDULE,
    DEFAULT_TIMEOUT,
    SOURCE_KEYS,
    Source,
)
from harvester.config.table import Table
from harvester.credentials import FORMS
from harvester.registry import BrokenConnector, UnknownConnector
from harvester.schedule import parse


class Connectors(Protocol):
    """What is asked of a registry: names, and a connector by name."""

    def names(self) -> tuple[str, ...]:
        """Every name on offer."""
        ...

    def get(self, name: str) -> Connector:
        """The connector of this name, or UnknownConnector, or BrokenConnector."""
        ...


def read_sources(
    table: Table, registry: Connectors, folder: Path, environ: Mapping[str, str] | None
) -> tuple[Source, ...]:
    """Every source that could be read; the findings say why the others could not."""
    reader = _Reader(registry, folder, environ)
    sources: list[Source] = []
    for name in table:
        if not table.holds_table(name):
            table.add(name, "belongs to a source, and a source has a name", "write [source.NAME] above it")
        elif (source := reader.read(table.table(name), name)) is not None:
            sources.append(source)
    _refuse_twins(table, sources)
    return tuple(sources)


def _refuse_twins(table: Table, sources: list[Source]) -> None:
    """Two names for the same thing would count every fact of it twice."""
    seen: dict[tuple[str, str], str] = {}
    for source in sources:
        if source.enabled:
            first = seen.setdefault((source.person, source.config_hash), source.name)
            if first != source.name:
                other = dotted((*table.path, first))
                table.add(source.name, f"reads the same as {other}, so every fact would count twice", "remove one")


@dataclasses.dataclass(frozen=True, slots=True)
class _Reader:
    registry: Connectors
    folder: Path
    environ: Mapping[str, str] | None

    def read(self, table: Table, name: str) -> Source | None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name):
            # The name is also a folder of the spool and half of "source/metric".
            table.findings.add(table.path, "a source's name has letters, digits, - _ . and at most 64 of them")
        schedule = table.take("schedule", values.schedule, parse(DEFAULT_SCHEDULE))
        person = table.take("person", values.text, DEFAULT_PERSON)
        enabled = table.take("enabled", values.boolean, default=True)
        timeout = table.take("timeout", values.timeout, DEFAULT_TIMEOUT)
        allow_private = table.take("allow_private", values.boolean, default=False)
        connector = self._connector(table)
        config = self._config(table, connector) if connector else None
        if connector is None or config is None:
            return None
        return Source(
            name=name,
            connector=connector,
            config=config,
            schedule=schedule,
            config_hash=config_hash(connector, config),
            person=person,
            enabled=enabled,
            timeout=timeout,
            allow_private=allow_private,
        )

    def _connector(self, table: Table) -> Connector | None:
        def convert(value: Any) -> Connector:
            try:
                return self.registry.get(values.text(value))
            except (UnknownConnector, BrokenConnector) as error:
                raise Mistake(str(error)) from None

        if "connector" not in table:
            table.add("connector", "is missing", f"installed are: {', '.join(self.registry.names()) or 'none'}")
        return table.take("connector", convert, None)

    def _config(self, table: Table, connector: Connector) -> Any:
        """The connector's dataclass filled from the table, or None after a finding."""
        fields = {field.name: field for field in dataclasses.fields(connector.config) if field.init}
        try:
            types = typing.get_type_hints(connector.config)
            secret = values.secret_in(self.folder, self.environ)
            converters = {
                name: values.converter(types[name], secret, is_required=_is_required(field))
                for name, field in fields.items()
            }
            if clash := fields.keys() & SOURCE_KEYS:
                raise TypeError(f"{', '.join(sorted(clash))} is a key of every source")
        except (NameError, TypeError) as error:
            table.add("connector", f"{connector.name} is faulty: {error}", "tell its author")
            return None
        table.finish((*SOURCE_KEYS, *fields))
        unset = object()
        taken = {name: table.take(name, convert, unset) for name, convert in converters.items()}
        missing = [name for name, field in fields.items() if name not in table and _is_required(field)]
        for name in missing:
            table.add(name, "is missing", _hint(fields[name], types[name]))
        if missing or any(taken[name] is unset and name in table for name in taken):
            return None
        return _filled(table, connector, {name: value for name, value in taken.items() if value is not unset})


def _filled(table: Table, connector: Connector, taken: dict[str, Any]) -> Any:
    try:
        return connector.config(**taken)
    except ValueError as error:
        fields = {field.name for field in dataclasses.fields(connector.config)}
        for line in values.shown_error(error).splitlines():
            key, colon, why = line.partition(": ")
            first, dot, inner = key.partition(".")
            if colon and first in fields:
                table.findings.add((*table.path, first, *([inner] if dot else [])), why)
            else:
                table.findings.add(table.path, line)
        return None


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _hint(field: dataclasses.Field[Any], wanted: Any) -> str:
    return str(field.metadata.get("help", "")) or (f"write {FORMS}" if wanted is Secret else "")


def config_hash(connector: Connector, config: Any) -> str:
    """16 hexadecimal digits that change when the source reads something else.

    Only keys that differ from their defaults count: writing a default out, or a release that adds a key, changes
    nothing. Secrets do not count: a new token reads the same.
    """
    keys = {
        field.name: _plain(value)
        for field in dataclasses.fields(config)
        if field.init and not _is_secret(value := getattr(config, field.name)) and value != _default(field)
    }
    text = json.dumps([connector.name, keys], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return value if isinstance(value, bool | int | float | str | tuple | None) else str(value)


def _is_secret(value: Any) -> bool:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else (value,)
    return any(isinstance(one, Secret) for one in inner)


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
