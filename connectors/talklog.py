"""Write into the file that a person may edit too: by appending text, and by taking back what was appended."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from connectors.errors import ConnectorError, Malformed, NotPermitted, Unavailable
from connectors.talkfile import COLUMNS, COUNTS, Book, Entry, Talk, is_csv, parse, read_book
from connectors.talknumbers import Number

LOGGED = "log-"
"""How the ids begin that `harvest log` gives: by them it knows what it may take back."""

_MARK = re.compile(r"# logged by `harvest log \w+`")
_HEAD = "# Talks, workshops and meetups. `harvest log talk` appends here; edit by hand as you like."


@dataclass(frozen=True, slots=True)
class Logged:
    """The talk as it was written, and what is worth a second look."""

    talk: Talk
    notes: tuple[str, ...] = ()


def append_talk(path: Path, talk: Talk, *, today: date) -> Logged:
    """Append an entry for `talk`; what stands in the file already stays as it is, to the letter.

    Raises ValueError("key: why") for a talk that cannot be logged, and ConnectorError for a file that cannot be
    read or written. Either way the file is as it was.
    """
    # What comes from a command line may have blanks at its ends.
    tidy: dict[str, Any] = {key: " ".join(getattr(talk, key).split()) for key in ("title", "event", "url", "kind")}
    talk = replace(talk, **tidy)
    talk.check_day(today)
    with _locked(path):
        book = read_book(path) or Book(path)
        for entry in book.entries:
            if isinstance(entry.fact, Talk) and entry.fact.title_and_day == talk.title_and_day:
                raise ValueError(f"title: {path.name} has this talk already, {entry.where}; correct it there")
        written = replace(talk, id=_new_id(book, talk.day, talk.title))
        _append(book, written, _csv_row(book, written) if is_csv(path) else _talk_block(written))
    return Logged(written, tuple(_notes(written, today)))


def append_number(path: Path, number: Number, *, today: date) -> Number:
    """Append an entry for a number, as append_talk does for a talk; returns it with the id that it was given."""
    number = replace(number, of=" ".join(number.of.split()))
    number.check_day(today)
    if is_csv(path):
        raise ValueError(f"{path.name}: holds talks only; numbers need a file in TOML, named in `file`")
    with _locked(path):
        book = read_book(path) or Book(path)
        for entry in book.entries:
            if isinstance(entry.fact, Number) and entry.fact.key == number.key:
                raise ValueError(f"date: {path.name} has this number already, {entry.where}; correct it there")
        written = replace(number, id=_new_id(book, number.day, f"{number.metric} {number.of}"))
        _append(book, written, _number_block(written))
    return written


def _append(book: Book, written: Talk | Number, added: str) -> None:
    if not book.lines and not is_csv(book.path):
        added = f"{_HEAD}\n\n{added}"
    elif not is_csv(book.path):
        added = f"\n{added}"
    text = book.mark + "".join(book.lines)
    if "\r\n" in text:
        added = added.replace("\n", "\r\n")
    new = text + ("\n" if book.lines and not text.endswith("\n") else "") + added
    _check(book.path, new, [*(entry.fact for entry in book.entries), written])
    _replace(book.path, new)


def undo_last(path: Path) -> Talk | Number:
    """Remove the last entry that was appended here, also when it was corrected since; returns it.

    Raises ValueError where there is none, and ConnectorError for a file that cannot be read or written.
    """
    with _locked(path):
        book = read_book(path) or Book(path)
        logged = [entry for entry in book.entries if entry.fact.id.startswith(LOGGED)]
        if not logged:
            raise ValueError(f"{path.name}: has no entry that `harvest log` wrote; nothing was taken back")
        last = logged[-1]
        new = book.mark + "".join(_without(book, last))
        _check(path, new, [entry.fact for entry in book.entries if entry is not last])
        _replace(path, new)
    return last.fact


def _notes(talk: Talk, today: date) -> Iterator[str]:
    if talk.audience is not None and talk.attendees is not None and talk.attendees > talk.audience:
        yield f"{talk.attendees} attendees are more than the {talk.audience} who were invited"
    if talk.day > today:
        yield f"it counts from {talk.day} on"
    elif all(getattr(talk, key) is None for key in COUNTS):
        yield "no numbers are known; add them to the entry when they are"


def _new_id(book: Book, day: date, title: str) -> str:
    taken = {entry.fact.id for entry in book.entries}
    words = "".join(char if char.isalnum() else " " for char in title.casefold()).split()
    stem = f"{LOGGED}{day}-{'-'.join(words)[:60] or 'talk'}"
    number = 1
    while (made := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return made


def _talk_block(talk: Talk) -> str:
    lines = ["[[talk]]", f"id = {_quoted(talk.id)}", f"title = {_quoted(talk.title)}", f"date = {talk.day}"]
    lines += [f"{key} = {count}" for key in COUNTS if (count := getattr(talk, key)) is not None]
    lines += [f"{key} = {_quoted(text)}" for key in ("event", "url", "kind") if (text := getattr(talk, key))]
    return _block("talk", lines)


def _number_block(number: Number) -> str:
    lines = [f"[[{number.metric}]]", f"id = {_quoted(number.id)}", f"date = {number.day}", f"value = {number.value}"]
    return _block(number.metric, [*lines, *([f"of = {_quoted(number.of)}"] if number.of else [])])


def _block(what: str, lines: list[str]) -> str:
    return "\n".join([f"# logged by `harvest log {what}`", *lines]) + "\n"


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's too; what JSON leaves bare and TOML forbids, Talk has refused.
    return json.dumps(text, ensure_ascii=False)


def _csv_row(book: Book, talk: Talk) -> str:
    columns = book.columns or COLUMNS
    values = {name: getattr(talk, name) for name in COLUMNS if name != "date"} | {"date": talk.day}
    lost = [name for name in COLUMNS if name not in columns and name != "id" and values[name] not in (None, "")]
    if lost:
        raise ValueError(f"{lost[0]}: {book.path.name} has no column {lost[0]}; add it to the first line")
    out = io.StringIO()
    writer = csv.writer(out, delimiter=book.delimiter, lineterminator="\n")
    if not book.columns:
        writer.writerow(columns)
    writer.writerow(["" if values[name] is None else values[name] for name in columns])
    return out.getvalue()


def _without(book: Book, entry: Entry) -> list[str]:
    if entry.lines is None:
        raise _cannot(book.path, entry)
    start, end = entry.lines
    if not is_csv(book.path):
        # Comments and blanks before the next entry belong to that one, not to this.
        while end > start and (not (line := book.lines[end - 1].strip()) or line.startswith("#")):
            end -= 1
        if start and _MARK.fullmatch(book.lines[start - 1].strip()):
            start -= 1
            if start and not book.lines[start - 1].strip():
                start -= 1
    return book.lines[:start] + book.lines[end:]


def _check(path: Path, text: str, facts: list[Talk | Number]) -> None:
    """Never write what could not be read again, or what says more or less than was asked."""
    found = [entry.fact for entry in parse(path, text).entries]
    # A CSV file without a column for ids holds the talk without its own.
    if [replace(fact, id="") for fact in found] != [replace(fact, id="") for fact in facts]:
        raise Malformed(f"{path}: cannot be changed by itself", remedy="edit it by hand; it is as it was")


def _cannot(path: Path, entry: Entry) -> ConnectorError:
    return Malformed(f"{path}: where {entry.where} stands is not certain", remedy="remove it by hand")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time; the folder is the lock, so no file is left over."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, text: str) -> None:
    """Old or new, never half: written beside the file, synced, renamed over it."""
    target = path.resolve()  # a link stays a link
    draft = target.with_name(f".{target.name}.draft")
    try:
        with draft.open("wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            draft.chmod(stat.S_IMODE(target.stat().st_mode))
        draft.replace(target)
        handle = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> ConnectorError:
    what = f"{path}: cannot be written ({error.strerror}); it is as it was"
    if isinstance(error, PermissionError):
        return NotPermitted(what, remedy=f"allow writing in {path.parent}")
    return Unavailable(what)
