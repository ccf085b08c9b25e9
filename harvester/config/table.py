"""A table of the file while it is read: which keys were taken, and what was wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from harvester.config.document import Document
from harvester.config.errors import ConfigError, KeyPath, Mistake, Problem, dotted, nearest
from harvester.config.values import Convert
from harvester.redact import scrub

T = TypeVar("T")


class Findings:
    """Collects mistakes, so that a user sees all of them at once."""

    def __init__(self, doc: Document) -> None:
        self._doc = doc
        self._found: list[Problem] = []

    def add(self, path: KeyPath, what: str, hint: str = "") -> None:
        """Note a mistake; the line is looked up, and what may be a secret in the wrong place is masked."""
        self._found.append(Problem(dotted(path), scrub(what), scrub(hint), self._doc.line_of(path)))

    def raise_if_any(self) -> None:
        """Raise them all, in the order of the file."""
        if self._found:
            raise ConfigError(sorted(self._found, key=lambda problem: problem.line or 0), self._doc.path)


class Table:
    """Hands out values and remembers nothing but mistakes: a bad value becomes its default and a finding."""

    def __init__(self, path: KeyPath, content: dict[str, Any], findings: Findings) -> None:
        self.path = path
        self.findings = findings
        self._content = content

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __contains__(self, key: object) -> bool:
        return key in self._content

    def take(self, key: str, convert: Convert, default: T) -> T:
        """The converted value of a key, `default` when it is absent or wrong."""
        if key not in self._content:
            return default
        try:
            value: T = convert(self._content[key])
        except Mistake as mistake:
            self.add(key, mistake.what, mistake.hint)
            return default
        return value

    def holds_table(self, key: str) -> bool:
        """Whether a key is there and is a table."""
        return isinstance(self._content.get(key), dict)

    def table(self, key: str) -> Table:
        """A table inside this one; an empty one when it is absent or no table."""
        content = self._content.get(key, {})
        if not isinstance(content, dict):
            self.add(key, "is a table, not a value", f"write [{dotted((*self.path, key))}]")
            content = {}
        return Table((*self.path, key), content, self.findings)

    def add(self, key: str, what: str, hint: str = "") -> None:
        """Note a mistake at a key of this table, there or missing."""
        self.findings.add((*self.path, key), what, hint)

    def finish(self, known: Iterable[str], hint: Callable[[KeyPath], str] | None = None) -> None:
        """Report every key that is not in `known`."""
        names = tuple(known)
        for key in self._content:
            if key not in names:
                path = (*self.path, key)
                self.findings.add(path, "unknown key", hint(path) if hint else nearest(key, names))
