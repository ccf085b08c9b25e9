"""What the columns of a file mean: as the configuration declares it, or as a known export has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.base import Kind
from connectors.csv.cells import check_pattern
from connectors.csv.sheet import ENCODINGS, SEPARATORS, Layout
from connectors.metrics import USUAL, unknown
from connectors.nearest import nearest

COLUMNS = ("day", "subject", "title", "url", "id", "actor", "metric", "value", "kind")
EACH_ROW = "*"
"""In place of a column: every row counts one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What every row says: each of `metrics` in its column, or the metric that one column names, with its value.

    `where`: only rows whose cells say this. `kind`: of all metrics, in place of the usual one of each.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    day_format: str = ""
    decimal: str = "."
    separator: str = ""
    encoding: str = "utf-8"
    ends_at_blank: bool = False

    @property
    def layout(self) -> Layout:
        """How its table is found in a file."""
        named = [*self.columns.values(), *self.metrics.values(), *self.where]
        wanted = tuple(dict.fromkeys(column for column in named if column != EACH_ROW))
        return Layout(wanted, self.separator, self.encoding, self.ends_at_blank)

    def kinds(self) -> dict[Kind, list[str]]:
        """The metrics that may come, by the kind in which they do; every known one where a column names them."""
        found: dict[Kind, list[str]] = {}
        for name in self.metrics or USUAL:
            fixed = Kind(self.kind) if self.kind else None
            for kind in Kind if "kind" in self.columns else (fixed or USUAL[name],):
                found.setdefault(kind, []).append(name)
        return found


READY: Mapping[str, Meaning] = {
    # Columns as X names them under "account overview" (2026); the other export is of posts, whose days are not told.
    "x": Meaning(
        columns={"day": "Date"},
        metrics={"impressions": "Impressions", "post_reactions": "Likes", "post_comments": "Replies"},
        day_format="%a, %b %d, %Y",
    ),
    # A page's "content" export; its line of description above the columns is passed over.
    "linkedin": Meaning(
        columns={"day": "Date"},
        metrics={
            "impressions": "Impressions (total)",
            "clicks": "Clicks (total)",
            "post_reactions": "Reactions (total)",
            "post_comments": "Comments (total)",
        },
        day_format="%m/%d/%Y",
    ),
    # posts.csv of the export of a whole publication: drafts have no date.
    "substack": Meaning(
        columns={"day": "post_date", "subject": "post_id", "id": "post_id", "title": "title"},
        metrics={"posts_published": EACH_ROW},
        where={"is_published": "true"},
    ),
    # A meeting's report or a list of meetings; the names of those who came, below the empty row, are not read.
    "zoom": Meaning(
        columns={"day": "Start Time", "subject": "Meeting ID", "title": "Topic"},
        metrics={"attendees": "Participants"},
        day_format="%m/%d/%Y %I:%M:%S %p",
        ends_at_blank=True,
    ),
    # Medium documents no export of its statistics: the lifetime figures of its page, copied into a sheet.
    "medium": Meaning(
        columns={"day": "Date", "subject": "Story"},
        metrics={"post_reads": "Reads", "post_reactions": "Claps", "post_comments": "Responses"},
        kind="level",
    ),
}


def overlaid(ready: Meaning, *, columns: Mapping[str, str], where: Mapping[str, str], **said: Any) -> Meaning:
    """A ready meaning with what a configuration says beside it; of columns and rows both hold."""
    chosen = {key: value for key, value in said.items() if value}
    return replace(ready, columns={**ready.columns, **columns}, where={**ready.where, **where}, **chosen)


def mistakes(meaning: Meaning) -> Iterator[str]:
    """Everything that is wrong with it, as "key: why"."""
    for name in meaning.columns:
        if name not in COLUMNS:
            yield f"columns.{name}: unknown key{meant(name, COLUMNS)}"
    for name in meaning.metrics:
        if name not in USUAL:
            yield f"metrics.{name}: {unknown(name)}"
    is_long = "metric" in meaning.columns or "value" in meaning.columns
    if meaning.metrics and is_long:
        yield "metrics: says what columns.metric and columns.value say too; keep one of both"
    elif is_long and not {"metric", "value"} <= meaning.columns.keys():
        absent = "metric" if "value" in meaning.columns else "value"
        hint = ", or write [metrics] with metric = column" if absent == "metric" else ""
        yield f"columns.{absent}: is missing; name the column{hint}"
    elif not meaning.metrics and not is_long:
        yield 'metrics: is missing; say which metric is in which column, as in post_reads = "Views"'
    yield from _choice("kind", meaning.kind, [*Kind, ""])
    if meaning.kind and "kind" in meaning.columns:
        yield "kind: is said by columns.kind too; keep one of both"
    yield from _choice("decimal", meaning.decimal, (".", ","))
    yield from _choice("separator", meaning.separator, [*SEPARATORS, ""])
    yield from _choice("encoding", meaning.encoding, ENCODINGS)
    if meaning.day_format:
        try:
            check_pattern(meaning.day_format)
        except ValueError as error:
            yield f"day_format: {error}"


def _choice(key: str, value: str, allowed: Iterable[str]) -> Iterator[str]:
    options = [str(option) for option in allowed]
    if value not in options:
        yield f"{key}: {value!r} is not one of {', '.join(repr(option) for option in options if option)}"


def meant(word: str, options: Iterable[str]) -> str:
    """`; did you mean …?`, or all there are."""
    known = list(options)
    near = nearest(word, known)
    return f"; did you mean {near}?" if near else f"; known are {', '.join(known)}"
