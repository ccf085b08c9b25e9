"""The tap's own configuration: its JSON file, with the secrets that our configuration only points to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from connectors.base import Context, Secret
from connectors.errors import Malformed

_MASK = "[redacted]"
_LARGEST = 1024 * 1024
_SECRET = re.compile(r"secret|token|passw|key|auth|credential|cookie|session|private|dsn|url|user", re.IGNORECASE)
_SHORTEST = 4


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """What the tap is given, and what of it must not be shown."""

    values: Mapping[str, Any]
    hidden: tuple[str, ...]

    def masked(self, text: str) -> str:
        """A text of the tap's without the secrets that we gave it."""
        for value in self.hidden:
            text = text.replace(value, _MASK)
        return text


def read_settings(file: str, secrets: Mapping[str, Secret], context: Context) -> Settings:
    """The file's keys, with the secrets and, for a backfill, the `start_date` put in. Raises Malformed."""
    values: dict[str, Any] = dict(_read(context, file)) if file else {}
    revealed = {key: secret.reveal() for key, secret in secrets.items()}
    values |= revealed
    if context.since:
        values["start_date"] = f"{context.since}T00:00:00Z"  # the name that Singer's taps agree on
    plain = {*revealed.values(), *_secrets_in(values)}
    forms = {form for value in plain for form in (value, *_forms(value)) if len(form) >= _SHORTEST}
    # Longest first, so that a secret which contains another leaves no tail.
    return Settings(values, tuple(sorted(forms, key=len, reverse=True)))


def _forms(value: str) -> Iterator[str]:
    yield json.dumps(value)[1:-1]
    yield quote(value, safe="")
    yield from (line for line in value.splitlines() if len(line) >= 2 * _SHORTEST)


def _read(context: Context, file: str) -> Mapping[str, Any]:
    path = context.folder.absolute() / Path(file).expanduser()
    place = f"{context.source}: {path}"
    try:
        if path.stat().st_size > _LARGEST:
            raise Malformed(f"{place}: is too large for a configuration")
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Malformed(f"{place}: cannot be read ({error.strerror})", remedy="name the tap's JSON file") from None
    except (ValueError, RecursionError):  # what the parser says could repeat what stands there
        raise Malformed(f"{place}: is no JSON", remedy="mend it") from None
    if not isinstance(values, dict):
        raise Malformed(f"{place}: is no JSON object", remedy="write it as the tap's documentation says")
    return values


def _secrets_in(value: Any, key: str = "") -> Iterator[str]:
    """Texts of the tap's configuration whose keys speak of secrets."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _secrets_in(inner, key if _SECRET.search(key) else str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _secrets_in(inner, key)
    elif isinstance(value, str) and _SECRET.search(key):
        yield value
