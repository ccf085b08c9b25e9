"""The configuration file that `harvest init` writes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import TextIO

from harvester.config.errors import ConfigError, Problem

Answer = str | bool | int | float | Sequence[str]

_HEADER = re.compile(r"#?\[([^\]]+)\]")
_KEY = re.compile(r"#?(\w+) = (.+)")


def template(answers: Mapping[str, Mapping[str, Answer]] | None = None) -> str:
    """A commented configuration that loads as it is, offline.

    `answers`: {"harvest": {"timezone": "Europe/Berlin"}, "source.blog": {"url": "https://…"}} puts these values in
    and takes the comment marks off the tables and keys named. KeyError for a key that the template does not show.
    """
    text = (files("harvester.config") / "template.toml").read_text(encoding="utf-8")
    return _filled(text, answers) if answers else text


def write_config(path: Path, text: str | None = None) -> None:
    """Write the template, or `text`, to a new file and the folders it needs. Never overwrites: ConfigError."""
    content = template() if text is None else text
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(path, f"its folder cannot be made: {error.strerror}") from None
    try:
        with path.open("x", encoding="utf-8") as file:
            _write_or_remove(file, content, path)
    except FileExistsError:
        raise _refused(path, "is already there and was left as it is") from None
    except OSError as error:
        raise _refused(path, f"cannot be written: {error.strerror}") from None


def _write_or_remove(file: TextIO, content: str, path: Path) -> None:
    try:
        file.write(content)
        file.flush()
    except OSError:
        with suppress(OSError):  # why the writing failed is what the user has to know
            path.unlink()
        raise


def _refused(path: Path, what: str) -> ConfigError:
    return ConfigError([Problem("", what, "name another file with --config")], path)


def _filled(text: str, answers: Mapping[str, Mapping[str, Answer]]) -> str:
    lines: list[str] = []
    table = ""
    open_keys = {(name, key) for name, keys in answers.items() for key in keys}
    for line in text.splitlines():
        if header := _HEADER.fullmatch(line):
            table = header[1]
            lines.append(f"[{table}]" if table in answers else line)
        elif (key := _KEY.fullmatch(line)) and key[1] in answers.get(table, {}):
            lines.append(f"{key[1]} = {_toml(answers[table][key[1]])}")
            open_keys.discard((table, key[1]))
        elif key and key[1] == "connector" and table in answers:
            lines.append(line.removeprefix("#"))
        else:
            lines.append(line)
    if open_keys:
        raise KeyError(", ".join(f"{name}.{key}" for name, key in sorted(open_keys)))
    return "\n".join(lines) + "\n"


def _toml(value: Answer) -> str:
    """JSON's texts, numbers, booleans and lists are TOML's, but for one control character."""
    listed = value if isinstance(value, str | bool | int | float) else list(value)
    return json.dumps(listed, ensure_ascii=False).replace("\x7f", "\\u007f")
