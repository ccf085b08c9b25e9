"""A TOML file with the line of every key: tomllib knows what it says, this knows where it says it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harvester.config.errors import ConfigError, KeyPath, Problem, dotted
from harvester.redact import scrub

_QUOTED = r'"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\''
_STRING = re.compile(rf'"""(?:\\.|[^\\])*?"{{3,5}}|\'\'\'.*?\'{{3,5}}|{_QUOTED}', re.DOTALL)
_KEY = re.compile(rf"(?:[A-Za-z0-9_-]+|{_QUOTED})(?:[ \t]*\.[ \t]*(?:[A-Za-z0-9_-]+|{_QUOTED}))*")
_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_COMMENT = re.compile(r"#[^\n]*")
_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")
_LARGEST = 1024 * 1024  # characters: a wrong path may lead to a database or a log


@dataclass(frozen=True)
class Document:
    """What a file says, and in which line."""

    path: Path
    table: dict[str, Any]
    text: str

    @cached_property
    def lines(self) -> dict[KeyPath, int]:
        """Where each key stands; looked up for mistakes only, as it takes as long as reading the file."""
        found: dict[KeyPath, int] = {}
        for key, line, _ in _statements(self.text):
            for length in range(1, len(key) + 1):
                found.setdefault(key[:length], line)
        return found

    def line_of(self, path: KeyPath) -> int | None:
        """The line of a key, or of the nearest table around it; None for what stands nowhere."""
        for length in range(len(path), 0, -1):
            if line := self.lines.get(path[:length]):
                return line
        return None


def read(path: Path) -> Document:
    """Read a TOML file. ConfigError says why it cannot be read, or the line where it stops being TOML."""
    try:
        text = path.read_bytes().decode("utf-8-sig")  # editors on Windows like to add a byte order mark
    except UnicodeDecodeError as error:
        raise ConfigError([Problem("", "is not UTF-8 text", "save it as UTF-8")], path) from error
    except OSError as error:
        raise ConfigError([Problem("", f"cannot be read: {error.strerror}")], path) from error
    if len(text) > _LARGEST:
        raise ConfigError([Problem("", "is too large for a configuration", "check the path")], path)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_syntax_problem(text, str(error))], path) from None
    return Document(path, table, text)


def _syntax_problem(text: str, message: str) -> Problem:
    place = _PLACE.search(message)
    line = int(place[1]) if place else None
    what = scrub(_PLACE.sub("", message))
    if what.startswith(("Cannot overwrite", "Cannot declare")):
        seen: dict[KeyPath, int] = {}
        for key, where, is_repeatable in _statements(text):
            if is_repeatable:
                seen = {other: number for other, number in seen.items() if other[: len(key)] != key}
            elif key in seen:
                return Problem(dotted(key), f"stands here and in line {seen[key]}", "keep one of them", where)
            seen.setdefault(key, where)
    hint = "text needs quotes" if what == "Invalid value" else ""
    if what.endswith("(at end of document)"):
        hint = "a quote or a bracket is not closed"
    return Problem("", f"is not valid TOML: {what}", hint, line)


def _statements(text: str) -> Iterator[tuple[KeyPath, int, bool]]:
    """Each table header and key with its line, and whether it may come again ([[…]]); stops where TOML does."""
    table: KeyPath = ()
    position, line, counted = 0, 1, 0
    while (position := _end_of(_BLANK, text, position)) < len(text):
        line, counted = line + text.count("\n", counted, position), position
        brackets = 2 if text.startswith("[[", position) else int(text[position] == "[")
        key = _KEY.match(text, _end_of(_BLANK, text, position + brackets))
        if not key:
            return
        try:
            path = _decoded(key[0])
        except tomllib.TOMLDecodeError:
            return
        if brackets:
            table = path
            yield table, line, brackets == 2
        else:
            yield table + path, line, False
        position = _end_of_line(text, key.end())


def _decoded(key: str) -> KeyPath:
    """The parts of a dotted key; tomllib knows how quotes and escapes in it are meant."""
    value: Any = tomllib.loads(f"{key} = 0")
    parts: list[str] = []
    while isinstance(value, dict):
        ((part, value),) = value.items()
        parts.append(part)
    return tuple(parts)


def _end_of(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _end_of_line(text: str, position: int) -> int:
    """Where the statement ends: at the first line break outside strings, comments and brackets."""
    depth = 0
    while position < len(text):
        if (end := _end_of(_STRING, text, position)) > position:
            position = end
            continue
        character = text[position]
        if character == "#":
            position = _end_of(_COMMENT, text, position)
            continue
        if character == "\n" and depth <= 0:
            return position
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(character, 0)
        position += 1
    return position
