"""From a TOML value to the type a key wants, or a Mistake that says what would be right."""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from connectors.base import Secret
from harvester.config.errors import Mistake, nearest, shown
from harvester.config.model import Address
from harvester.credentials import CredentialError, resolve
from harvester.redact import scrub
from harvester.schedule import Schedule, parse

Convert = Callable[[Any], Any]

_LONGEST_TIMEOUT = timedelta(hours=1)
_LONGEST_DEADLINE = timedelta(days=1)
_UNITS = {"s": 1, "m": 60, "h": 3600}


def text(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str):
        raise Mistake(f"expected a text in quotes, got {shown(value)}")
    if not value.strip():
        raise Mistake("must not be empty")
    return value


def boolean(value: Any) -> bool:
    """true or false, and neither 1 nor "yes"."""
    if not isinstance(value, bool):
        raise Mistake(f"expected true or false, got {shown(value)}")
    return value


def whole(value: Any) -> int:
    """A whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Mistake(f"expected a whole number, got {shown(value)}")
    return value


def number(value: Any) -> float:
    """A finite number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Mistake(f"expected a number, got {shown(value)}")
    try:
        converted = float(value)
    except OverflowError:
        converted = math.inf
    if not math.isfinite(converted):
        raise Mistake(f"must be finite, got {shown(value)}")
    return converted


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts, as a tuple."""
    if isinstance(value, str):
        raise Mistake("expected a list of texts", f"write [{shown(value)}]")
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Mistake(f"expected a list of texts, got {shown(value)}", 'write ["…", "…"]')
    return tuple(map(text, value))


def table(value: Any) -> Mapping[str, str]:
    """A table whose values are texts."""
    return _table(value, text)


def tables(value: Any) -> Mapping[str, Mapping[str, str]]:
    """A table of such tables."""
    return _table(value, table)


def _table(value: Any, convert: Callable[[Any], Any]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Mistake(f"expected a table, got {shown(value)}", "write it as a [table] of its own, with key = value")
    taken = {}
    for key, inner in value.items():
        try:
            taken[key] = convert(inner)
        except Mistake as mistake:
            raise Mistake(f"{shown(key)}: {mistake.what}", mistake.hint) from None
    return types.MappingProxyType(taken)


def day(value: Any) -> date:
    """A calendar day."""
    if isinstance(value, str):
        raise Mistake("expected a date", "write it without quotes, as in 2025-01-31")
    if not isinstance(value, date) or isinstance(value, datetime):
        raise Mistake(f"expected a date, got {shown(value)}", "write it as 2025-01-31")
    return value


def positive(value: Any) -> float:
    """A finite number above 0."""
    if (converted := number(value)) <= 0:
        raise Mistake(f"must be above 0, got {shown(value)}")
    return converted


def not_negative(value: Any) -> float:
    """A finite number, 0 or more."""
    if (converted := number(value)) < 0:
        raise Mistake(f"must be 0 or more, got {shown(value)}")
    return converted


def rate(value: Any) -> float:
    """A share above 0, 1 included."""
    if not 0 < (converted := number(value)) <= 1:
        hint = f"for a percentage write {converted / 100:g}" if 1 < converted <= 100 else ""
        raise Mistake(f"must be above 0 and at most 1, got {shown(value)}", hint)
    return converted


def whole_from(least: int, most: int) -> Convert:
    """A whole number in these bounds, both included."""

    def convert(value: Any) -> int:
        if not least <= (converted := whole(value)) <= most:
            raise Mistake(f"must be {least} to {most}, got {shown(value)}")
        return converted

    return convert


def timeout(value: Any) -> timedelta:
    """Seconds, or a text like "30s" or "2m"; at most an hour."""
    return _span(value, _LONGEST_TIMEOUT, "1h")


def deadline(value: Any) -> timedelta:
    """Seconds, or a text like "30m" or "2h"; at most a day."""
    return _span(value, _LONGEST_DEADLINE, "24h")


def _span(value: Any, most: timedelta, shown_most: str) -> timedelta:
    if isinstance(value, str):
        match = re.fullmatch(r"([0-9]{1,6}) ?([smh])", value.strip())
        if not match:
            raise Mistake(f"expected seconds or a text like 30s or 2m, got {shown(value)}")
        value = int(match[1]) * _UNITS[match[2]]
    if (seconds := positive(value)) > most.total_seconds():
        raise Mistake(f"must be at most {shown_most}")
    return timedelta(seconds=seconds)


def schedule(value: Any) -> Schedule:
    """A crontab line, a nickname or an interval."""
    try:
        return parse(text(value))
    except Mistake:
        raise
    except ValueError as error:
        raise Mistake(shown_error(error)) from None


def timezone(value: Any) -> ZoneInfo:
    """A time zone of the IANA database."""
    name = text(value)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: "America" is a folder there
        hint = nearest(name, available_timezones()) or 'write a name like "Europe/Berlin" or "UTC"'
        raise Mistake(f"{shown(name)} is no known time zone", hint) from None


def one_of(options: Iterable[str]) -> Convert:
    """One text of a closed list."""
    allowed = tuple(options)

    def convert(value: Any) -> str:
        if text(value) in allowed:
            return str(value)
        raise Mistake(f"{shown(value)} is not one of {', '.join(allowed)}", nearest(value, allowed))

    return convert


def address(value: Any) -> Address:
    """A host and a port, as in "127.0.0.1:9797" or "[::1]:9797"."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})", text(value).strip())
    if not match:
        raise Mistake(f"{shown(value)} is not a host and a port", 'write "127.0.0.1:9797" or "[::1]:9797"')
    if not 0 < (port := int(match[3])) < 1 << 16:
        raise Mistake(f"port {port} does not exist", "write one from 1 to 65535; below 1024 needs rights")
    if match[1]:
        try:
            IPv6Address(match[1])
        except ValueError:
            raise Mistake(f"{shown(match[1])} is not an IPv6 address") from None
    return Address(match[1] or match[2], port)


def path_in(folder: Path) -> Convert:
    """A path; relative ones lie in `folder`."""

    def convert(value: Any) -> Path:
        path = Path(text(value))
        try:
            return (folder / path.expanduser()).resolve()
        except (OSError, RuntimeError, ValueError):
            raise Mistake(f"{shown(value)} is not a path") from None

    return convert


def shown_error(error: Exception) -> str:
    """The text of an error that others raised about a value of the file, which it may repeat."""
    return scrub(str(error)) or type(error).__name__


_SIMPLE: dict[Any, Convert] = {
    bool: boolean,
    int: whole,
    float: number,
    date: day,
    tuple[str, ...]: texts,
    Mapping[str, str]: table,
    Mapping[str, Mapping[str, str]]: tables,
}


def converter(wanted: Any, secret: Callable[[str], Secret], *, is_required: bool) -> Convert:
    """How a key is read whose dataclass field has the type `wanted` (a resolved annotation).

    TypeError where a connector declares a type that is not in the contract.
    """
    if typing.get_origin(wanted) in (typing.Union, types.UnionType):
        options = [option for option in typing.get_args(wanted) if option is not type(None)]
        if len(options) == 1:
            return converter(options[0], secret, is_required=is_required)
    if wanted is str:
        return text if is_required else _any_text
    if wanted is Secret:
        return lambda value: secret(_reference(value))
    if wanted == tuple[Secret, ...]:
        return lambda value: tuple(secret(_reference(item)) for item in _references(value))
    if wanted == Mapping[str, Secret]:
        return lambda value: _table(value, lambda inner: secret(_reference(inner)))
    if wanted in _SIMPLE:
        return _SIMPLE[wanted]
    raise TypeError(f"a key of type {wanted!r} cannot be configured")


def secret_in(folder: Path, environ: Mapping[str, str] | None) -> Callable[[str], Secret]:
    """From a reference to the secret that it names, unread; relative paths start in `folder`."""

    def secret(reference: str) -> Secret:
        try:
            return resolve(reference, folder=folder, environ=environ)
        except CredentialError as error:
            raise Mistake(error.what, error.remedy) from None

    return secret


def _any_text(value: Any) -> str:
    return value if value == "" else text(value)


def _references(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Mistake("expected a list of texts that say where the secrets lie")
    return value


def _reference(value: Any) -> str:
    # Never the value, whatever its type: a token may consist of digits.
    if not isinstance(value, str):
        raise Mistake("expected a text in quotes that says where the secret lies")
    return value
