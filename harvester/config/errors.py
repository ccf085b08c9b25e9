"""What is wrong with a configuration: every mistake, where it stands, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors import nearest as spelling
from harvester.redact import scrub

KeyPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `key`: dotted path, empty for the file as a whole; `hint`: what to do, where it is known."""

    key: str
    what: str
    hint: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line is not None else ""
        subject = f"{self.key}: " if self.key else ""
        return f"{place}{subject}{self.what}{f'; {self.hint}' if self.hint else ''}"


class ConfigError(Exception):
    """The configuration cannot be used. Carries every mistake of the file, in its order; no value of a secret."""

    def __init__(self, problems: Sequence[Problem], path: Path | None = None) -> None:
        self.problems = tuple(problems)
        self.path = path
        super().__init__(self._text())

    def _text(self) -> str:
        if self.path is None:
            return "\n".join(map(str, self.problems))
        if len(self.problems) == 1:
            return f"{self.path}: {self.problems[0]}"
        return "\n".join([f"{self.path}: {len(self.problems)} mistakes", *(f"  {each}" for each in self.problems)])


class Mistake(ValueError):
    """A value that cannot be used: what is wrong, and what to do. Becomes a Problem before it leaves this package."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def dotted(path: KeyPath) -> str:
    """A key path as TOML writes it."""
    return ".".join(part if re.fullmatch("[A-Za-z0-9_-]+", part) else f'"{part}"' for part in map(scrub, path))


def nearest(word: str, options: Iterable[str]) -> str:
    """`did you mean "…"?`, or nothing when no option is near."""
    near = spelling.nearest(word, options)
    return f'did you mean "{near}"?' if near else ""


def shown(value: object) -> str:
    """A value of the file, short enough for a message and with anything that looks like a secret masked."""
    text = scrub(f'"{value}"' if isinstance(value, str) else str(value))
    return text if len(text) <= 60 else f"{text[:59]}…"
