"""[alerts] of the configuration: whom to tell when something changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from connectors.base import Secret
from harvester.config import values
from harvester.config.errors import Mistake
from harvester.config.model import ALERT_KEYS, AlertSettings
from harvester.config.table import Table


def read_alerts(table: Table, folder: Path, environ: Mapping[str, str] | None) -> AlertSettings:
    """What the table says; nobody is told anything where there is none."""
    secret = values.converter(Secret, values.secret_in(folder, environ), is_required=True)
    webhook = table.take("webhook", secret, None)
    command = table.take("command", _command, ())
    allow_private = table.take("allow_private", values.boolean, default=False)
    table.finish(ALERT_KEYS)
    if "allow_private" in table and "webhook" not in table:
        table.add("allow_private", "is about the webhook, and there is none", "add webhook, or remove it")
    return AlertSettings(webhook=webhook, command=command, allow_private=allow_private)


def _command(value: object) -> tuple[str, ...]:
    argv = values.texts(value)
    if not argv:
        raise Mistake("must name a program", 'write ["/usr/local/bin/tell-me"]')
    return argv
