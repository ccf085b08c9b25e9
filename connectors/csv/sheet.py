"""From the bytes of a file to rows under named columns, or to the problems that keep it from being read."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connectors.nearest import nearest

LARGEST_FILE = 20 * 1024 * 1024
MOST_ROWS = 100_000
SEPARATORS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-16", "latin-1", "windows-1252")

_HEADER_WITHIN = 10
_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file cannot be used, and where: `row` as a spreadsheet counts, `column` by its name."""

    file: str
    why: str
    row: int | None = None
    column: str = ""

    def __str__(self) -> str:
        place = self.file + (f": row {self.row}" if self.row else "") + (f", {self.column}" if self.column else "")
        return f"{place}: {self.why}"


class Unreadable(Exception):
    """No row of the file can be read; the problem says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: its columns, and its rows with the number that a spreadsheet shows beside them."""

    name: str
    columns: tuple[str, ...]
    rows: list[tuple[int, list[str]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is looked for. `ends_at_blank`: what follows an empty row is another table, not ours."""

    wanted: tuple[str, ...]
    separator: str = ""
    encoding: str = "utf-8"
    ends_at_blank: bool = False


def read_sheet(path: Path, name: str, layout: Layout) -> Sheet:
    """The table in a file; raises Unreadable. OSError is the caller's, who knows what the file is to him."""
    with path.open("rb") as file:
        return parse_bytes(file.read(LARGEST_FILE + 1), name, layout)


def parse_bytes(raw: bytes, name: str, layout: Layout) -> Sheet:
    """The table in what a file holds; raises Unreadable."""
    if len(raw) > LARGEST_FILE:
        raise Unreadable(Problem(name, f"is larger than {LARGEST_FILE >> 20} MB; export a shorter span of time"))
    return parse(_decoded(raw, name, layout.encoding), name, layout)


def _decoded(raw: bytes, name: str, encoding: str) -> str:
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Unreadable(
            Problem(name, "is a spreadsheet or an archive, no CSV; open it and save it as CSV, in UTF-8")
        )
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        text = raw.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        hint = 'save it as UTF-8, or say encoding = "windows-1252" if it comes from an older Windows program'
        raise Unreadable(Problem(name, f"line {line} is not {encoding.upper()}; {hint}")) from None
    if (place := text.find("\0")) >= 0:
        raise Unreadable(Problem(name, f"line {text.count(chr(10), 0, place) + 1} holds what is no text"))
    if not text.strip():
        raise Unreadable(Problem(name, "is empty"))
    return text


def parse(text: str, name: str, layout: Layout) -> Sheet:
    """The table in a text; raises Unreadable. Lines above the one that names the columns are passed over."""
    tried = [layout.separator] if layout.separator else SEPARATORS
    heads = [(row, cells, separator) for separator in tried for row, cells in _first_rows(text, separator)]
    for number, cells, separator in heads:
        columns = tuple(cell.strip() for cell in cells)
        if set(layout.wanted) <= set(columns):
            twice = next((column for column in layout.wanted if columns.count(column) > 1), None)
            if twice is not None:
                raise Unreadable(Problem(name, "stands twice among the columns", number, twice))
            return Sheet(name, columns, list(_rows_after(text, name, separator, number, layout)))
    raise Unreadable(_without_columns(name, heads, layout))


def _first_rows(text: str, separator: str) -> list[tuple[int, list[str]]]:
    rows: list[tuple[int, list[str]]] = []
    try:
        for number, cells in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), 1
        ):
            if number > _HEADER_WITHIN:
                break
            rows.append((number, cells))
    except csv.Error:
        pass  # another separator may do; what is wrong is told when none does
    return rows


def _rows_after(text: str, name: str, separator: str, header: int, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    count = 0
    last = header
    try:
        for number, cells in enumerate(reader, 1):
            last = number
            if number <= header:
                continue
            if not any(cell.strip() for cell in cells):
                if layout.ends_at_blank:
                    return
                continue
            count += 1
            if count > MOST_ROWS:
                raise Unreadable(Problem(name, f"has more than {MOST_ROWS:,} rows; split it"))
            yield number, cells
    except csv.Error as error:
        raise Unreadable(Problem(name, f"is no CSV from here on: {error}", last + 1)) from None


def _is_torn(cells: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether a row has more cells than there are columns, or fewer: spreadsheets fill all of them."""
    return len(cells) < len(columns) or any(cell.strip() for cell in cells[len(columns) :])


def misfit(cells: Sequence[str], columns: Sequence[str]) -> str:
    """What is wrong with the number of cells of a row, or nothing."""
    if not _is_torn(cells, columns):
        return ""
    advice = "a text with the separator in it needs quotes" if len(cells) > len(columns) else "the row breaks off"
    return f"{len(cells)} cells under {len(columns)} columns; {advice}"


def _without_columns(name: str, heads: Sequence[tuple[int, list[str], str]], layout: Layout) -> Problem:
    """Why no row names the columns: the separator is another one, or a column is missing."""
    if not heads:
        return Problem(name, "is no CSV: its first row has quotes that do not fit")
    wanted = set(layout.wanted)
    number, cells, separator = max(heads, key=lambda head: len(wanted & {cell.strip() for cell in head[1]}))
    there = [cell.strip() for cell in cells]
    if not wanted & set(there) and layout.separator:
        for other in SEPARATORS:
            if other != layout.separator and any(
                wanted <= {cell.strip() for cell in cells} for cells in _split(heads, layout.separator, other)
            ):
                what = f"its columns are separated by {_NAMES[other]}, not by {_NAMES[layout.separator]}"
                return Problem(name, f"{what}; say separator = {other!r}", number)
    missing = [column for column in layout.wanted if column not in there]
    said = ", ".join(f'"{column}"{_nearest(column, there)}' for column in missing)
    shown = ", ".join(f'"{column}"' for column in there if column)[:200] or "none"
    return Problem(
        name,
        f"column{'s' if len(missing) > 1 else ''} {said} missing; there are: {shown} (by {_NAMES[separator]})",
        number,
    )


def _split(heads: Sequence[tuple[int, list[str], str]], separator: str, other: str) -> Iterator[list[str]]:
    for _, cells, _ in heads:
        line = separator.join(cells)
        with io.StringIO(line) as file:
            yield next(iter(csv.reader(file, delimiter=other)), [])


def _nearest(column: str, there: Sequence[str]) -> str:
    near = nearest(column, filter(None, there))
    return f' (did you mean "{near}"?)' if near else ""
