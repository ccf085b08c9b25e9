"""The file in which a person keeps talks and dated numbers: what an entry may say, and every entry there is."""

from __future__ import annotations

import csv
import io
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from connectors.errors import Malformed, NotPermitted, Unavailable
from connectors.nearest import nearest
from connectors.talknumbers import KEYS, METRICS, Number, number_of

COLUMNS = ("id", "title", "date", "audience", "attendees", "interactions", "event", "url", "kind")
COUNTS = ("audience", "attendees", "interactions")

TABLES = ("talk", *METRICS)
"""How entries begin in TOML: with [[talk]], or with the name of a number."""

_HEADER = re.compile(rf"[ \t]*\[\[[ \t]*([\"']?)({'|'.join(TABLES)})\1[ \t]*\]\]")
_LONGEST = {"id": 200, "title": 300, "event": 300, "kind": 50, "url": 2000}
_MOST = 10**9
_LARGEST_FILE = 10 * 1024 * 1024
_MARK = "\ufeff"
_FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One talk, workshop or meetup. A number that is None is not known, which is not zero.

    `audience`: people invited or reached by the announcement. `attendees`: people who came. `interactions`:
    questions, conversations, follow-ups. Raises ValueError("key: why") for what no talk can say.
    """

    title: str
    day: date
    audience: int | None = None
    attendees: int | None = None
    interactions: int | None = None
    event: str = ""
    url: str = ""
    kind: str = ""
    id: str = ""

    def __post_init__(self) -> None:
        for key, longest in _LONGEST.items():
            text = getattr(self, key)
            if any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
                raise ValueError(f"{key}: has characters that are no text")
            if len(text) > longest:
                raise ValueError(f"{key}: has {len(text)} characters; the longest is {longest}")
        if not self.title.strip():
            raise ValueError("title: is missing")
        if self.day < _FIRST_DAY:
            raise ValueError(f"date: {self.day} is before 1970")
        for key in COUNTS:
            count = getattr(self, key)
            if count is not None and not 0 <= count <= _MOST:
                raise ValueError(f"{key}: must not be {'negative' if count < 0 else 'above a thousand million'}")

    @property
    def title_and_day(self) -> str:
        """What tells talks apart that have no id."""
        return f"{self.day} {' '.join(unicodedata.normalize('NFC', self.title).casefold().split())}"

    @property
    def key(self) -> str:
        """The stable identity: with an id the title and the date may be corrected."""
        return self.id or self.title_and_day

    def __str__(self) -> str:
        return f"{self.day} {self.title}"

    def check_day(self, today: date) -> None:
        """Raise ValueError for people who came to a talk that is still to be held."""
        told = [key for key in ("attendees", "interactions") if getattr(self, key) is not None]
        if self.day > today and told:
            raise ValueError(f"date: {self.day} is still to come; leave {' and '.join(told)} out until then")


@dataclass(frozen=True, slots=True)
class Entry:
    """A talk or number and where it stands. `lines`: from, and up to but without, from 0; None where not certain."""

    fact: Talk | Number
    where: str
    lines: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """A talks file as it was read. `columns`: of a CSV file, as its first line names them. `mark`: the byte order
    mark by which spreadsheets know UTF-8, where the file has one."""

    path: Path
    lines: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    delimiter: str = ","
    mark: str = ""

    @property
    def talks(self) -> list[Talk]:
        """The talks among the entries."""
        return [entry.fact for entry in self.entries if isinstance(entry.fact, Talk)]

    @property
    def numbers(self) -> list[Number]:
        """The numbers among the entries."""
        return [entry.fact for entry in self.entries if isinstance(entry.fact, Number)]


def is_csv(path: Path) -> bool:
    """Whether the name says CSV; every other file is TOML."""
    return path.suffix.lower() == ".csv"


def read_book(path: Path) -> Book | None:
    """Every entry, or None where there is no such file.

    Raises Malformed naming file, entry and what to do when a single entry cannot be used: half a file would say
    that the other half was taken back.
    """
    text = _text_of(path)
    return None if text is None else parse(path, text)


def parse(path: Path, text: str) -> Book:
    """The entries of `text`; raises Malformed as read_book does."""
    mark, text = (_MARK, text[1:]) if text.startswith(_MARK) else ("", text)
    book = replace(_parse_csv(path, text) if is_csv(path) else _parse_toml(path, text), mark=mark)
    _refuse_twins(book)
    return book


def _text_of(path: Path) -> str | None:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise Malformed(f"{path}: is larger than 10 MB", remedy="name the file of talks in `file`")
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        raise Malformed(f"{path}: is a folder", remedy="name the file of talks in `file`") from None
    except PermissionError:
        raise NotPermitted(f"{path}: may not be read", remedy=f"allow it: chmod u+r {path}") from None
    except OSError as error:
        raise Unavailable(f"{path}: cannot be read ({error.strerror})") from None
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Malformed(f"{path}: line {line} is not UTF-8", remedy="save the file as UTF-8") from None


def lines_of(text: str) -> list[str]:
    """The lines with their ends, as TOML and CSV count them."""
    return list(io.StringIO(text, newline=""))


def _parse_toml(path: Path, text: str) -> Book:
    try:
        # TOML allows \r\n but tomllib's line numbers and ours must agree.
        data = tomllib.loads(text.replace("\r\n", "\n"))
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{path}: is not TOML: {error}", remedy="mend it there; nothing was read") from None
    given = {name: data.pop(name) for name in TABLES if name in data}
    if data:
        raise _mistake(path, "the file", f'unknown "{next(iter(data))}"; every entry begins with [[talk]]')
    for name, tables in given.items():
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise _mistake(path, "the file", f"an entry begins with [[{name}]], in two brackets")
    lines = lines_of(text)
    heads = [(number, match[2]) for number, line in enumerate(lines) if (match := _HEADER.match(line))]
    # A text over several lines may hold what looks like an entry.
    is_certain = all(
        sum(name == head for _, head in heads) == len(tables)
        for name, tables in (dict.fromkeys(TABLES, ()) | given).items()
    )
    book = Book(path, lines)
    if not is_certain:
        for name, tables in given.items():
            for position, table in enumerate(tables):
                book.entries.append(_entry(path, f"entry {position + 1}", name, table, None))
        return book
    ends = [*(number for number, _ in heads), len(lines)][1:]
    for position, ((start, name), end) in enumerate(zip(heads, ends, strict=True)):
        where = f"entry {position + 1} (line {start + 1})"
        book.entries.append(_entry(path, where, name, given[name].pop(0), (start, end)))
    return book


def _parse_csv(path: Path, text: str) -> Book:
    lines = lines_of(text)
    first = next((line for line in lines if line.strip()), "")
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    rows = _rows(path, reader)
    columns = tuple(name.strip().lower() for name in next(rows, ([], 0, 0))[0])
    book = Book(path, lines, [], columns, delimiter)
    if not columns:
        return book
    for name in columns:
        if name not in COLUMNS or columns.count(name) > 1:
            why = "stands twice" if name in COLUMNS else f"is not known; {_nearest(name)}"
            raise _mistake(path, "line 1", f'column "{name}" {why}')
    for name in ("title", "date"):
        if name not in columns:
            raise _mistake(path, "line 1", f"column {name} is missing")
    for position, (row, start, end) in enumerate(rows):
        where = f"entry {position + 1} (line {start + 1})"
        if len(row) > len(columns):
            raise _mistake(path, where, f"{len(row)} fields under {len(columns)} columns; put commas in quotes")
        values = {name: value.strip() for name, value in zip(columns, row, strict=False) if value.strip()}
        counts = {name: int(values[name]) for name in COUNTS if re.fullmatch(r"-?[0-9]{1,10}", values.get(name, ""))}
        book.entries.append(_entry(path, where, "talk", values | counts, (start, end)))
    return book


def _rows(path: Path, reader: Any) -> Iterator[tuple[list[str], int, int]]:
    """Rows that are not blank, with the lines they span."""
    start = 0
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _mistake(path, f"line {start + 1}", f"is not CSV: {error}") from None
        if any(cell.strip() for cell in row):
            yield row, start, reader.line_num
        start = reader.line_num


def _entry(path: Path, where: str, table: str, fields: Mapping[str, Any], span: tuple[int, int] | None) -> Entry:
    try:
        return Entry(_talk(fields) if table == "talk" else _number(table, fields), where, span)
    except ValueError as error:
        raise _mistake(path, where, str(error)) from None


def _number(metric: str, fields: Mapping[str, Any]) -> Number:
    _check_keys(fields, KEYS)
    return number_of(metric, _day(fields.get("date")), fields)


def _check_keys(fields: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in fields:
        if name not in known:
            raise ValueError(f'"{name}" is not known; {_nearest(name, known)}')


def _talk(fields: Mapping[str, Any]) -> Talk:
    _check_keys(fields, COLUMNS)
    values: dict[str, Any] = {"day": _day(fields.get("date"))}
    for name in _LONGEST:
        value = fields.get(name, "")
        if not isinstance(value, str):
            raise ValueError(f'{name}: {value!r} is no text; put it in quotes, as in {name} = "…"')  # noqa: TRY004 - a mistake in the file, not in a type
        values[name] = " ".join(value.split())
    for name in COUNTS:
        value = values[name] = fields.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise ValueError(f"{name}: {value!r} is not a whole number")
    return Talk(**values)


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if value is None:
        raise ValueError("date: is missing")
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value.strip()):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass
    raise ValueError(f"date: {value!r} is not a day; write it as 2026-11-24")


def _nearest(name: str, known: tuple[str, ...] = COLUMNS) -> str:
    near = nearest(name, known)
    return f"did you mean {near}?" if near else f"known are {', '.join(known)}"


def _refuse_twins(book: Book) -> None:
    """The same id twice, the same number twice, or one title twice on a day unless ids tell the talks apart."""
    seen: dict[tuple[str, str], Entry] = {}
    for entry in book.entries:
        fact = entry.fact
        keys = {fact.key, fact.title_and_day} if isinstance(fact, Talk) else {fact.key}
        for key in keys:
            twin = seen.setdefault((type(fact).__name__, key), entry)
            is_same = fact.key == twin.fact.key or not (fact.id and twin.fact.id)
            if twin is not entry and is_same:
                kind = "talk" if isinstance(fact, Talk) else "number"
                raise _mistake(book.path, entry.where, f"is the same {kind} as {twin.where}; remove one of them")


def _mistake(path: Path, where: str, why: str) -> Malformed:
    return Malformed(f"{path}: {where}: {why}", remedy="mend it there; nothing was read")
