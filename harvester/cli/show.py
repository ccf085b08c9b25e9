"""How commands speak: data on stdout, talk on stderr, tables that fit 80 columns."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH = 80


def settings(options: argparse.Namespace) -> Any:
    """The configuration this command works on; with logging set up as its options say."""
    from harvester.config import find_config, load

    talk(options)
    return load(find_config(options.config, os.environ))


def talk(options: argparse.Namespace) -> None:
    """Set up logging: warnings, or everything of ours with -v, through the redaction filter, to stderr."""
    from harvester.redact import RedactingFilter

    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(RedactingFilter())
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s" if options.verbose else "%(message)s"))
    level = logging.DEBUG if options.verbose else logging.ERROR if options.quiet else logging.WARNING
    log = logging.getLogger("harvester")
    log.handlers, log.propagate = [handler], False
    log.setLevel(level)


def console(options: argparse.Namespace, *, stderr: bool = False) -> Console:
    """A rich console; 80 columns where the width is unknown, no colours where they are not wanted."""
    from rich.console import Console

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would exit with 1; a reader that has seen enough is no failure

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else int(os.environ.get("COLUMNS", WIDTH))
    return Piped(
        file=stream, width=width, no_color=options.no_color or "NO_COLOR" in os.environ, highlight=False, emoji=False
    )


def table(columns: Sequence[str], *, right: Iterable[str] = (), title: str | None = None) -> Table:
    """An empty table; columns named in `right` hold numbers."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0))
    numbers = set(right)
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return made


def figures() -> Table:
    """An empty table for many narrow columns of numbers."""
    from rich.table import Table

    return Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")


def plain(text: object) -> str:
    """Text from outside for a rich table: no markup, no control characters that could rewrite the terminal."""
    from rich.markup import escape

    return escape(printable(text))


def printable(text: object) -> str:
    """Text from outside without control characters."""
    return "".join(ch if ch.isprintable() else "�" for ch in str(text))


def say(text: object, stream: TextIO) -> None:
    """A line of text, some of it from outside, as it is: where there is no table, rich need not be imported."""
    stream.write(f"{printable(text)}\n")


def write_json(value: Any) -> None:
    """Pretty JSON on stdout; dates as ISO text, NaN as null."""
    sys.stdout.write(json.dumps(_clean(value), indent=2, ensure_ascii=False) + "\n")


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _clean(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(each) for each in value]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if value != value:  # NaN and NaT: numpy's words for missing
        return None
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return float(value)


def number(value: float | None) -> str:
    """A figure for a narrow column: 950, 12.3k, 4.5M, 1.2e+15; – for missing."""
    if value is None or value != value:
        return "–"
    size = abs(value)
    if size >= 1e12:
        return f"{value:.1e}".replace("e+", "e")
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            return f"{value / (1e3 if unit == 'k' else limit):.1f}{unit}"
    return f"{value:.0f}" if size >= 100 or value == int(value) else f"{value:.1f}"


def factor(value: float | None) -> str:
    """A factor with three decimals, fewer where it is large; – where it is undefined."""
    if value is None or value != value:
        return "–"
    return f"{value:.3f}" if abs(value) < 10 else number(value)
