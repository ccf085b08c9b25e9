"""Enough of GraphQL to read a query: fields, aliases, arguments, variables, directives, fragments. No mutations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(
    r"""(?:[\s,\ufeff]|\#[^\n]*)*
    (?: (?P<mark>\.\.\.|[!$()\[\]{}:=@|&])
      | (?P<name>[_A-Za-z]\w*)
      | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<block>\"\"\"(?:.|\n)*?\"\"\")
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<end>$) )""",
    re.VERBOSE,
)
_CONSTANTS = {"true": True, "false": False, "null": None}


class BadQuery(Exception):
    """The query cannot be read or asks for what is not there; `extra` joins the error that is answered."""

    def __init__(self, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.extra = extra


@dataclass(frozen=True, slots=True)
class Variable:
    """$name, where a value stands."""

    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field asked for; `key` is the name the answer gives it."""

    key: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    selections: tuple[Selection, ...] = ()
    directives: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inline:
    """`... on Type { }`, or without a type."""

    type: str | None
    selections: tuple[Selection, ...]
    directives: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spread:
    """`...Name`."""

    name: str
    directives: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


Selection = Field | Inline | Spread


@dataclass(slots=True)
class Document:
    """One operation with its fragments; `defaults` of its variables."""

    selections: tuple[Selection, ...] = ()
    defaults: dict[str, Any] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)
    fragments: dict[str, Inline] = field(default_factory=dict)


def parse(text: str) -> Document:
    """Read a document of one query and its fragments; raises BadQuery."""
    return _Parser(text).document()


def value_of(value: Any, variables: Mapping[str, Any]) -> Any:
    """A parsed value with its variables filled in."""
    if isinstance(value, Variable):
        return variables.get(value.name)
    if isinstance(value, list):
        return [value_of(item, variables) for item in value]
    if isinstance(value, dict):
        return {name: value_of(item, variables) for name, item in value.items()}
    return value


def fields_of(
    selections: tuple[Selection, ...],
    is_a: frozenset[str] | None,
    document: Document,
    variables: Mapping[str, Any],
) -> Iterator[Field]:
    """The fields that apply to an object of these type names (None: any), fragments opened, directives obeyed."""
    for selection in selections:
        if not _is_wanted(selection, variables):
            continue
        if isinstance(selection, Field):
            yield selection
            continue
        if isinstance(selection, Spread):
            if selection.name not in document.fragments:
                raise BadQuery(f"Fragment {selection.name} was used, but not defined")
            part = document.fragments[selection.name]
        else:
            part = selection
        if is_a is None or part.type is None or part.type in is_a:
            yield from fields_of(part.selections, is_a, document, variables)


def _is_wanted(selection: Selection, variables: Mapping[str, Any]) -> bool:
    skip, include = selection.directives.get("skip"), selection.directives.get("include")
    if skip is not None and value_of(skip.get("if"), variables):
        return False
    return include is None or bool(value_of(include.get("if"), variables))


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while position <= len(text):
            found = _TOKEN.match(text, position)
            if found is None or found.lastgroup is None:
                raise BadQuery(f"Parse error on {text[position : position + 10]!r}")
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            if found.lastgroup == "end":
                break
            position = found.end()
        self.at = 0

    def document(self) -> Document:
        document, operations = Document(), 0
        while self.tokens[self.at][0] != "end":
            if self.has("fragment"):
                name = self.name()
                self.expect("on")
                document.fragments[name] = Inline(self.name(), self.selections())
                continue
            if self.has("query") and self.tokens[self.at][0] == "name":
                self.name()
            if self.has("("):
                self.variables(document)
            document.selections = self.selections()
            operations += 1
        if operations != 1:
            raise BadQuery("Expected exactly one query")
        return document

    def variables(self, document: Document) -> None:
        while not self.has(")"):
            self.expect("$")
            name = self.name()
            self.expect(":")
            document.variables.add(name)
            while self.tokens[self.at][1] not in ("$", ")", "="):
                self.take()  # its type is the schema's business
            if self.has("="):
                document.defaults[name] = self.value()

    def selections(self) -> tuple[Selection, ...]:
        self.expect("{")
        chosen: list[Selection] = []
        while not self.has("}"):
            chosen.append(self.selection())
        return tuple(chosen)

    def selection(self) -> Selection:
        if self.has("..."):
            if self.has("on"):
                kind, directives = self.name(), self.directives()
                return Inline(kind, self.selections(), directives)
            if self.tokens[self.at][1] in ("{", "@"):
                directives = self.directives()
                return Inline(None, self.selections(), directives)
            return Spread(self.name(), self.directives())
        key = name = self.name()
        if self.has(":"):
            name = self.name()
        arguments = self.arguments()
        directives = self.directives()
        inner = self.selections() if self.tokens[self.at][1] == "{" else ()
        return Field(key, name, arguments, inner, directives)

    def directives(self) -> dict[str, dict[str, Any]]:
        found = {}
        while self.has("@"):
            name = self.name()
            found[name] = self.arguments()
        return found

    def arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.has("("):
            while not self.has(")"):
                name = self.name()
                self.expect(":")
                found[name] = self.value()
        return found

    def value(self) -> Any:
        kind, text = self.take()
        if kind == "string":
            return json.loads(text)
        if kind == "block":
            return text[3:-3].strip()
        if kind == "number":
            return json.loads(text)
        if kind == "name":
            return _CONSTANTS.get(text, text)
        if text == "$":
            return Variable(self.name())
        if text == "[":
            items = []
            while not self.has("]"):
                items.append(self.value())
            return items
        if text == "{":
            pairs = {}
            while not self.has("}"):
                name = self.name()
                self.expect(":")
                pairs[name] = self.value()
            return pairs
        raise BadQuery(f"Parse error on {text!r}")

    def take(self) -> tuple[str, str]:
        token = self.tokens[self.at]
        if token[0] == "end":
            raise BadQuery("Parse error: unexpected end of file")
        self.at += 1
        return token

    def has(self, text: str) -> bool:
        """Take the token if it is this one."""
        kind, found = self.tokens[self.at]
        if found != text or kind not in ("mark", "name"):
            return False
        self.at += 1
        return True

    def expect(self, text: str) -> None:
        if not self.has(text):
            raise BadQuery(f"Parse error on {self.tokens[self.at][1]!r}, expected {text!r}")

    def name(self) -> str:
        kind, text = self.take()
        if kind != "name":
            raise BadQuery(f"Parse error on {text!r}, expected a name")
        return text
